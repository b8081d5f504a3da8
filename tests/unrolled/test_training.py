"""The loop, its history, schedules, clipping and the NumPy optimisers."""

import numpy as np
import pytest
import torch
from unrolled.assignments import Settings
from unrolled.training import NumpyOptimizer, clip_gradients, fit, global_norm, one_cycle


def settings(**changes):
    return Settings(**{"steps": 10, "evaluate_every": 4, "learning_rate": 0.1} | changes)


def test_each_loss_is_the_mean_since_the_row_before():
    """A running mean over all updates would say 2.5, 4.5, 5.5."""
    losses = iter(range(1, 11))
    history = fit(lambda: next(losses), settings())
    assert history.columns == {"step": [4, 8, 10], "loss": [2.5, 6.5, 9.5]}
    assert history.steps == 10


def test_solved_stops_and_the_callback_sees_each_row():
    seen = []
    rows = iter([{"val": 0.0}, {"val": 1.0}, {"val": 2.0}])
    history = fit(
        lambda: 1.0,
        settings(),
        measure=lambda: next(rows),
        solved=lambda row: row["val"] == 1,
        callback=lambda step, row: seen.append((step, row["val"])),
    )
    assert seen == [(4, 0.0), (8, 1.0)]
    assert history.steps == 8


def test_ctrl_c_keeps_what_was_reached():
    count = iter(range(100))

    def update():
        if next(count) == 6:
            raise KeyboardInterrupt
        return 1.0

    history = fit(update, settings())
    assert history.interrupted
    assert history.columns["step"] == [4]
    assert history.steps == 6


def test_one_cycle_climbs_then_falls_to_nothing():
    rates = np.array([one_cycle(t, 100, 0.5) for t in range(101)])
    assert rates[0] == pytest.approx(0.02)
    assert rates.argmax() == 30
    assert rates.max() == pytest.approx(0.5)
    assert rates[-1] < 1e-5
    assert (np.diff(rates[:31]) > 0).all()
    assert (np.diff(rates[30:]) < 0).all()


def test_clipping_acts_on_the_norm_of_all_gradients_together():
    gradients = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    clip_gradients(gradients, 10.0)
    assert global_norm(gradients) == 5
    clip_gradients(gradients, 1.0)
    assert global_norm(gradients) == pytest.approx(1)
    assert gradients["a"][0] / gradients["b"][0, 0] == pytest.approx(3 / 4)


@pytest.mark.parametrize("name", ["sgd", "adam"])
@pytest.mark.parametrize("clip", [None, 0.5])
def test_numpy_optimiser_takes_the_steps_that_torch_takes(name, clip):
    rng = np.random.default_rng(0)
    start = {"w": rng.standard_normal((3, 2)), "b": rng.standard_normal(4)}
    ours = {k: v.copy() for k, v in start.items()}
    theirs = {k: torch.tensor(v, requires_grad=True) for k, v in start.items()}
    chosen = settings(optimizer=name, clip=clip)
    kind = torch.optim.SGD if name == "sgd" else torch.optim.Adam
    optimizer, reference = NumpyOptimizer(ours, chosen), kind(theirs.values(), lr=0.1)
    for _ in range(5):
        gradients = {k: rng.standard_normal(v.shape) for k, v in start.items()}
        for k, p in theirs.items():
            p.grad = torch.tensor(gradients[k])
        if clip:
            torch.nn.utils.clip_grad_norm_(list(theirs.values()), clip)
        reference.step()
        optimizer.step(gradients)
    for k in start:
        np.testing.assert_allclose(ours[k], theirs[k].detach(), atol=1e-6)
        assert np.abs(ours[k] - start[k]).max() > 0.01
