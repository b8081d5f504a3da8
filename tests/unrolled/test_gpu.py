"""What is computed on a GPU is what the CPU computes, within a tolerance that is stated.

Every body runs on any machine: on the CPU, or on a GPU of our own making (the fixture `card`). On
a real one it runs where there is one: `pytest -m gpu`, skipped with the reason elsewhere.
"""

import numpy as np
import pytest
import torch  # before TensorFlow
from torch import nn
from unrolled import assignments, cells, convert, devices, ensembles, frameworks, runs, tasks
from unrolled.experiments import adding, mnist, parity

REAL = pytest.param("cuda", marks=pytest.mark.gpu)
TORCH = [name for name, row in assignments.MODELS.items() if row.framework == "torch"]
KERAS = [name for name, row in assignments.MODELS.items() if row.framework == "keras"]
FEW = {"steps": 3, "evaluate_every": 1, "n_validate": 64}
# In float64 only the order of sums differs, in float32 it grows in three updates of Adam. A GPU's
# TensorFlow multiplies in TF32, which has ten bits behind the point.
DOUBLE, SINGLE, TF32 = 1e-9, 1e-3, 5e-3
FLIPS = 0.05  # an answer on the edge may turn: three of 64


@pytest.fixture(params=["cpu", REAL])
def device(request):
    """The CPU, and a GPU that PyTorch sees."""
    return there(request.param, "torch")


@pytest.fixture(params=["cpu", REAL])
def keras_device(request):
    """The CPU, and a GPU that TensorFlow sees."""
    return there(request.param, "keras")


@pytest.fixture(params=["a card of our own", REAL])
def some_card(request):
    """A GPU, real or not, for PyTorch."""
    if request.param == "cuda":
        return there("cuda", "torch")
    request.getfixturevalue("card")
    return "cuda"


@pytest.fixture
def stays(some_card, request):
    """Say that nothing has been multiplied off the card so far; a real one does not tell."""
    if request.node.callspec.params["some_card"] == "cuda":
        return lambda: True
    products = request.getfixturevalue("card").products
    return lambda: products["card"] > 0 and products["host"] == 0


def there(name, framework):
    """Return the device, or skip the test and say why."""
    try:
        return devices.choose(name, framework=framework)
    except ValueError as error:
        pytest.skip(str(error))


@pytest.fixture
def short(alone, monkeypatch):
    """Use a store of its own and measure little."""
    whole, strings = mnist.rows_and_labels(), parity.test_strings
    parts = {part: (rows[:200], labels[:200]) for part, (rows, labels) in whole.items()}
    monkeypatch.setattr(mnist, "rows_and_labels", lambda: parts)
    monkeypatch.setattr(parity, "TEST_STRINGS", {75: 20, 500: 4, 5000: 1})
    monkeypatch.setattr(parity, "test_strings", lambda n, seed: strings(min(n, 75), seed=seed))
    monkeypatch.setattr(adding, "TEST_LENGTH", 50)


LAYERS = {
    "rnn": (cells.RNN, nn.RNN),
    "lstm": (cells.LSTM, nn.LSTM),
    "gru": (cells.GRU, nn.GRU),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_a_numpy_cell_and_pytorchs_layer_agree(device, kind):
    """Outputs and the gradients of every parameter and of x, float64, within 1e-9."""
    numpy_cell, torch_layer = LAYERS[kind]
    rng = np.random.default_rng(0)
    cell = numpy_cell(3, 5, rng=rng)
    x, d_outputs = rng.normal(size=(4, 7, 3)), rng.normal(size=(4, 7, 5))
    layer = torch_layer(3, 5, batch_first=True).double()
    layer.load_state_dict({k: torch.from_numpy(v) for k, v in convert.to_torch(cell).items()})
    layer.to(device)
    theirs = torch.from_numpy(x).to(device).requires_grad_()
    outputs = layer(theirs)[0]
    outputs.backward(torch.from_numpy(d_outputs).to(device))
    ours, _, cache = cell.forward(x)
    d_x, grads = cell.backward(d_outputs, cache)
    assert outputs.device.type == theirs.grad.device.type == torch.device(device).type
    assert np.abs(outputs.numpy(force=True) - ours).max() < DOUBLE
    assert np.abs(theirs.grad.numpy(force=True) - d_x).max() < DOUBLE
    for name in cell.parameters:
        found = getattr(layer, f"{name}_l0").grad.numpy(force=True)
        assert np.abs(found - grads[name]).max() < DOUBLE, name


@pytest.mark.parametrize("name", TORCH)
def test_every_pytorch_model_trains_as_on_the_cpu(short, some_card, stays, name):
    """Three updates: losses within 1e-3 of the CPU's, validation and test too."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        run = runs.run(name, device=some_card, **FEW)
    assert stays()
    alone = runs.run(name, device="cpu", **FEW)
    assert run.device == devices.card(some_card, "torch")
    assert alone.device.startswith("cpu")
    assert run.history["loss"][0] != run.history["loss"][-1]
    for column, values in alone.history.items():
        within = FLIPS if "accuracy" in column else SINGLE
        np.testing.assert_allclose(run.history[column], values, SINGLE, within, err_msg=column)
    measured = [key for key in alone.metrics if key.startswith("test")]
    for key in measured:
        assert run.metrics[key] == pytest.approx(alone.metrics[key], rel=SINGLE, abs=FLIPS), key
    assert {p.device.type for p in run.network().parameters()} == {"cpu"}


@pytest.mark.parametrize("name", ["parity-rnn-ragged", "parity-lstm", "adding-elman", "memory-rnn"])
def test_networks_side_by_side_train_as_one_alone(short, some_card, stays, name):
    """The batched engine on the card, the single run on the CPU: weights within 1e-3."""
    few = FEW | {"seq_len": 10, "batch_size": 8}
    how = {"device": some_card, "engine": "batched", "profile": "cpu"}
    result, weights = ensembles.train(name, seeds=2, **how, **few)
    assert stays()
    assert result["device"] == devices.card(some_card, "torch")
    alone = runs.run(name, seed=1, device="cpu", profile="cpu", **few)
    np.testing.assert_allclose(result["loss"][:, 1], alone.history["loss"], SINGLE, SINGLE)
    readout = {"parity": "readout.weight", "adding": "l2.weight", "memory": "readout"}
    single = alone.weights[readout[assignments.model(name).task]]
    assert np.abs(weights["readout.weight"][1] - single).max() < SINGLE


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_a_numpy_cell_and_kerass_layer_agree(keras_device, kind):
    """Outputs within 5e-3: on a GPU TensorFlow multiplies in TF32."""
    keras = frameworks.keras()
    layers = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
    x = np.random.default_rng(0).normal(size=(4, 7, 3)).astype(np.float32)
    with devices.placed(keras_device, "keras"):
        layer = getattr(keras.layers, layers[kind])(5, return_sequences=True, seed=0)
        outputs = np.asarray(layer(x))
        places = {weight.value.device[-5:-2] for weight in layer.weights}
    assert places == {"CPU" if keras_device == "cpu" else "GPU"}
    cell = convert.from_keras(layer.get_weights(), kind)
    assert np.abs(outputs - cell.forward(x)[0]).max() < TF32


@pytest.mark.parametrize(
    ("name", "where"),
    [("xnor-rnn", "cpu"), *(pytest.param(n, "cuda", marks=pytest.mark.gpu) for n in KERAS)],
)
def test_every_keras_model_trains(alone, name, where):
    run = runs.run(name, device=there(where, "keras"), steps=4)
    told = "cpu, TensorFlow" if where == "cpu" else devices.card(where, "keras")
    assert run.device == told
    assert np.isfinite(run.history["loss"]).all()
    x = tasks.all_strings(run.settings.seq_len)
    right = (np.asarray(run.network()(x)) > 0.5) == (tasks.prefix_xnor(x) > 0.5)
    assert abs(right.mean() - run.metrics["bit_accuracy"]) < 0.02  # the CPU may decide a tie


def test_both_frameworks_share_a_card(alone, keras_device, monkeypatch):
    """PyTorch trains, then TensorFlow, then PyTorch again, in one process."""
    monkeypatch.setattr(adding, "TEST_LENGTH", 50)
    first = runs.run("adding-lstm", device=there(keras_device, "torch"), steps=2)
    other = runs.run("xnor-rnn", device=keras_device, steps=2)
    again = runs.run("adding-lstm", device=keras_device, steps=2, again=True)
    np.testing.assert_allclose(first.history["loss"], again.history["loss"], SINGLE)
    assert np.isfinite(other.history["loss"]).all()
    if keras_device != "cpu":
        config = frameworks.tensorflow().config
        grows = config.experimental.get_memory_growth
        assert all(grows(card) for card in config.get_visible_devices("GPU"))
        free, total = torch.cuda.mem_get_info()
        assert free > total / 2, "one of the two has taken the card for itself"
