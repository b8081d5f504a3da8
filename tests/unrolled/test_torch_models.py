"""The PyTorch networks: contract, equality with the fused layers, causality, independence."""

import numpy as np
import pytest
import torch
from torch import nn
from unrolled import torch_models as tm

TAGGERS = {
    "rnn": lambda: tm.SequenceTagger("rnn", 2, 5),
    "lstm-2-layers": lambda: tm.SequenceTagger("lstm", 2, 5, num_layers=2, output_size=3),
    "gru": lambda: tm.SequenceTagger("gru", 2, 5),
    "elman": lambda: tm.Elman(2, 5, 1),
    "own-lstm": lambda: OnlyOutputs(tm.LSTM(2, 5)),
}


class OnlyOutputs(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]


@pytest.fixture(params=TAGGERS)
def tagger(request):
    with tm.seeded(1):
        return TAGGERS[request.param]().double()


def inputs(n=4, t=6, d=2, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, t, d)))


@pytest.mark.parametrize(("n", "t"), [(1, 1), (4, 6), (1, 9), (3, 1)])
def test_one_answer_a_step(tagger, n, t):
    assert tagger(inputs(n, t)).shape[:2] == (n, t)


def test_only_later_outputs_move_when_an_input_does(tagger):
    x = inputs()
    moved = x.clone()
    moved[:, 3] += 1
    change = (tagger(moved) - tagger(x)).abs().amax((0, 2))
    assert change[:3].max() == 0
    assert change[3:].min() > 1e-6


def test_no_gradient_from_one_sequence_to_another(tagger):
    x = inputs().requires_grad_()
    tagger(x)[2].pow(2).sum().backward()
    others = [0, 1, 3]
    assert x.grad[others].abs().max() == 0
    assert x.grad[2].abs().max() > 1e-6


def test_order_of_steps_matters(tagger):
    """A network that only maps each step for itself would pass the permutation through."""
    x = inputs()
    order = torch.tensor([3, 1, 5, 0, 4, 2])
    assert (tagger(x[:, order]) - tagger(x)[:, order]).abs().max() > 1e-4


def test_elman_by_hand():
    """h_0 = tanh(1·1+0) without the recurrent bias; then it counts."""
    net = tm.Elman(1, 1, 1).double()
    for p, value in zip(net.parameters(), (1.0, 0.0, 0.5, 0.25, 2.0, -1.0), strict=True):
        nn.init.constant_(p, value)
    x = torch.tensor([[[1.0], [0.5]]], dtype=torch.float64)
    h0 = np.tanh(1.0)
    h1 = np.tanh(0.5 + 0.5 * h0 + 0.25)
    assert net(x).flatten().tolist() == pytest.approx([2 * h0 - 1, 2 * h1 - 1], abs=1e-12)


def test_own_lstm_equals_the_fused_layer():
    with tm.seeded(4):
        layer, own = nn.LSTM(3, 4, batch_first=True).double(), tm.LSTM(3, 4).double()
    own.load_state_dict(layer.state_dict())
    x, state = inputs(d=3), (inputs(1, 4, 4, 1), inputs(1, 4, 4, 2))
    expected, (h, c) = layer(x, state)
    got, (own_h, own_c) = own(x, (state[0][0], state[1][0]))
    for a, b in ((got, expected), (own_h, h[0]), (own_c, c[0])):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
    gates = own.gates(x)
    assert set(gates) == set("ifgoch")
    assert gates["f"].shape == (4, 6, 4)
    torch.testing.assert_close(gates["h"], gates["o"] * torch.tanh(gates["c"]))


def test_packing_leaves_the_readout_bias_past_the_end():
    with tm.seeded(5):
        net, x = tm.SequenceTagger("rnn", 1, 3), inputs(3, 5, 1).float()
    lengths = torch.tensor([5, 3, 1])
    packed, whole = net(x, lengths), net(x)
    torch.testing.assert_close(packed[1, 3:].flatten(), net.readout.bias.expand(2))
    torch.testing.assert_close(packed[1, :3], whole[1, :3])
    assert not torch.allclose(whole[1, 3:].flatten(), net.readout.bias.expand(2))


def pictures(n, seed=3):
    return torch.from_numpy(np.random.default_rng(seed).random((n, 28, 28), np.float32))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 3])
def test_row_reader_sees_every_row_and_no_other_image(cell, layers):
    with tm.seeded(2):
        net = tm.RowReader(cell, 6, layers)
    rows = pictures(4).requires_grad_()
    last = net.outputs(rows)[:, -1]
    last[1].sum().backward()
    assert rows.grad[[0, 2, 3]].abs().max() == 0
    assert (rows.grad[1].abs().amax(1) > 0).all()  # the first row counts as the last does
    logits = net(rows)
    assert logits.shape == (4, 10)
    torch.testing.assert_close(net.head(last), logits)


def test_whole_image_sees_every_pixel_of_one_image():
    with tm.seeded(2):
        net = tm.WholeImage()
    rows = pictures(4).requires_grad_()
    net(rows)[1].sum().backward()
    assert rows.grad[[0, 2, 3]].abs().max() == 0
    assert (rows.grad[1] != 0).all()


def test_row_reader_outputs_are_causal():
    with tm.seeded(2):
        net = tm.RowReader("gru", 6)
    rows = pictures(2)
    moved = rows.clone()
    moved[:, 20] += 1
    change = (net.outputs(moved) - net.outputs(rows)).abs().amax((0, 2))
    assert change[:20].max() == 0
    assert change[20:].min() > 0


def test_whole_image_counts_its_parameters():
    net = tm.WholeImage()
    assert sum(p.numel() for p in net.parameters()) == 784 * 64 + 64 + 64 * 10 + 10
    assert net(pictures(3)).shape == (3, 10)


def test_seed_fixes_the_start_and_spares_the_global_generator():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with tm.seeded(7):
        first = tm.Elman(2, 3, 1).l1.weight
    assert torch.equal(torch.rand(3), expected)
    with tm.seeded(7):
        assert torch.equal(tm.Elman(2, 3, 1).l1.weight, first)
    with tm.seeded(8):
        assert not torch.equal(tm.Elman(2, 3, 1).l1.weight, first)


def test_unknown_cell():
    with pytest.raises(ValueError, match="expected one of rnn, lstm, gru, got 'tanh'"):
        tm.SequenceTagger("tanh", 1, 2)
