"""Which device is chosen, what is said of one that is not there, and that training stays on it.

There need be no GPU: PyTorch and TensorFlow are told at their border that they see one.
"""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch  # before TensorFlow
from unrolled import cli, devices, frameworks, runs
from unrolled.experiments import adding, parity


def sees(monkeypatch, *names):
    """Let PyTorch see some GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(names))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(names))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda n=0: names[n])


class TensorFlow:
    """What is asked of TensorFlow about GPUs, for a machine with as many as you like."""

    def __init__(self, *names, started=False):
        self.names, self.started, self.growing = names, started, []
        self.config = SimpleNamespace(
            list_physical_devices=lambda kind: list(names) if kind == "GPU" else ["a CPU"],
            get_visible_devices=lambda kind: list(names) if kind == "GPU" else ["a CPU"],
            experimental=SimpleNamespace(
                get_device_details=lambda name: {"device_name": name} if name else {},
                set_memory_growth=self.grow,
            ),
        )

    def grow(self, card, on):
        if self.started:
            raise RuntimeError("Physical devices cannot be modified after being initialized")
        self.growing.append((card, on))


@pytest.fixture
def two_cards(monkeypatch):
    sees(monkeypatch, "First", "Second")


# --- the choice -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "cards", "chosen"),
    [
        ("cpu", ["A card"], "cpu"),  # networks this small are faster there
        ("smoke", ["A card"], "cpu"),
        ("gpu", ["A card"], "cuda"),
        ("gpu", [], "cpu"),
    ],
)
def test_without_a_name_the_profile_decides(monkeypatch, profile, cards, chosen):
    sees(monkeypatch, *cards)
    monkeypatch.setenv("UNROLLED_PROFILE", profile)
    assert devices.choose() == chosen
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu" if profile == "gpu" else "gpu")
    assert devices.choose(profile=profile) == chosen  # what is given outranks the environment
    assert devices.choose(framework="numpy", profile="gpu") == "cpu"


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:1"])
def test_a_device_that_is_there_is_taken(two_cards, name):
    assert devices.choose(name, profile="smoke") == name


@pytest.mark.parametrize(
    ("name", "cards", "sentence"),
    [
        ("cuda", [], "cuda was asked for, but PyTorch finds no CUDA device here"),
        ("cuda:3", ["A card"], "cuda:3 was asked for, but PyTorch finds cuda:0 here"),
        ("cuda:2", ["A", "B"], "cuda:2 was asked for, but PyTorch finds cuda:0, cuda:1 here"),
        ("tpu", ["A card"], "expected cpu, cuda or cuda:N, the card's number, got 'tpu'"),
        ("cuda:", ["A card"], "expected cpu, cuda or cuda:N"),
        ("", ["A card"], "expected cpu, cuda or cuda:N"),
    ],
)
def test_a_device_that_is_not_there_is_a_sentence(monkeypatch, name, cards, sentence):
    sees(monkeypatch, *cards)
    with pytest.raises(ValueError, match=f"^device: {sentence}"):
        devices.choose(name)


def test_numpy_networks_say_that_they_have_no_gpu_path(two_cards):
    with pytest.raises(ValueError, match="NumPy networks run on cpu and on nothing else"):
        devices.choose("cuda", framework="numpy")


def test_each_framework_is_asked_for_its_own_cards(monkeypatch):
    sees(monkeypatch)
    monkeypatch.setattr(frameworks, "tensorflow", lambda: TensorFlow("A card", None))
    assert devices.choose("cuda:1", framework="keras") == "cuda:1"
    assert devices.cards("keras") == ["A card", "a GPU without a name"]
    assert devices.card("cuda:1", "keras") == "a GPU without a name"
    assert devices.seen() == {"PyTorch": [], "TensorFlow": devices.cards("keras")}
    with pytest.raises(ValueError, match="PyTorch finds no CUDA device"):
        devices.choose("cuda")
    monkeypatch.setattr(frameworks, "tensorflow", lambda: TensorFlow())
    with pytest.raises(ValueError, match="TensorFlow finds no CUDA device"):
        devices.choose("cuda", framework="keras")


def test_a_framework_that_is_not_installed_sees_nothing(monkeypatch):
    sees(monkeypatch, "A card")
    real = devices.importlib.util.find_spec
    missing = SimpleNamespace(find_spec=lambda name: name != "tensorflow" and real(name))
    monkeypatch.setattr(devices.importlib, "util", missing)
    assert devices.seen() == {"PyTorch": ["A card"], "TensorFlow": None}


# --- memory growth --------------------------------------------------------------------------------


def test_tensorflow_takes_of_every_card_what_it_needs(monkeypatch):
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    fresh = TensorFlow("First", "Second")
    monkeypatch.setitem(sys.modules, "tensorflow", fresh)
    assert frameworks.tensorflow() is fresh
    assert fresh.growing == [("First", True), ("Second", True)]
    assert frameworks.os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


def test_a_tensorflow_that_has_begun_is_left_as_it_is(monkeypatch):
    begun = TensorFlow("A card", started=True)
    monkeypatch.setitem(sys.modules, "tensorflow", begun)
    assert frameworks.tensorflow() is begun
    assert begun.growing == []


# --- runs -----------------------------------------------------------------------------------------


@pytest.fixture
def short(alone, monkeypatch):
    """Measure little: the stand-in for a GPU is slow."""
    monkeypatch.setattr(parity, "TEST_STRINGS", {75: 20, 500: 4, 5000: 1})
    monkeypatch.setattr(parity, "test_strings", lambda n, seed: _strings(min(n, 40), seed))
    monkeypatch.setattr(adding, "TEST_LENGTH", 50)


def _strings(seq_len, seed):
    return parity.tasks.parity(4, seq_len, rng=np.random.default_rng(seed))


CASES = [
    ("parity-lstm-last", "recipe"),
    ("parity-rnn", "assignment"),
    ("adding-lstm", "assignment"),
]
FEW = {"steps": 4, "evaluate_every": 2, "n_validate": 16}


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_training_and_its_measurements_stay_on_the_card(short, card, name, settings):
    """Every model with its recipe is tried in test_gpu.py."""
    run = runs.run(name, settings=settings, device="cuda", **FEW)
    assert run.device == "A card of our own"
    assert card.products["card"] > 0
    assert card.products["host"] == 0
    assert np.isfinite(run.history["loss"]).all()
    assert {type(array) for array in run.weights.values()} == {np.ndarray}
    assert {p.device.type for p in run.network().parameters()} == {"cpu"}
    alone = runs.run(name, settings=settings, device="cpu", **FEW)
    np.testing.assert_array_equal(run.history["loss"], alone.history["loss"])


def test_the_profile_that_is_given_sends_a_run_to_the_card(short, card):
    what = {"profile": "gpu", "seq_len": 10, "batch_size": 4} | FEW
    assert runs.run("adding-lstm", **what).device == "A card of our own"
    assert runs.run("memory-rnn", **what).device == "cpu, NumPy"


def _stays_behind(real):
    return lambda network, settings, seed, device: real(network, settings, seed, "cpu")


def _left_on_the_host(real):
    return lambda self, n: tuple(part.cpu() for part in real(self, n))


def _measured_on_the_host(real):
    return lambda adder, x, y: real(adder, x.cpu(), y)


def _read_as_an_array(real):
    return lambda adder, x, y: float(np.mean((adder(x).detach().numpy() - y.numpy()) ** 2))


def _always_cpu(real):
    return lambda name: torch.device("cpu")


MISTAKES = {
    "a network that stays behind": (adding, "build", _stays_behind),
    "batches that stay behind": (adding.Streams, "_make", _left_on_the_host),
    "sequences of the CPU in a measurement": (adding, "mean_squared_error", _measured_on_the_host),
    "an array of a tensor on the card": (adding, "mean_squared_error", _read_as_an_array),
    "the device ignored altogether": (adding, "pick_device", _always_cpu),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_card_of_our_own_notices(short, monkeypatch, card, mistake):
    """A training that forgets the device fails on the stand-in as it would on a GPU."""
    place, name, wrong = MISTAKES[mistake]
    monkeypatch.setattr(place, name, wrong(getattr(place, name)))
    failure = ""
    try:
        runs.run("adding-lstm", device="cuda", **FEW)
    except (RuntimeError, TypeError) as error:
        failure = str(error)
    assert "same device" in failure or "to numpy" in failure or card.products["host"]


def test_a_model_that_has_no_gpu_path_says_so_on_the_command_line(alone, capsys, two_cards):
    assert cli.main(["train", "memory-rnn", "--device", "cuda"]) == 2
    assert "device: NumPy networks run on cpu" in capsys.readouterr().err
    assert cli.main(["train", "parity-rnn", "--device", "cuda:3"]) == 2
    assert "PyTorch finds cuda:0, cuda:1 here" in capsys.readouterr().err


KERAS = """
import numpy as np
import torch
import tensorflow as tf
from types import SimpleNamespace

processor = tf.config.list_physical_devices("CPU")[0]
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(processor, halves)  # the second plays the GPU
real = tf.device
tf.device = lambda name: real(name.replace("GPU:0", "CPU:1"))
tf.config.get_visible_devices = lambda kind: [processor] * (kind == "GPU")
tf.config.experimental.get_device_details = lambda _: {"device_name": "Half a processor"}

from unrolled import keras_models, runs
from unrolled.experiments import xnor

fit = keras_models.fit

def noting(model, *rest, **how):
    seen = fit(model, *rest, **how)
    places = {v.value.device[-5:] for v in [*model.weights, *model.optimizer.variables]}
    print(*places, end=" ")
    return seen

xnor.keras_models = SimpleNamespace(fit=noting, sequence_tagger=keras_models.sequence_tagger)
weights = []
for device in ("cpu", "cuda"):
    run = runs.run("xnor-rnn", device=device, steps=2)
    print(run.device)
    weights.append(run.weights)
print(max(np.abs(a - weights[1][k]).max() for k, a in weights[0].items()) < 1e-6)
"""


def test_keras_models_train_where_they_are_told(alone):
    """In a process of its own: TensorFlow's devices are settled once."""
    done = subprocess.run([sys.executable, "-c", KERAS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = ["CPU:0 cpu, TensorFlow", "CPU:1 Half a processor", "True"]
    assert done.stdout.splitlines() == said


@pytest.mark.parametrize(("device", "place"), [("cpu", "/CPU:0"), ("cuda:1", "/GPU:1")])
def test_a_scope_is_opened_for_tensorflow_alone(monkeypatch, device, place):
    opened = []

    def scope(name):
        opened.append(name)
        return devices.contextmanager(lambda: iter([None]))()

    monkeypatch.setattr(frameworks, "tensorflow", lambda: SimpleNamespace(device=scope))
    with devices.placed(device, "torch") as told:
        assert told == device
    assert opened == []
    with devices.placed(device, "keras") as told:
        assert told is None
    assert opened == [place]
