"""The synthetic tasks of the book: XNOR, parity, adding and memory, as NumPy arrays.

Every generator draws from the `rng` it is given, so one seed fixes the data. Inputs have the shape
[N, T, D] (batch, time, input size) and, like the targets, the type float32. Sizes below 1, arrays
of another shape than stated, and strings of anything but 0 and 1 are a ValueError.

Two tasks read a string of bits and answer about each of its prefixes. *Parity* answers 1 where the
prefix holds an odd number of ones; *XNOR*, its complement, answers 1 where the number is even.
"""

import numpy as np

MARKERS = (-1, 0, 1)
MARKER_PROBABILITIES = (0.25, 0.25, 0.5)
LONGEST_ENUMERATED = 20  # 2^20 strings of 20 bits are 84 MB; each further bit doubles that


def xnor(n: int, seq_len: int = 8, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw bit strings and, for each prefix, the n-ary XNOR of its bits.

    The target is 1 where x[i, 0..t] holds an even number of ones.

    Args:
        n: number of strings, N.
        seq_len: bits in a string, T.
        rng: source of the bits, each 0 or 1 with probability ½.

    Returns:
        Strings x and targets y, both float32 [N, T, 1].

    Source:
        Assignment A1.2.
    """
    x = _random_bits(n, seq_len, rng)
    return x, prefix_xnor(x)


def parity(n: int, seq_len: int = 50, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw bit strings and, for each prefix, the parity of its bits.

    The target is 1 where x[i, 0..t] holds an odd number of ones; y[:, -1] is the parity of the
    whole string, for training without a target at every step.

    Args:
        n: number of strings, N.
        seq_len: bits in a string, T.
        rng: source of the bits, each 0 or 1 with probability ½.

    Returns:
        Strings x and targets y, both float32 [N, T, 1].

    Source:
        Assignment A2.1; OpenAI, Requests for Research 2.0 (2018), the warm-up.
    """
    x = _random_bits(n, seq_len, rng)
    return x, prefix_parity(x)


def adding(
    n: int, seq_len: int = 3000, *, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw streams of numbers and markers, and the sums that the markers ask for.

    x[:, :, 0] is uniform in [-1, 1]; x[:, :, 1] is a marker: -1, 0 or 1 with probability ¼, ¼, ½.
    `adding_targets` states the rule of the targets.

    Args:
        n: number of streams, N.
        seq_len: steps in a stream, T.
        rng: source of numbers and markers.

    Returns:
        Streams x, float32 [N, T, 2], and targets y, float32 [N, T, 1].

    Source:
        Assignment A3.2.
    """
    _check_sizes(n, seq_len)
    numbers = rng.uniform(-1, 1, (n, seq_len))
    markers = rng.choice(MARKERS, size=(n, seq_len), p=MARKER_PROBABILITIES)
    x = np.stack([numbers, markers], axis=-1).astype(np.float32)
    return x, adding_targets(x)


def memory(n: int, seq_len: int = 10, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw sequences of numbers whose target is the first of them.

    Args:
        n: number of sequences, N.
        seq_len: steps in a sequence, T.
        rng: source of the numbers, uniform in [-1, 1].

    Returns:
        Sequences x, float32 [N, T, 1], and targets y = x[:, 0], float32 [N, 1].

    Source:
        Assignment A4.1, here with the batch first.
    """
    _check_sizes(n, seq_len)
    x = rng.uniform(-1, 1, (n, seq_len, 1)).astype(np.float32)
    return x, x[:, 0].copy()


def all_strings(seq_len: int) -> np.ndarray:
    """List every bit string of one length, in counting order.

    Args:
        seq_len: bits in a string, T, from 1 to 20.

    Returns:
        float32 [2^T, T, 1]; row i spells i in binary, the highest bit first.

    Raises:
        ValueError: if `seq_len` is outside 1…20.

    >>> all_strings(2)[:, :, 0].astype(int).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    if not 1 <= seq_len <= LONGEST_ENUMERATED:
        raise ValueError(f"seq_len: expected 1 to {LONGEST_ENUMERATED}, got {seq_len}")
    shifts = np.arange(seq_len)[::-1]
    bits = (np.arange(2**seq_len)[:, None] >> shifts) & 1
    return bits[:, :, None].astype(np.float32)


def prefix_parity(x: np.ndarray) -> np.ndarray:
    """Give the parity of every prefix: the running XOR of the bits.

    y_t = x_0 ⊕ x_1 ⊕ … ⊕ x_t

    Args:
        x: bit strings [N, T, 1].

    Returns:
        float32 [N, T, 1]: 1 where the prefix holds an odd number of ones.
    """
    return np.logical_xor.accumulate(_as_bits(x), axis=1).astype(np.float32)


def prefix_xnor(x: np.ndarray) -> np.ndarray:
    """Give the n-ary XNOR of every prefix: the complement of its parity.

    y_t = ¬(x_0 ⊕ x_1 ⊕ … ⊕ x_t)

    Args:
        x: bit strings [N, T, 1].

    Returns:
        float32 [N, T, 1]: 1 where the prefix holds an even number of ones.

    >>> x = np.array([0, 0, 1, 1, 1, 1, 1, 0]).reshape(1, 8, 1)
    >>> prefix_xnor(x).ravel().astype(int).tolist()
    [1, 1, 0, 1, 0, 1, 0, 0]
    """
    return 1 - prefix_parity(x)


def fold_xnor(x: np.ndarray) -> np.ndarray:
    """Fold the two-input XNOR over every prefix, from left to right.

    f_0 = x_0,  f_t = ¬(f_{t-1} ⊕ x_t)

    Each fold after the first input flips the running XOR once, so f_t equals the n-ary XNOR for an
    even number of inputs (t odd) and is its complement for an odd number (t even).

    Args:
        x: bit strings [N, T, 1].

    Returns:
        float32 [N, T, 1].

    Source:
        Assignment A1.2, the function that is *not* meant there.
    """
    # The XNOR of two bits is their equality.
    return np.equal.accumulate(_as_bits(x), axis=1).astype(np.float32)


def adding_targets(x: np.ndarray) -> np.ndarray:
    """Give the targets of the adding problem for given streams.

    Where the marker is 1 the target is this number plus the number at the previous step whose
    marker was 1; everywhere else, and at the first such step, it is 0.

    Args:
        x: streams [N, T, 2] of numbers and markers.

    Returns:
        float32 [N, T, 1].
    """
    if x.ndim != 3 or x.shape[2] != 2:
        raise ValueError(f"x: expected shape [N, T, 2], got {list(x.shape)}")
    numbers, marked = x[:, :, 0], x[:, :, 1] == 1
    steps = np.where(marked, np.arange(x.shape[1]), -1)
    previous = np.full_like(steps, -1)  # the last marked step before t, or -1
    previous[:, 1:] = np.maximum.accumulate(steps, axis=1)[:, :-1]
    remembered = np.take_along_axis(numbers, np.maximum(previous, 0), axis=1)
    y = np.where(marked & (previous >= 0), numbers + remembered, 0)
    return y[:, :, None].astype(np.float32)


def adding_baselines() -> dict[str, float]:
    """Give the MSE of three predictors of the adding problem that remember nothing.

    Let x be the number, m = 1 where the marker is 1 (probability ½) and p the number at the
    previous marker, so that y = m·(x + p), with E x² = E p² = 1/3. Then

    - predicting 0, which is also the mean, costs E y² = ½·(1/3 + 1/3) = 1/3;
    - the best linear function of the current input is x/2, and costs 1/3 − (1/6)² / (1/3) = 1/4;
    - the best function of the current input at all is m·x, and costs E (m·p)² = 1/6.

    The values are those of an endless stream: the steps before the second marker are left out.

    Returns:
        Mean squared errors by the predictor's name.
    """
    return {"predict 0": 1 / 3, "linear, memoryless": 1 / 4, "memoryless": adding_rung(0)}


def adding_rung(k: int) -> float:
    """Give the least MSE that remembering the last k inputs of the adding problem allows.

    MSE(k) = (1/6)·2^{-k}: the number at the previous marker is still unknown when none of the k
    steps before this one was marked, each of which has probability ½.

    Args:
        k: remembered steps before the current one, at least 0.

    Returns:
        The mean squared error on an endless stream.

    Raises:
        ValueError: if `k` is negative.
    """
    if k < 0:
        raise ValueError(f"k: expected a number of steps of at least 0, got {k}")
    return 2.0**-k / 6


def ragged_lengths(n: int, seq_len: int, *, rng: np.random.Generator) -> np.ndarray:
    """Draw the lengths of a batch of strings, longest first, one of them at full length.

    Args:
        n: number of strings, N.
        seq_len: the greatest length, T, itself a possible draw.
        rng: source of the lengths, uniform on 1…T.

    Returns:
        int64 [N], descending; the first is T.

    Source:
        Assignment A2.3.
    """
    _check_sizes(n, seq_len)
    lengths = rng.integers(1, seq_len, size=n, endpoint=True)
    lengths[0] = seq_len
    return np.sort(lengths)[::-1].copy()  # a copy: PyTorch takes no negative strides


def zero_past_end(
    x: np.ndarray, y: np.ndarray, lengths: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Set inputs and targets to zero from each string's end onwards.

    Args:
        x: inputs [N, T, D].
        y: targets [N, T, …].
        lengths: steps that each string keeps, [N], from 0 to T.

    Returns:
        Copies of x and y; the originals stay as they are.

    Raises:
        ValueError: if the three disagree about N or T, or a length is outside 0…T.
    """
    n, seq_len = x.shape[:2]
    lengths = np.asarray(lengths)
    if y.shape[:2] != (n, seq_len):
        raise ValueError(f"y: expected shape [{n}, {seq_len}, …], got {list(y.shape)}")
    if lengths.shape != (n,):
        raise ValueError(f"lengths: expected shape [{n}], got {list(lengths.shape)}")
    if lengths.min() < 0 or lengths.max() > seq_len:
        raise ValueError(f"lengths: expected 0 to {seq_len}, got {lengths.min()}–{lengths.max()}")
    past_end = np.arange(seq_len) >= lengths[:, None]  # [N, T]
    x, y = x.copy(), y.copy()
    x[past_end] = 0
    y[past_end] = 0
    return x, y


def _check_sizes(n: int, seq_len: int) -> None:
    for name, size in (("n", n), ("seq_len", seq_len)):
        if size < 1:
            raise ValueError(f"{name}: expected at least 1, got {size}")


def _random_bits(n: int, seq_len: int, rng: np.random.Generator) -> np.ndarray:
    _check_sizes(n, seq_len)
    return rng.integers(0, 2, (n, seq_len, 1), dtype=np.uint8).astype(np.float32)


def _as_bits(x: np.ndarray) -> np.ndarray:
    if x.ndim != 3 or x.shape[2] != 1:
        raise ValueError(f"x: expected shape [N, T, 1], got {list(x.shape)}")
    bits = x == 1
    if not np.array_equal(bits, x):
        raise ValueError(f"x: expected only 0 and 1, got {x[bits != x].flat[0]}")
    return bits
