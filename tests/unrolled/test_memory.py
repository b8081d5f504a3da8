"""Assignment 4's classes: contract, hand-made numbers, gradients, and the training they make."""

import io
import sys
from itertools import islice

import numpy as np
import pytest
import torch
from unrolled.memory import RNN, Learner, MSELoss, generate_samples
from unrolled.studies import mutants

WEIGHTS = ("W", "R", "b_s", "V", "b_y")


def network(*, sizes=(2, 3, 1), seed=0, dtype=np.float64):
    """A network in which every weight, the biases too, is random and R is no symmetric matrix."""
    rng = np.random.default_rng(seed)
    model = RNN(*sizes, rng=rng, dtype=dtype)
    model.set_weights({k: rng.normal(0, 0.6, w.shape) for k, w in model.get_weights().items()})
    return model


def batch(model, steps=5, n=4, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(steps, n, model.input_size))
    return x, rng.normal(size=(n, model.output_size))


def learner(seed=0, batch_size=64, steps=3, hidden=4):
    rng = np.random.default_rng(seed)
    data = generate_samples(batch_size, steps, rng=rng)
    return Learner(RNN(1, hidden, 1, rng=rng), MSELoss(), data)


@pytest.mark.parametrize("steps", [1, 4])
def test_states_are_causal_and_no_sequence_moves_another(steps):
    """With T = B, a network that took the batch for its time would have the very same shapes."""
    model, changed = network(), (steps // 2, 1)  # step, sequence
    x, _ = batch(model, steps, n=4)
    before, states = model.forward(x), model.states.copy()
    moved = x.copy()
    moved[changed] += 0.5
    after = model.forward(moved)
    different = np.abs(model.states - states).max(axis=2) > 0  # [T + 1, B]
    expected = np.zeros_like(different)
    expected[changed[0] + 1 :, 1] = True
    np.testing.assert_array_equal(different, expected)
    np.testing.assert_array_equal((after != before).any(axis=1), [False, True, False, False])


# The generator


def test_generator_shapes_and_targets():
    batches = list(islice(generate_samples(5, 7, rng=np.random.default_rng(0)), 3))
    for x, y in batches:
        assert (x.shape, y.shape, x.dtype) == ((7, 5, 1), (5, 1), np.float64)
        np.testing.assert_array_equal(y, x[0])
    assert not np.array_equal(batches[0][0], batches[1][0])


def test_generator_target_is_not_a_view_of_the_input():
    x, y = next(generate_samples(5, 7, rng=np.random.default_rng(0)))
    x[:] = 0
    assert np.all(y != 0)


def test_generator_is_uniform_and_its_steps_are_independent():
    x, _ = next(generate_samples(20_000, 4, rng=np.random.default_rng(0)))
    x = x[:, :, 0]
    counts = np.histogram(x, bins=10, range=(-1, 1))[0]
    assert counts.sum() == x.size
    assert np.all(abs(counts - 8000) < 5 * np.sqrt(8000))
    np.testing.assert_allclose(np.cov(x), np.eye(4) / 3, atol=0.012)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0)])
def test_generator_refuses_empty_sizes_at_once(sizes):
    with pytest.raises(ValueError, match="at least 1"):
        generate_samples(*sizes)


# The network


def test_first_weights_have_the_assignments_shapes_and_ranges():
    model = RNN(4, 300, 2, rng=np.random.default_rng(0))
    shapes = {k: w.shape for k, w in model.get_weights().items()}
    assert shapes == {"W": (4, 300), "R": (300, 300), "b_s": (300, 1), "V": (300, 2), "b_y": (2, 1)}
    np.testing.assert_array_equal(model.R, np.eye(300))
    assert not model.b_s.any()
    assert not model.b_y.any()
    for weight, limit in ((model.W, np.sqrt(3 / 4)), (model.V, np.sqrt(3 / 300))):
        assert 0.98 * limit < abs(weight).max() <= limit
        assert weight.min() < -0.9 * limit
        assert weight.var() == pytest.approx(limit**2 / 3, rel=0.1)
    assert {w.dtype for w in model.get_weights().values()} == {np.dtype(np.float64)}


def test_forward_by_hand():
    model = RNN(1, 2, 1)
    w = {"W": [[1, -2]], "R": [[0, 3], [1, 0]], "b_s": [[0.5], [0]], "V": [[2], [-1]], "b_y": [[4]]}
    model.set_weights(w)
    # s_1 = tanh(1·1 + 0.5, 1·(-2)); the second step reads s_1 through R: column j of R feeds unit j
    a, b = np.tanh(1.5), np.tanh(-2.0)
    a, b = np.tanh(-1 + b + 0.5), np.tanh(2 + 3 * a)
    assert model.forward(np.array([[[1.0]], [[-1.0]]])) == pytest.approx(2 * a - b + 4, abs=1e-15)


def test_forward_equals_torch():
    model = network()
    x, _ = batch(model)
    theirs = torch.nn.RNN(2, 3, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih_l0[:] = torch.tensor(model.W.T)
        theirs.weight_hh_l0[:] = torch.tensor(model.R.T)
        theirs.bias_ih_l0[:] = torch.tensor(model.b_s[:, 0])
        theirs.bias_hh_l0[:] = 0
        states = theirs(torch.tensor(x))[0].numpy()
    np.testing.assert_allclose(model.forward(x), states[-1] @ model.V + model.b_y.T, atol=1e-14)
    np.testing.assert_allclose(model.states[1:], states, atol=1e-14)


@pytest.mark.parametrize(("steps", "n"), [(1, 1), (1, 4), (5, 1)])
def test_shapes_at_the_edges(steps, n):
    model = network()
    x, d_loss = batch(model, steps, n)
    assert model.forward(x).shape == (n, 1)
    shapes = {k: g.shape for k, g in model.backward(d_loss).items()}
    assert shapes == {
        "d_V": (3, 1),
        "d_W": (steps, 2, 3),
        "d_R": (steps, 3, 3),
        "d_bs": (steps, 3, 1),
        "d_by": (1, 1),
    }


def test_gradients_per_step_are_the_gradients_of_separate_copies():
    """Give torch one copy of W, R and b_s a step: d_W[t] must be the gradient of copy t."""
    model = network()
    x, d_loss = batch(model)
    model.forward(x)
    ours = model.backward(d_loss)
    copies = {
        k: [torch.tensor(getattr(model, k), requires_grad=True) for _ in x]
        for k in ("W", "R", "b_s")
    }
    s = torch.zeros(4, 3, dtype=torch.float64)
    for x_t, w, r, b in zip(torch.tensor(x), *copies.values(), strict=True):
        s = torch.tanh(x_t @ w + s @ r + b.T)
    (s @ torch.tensor(model.V)).backward(torch.tensor(d_loss))
    for name, key in {"W": "d_W", "R": "d_R", "b_s": "d_bs"}.items():
        theirs = np.stack([c.grad.numpy() for c in copies[name]])
        np.testing.assert_allclose(ours[key], theirs, atol=1e-13)


def test_update_subtracts_the_sum_over_time():
    model = network()
    x, d_loss = batch(model)
    before = model.get_weights()
    model.forward(x)
    g = model.backward(d_loss)
    model.update(0.1)
    expected = {"W": g["d_W"].sum(0), "R": g["d_R"].sum(0), "b_s": g["d_bs"].sum(0)}
    expected |= {"V": g["d_V"], "b_y": g["d_by"]}
    for name, gradient in expected.items():
        assert abs(gradient).max() > 0.01
        np.testing.assert_allclose(getattr(model, name), before[name] - 0.1 * gradient, atol=1e-14)


def test_an_optimiser_may_scale_and_change_what_it_is_given():
    model = network()
    x, d_loss = batch(model)
    model.forward(x)
    kept = {k: g.copy() for k, g in model.backward(d_loss).items()}
    for gradient in model.total_gradients().values():
        gradient *= 0
    for name, gradient in model.gradients.items():
        np.testing.assert_array_equal(gradient, kept[name])
    parameters = model.parameters
    model.set_weights({k: w + 1 for k, w in parameters.items()})
    assert all(parameters[k] is getattr(model, k) for k in WEIGHTS)


def test_float32_stays_float32():
    model = network(dtype=np.float32)
    x, d_loss = batch(model)
    arrays = [model.forward(x), *model.backward(d_loss).values()]
    model.update(0.1)
    assert {a.dtype for a in arrays + list(model.parameters.values())} == {np.dtype(np.float32)}


def test_what_needs_something_first_says_so():
    model = network()
    with pytest.raises(RuntimeError, match="forward pass first"):
        model.backward(np.zeros((4, 1)))
    with pytest.raises(RuntimeError, match="call backward first"):
        model.update(0.1)
    model.forward(batch(model)[0])
    with pytest.raises(RuntimeError, match="call backward first"):
        model.update(0.1)


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (0, 4, 2)])
def test_forward_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"x must be \[T, B, 2\]"):
        network().forward(np.zeros(shape))


@pytest.mark.parametrize("shape", [(4,), (1, 1), (4, 3)])
def test_backward_refuses_other_shapes(shape):
    model = network()
    model.forward(batch(model)[0])
    with pytest.raises(ValueError, match=r"d_loss must be \[B, O\] = \(4, 1\)"):
        model.backward(np.zeros(shape))


# Weights out and in


def test_get_weights_returns_copies():
    model = network()
    kept = model.get_weights()
    first = {k: w.copy() for k, w in kept.items()}
    x, d_loss = batch(model)
    model.forward(x)
    model.backward(d_loss)
    model.update(1.0)
    for name in WEIGHTS:
        np.testing.assert_array_equal(kept[name], first[name])
        assert np.any(getattr(model, name) != first[name])


def test_set_weights_restores_and_copies():
    model, other = network(seed=1), network(seed=2)
    x, _ = batch(model)
    weights = model.get_weights()
    other.set_weights(weights)
    np.testing.assert_array_equal(other.forward(x), model.forward(x))
    for array in weights.values():
        array[:] = 0
    np.testing.assert_array_equal(other.forward(x), model.forward(x))


@pytest.mark.parametrize("name", WEIGHTS)
def test_set_weights_needs_every_key_and_shape(name):
    model, weights = network(), network(seed=3).get_weights()
    before = model.get_weights()
    short = {k: w for k, w in weights.items() if k != name}
    with pytest.raises(ValueError, match=rf"missing: \['{name}'\]"):
        model.set_weights(short)
    with pytest.raises(ValueError, match=f"{name} must be"):
        model.set_weights(weights | {name: np.zeros((7, 7))})
    for key, weight in model.get_weights().items():
        np.testing.assert_array_equal(weight, before[key])


def test_set_weights_forgets_the_old_gradients():
    model = network()
    x, d_loss = batch(model)
    model.forward(x)
    model.backward(d_loss)
    model.set_weights(model.get_weights())
    with pytest.raises(RuntimeError):
        model.update(0.1)


# The loss


def test_loss_equals_torch():
    rng = np.random.default_rng(0)
    y_hat, y_true = rng.normal(size=(2, 6, 1))
    loss = MSELoss()
    theirs = torch.tensor(y_hat, requires_grad=True)
    value = torch.nn.functional.mse_loss(theirs, torch.tensor(y_true))
    value.backward()
    ours = loss.forward(y_hat, y_true)
    assert type(ours) is float
    assert ours == pytest.approx(value.item(), rel=1e-14)
    np.testing.assert_allclose(loss.backward(), theirs.grad.numpy(), rtol=1e-14)


def test_loss_contract():
    with pytest.raises(RuntimeError, match="forward call first"):
        MSELoss().backward()
    with pytest.raises(ValueError, match="y_true must have"):
        MSELoss().forward(np.zeros((4, 1)), np.zeros(4))


# The learner


def test_training_goes_on_where_it_stopped():
    once, twice = learner(), learner()
    once.train(150, 0.05)
    twice.train(70, 0.05)
    assert list(twice.loss_values) == [0, 50]
    twice.train(80, 0.05)
    assert once.step == twice.step == 150
    assert list(once.loss_values) == [0, 50, 100]
    assert once.loss_values == twice.loss_values
    for name in WEIGHTS:
        np.testing.assert_array_equal(getattr(once.model, name), getattr(twice.model, name))


def test_loss_values_are_those_after_so_many_updates():
    by_hand, ours = learner(), learner()
    losses = []
    for x, y in islice(by_hand.data_generator, 7):
        losses.append(by_hand.loss_obj.forward(by_hand.model.forward(x), y))
        by_hand.model.backward(by_hand.loss_obj.backward())
        by_hand.model.update(0.05)
    ours.train(7, 0.05, log_steps=3)
    assert ours.loss_values == {0: losses[0], 3: losses[3], 6: losses[6]}


def test_two_steps_are_remembered():
    """Far below 1/3, the error of always answering 0: without memory there is no better answer."""
    pupil = learner(steps=2)
    pupil.train(1500, 0.05)
    y_hats, y_trues = pupil.make_predictions(20)
    assert np.mean((y_hats - y_trues) ** 2) < 0.01


def test_predictions_are_fresh_and_kept():
    pupil = learner(batch_size=5)
    y_hats, y_trues = pupil.make_predictions(3)
    assert y_hats.shape == y_trues.shape == (15, 1)
    assert pupil.y_hats is y_hats
    assert pupil.y_trues is y_trues
    assert len(np.unique(y_trues)) == 15
    again = learner(batch_size=5)
    x, y = next(again.data_generator)
    np.testing.assert_array_equal(y_trues[:5], y)
    np.testing.assert_array_equal(y_hats[:5], again.model.forward(x))


def test_each_plot_needs_its_data():
    pupil = learner()
    with pytest.raises(RuntimeError, match="call train first"):
        pupil.plot_loss()
    with pytest.raises(RuntimeError, match="call make_predictions first"):
        pupil.scatter_plot()


def test_plots_draw_the_data():
    from matplotlib.figure import Figure

    pupil = learner()
    pupil.train(101, 0.01)
    y_hats, y_trues = pupil.make_predictions(1)
    ax = pupil.plot_loss(Figure().subplots())
    assert dict(ax.lines[0].get_xydata()) == pupil.loss_values
    ax = pupil.scatter_plot(Figure().subplots())
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.hstack([y_trues, y_hats]))
    assert ax.lines[1].get_slope() == 1
    assert ax.get_xlabel().startswith("true")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "shown"),
    [(Terminal(), True, True), (Terminal(), False, False), (io.StringIO(), True, False)],
)
def test_bar_only_where_somebody_watches_and_never_on_stderr(
    stream, progress, shown, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "stdout", stream)
    pupil = learner()
    pupil.train(60, 0.01, progress=progress)
    assert ("60/60" in stream.getvalue()) == shown
    assert pupil.step == 60
    assert capsys.readouterr().err == ""


# The gradient check, and the wrong backward passes it must reject


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("situation", mutants.SITUATIONS.values(), ids=mutants.SITUATIONS)
def test_the_five_gradients_agree_with_central_differences(situation, seed):
    errors = mutants.gradient_errors(RNN, situation, rng=np.random.default_rng(seed))
    assert set(errors) == set(WEIGHTS)
    assert max(errors.values()) < 1e-7


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda m: m.slip)
def test_the_check_rejects_every_broken_backward(mutant, seed):
    errors = mutants.gradient_errors(mutant.network(), rng=np.random.default_rng(seed))
    assert max(errors.values()) > 1e-3


@pytest.mark.parametrize("situation", ["fresh network", "T = 1", "B = 1", "x = 0", "ŷ = y"])
def test_every_other_situation_lets_one_of_them_pass(situation):
    """So the chapter's table has a reason for each of its columns."""
    worst = [
        max(mutants.gradient_errors(m.network(), mutants.SITUATIONS[situation], rng=rng).values())
        for m in mutants.MUTANTS
        for rng in [np.random.default_rng(0)]
    ]
    assert min(worst) < 1e-7
    assert (max(worst) > 1e-3) == (situation != "ŷ = y")


def test_a_mutant_of_a_line_that_is_gone_says_so():
    with pytest.raises(ValueError, match="must stand once"):
        mutants.Mutant("none", "no such line", "").network()


def test_central_differences_have_their_v():
    steps = np.array([1e-9, 1e-5, 1e-1])
    double = list(mutants.difference_errors(steps, rng=np.random.default_rng(0)).values())
    single = list(
        mutants.difference_errors(steps, np.float32, rng=np.random.default_rng(0)).values()
    )
    assert double[1] < 1e-8 < 1e-7 < min(double[0], double[2])
    assert min(single) > 1e-4
    assert single[2] == pytest.approx(double[2], rel=0.01)
