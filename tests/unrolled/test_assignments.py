"""The table of models: names that stay, settings, profiles, and clear refusals."""

import pytest
from unrolled import assignments

STABLE = [
    "xnor-lstm",
    "xnor-gru",
    "xnor-own-lstm",
    "parity-rnn",
    "parity-rnn-ragged",
    "parity-rnn-last",
    "parity-lstm",
    "adding-elman",
    "adding-lstm",
    "memory-rnn",
    "mnist-lstm-32",
    "mnist-lstm-64",
    "mnist-lstm-128",
    "mnist-lstm-3x32",
    "mnist-gru-32",
    "mnist-gru-64",
    "mnist-gru-128",
    "mnist-gru-3x32",
    "mnist-whole-image",
]


def test_names_that_stay():
    assert set(STABLE) <= set(assignments.MODELS)


def test_the_sheets_settings_are_the_assignments():
    """Figures of the assignment sheets, typed here a second time on purpose."""
    parity = assignments.settings_of("parity-rnn", "assignment", "cpu")
    assert (parity.hidden_size, parity.optimizer, parity.learning_rate) == (4, "sgd", 1.0)
    assert (parity.momentum, parity.batch_size, parity.n_train) == (0.0, 8, 100_000)
    assert parity.steps * parity.batch_size == 5 * parity.n_train
    assert parity.seq_len == 50
    memory = assignments.settings_of("memory-rnn", "assignment", "cpu")
    assert (memory.hidden_size, memory.seq_len, memory.batch_size) == (10, 10, 1024)
    assert (memory.steps, memory.learning_rate, memory.optimizer) == (5000, 1e-2, "sgd")
    adding = assignments.settings_of("adding-elman", "assignment", "cpu")
    assert (adding.hidden_size, adding.seq_len, adding.n_train) == (2, 3000, 9)
    assert adding.steps == 50 * 9 / adding.batch_size
    mnist = assignments.settings_of("mnist-gru-3x32", "assignment", "cpu")
    assert (mnist.hidden_size, mnist.num_layers, mnist.batch_size) == (32, 3, 256)
    assert mnist.steps == 10 * -(-55_000 // 256)
    xnor = assignments.settings_of("xnor-lstm", "assignment", "cpu")
    assert (xnor.n_train, xnor.seq_len, xnor.batch_size) == (1000, 8, 64)
    assert xnor.steps == 15 * -(-1000 // 64)


def test_overrides_come_last_and_smoke_is_small():
    full = assignments.settings_of("memory-rnn", profile_name="cpu", seq_len=40)
    small = assignments.settings_of("memory-rnn", profile_name="smoke", seq_len=40)
    assert full.seq_len == small.seq_len == 40
    assert small.steps < full.steps / 50


def test_profile_from_the_environment(monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    assert assignments.profile().name == "smoke"
    assert not assignments.profile().conclusive
    monkeypatch.delenv("UNROLLED_PROFILE")
    assert assignments.profile().name == "cpu"
    monkeypatch.setenv("UNROLLED_PROFILE", "fast")
    with pytest.raises(ValueError, match="profile: expected one of smoke, cpu, gpu, got 'fast'"):
        assignments.profile()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "parity"}, "model: expected one of xnor-lstm"),
        ({"name": "parity-rnn", "settings": "mine"}, "expected recipe or assignment, got 'mine'"),
        ({"name": "parity-rnn", "hidden": 3}, "unknown field hidden; expected hidden_size"),
    ],
)
def test_what_is_unknown_is_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        assignments.settings_of(**arguments)
