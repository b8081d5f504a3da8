"""Updates in PyTorch, the device, and assignment 3's train_model and test_model."""

import pytest
import torch
from torch import nn
from unrolled.assignments import Settings
from unrolled.torch_training import (
    pick_device,
    test_model,
    train_model,
    updates,
    without_denormals,
)


def line(weight=0.0):
    net = nn.Linear(1, 1, bias=False)
    nn.init.constant_(net.weight, weight)
    return net


def mse(net, batch):
    return nn.functional.mse_loss(net(batch[0]), batch[1])


BATCH = (torch.ones(4, 1), torch.full((4, 1), 2.0))


def test_an_update_descends_and_gives_the_loss_before_it():
    net = line()
    update = updates(net, lambda: BATCH, mse, Settings(optimizer="sgd", learning_rate=0.25))
    assert update() == pytest.approx(4.0)  # (0 − 2)²
    assert net.weight.item() == pytest.approx(1.0)  # 0 + 0.25 · 4
    assert update() == pytest.approx(1.0)


def test_clip_limits_the_step():
    net = line()
    chosen = Settings(optimizer="sgd", learning_rate=0.25, clip=1.0)
    updates(net, lambda: BATCH, mse, chosen)()
    assert net.weight.item() == pytest.approx(0.25)


def test_momentum_reaches_the_optimiser():
    net = line()
    chosen = Settings(optimizer="sgd", learning_rate=0.1, momentum=0.9)
    update = updates(net, lambda: BATCH, mse, chosen)
    update(), update()
    assert net.weight.item() == pytest.approx(0.4 + 0.32 + 0.36)


def test_train_model_reports_each_epoch_alone():
    net = line()
    data = {"train": [BATCH, BATCH], "validation": [BATCH]}
    optimizer = torch.optim.SGD(net.parameters(), lr=0.25)
    model, losses = train_model(net, data, optimizer, nn.functional.mse_loss, 2)
    # The weight goes 0, 1, 1.5, 1.75, 1.875: the losses are (2 − w)² before each update.
    assert model is net
    assert losses["train"] == pytest.approx([(4 + 1) / 2, (0.25 + 0.0625) / 2])
    assert losses["validation"] == pytest.approx([0.25, 0.015625])


def test_test_model_keeps_the_order():
    batches = [(torch.tensor([[1.0]]), torch.tensor([[5.0]])), (torch.tensor([[2.0]]),) * 2]
    predictions, targets = test_model(line(3.0), batches)
    assert predictions.flatten().tolist() == [3, 6]
    assert targets.flatten().tolist() == [5, 2]
    assert not predictions.requires_grad


def test_devices(monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    assert pick_device().type == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="finds no CUDA device"):
        pick_device("cuda")
    for name in ("tpu", "meta", "nonsense:3"):
        with pytest.raises(ValueError, match="expected cpu or cuda"):
            pick_device(name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device().type == "cpu"  # small networks are faster there
    monkeypatch.setenv("UNROLLED_PROFILE", "gpu")
    assert pick_device().type == "cuda"


def test_denormals_are_flushed_in_training_alone():
    """Hypothesis, and whoever computes with small numbers, needs the floats of the standard."""
    smallest = torch.tensor([torch.finfo(torch.float32).tiny])

    def halved():
        return float(smallest / 2)

    assert halved() > 0
    with without_denormals():
        assert halved() == 0
        with without_denormals():
            assert halved() == 0
        assert halved() == 0, "the inner one gives back what it found"
    assert halved() > 0
    seen = []

    def loss_of(network, batch):
        seen.append(halved())
        return network(batch).sum()

    updates(torch.nn.Linear(1, 1), lambda: torch.ones(1, 1), loss_of, Settings())()
    assert seen == [0]
    assert halved() > 0
