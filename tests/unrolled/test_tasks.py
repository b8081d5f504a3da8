"""The tasks against plain Python loops, and their closed forms against long samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from unrolled import tasks

BIT_GENERATORS = [tasks.xnor, tasks.parity]
GENERATORS = [*BIT_GENERATORS, tasks.adding, tasks.memory]

seeds = st.integers(0, 2**32 - 1)
bit_strings = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 12), st.just(1)),
    elements=st.sampled_from([0.0, 1.0]),
)
marked_streams = st.integers(1, 12).flatmap(
    lambda length: st.tuples(
        hnp.arrays(np.float32, (3, length), elements=st.floats(-1, 1, width=32)),
        hnp.arrays(np.float32, (3, length), elements=st.sampled_from([-1.0, 0.0, 1.0])),
    ).map(lambda pair: np.stack(pair, axis=-1))
)


def rng(seed=0):
    return np.random.default_rng(seed)


def naive_adding(stream):
    """The rule of A3.2, one step at a time."""
    targets, held = [], None
    for number, marker in stream:
        target = 0.0
        if marker == 1:
            if held is not None:
                target = number + held
            held = number
        targets.append(target)
    return targets


def naive_fold(bits):
    folded = [int(bits[0])]
    for bit in bits[1:]:
        folded.append(1 if folded[-1] == int(bit) else 0)
    return folded


# Contract


@pytest.mark.parametrize(
    ("generator", "seq_len", "inputs", "y_shape"),
    [
        (tasks.xnor, 8, 1, (5, 8, 1)),
        (tasks.parity, 50, 1, (5, 50, 1)),
        (tasks.adding, 3000, 2, (5, 3000, 1)),
        (tasks.memory, 10, 1, (5, 1)),
    ],
)
def test_default_shapes_and_types(generator, seq_len, inputs, y_shape):
    x, y = generator(5, rng=rng())
    assert x.shape == (5, seq_len, inputs)
    assert y.shape == y_shape
    assert x.dtype == y.dtype == np.float32


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_seed_alone_fixes_the_data(generator):
    first, again, other = (generator(4, 20, rng=rng(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("generator", GENERATORS)
def test_one_generator_gives_new_data_each_time(generator):
    source = rng()
    assert not np.array_equal(generator(4, 20, rng=source)[0], generator(4, 20, rng=source)[0])


@pytest.mark.parametrize("generator", [*GENERATORS, tasks.ragged_lengths])
@pytest.mark.parametrize(("n", "seq_len", "named"), [(0, 5, "n"), (3, 0, "seq_len")])
def test_empty_data_is_refused_by_name(generator, n, seq_len, named):
    with pytest.raises(ValueError, match=rf"^{named}: expected at least 1, got 0$"):
        generator(n, seq_len, rng=rng())


# XNOR and parity


@given(bit_strings)
def test_prefix_targets_count_the_ones(x):
    even, odd = tasks.prefix_xnor(x), tasks.prefix_parity(x)
    for i in range(x.shape[0]):
        for t in range(x.shape[1]):
            ones = sum(int(bit) for bit in x[i, : t + 1, 0])
            assert even[i, t, 0] == (ones % 2 == 0)
            assert odd[i, t, 0] == (ones % 2 == 1)


def test_worked_example_of_the_assignment():
    x = np.array([0, 0, 1, 1, 1, 1, 1, 0], dtype=np.float32).reshape(1, 8, 1)
    assert tasks.prefix_xnor(x).ravel().tolist() == [1, 1, 0, 1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("generator", "targets"), [(tasks.xnor, tasks.prefix_xnor), (tasks.parity, tasks.prefix_parity)]
)
def test_generators_use_their_own_polarity(generator, targets):
    x, y = generator(20, 9, rng=rng())
    np.testing.assert_array_equal(y, targets(x))


@pytest.mark.parametrize("generator", BIT_GENERATORS)
def test_bits_are_fair_at_every_step(generator):
    x, _ = generator(10_000, 8, rng=rng())
    assert set(np.unique(x)) == {0, 1}
    # The standard error of each mean is 0.005.
    np.testing.assert_allclose(x.mean(axis=(0, 2)), 0.5, atol=0.025)


@given(bit_strings)
def test_fold_is_the_two_input_gate_applied_in_turn(x):
    folded = tasks.fold_xnor(x)
    assert folded.dtype == np.float32
    assert folded[:, :, 0].tolist() == [naive_fold(bits) for bits in x[:, :, 0]]


def test_fold_differs_from_the_gate_exactly_at_odd_numbers_of_inputs():
    x = tasks.all_strings(7)
    differs = tasks.fold_xnor(x) != tasks.prefix_xnor(x)
    inputs = np.arange(1, 8)
    np.testing.assert_array_equal(differs[:, :, 0], np.tile(inputs % 2 == 1, (128, 1)))


@pytest.mark.parametrize("seq_len", [1, 2, 5])
def test_all_strings_counts_in_binary(seq_len):
    strings = tasks.all_strings(seq_len)
    assert strings.shape == (2**seq_len, seq_len, 1)
    assert strings.dtype == np.float32
    spelled = ["".join(str(int(bit)) for bit in row) for row in strings[:, :, 0]]
    assert spelled == [format(i, f"0{seq_len}b") for i in range(2**seq_len)]


@pytest.mark.parametrize("seq_len", [0, 21])
def test_all_strings_refuses_what_it_cannot_list(seq_len):
    with pytest.raises(ValueError, match=rf"^seq_len: expected 1 to 20, got {seq_len}$"):
        tasks.all_strings(seq_len)


@pytest.mark.parametrize("targets", [tasks.prefix_parity, tasks.prefix_xnor, tasks.fold_xnor])
@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (np.zeros((4, 8)), r"^x: expected shape \[N, T, 1\], got \[4, 8\]$"),
        (np.zeros((4, 8, 2)), r"^x: expected shape \[N, T, 1\], got \[4, 8, 2\]$"),
        (np.array([0.0, 1.0, 0.5]).reshape(1, 3, 1), r"^x: expected only 0 and 1, got 0\.5$"),
        (np.array([1.0, -1.0]).reshape(1, 2, 1), r"^x: expected only 0 and 1, got -1\.0$"),
    ],
)
def test_what_is_no_bit_string_is_refused(targets, x, sentence):
    with pytest.raises(ValueError, match=sentence):
        targets(x)


# Adding


@given(marked_streams)
def test_adding_targets_follow_the_rule(x):
    expected = [naive_adding(stream) for stream in x]
    np.testing.assert_allclose(tasks.adding_targets(x)[:, :, 0], expected, atol=1e-6)


def test_adding_targets_by_hand():
    numbers = [0.5, -0.25, 0.75, 0.1, -1.0, 0.3]
    markers = [-1, 1, 0, 1, -1, 1]
    x = np.array([numbers, markers], dtype=np.float32).T[None]
    # Nothing before the second marked step; -1 and 0 neither ask for a sum nor are remembered.
    expected = [0, 0, 0, -0.15, 0, 0.4]
    np.testing.assert_allclose(tasks.adding_targets(x).ravel(), expected, atol=1e-6)


def test_adding_targets_keep_streams_apart():
    x = np.array([[[0.5, 1]], [[0.25, 1]]], dtype=np.float32)
    np.testing.assert_array_equal(tasks.adding_targets(x), np.zeros((2, 1, 1)))


def test_adding_draws_numbers_and_markers_as_stated():
    x, y = tasks.adding(4, 25_000, rng=rng())
    numbers, markers = x[:, :, 0], x[:, :, 1]
    assert -1 <= numbers.min() < -0.999
    assert 0.999 < numbers.max() <= 1
    # Standard errors on 100,000 draws: 0.0018 for the mean, 0.0016 at most for the frequencies.
    assert numbers.mean() == pytest.approx(0, abs=0.009)
    assert numbers.var() == pytest.approx(1 / 3, abs=0.005)
    assert set(np.unique(markers)) == {-1, 0, 1}
    for marker, probability in {-1: 0.25, 0: 0.25, 1: 0.5}.items():
        assert (markers == marker).mean() == pytest.approx(probability, abs=0.008)
    assert abs(np.corrcoef(numbers.ravel(), markers.ravel())[0, 1]) < 0.016
    np.testing.assert_array_equal(y, tasks.adding_targets(x))


def test_adding_targets_refuse_another_shape():
    with pytest.raises(ValueError, match=r"^x: expected shape \[N, T, 2\], got \[3, 9, 1\]$"):
        tasks.adding_targets(np.zeros((3, 9, 1)))


@pytest.fixture(scope="module")
def long_streams():
    return tasks.adding(20, 20_000, rng=rng(5))


def sampled_mse(y, prediction):
    """The mean squared error, and five standard errors of it (errors repeat for a few steps)."""
    errors = (y[:, :, 0] - prediction) ** 2
    per_stream = errors.mean(axis=1)
    return errors.mean(), 5 * per_stream.std(ddof=1) / np.sqrt(len(per_stream))


def test_baselines_against_a_long_sample(long_streams):
    x, y = long_streams
    numbers, marked = x[:, :, 0], x[:, :, 1] == 1
    features = np.stack([np.ones(x[..., 0].size), *x.reshape(-1, 2).T])
    weights = np.linalg.lstsq(features.T, y.ravel(), rcond=None)[0]
    predictions = {
        "predict 0": np.zeros_like(numbers),
        "linear, memoryless": (weights @ features).reshape(numbers.shape),
        "memoryless": numbers * marked,
    }
    baselines = tasks.adding_baselines()
    assert baselines.keys() == predictions.keys()
    for label, prediction in predictions.items():
        mse, tolerance = sampled_mse(y, prediction)
        assert 0 < tolerance < 0.01
        assert baselines[label] == pytest.approx(mse, abs=tolerance), label


def test_linear_baseline_is_half_the_number(long_streams):
    x, y = long_streams
    mse, tolerance = sampled_mse(y, x[:, :, 0] / 2)
    assert mse == pytest.approx(1 / 4, abs=tolerance)


@pytest.mark.parametrize("k", [0, 1, 2, 5])
def test_rungs_against_a_long_sample(long_streams, k):
    x, y = long_streams
    numbers, marked = x[:, :, 0], x[:, :, 1] == 1
    held = np.zeros_like(numbers)
    for back in range(k, 0, -1):  # the nearest marked step is written last
        seen = np.zeros_like(marked)
        seen[:, back:] = marked[:, :-back]
        held = np.where(seen, np.roll(numbers, back, axis=1), held)
    mse, tolerance = sampled_mse(y, marked * (numbers + held))
    assert 0 < tolerance < 0.2 * mse
    assert tasks.adding_rung(k) == pytest.approx(mse, abs=tolerance)


def test_a_thousandth_needs_eight_remembered_steps():
    assert tasks.adding_rung(8) < 1e-3 < tasks.adding_rung(7)


def test_a_rung_below_the_ladder_is_refused():
    with pytest.raises(ValueError, match=r"^k: .*at least 0, got -1$"):
        tasks.adding_rung(-1)


# Memory


def test_memory_asks_for_the_first_number():
    x, y = tasks.memory(2_000, 6, rng=rng())
    assert y.tolist() == [[float(sequence[0, 0])] for sequence in x]
    assert -1 <= x.min() < -0.99
    assert 0.99 < x.max() <= 1
    # The standard error of each step's mean is 0.013.
    np.testing.assert_allclose(x.mean(axis=(0, 2)), 0, atol=0.06)
    y[:] = 7
    assert not (x == 7).any()


# Ragged lengths


@given(st.integers(1, 40), st.integers(1, 60), seeds)
def test_ragged_lengths_descend_from_the_full_length(n, seq_len, seed):
    lengths = tasks.ragged_lengths(n, seq_len, rng=rng(seed))
    assert lengths.shape == (n,)
    assert lengths.dtype == np.int64
    assert lengths[0] == seq_len
    assert all(a >= b >= 1 for a, b in itertools.pairwise(lengths))
    assert lengths.strides[0] > 0


def test_ragged_lengths_are_uniform_and_include_both_ends():
    drawn = tasks.ragged_lengths(50_001, 5, rng=rng())[1:]  # without the one that is kept
    counts = np.bincount(drawn, minlength=6)
    assert counts[0] == 0
    # Each count is 10,000 with a standard error of 90; an exclusive end would give none at 5.
    np.testing.assert_allclose(counts[1:], 10_000, atol=450)


@given(bit_strings, seeds)
def test_zero_past_end_keeps_the_string_and_clears_the_rest(bits, seed):
    x, y = bits + 3, bits - 7  # nothing is zero to begin with
    n, seq_len = x.shape[:2]
    lengths = rng(seed).integers(0, seq_len, n, endpoint=True)
    before = x.copy(), y.copy()
    for original, cleared in zip((x, y), tasks.zero_past_end(x, y, lengths), strict=True):
        for i in range(n):
            for t in range(seq_len):
                assert cleared[i, t, 0] == (original[i, t, 0] if t < lengths[i] else 0)
    np.testing.assert_array_equal(before, (x, y))


@pytest.mark.parametrize(
    ("y_shape", "lengths", "sentence"),
    [
        ((3, 4, 1), [5, 1, 1], r"^lengths: expected 0 to 4, got 1–5$"),
        ((3, 4, 1), [4, 1, -1], r"^lengths: expected 0 to 4, got -1–4$"),
        ((3, 4, 1), [4, 1], r"^lengths: expected shape \[3\], got \[2\]$"),
        ((3, 5, 1), [4, 1, 1], r"^y: expected shape \[3, 4, …\], got \[3, 5, 1\]$"),
    ],
)
def test_zero_past_end_refuses_what_does_not_fit(y_shape, lengths, sentence):
    with pytest.raises(ValueError, match=sentence):
        tasks.zero_past_end(np.zeros((3, 4, 1)), np.zeros(y_shape), np.array(lengths))
