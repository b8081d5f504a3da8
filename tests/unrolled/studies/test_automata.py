import numpy as np
import pytest
import torch
from unrolled import tasks
from unrolled.studies import automata
from unrolled.studies.automata import Automaton
from unrolled.torch_models import SequenceTagger

PARITY = np.array([[0, 1], [1, 0]])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("gain", [10.0, 20.0, 40.0])
def test_the_hand_built_network_is_right_on_every_prefix(gain):
    x = tasks.all_strings(8)
    states, answers = automata.run_over(automata.parity_by_hand(gain), x)
    np.testing.assert_array_equal(answers, tasks.prefix_parity(x)[..., 0])
    assert states.shape == (256, 8, 2)


def test_the_hand_built_network_needs_its_gain():
    x = tasks.all_strings(8)
    answers = automata.run_over(automata.parity_by_hand(2.0), x)[1]
    assert (answers != tasks.prefix_parity(x)[..., 0]).any()


def test_the_hand_built_network_is_the_sigmoid_one_of_the_equation(rng):
    gain, w, x = 6.0, np.array([[1, -1], [1, -1]]), rng.integers(0, 2, 12).astype(float)
    states, _ = automata.run_over(automata.parity_by_hand(gain).double(), x[None, :, None])
    h = np.zeros(2)
    for t, x_t in enumerate(x):
        h = 1 / (1 + np.exp(-gain * (w @ h + x_t - np.array([0.5, 1.5]))))
        np.testing.assert_allclose((1 + states[0, t]) / 2, h, atol=1e-14)


def test_guessing_finds_two_unit_networks_and_no_one_unit_network():
    two = automata.guess(2, tries=150_000, strings=5, seq_len=30)
    assert two["tries"] == 150_000
    assert two["found"] >= two["perfect"] >= 1
    assert two["alive"][-1] == two["found"] == len(two["accuracy"])
    assert (np.diff(two["alive"]) <= 0).all()
    assert automata.guess(1, tries=150_000, strings=5, seq_len=30)["found"] == 0


def test_what_guessing_keeps_is_right_and_what_it_drops_is_wrong(rng):
    x, y = tasks.parity(3, 6, rng=rng)
    drawn = next(automata._draws(2, 4000, 1000.0, np.random.default_rng(1)))
    kept = automata._right(drawn, x[0, :, 0], y[0, :, 0], False)
    last = automata._right(drawn, x[0, :, 0], y[0, :, 0], True)
    by_hand = automata._accuracy(drawn, x[:1], y[:1]).mean(1)
    assert len(kept["c"]) == (by_hand == 1).sum() > 0
    assert len(last["c"]) > len(kept["c"])
    np.testing.assert_array_equal(kept["w"], drawn["w"][by_hand == 1])


def test_the_last_answer_alone_cannot_tell_parity_from_the_fold():
    found = automata.guess(2, tries=100_000, only_last=True, seq_len=10)
    assert found["found"] > found["perfect"]
    np.testing.assert_allclose(found["even_lengths"], 1)
    np.testing.assert_allclose(found["accuracy"][found["accuracy"] < 1], 0.5, atol=0.01)


def test_extraction_gives_the_automaton_of_the_hand_built_network(rng):
    x, _ = tasks.parity(40, 25, rng=rng)
    states, answers = automata.run_over(automata.parity_by_hand(), x)
    found, labels = automata.extract(states, x, answers, 3)
    assert found.agreement == 1.0
    assert labels.shape == (40, 25)
    smallest, merged = found.minimal()
    np.testing.assert_array_equal(smallest.answers[merged[labels]], answers)
    odd = int(np.flatnonzero(smallest.answers)[0])
    np.testing.assert_array_equal(smallest.transitions, PARITY)
    assert smallest.answers.tolist() == [1 - odd, odd]


def test_extraction_from_noise_does_not_agree(rng):
    x, y = tasks.parity(40, 25, rng=rng)
    states = rng.normal(size=(40, 25, 2))
    found, _ = automata.extract(states, x, y[..., 0].astype(int), 4)
    assert found.agreement < 0.6


def test_too_many_clusters_are_refused():
    x = np.zeros((2, 5, 1), np.float32)
    with pytest.raises(ValueError, match="clusters: 2 are too many"):
        automata.extract(np.arange(10.0).reshape(2, 5, 1), x, np.zeros((2, 5), int), 2)


def test_minimal_merges_what_no_string_can_tell_apart():
    # Four states, parity and last bit; only parity matters for the answers.
    four = Automaton(np.array([[0, 1], [2, 3], [2, 3], [0, 1]]), np.array([0, 1, 1, 0]))
    smallest, merged = four.minimal()
    assert merged.tolist() == [0, 1, 1, 0]
    np.testing.assert_array_equal(smallest.transitions, PARITY)
    # The same answers, but now the states differ in what comes two bits later: nothing to merge.
    counter = Automaton(np.array([[1, 1], [2, 2], [3, 3], [0, 0]]), np.array([0, 0, 0, 1]))
    assert len(counter.minimal()[0].answers) == 4
    # All states give one answer: one state is enough.
    assert len(Automaton(four.transitions, np.zeros(4, int)).minimal()[0].answers) == 1


def test_a_constant_network_seems_right_on_three_quarters():
    tagger = SequenceTagger("rnn", 1, 2)
    with torch.no_grad():
        for p in tagger.parameters():
            p.zero_()
        tagger.readout.bias.fill_(-1.0)
    found = automata.ragged_accuracy(tagger, seq_len=50, n=2000)
    assert found["padding"] == 1.0
    assert found["masked"] == pytest.approx(0.5, abs=0.02)
    assert found["inside"] == pytest.approx(51 / 100, abs=0.02)
    mixed = found["inside"] * found["masked"] + (1 - found["inside"]) * found["padding"]
    assert found["counted"] == pytest.approx(mixed)
    with torch.no_grad():
        tagger.readout.bias.fill_(1.0)
    assert automata.ragged_accuracy(tagger, seq_len=50, n=200)["padding"] == 0.0


def test_ragged_accuracy_of_a_perfect_network_is_one_inside():
    tagger = automata.parity_by_hand()
    found = automata.ragged_accuracy(tagger, seq_len=20, n=100)
    assert found["masked"] == found["counted"] == 1.0
