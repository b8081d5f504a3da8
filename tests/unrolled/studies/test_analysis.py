import numpy as np
import pytest
import torch
from torch import nn
from unrolled.studies import analysis
from unrolled.torch_models import RowReader, WholeImage, seeded


def reader(cell="lstm", hidden_size=6, num_layers=1):
    with seeded(1):
        return RowReader(cell, hidden_size, num_layers)


def images(n=5, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy((rng.random((n, 28, 28)) < 0.3).astype(np.float32))


def test_disagreement_counts_and_tests_both_ways():
    first = np.array([1, 1, 1, 1, 1, 1, 0, 1], bool)
    second = np.array([0, 0, 0, 0, 0, 0, 1, 1], bool)
    assert analysis.disagreement(first, second)[:2] == (6, 1)
    assert analysis.disagreement(second, first)[:2] == (1, 6)
    # two-sided: P(0, 1, 6 or 7 heads of 7) = (1 + 7 + 7 + 1) / 128
    assert analysis.disagreement(first, second).p_value == pytest.approx(16 / 128)
    assert analysis.disagreement(first, first) == (0, 0, 1.0)


def test_is_right_in_chunks_is_the_accuracy():
    rows, network = images(1003), WholeImage()
    labels = network(rows).argmax(1)
    labels[[2, 1001]] = (labels[[2, 1001]] + 1) % 10
    right = analysis.is_right(network, rows, labels)
    assert right.shape == (1003,)
    assert np.flatnonzero(~right).tolist() == [2, 1001]


@pytest.mark.parametrize("num_layers", [1, 2])
def test_the_last_row_gives_the_network_s_own_answer(num_layers):
    network, rows = reader("gru", num_layers=num_layers), images()
    probabilities = analysis.probabilities_by_row(network, rows)
    assert probabilities.shape == (5, 28, 10)
    np.testing.assert_allclose(probabilities.sum(2), 1, rtol=1e-5)
    np.testing.assert_allclose(
        probabilities[:, -1], network(rows).softmax(1).detach(), rtol=1e-5, atol=1e-7
    )
    # reading only seven rows must give the seventh entry: no later row can matter
    np.testing.assert_allclose(
        probabilities[:, 6], network(rows[:, :7]).softmax(1).detach(), rtol=1e-5, atol=1e-7
    )


def test_settling_row():
    answers = np.array([[3, 3, 3, 3], [1, 3, 1, 1], [1, 1, 1, 2], [2, 1, 2, 1]])
    assert analysis.settling_row(answers).tolist() == [1, 3, 4, 4]


def test_last_inked_row():
    rows = torch.zeros(4, 28, 28)
    rows[0, 0, 5] = rows[1, 10, 0] = rows[1, 3, 3] = rows[2, 27, 27] = 1
    assert analysis.last_inked_row(rows).tolist() == [1, 11, 28, 0]


@pytest.mark.parametrize(("down", "right"), [(2, 0), (-3, 0), (0, 1), (0, -4), (1, -2), (0, 0)])
def test_moved_loses_what_leaves_and_brings_in_blanks(down, right):
    rows = images(2)
    expected = torch.zeros_like(rows)
    for t in range(28):
        for d in range(28):
            if 0 <= t - down < 28 and 0 <= d - right < 28:
                expected[:, t, d] = rows[:, t - down, d - right]
    before = rows.clone()
    assert torch.equal(analysis.moved(rows, down=down, right=right), expected)
    assert torch.equal(rows, before)


def test_ink_ends_where_it_is_told_to():
    rows = torch.zeros(3, 28, 28)
    rows[0, 9:20, 5] = rows[1, 9:28, 6] = rows[2, 9:12, 7] = 1
    placed = analysis.ink_ending_at(rows, 22)
    assert analysis.last_inked_row(placed).tolist() == [22, 22, 22]
    assert torch.equal(placed.sum((1, 2)), rows.sum((1, 2)))
    assert placed[1, 3:22, 6].all()


def test_a_probe_finds_what_is_there_and_no_more():
    rng = np.random.default_rng(0)
    labels = torch.from_numpy(rng.integers(0, 10, 400))
    noise = torch.from_numpy(rng.normal(size=(400, 12))).float()
    outputs = torch.stack(
        [torch.zeros(400, 12), noise, nn.functional.one_hot(labels, 12) + 0.01 * noise], dim=1
    )
    accuracy = analysis.probe_by_row(outputs[:200], labels[:200], outputs[200:], labels[200:])
    assert accuracy[0] < 0.2
    assert accuracy[1] < 0.25
    assert accuracy[2] > 0.98


def test_connectivity_is_the_slope_of_the_own_logit():
    network, rows, labels = reader().double(), images(3).double(), torch.tensor([4, 0, 9])
    measured = analysis.connectivity(network, rows, labels)
    eps, row = 1e-6, 20
    for n, label in enumerate(labels):
        slopes = []
        for d in range(28):
            up, down = rows[n : n + 1].clone(), rows[n : n + 1].clone()
            up[0, row, d] += eps
            down[0, row, d] -= eps
            slopes.append((network(up) - network(down))[0, label].item() / (2 * eps))
        assert measured[n, row] == pytest.approx(np.linalg.norm(slopes), rel=1e-5)
    assert not rows.requires_grad


def test_influence_finds_images_that_leak_into_others():
    network, rows = reader(), images(4)
    sound = analysis.influence(network, rows)
    assert (np.diag(sound) > 0).all()
    assert not (sound - np.diag(np.diag(sound))).any()
    network.recurrent.batch_first = False
    broken = analysis.influence(network, rows)
    assert (np.tril(broken) > 0).sum() == 10  # earlier images of the batch leak into later ones
    assert not np.triu(broken, k=1).any()  # never the other way: half of the check cannot fail


def test_seconds_per_update_names_every_network():
    seconds = analysis.seconds_per_update(
        {"a": WholeImage(), "b": reader()}, images(4), torch.tensor([0, 1, 2, 3]), repeats=2
    )
    assert set(seconds) == {"a", "b"}
    assert min(seconds.values()) > 0


def test_opened_layer_computes_the_same():
    network, rows = reader().double(), images().double()
    gates = analysis.gates_by_row(network, rows)
    with torch.no_grad():
        assert (gates["h"] - network.outputs(rows)).abs().max() < 1e-14
    assert gates["c"].abs().max() > gates["h"].abs().max()


@pytest.mark.parametrize(
    "layer", [nn.GRU(2, 3), nn.LSTM(2, 3, 2), nn.LSTM(2, 3, bidirectional=True)]
)
def test_opened_refuses_what_it_cannot_copy(layer):
    with pytest.raises(ValueError, match="layer: expected an LSTM of one layer"):
        analysis.opened(layer)


def test_clamps_hold_the_gate_and_are_felt_by_the_state():
    network, rows = reader(hidden_size=20), images(200)
    with torch.no_grad():
        network.head[3].weight *= 30  # answers that differ from image to image
    free = analysis.clamped_answers(network, rows, {})
    assert torch.equal(free, network(rows).argmax(1))
    gates = analysis.gates_by_row(network, rows)
    one = gates["f"][:1]  # the gates of an image, given to that image, change nothing
    assert analysis.clamped_answers(network, rows[:1], {"f": one[0]}) == free[0]
    shut = {"i": torch.zeros(28, 20)}  # nothing enters: all images look alike
    assert len(analysis.clamped_answers(network, rows, shut).unique()) == 1
    assert len(free.unique()) > 1


def test_mean_clamps_cover_every_gate_twice():
    gates = analysis.gates_by_row(reader(), images(7))
    clamps = {(gate, how): c for gate, how, c in analysis.mean_clamps(gates)}
    assert set(clamps) == {(g, how) for g in "ifgo" for how in ("each step", "all steps")}
    for (gate, how), clamp in clamps.items():
        assert set(clamp) == {gate}
        assert clamp[gate].shape == (28, 6)
        flat = how == "all steps"
        assert (clamp[gate].std(0).max() < 1e-6) == flat
        expected = gates[gate].mean((0, 1) if flat else 0)
        torch.testing.assert_close(clamp[gate], expected.expand(28, 6))
