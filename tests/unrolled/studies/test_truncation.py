"""Windows of a stream: what is handed on, what it costs, and the networks made on purpose."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from unrolled import assignments, tasks
from unrolled.studies import truncation
from unrolled.torch_models import Elman, SequenceTagger, seeded

SMALL = replace(assignments.ADDING, hidden_size=3, batch_size=4, steps=5, seq_len=6)


def streams(n=4, seq_len=12, seed=0):
    return [torch.from_numpy(a) for a in tasks.adding(n, seq_len, rng=np.random.default_rng(seed))]


def tagger(cell="lstm"):
    with seeded(0):
        return SequenceTagger(cell, 2, 3)


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_detach_keeps_the_value_and_cuts_the_gradient(cell):
    model, (x, _) = tagger(cell), streams()
    x.requires_grad_()
    _, state = truncation.read_window(model, x[:, :6], None)
    answers = {}
    for how in truncation.HANDOVERS:
        handed = truncation.hand_over(state, how)
        answers[how], _ = truncation.read_window(model, x[:, 6:], handed)
    assert torch.equal(answers["detach"], answers["carry"])
    assert (answers["reset"] - answers["carry"]).abs().max() > 1e-3
    reaches = {}
    for how, answer in answers.items():
        (slope,) = torch.autograd.grad(answer.sum(), x, retain_graph=True)
        reaches[how] = slope[:, :6].abs().max().item()
    assert reaches["reset"] == reaches["detach"] == 0 < reaches["carry"]


def test_an_unknown_handover_is_refused():
    with pytest.raises(ValueError, match="how: expected one of reset, detach, carry, got 'keep'"):
        truncation.hand_over(None, "keep")


def test_carry_alone_goes_backward_a_second_time():
    x, y = streams()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        truncation.train_on_stream(tagger(), x, y, 4, "carry", SMALL)


@pytest.mark.parametrize("how", ["reset", "detach"])
def test_a_stream_is_read_once_with_an_update_a_window(how):
    x, y = streams(seq_len=10)
    model = tagger()
    before = {name: p.clone() for name, p in model.state_dict().items()}
    losses = truncation.train_on_stream(model, x, y, 4, how, SMALL)
    assert len(losses) == 3  # windows of 4, 4 and 2 steps
    assert all(not torch.equal(p, before[name]) for name, p in model.state_dict().items())


def test_windows_with_the_state_handed_on_are_one_stream():
    model, (x, y) = tagger(), streams()
    whole = torch.nn.functional.mse_loss(model(x), y).item()
    for how, equal in (("detach", True), ("carry", True), ("reset", False)):
        in_windows = truncation.mse_in_windows(model, x, y, 5, how)
        assert (abs(in_windows - whole) < 1e-6) is equal


def test_reset_floor_in_closed_form():
    for window in (1, 2, 10, 100):
        closed = (1 - 2.0**-window) / (3 * window)
        assert truncation.reset_floor(window) == pytest.approx(closed, rel=1e-12)


def test_the_adder_by_hand_is_wrong_at_the_first_marker_only():
    x, y = streams(n=5, seq_len=400, seed=1)
    with torch.no_grad():
        wrong = (truncation.adder_by_hand()(x) - y)[..., 0].abs() > 1e-3
    first = (x[..., 1] == 1).int().argmax(dim=1)
    expected = torch.zeros_like(wrong)
    expected[torch.arange(5), first] = True
    assert torch.equal(wrong, expected)


def test_gradient_by_distance_counts_from_the_current_step():
    x, _ = streams(n=20_000, seq_len=8)
    slopes = truncation.gradient_by_distance(truncation.adder_by_hand(), x, 6)
    assert slopes[0] == pytest.approx(1, abs=1e-2)  # this number always counts fully
    np.testing.assert_allclose(slopes[1:], 0.5 ** np.arange(1, 6), atol=0.02)


def test_nothing_moves_in_time_through_the_repeated_elman():
    x, _ = streams()
    order = torch.tensor([3, 1, 5, 0, 4, 2, 11, 10, 9, 8, 7, 6])
    with seeded(0):
        right = Elman(2, 3, 1)
    wrong = truncation.RepeatedElman(2, 3, 1)
    wrong.load_state_dict(right.state_dict())
    assert truncation.permutation_gap(wrong, x, order) < 1e-6
    assert truncation.permutation_gap(right, x, order) > 1e-3
    assert torch.allclose(wrong(x)[:, :1], wrong(x[:, :1].expand(-1, 12, -1))[:, :1])


def test_studies_return_plain_numbers():
    result = truncation.stream_study("lstm", 3, "detach", SMALL, 0)
    assert set(result) == {"train_mse", "test_mse"}
    assert 0.1 < result["test_mse"] < 2
    result = truncation.repeated_study(SMALL, 0)
    assert result["memoryless_mse"] == pytest.approx(1 / 6, abs=0.02)
    assert result["permutation_gap"] < 1e-6
