"""The equations of a small vanilla RNN, compiled: forward, backward and update in one call.

What costs time in a network of four units is the call of a library, not the arithmetic. So the
NumPy equations of chapter "An RNN in NumPy" are written here as loops, which Numba turns into
machine code. `[H, T, L]` is the order of all arrays: units, steps, and last the sequences of a
batch, the *lanes*, which the processor works on several at a time.

H is a multiple of four here: units are added whose weights are 0 and stay 0, and every inner loop
then takes four units at once, because each number is loaded once for four products. What the units
added would compute, 0, is left out: only the first `rows` are worked on.

Source: Lambert (1768) for the fraction of tanh; chapter "What the numbers say".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

LANES = 128  # sequences at a time: more of them leave the processor's nearest memory
ROWS = 32  # steps whose probabilities are multiplied before a logarithm is taken of the product

F = np.float32
ZERO, HALF, ONE, TWO, FLAT = F(0), F(0.5), F(1), F(2), F(9)

# Sums may be reordered, products and sums fused.
COMPILED: dict[str, Any] = {
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    "error_model": "numpy",  # a division is not checked for zero, or it would not be vectorised
    "nogil": True,
    "cache": True,
}


def tanh_fraction(depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the coefficients of P and Q, lowest power first, in tanh x ≈ x P(x²) / Q(x²).

    They are the continued fraction x / (1 + x²/(3 + x²/(5 + …))), cut after `depth` levels and
    scaled so that both begin with 1.
    """
    numerator, denominator = np.array([2.0 * depth - 1]), np.array([1.0])
    for k in range(depth - 1, 0, -1):
        outer = np.zeros(max(len(numerator), len(denominator) + 1))
        outer[: len(numerator)] += (2 * k - 1) * numerator
        outer[1 : len(denominator) + 1] += denominator
        numerator, denominator = outer, numerator
    return (denominator / numerator[0]).astype(F), (numerator / numerator[0]).astype(F)


(P0, P1, P2, P3, P4, P5, P6), (Q0, Q1, Q2, Q3, Q4, Q5, Q6) = map(tuple, tanh_fraction(13))


@njit(inline="always", **COMPILED)
def tanh(x):
    """Return tanh x in float32, off by less than 4e-7, without a branch or a call."""
    x = min(max(x, -FLAT), FLAT)  # beyond 9 float32 cannot tell tanh from 1
    z = x * x
    p = (((((P6 * z + P5) * z + P4) * z + P3) * z + P2) * z + P1) * z + P0
    q = (((((Q6 * z + Q5) * z + Q4) * z + Q3) * z + Q2) * z + Q1) * z + Q0
    return x * p / q


@njit(inline="always", **COMPILED)
def _add(a, w, b):
    """a ← a + w b."""
    for k in range(a.size):
        a[k] += w * b[k]


@njit(inline="always", **COMPILED)
def _add_four(a, w, b0, b1, b2, b3):
    """a ← a + w₀b₀ + w₁b₁ + w₂b₂ + w₃b₃."""
    w0, w1, w2, w3 = w[0], w[1], w[2], w[3]
    for k in range(a.size):
        a[k] += w0 * b0[k] + w1 * b1[k] + w2 * b2[k] + w3 * b3[k]


@njit(inline="always", **COMPILED)
def _dot_four(a, b0, b1, b2, b3, into):
    """Add the four products a·b₀ … a·b₃ to four numbers."""
    s0 = s1 = s2 = s3 = ZERO
    for k in range(a.size):
        s0 += a[k] * b0[k]
        s1 += a[k] * b1[k]
        s2 += a[k] * b2[k]
        s3 += a[k] * b3[k]
    into[0] += s0
    into[1] += s1
    into[2] += s2
    into[3] += s3


@njit(inline="always", **COMPILED)
def _dot_sixteen(a0, a1, a2, a3, b0, b1, b2, b3, into):
    """Add the products of four rows a with four rows b to [4, 4] numbers."""
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = ZERO
    s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = ZERO
    for k in range(a0.size):
        s00 += a0[k] * b0[k]
        s01 += a0[k] * b1[k]
        s02 += a0[k] * b2[k]
        s03 += a0[k] * b3[k]
        s10 += a1[k] * b0[k]
        s11 += a1[k] * b1[k]
        s12 += a1[k] * b2[k]
        s13 += a1[k] * b3[k]
        s20 += a2[k] * b0[k]
        s21 += a2[k] * b1[k]
        s22 += a2[k] * b2[k]
        s23 += a2[k] * b3[k]
        s30 += a3[k] * b0[k]
        s31 += a3[k] * b1[k]
        s32 += a3[k] * b2[k]
        s33 += a3[k] * b3[k]
    sums = ((s00, s01, s02, s03), (s10, s11, s12, s13), (s20, s21, s22, s23), (s30, s31, s32, s33))
    for i in range(4):
        for j in range(4):
            into[i, j] += sums[i][j]


@njit(inline="always", **COMPILED)
def _sum(a):
    total = ZERO
    for k in range(a.size):
        total += a[k]
    return total


@njit(inline="always", **COMPILED)
def _tanh_all(a):
    for k in range(a.size):
        a[k] = tanh(a[k])


@njit(inline="always", **COMPILED)
def _times_slope(d, h):
    """d ← d (1 − h²)."""
    for k in range(d.size):
        d[k] *= ONE - h[k] * h[k]


@njit(**COMPILED)
def parts(theta, hidden, inputs):
    """Cut the row of all parameters into W [H, D], R [H, H], both biases [H], V [H] and b_y [1]."""
    a = hidden * inputs
    b = a + hidden * hidden
    w, r = theta[:a].reshape(hidden, inputs), theta[a:b].reshape(hidden, hidden)
    c = b + 2 * hidden
    return w, r, theta[b : b + hidden], theta[b + hidden : c], theta[c : c + hidden], theta[-1:]


@njit(**COMPILED)
def forward(theta, x, h, z, late_bias, rows):
    """Read the lanes: h_t = tanh(W x_t + R h_{t-1} + b_ih + b_hh), z_t = V h_t + b_y.

    Args:
        theta: all parameters.
        x: [D, T, L].
        h: receives the states [H, T + 1, L]; h_0 stands in it.
        z: receives the outputs [T, L].
        late_bias: whether b_hh is left out at the first step, as assignment 3's Elman network does.
        rows: how many of the H units are not added ones.
    """
    hidden, inputs, steps = h.shape[0], x.shape[0], z.shape[0]
    w, r, b_ih, b_hh, v, b_y = parts(theta, hidden, inputs)
    for i in range(rows):  # what does not depend on the state, for all steps at once
        pre = h[i, 1:].reshape(-1)
        pre[:] = b_ih[i] + b_hh[i]
        for d in range(inputs):
            _add(pre, w[i, d], x[d].reshape(-1))
        if late_bias:
            h[i, 1] -= b_hh[i]
    for t in range(steps):
        for i in range(rows):
            pre = h[i, t + 1]
            for j in range(0, hidden, 4):
                _add_four(pre, r[i, j : j + 4], h[j, t], h[j + 1, t], h[j + 2, t], h[j + 3, t])
            _tanh_all(pre)
    out = z.reshape(-1)
    out[:] = b_y[0]
    for j in range(rows):
        _add(out, v[j], h[j, 1:].reshape(-1))


@njit(**COMPILED)
def judge(z, y, weight, is_bit, share, products):
    """Turn outputs into what the loss says of them, ∂L/∂z; return the loss and what was right.

    Cross-entropy is max(s z, 0) − ln σ(|z|) with s = 1 − 2y, and ∂L/∂z = σ(z) − y. A logarithm
    costs as much as the rest of the step, so probabilities are multiplied, each between ½ and 1,
    and one logarithm is taken of many.

    Args:
        z: outputs [T, L]; receives the derivatives.
        y: targets [T, L].
        weight: [T, L], 1 where a step counts and 0 elsewhere.
        is_bit: cross-entropy of a logit, or else the squared error.
        share: 1 / (steps that count).
        products: room for L numbers.
    """
    loss = right = 0.0
    products[:] = ONE
    for t in range(z.shape[0]):
        total = hit = ZERO
        out, wanted, counts = z[t], y[t], weight[t]
        if is_bit:
            for k in range(out.size):
                sign, count = ONE - TWO * wanted[k], counts[k]
                half = HALF * tanh(HALF * out[k])  # σ(z) − ½
                total += count * max(sign * out[k], ZERO)
                hit += count if sign * half < ZERO or (half == ZERO and sign > ZERO) else ZERO
                products[k] *= ONE - count * (HALF - abs(half))
                out[k] = count * share * (half + HALF * sign)
        else:
            for k in range(out.size):
                error = out[k] - wanted[k]
                total += counts[k] * error * error
                out[k] = TWO * share * counts[k] * error
        loss += float(total)
        right += float(hit)
        if is_bit and (t % ROWS == ROWS - 1 or t == z.shape[0] - 1):
            for k in range(products.size):
                loss -= math.log(products[k])
            products[:] = ONE
    return loss * share, right * share


@njit(**COMPILED)
def backward(theta, h, e, delta, inputs, cut, rows):
    """Carry ∂L/∂z back: δ_t = (V ∂L/∂z_t + Rᵀ δ_{t+1}) ⊙ (1 − h_t²).

    Args:
        theta: all parameters.
        h: states [H, T + 1, L].
        e: ∂L/∂z where it reaches the state, [T, L].
        delta: receives δ, [H, T, L].
        inputs: D.
        cut: the gradient stops where a multiple of `cut` steps begins; 0: nowhere.
        rows: see `forward`.
    """
    hidden, steps = delta.shape[:2]
    _, r, _, _, v, _ = parts(theta, hidden, inputs)
    transposed = r.T.copy()
    flat = e.reshape(-1)
    for j in range(rows):
        d = delta[j].reshape(-1)
        d[:] = ZERO
        _add(d, v[j], flat)
    for t in range(steps - 1, -1, -1):
        goes_on = t + 1 < steps and not (cut and (t + 1) % cut == 0)
        for j in range(rows):
            d = delta[j, t]
            if goes_on:
                for i in range(0, hidden, 4):
                    _add_four(
                        d,
                        transposed[j, i : i + 4],
                        delta[i, t + 1],
                        delta[i + 1, t + 1],
                        delta[i + 2, t + 1],
                        delta[i + 3, t + 1],
                    )
            _times_slope(d, h[j, t + 1])


@njit(**COMPILED)
def collect(gradient, x, h, e, delta, late_bias):
    """Add up what every step and lane says about the shared weights: ∂L/∂R = Σ δ_t h_{t-1}ᵀ …

    Args:
        gradient: receives the sums, laid out as the parameters are; the output bias has its own.
        x: [D, T, L].
        h: [H, T + 1, L].
        e: [T, L].
        delta: [H, T, L].
        late_bias: see `forward`.
    """
    hidden, steps, lanes = delta.shape
    w, r, b_ih, b_hh, v, _ = parts(gradient, hidden, x.shape[0])
    size, errors = steps * lanes, e.reshape(-1)
    slopes, states = delta.reshape(hidden, -1), h.reshape(hidden, -1)
    for j in range(0, hidden, 4):
        h0, h1 = states[j, :size], states[j + 1, :size]
        h2, h3 = states[j + 2, :size], states[j + 3, :size]
        if lanes == LANES:  # short rows would lose in adding up what they gain in loading
            for i in range(0, hidden, 4):
                d0, d1, d2, d3 = slopes[i], slopes[i + 1], slopes[i + 2], slopes[i + 3]
                _dot_sixteen(d0, d1, d2, d3, h0, h1, h2, h3, r[i : i + 4, j : j + 4])
        else:
            for i in range(hidden):
                _dot_four(slopes[i], h0, h1, h2, h3, r[i, j : j + 4])
    for i in range(hidden):
        d = slopes[i]
        for k in range(x.shape[0]):
            inner, into = x[k].reshape(-1), ZERO
            for m in range(size):
                into += d[m] * inner[m]
            w[i, k] += into
        both = _sum(d)
        b_ih[i] += both
        b_hh[i] += both - (_sum(delta[i, 0]) if late_bias else ZERO)
    for j in range(0, hidden, 4):
        h0, h1 = h[j, 1:].reshape(-1), h[j + 1, 1:].reshape(-1)
        h2, h3 = h[j + 2, 1:].reshape(-1), h[j + 3, 1:].reshape(-1)
        _dot_four(errors, h0, h1, h2, h3, v[j : j + 4])


@njit(**COMPILED)
def load(x, y, weight, lengths, first, ragged, lanes_x, lanes_y, lanes_weight, inside):
    """Copy sequences first, first + 1 … into the lanes; lanes without a sequence do not count.

    Only where sequences are `ragged` is it noted which steps lie inside them.
    """
    steps, count = lanes_y.shape[0], min(lanes_y.shape[1], len(x) - first)
    lanes_weight[:, count:] = ZERO
    for t in range(steps):
        for d in range(x.shape[2]):
            for n in range(count):
                lanes_x[d, t, n] = x[first + n, t, d]
        for n in range(count):
            lanes_y[t, n] = y[first + n, t, 0]
        for n in range(count):
            lanes_weight[t, n] = weight[first + n, t, 0]
        if ragged:
            for n in range(count):
                inside[t, n] = ONE if t < lengths[first + n] else ZERO


@njit(**COMPILED)
def past_the_end(z, inside, bias):
    """Past a sequence's end the readout sees zeros, as after packing: z is the bias alone."""
    for t in range(z.shape[0]):
        for k in range(z.shape[1]):
            z[t, k] = bias + inside[t, k] * (z[t, k] - bias)


@njit(**COMPILED)
def change(theta, gradient, moments, done, rate, momentum, clip, adam):
    """Clip the gradient and make one update, in place.

    Args:
        theta: all parameters.
        gradient: laid out alike; scaled by clipping.
        moments: [2, P], what the optimiser remembers.
        done: updates made before this one.
        rate: learning rate.
        momentum: of SGD.
        clip: largest norm; 0: none.
        adam: Adam, or else SGD.
    """
    square = ZERO
    for p in range(theta.size):
        square += gradient[p] * gradient[p]
    norm = math.sqrt(square)
    if clip and norm > clip:
        gradient *= F(clip / norm)
    if not adam:
        for p in range(theta.size):
            moments[0, p] = F(momentum) * moments[0, p] + gradient[p]
            theta[p] -= F(rate) * moments[0, p]
        return
    first, second = ONE - F(0.9 ** (done + 1)), ONE - F(0.999 ** (done + 1))
    for p in range(theta.size):
        g = gradient[p]
        moments[0, p] += F(0.1) * (g - moments[0, p])
        moments[1, p] += F(0.001) * (g * g - moments[1, p])
        theta[p] -= (
            F(rate) * (moments[0, p] / first) / (math.sqrt(moments[1, p] / second) + F(1e-8))
        )


@njit(**COMPILED)
def advance(
    theta, trained, moments, done, rates, x, y, weight, lengths,
    hidden, rows, is_bit, momentum, clip, adam, late_bias, cut,
):  # fmt: skip
    """Make K updates of one network, one a batch.

    Args:
        theta: its parameters [P], changed in place.
        trained: [P], 1 where a parameter is trained and 0 where it stays.
        moments: [2, P], what the optimiser remembers.
        done: updates made before.
        rates: learning rates [K].
        x: inputs [K, N, T, D].
        y: targets [K, N, T, 1].
        weight: [K, N, T, 1], 1 where a step counts and 0 elsewhere.
        lengths: true lengths [K, N].
        hidden: H, a multiple of four.
        rows: see `forward`.
        is_bit: cross-entropy of logits, or else the squared error.
        momentum: of SGD.
        clip: largest norm of the gradient; 0: none.
        adam: Adam, or else SGD.
        late_bias: see `forward`.
        cut: see `backward`.

    Returns:
        Loss and share of right answers of each batch, [2, K].
    """
    batches, sequences, steps, inputs = x.shape
    lanes = min(LANES, 8 * math.ceil(sequences / 8))
    h, delta = np.zeros((hidden, steps + 1, lanes), F), np.zeros((hidden, steps, lanes), F)
    here, z = np.zeros((inputs, steps, lanes), F), np.zeros((steps, lanes), F)
    wanted, counts, inside = np.zeros_like(z), np.zeros_like(z), np.ones_like(z)
    products, gradient = np.ones(lanes, F), np.zeros_like(theta)
    seen = np.zeros((2, batches), F)
    for k in range(batches):
        gradient[:] = ZERO
        share, ragged = F(ONE / weight[k].sum()), lengths[k].min() < steps
        for first in range(0, sequences, lanes):
            load(x[k], y[k], weight[k], lengths[k], first, ragged, here, wanted, counts, inside)
            forward(theta, here, h, z, late_bias, rows)
            if ragged:
                past_the_end(z, inside, theta[-1])
            loss, right = judge(z, wanted, counts, is_bit, share, products)
            seen[0, k] += F(loss)
            seen[1, k] += F(right)
            gradient[-1] += _sum(z.reshape(-1))
            if ragged:
                z *= inside
            backward(theta, h, z, delta, inputs, cut, rows)
            collect(gradient, here, h, z, delta, late_bias)
        gradient *= trained
        change(theta, gradient, moments, done + k, rates[k], momentum, clip, adam)
    return seen


@njit(**COMPILED)
def outputs(theta, x, lengths, hidden, rows, late_bias):
    """Return the outputs [N, T, 1] of one network on sequences x [N, T, D]."""
    sequences, steps, inputs = x.shape
    lanes = min(LANES, 8 * math.ceil(sequences / 8))
    h, z = np.zeros((hidden, steps + 1, lanes), F), np.zeros((steps, lanes), F)
    here, unused, inside = np.zeros((inputs, steps, lanes), F), np.zeros_like(z), np.ones_like(z)
    result, ragged = np.empty((sequences, steps, 1), F), lengths.min() < steps
    for first in range(0, sequences, lanes):
        load(x, x, x, lengths, first, ragged, here, unused, unused, inside)
        forward(theta, here, h, z, late_bias, rows)
        if ragged:
            past_the_end(z, inside, theta[-1])
        for n in range(min(lanes, sequences - first)):
            result[first + n, :, 0] = z[:, n]
    return result
