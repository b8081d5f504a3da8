# %% ex-gradients-bound: how many are there
arrives, below, counterexample = 0.9, 4, [[0, 10], [0, 0]]

# %% ex-gradients-bound: which exponent
arrives, below, counterexample = 0.9**25, 4, [[0, 10], [0, 0]]

# %% ex-gradients-bound: belongs to tanh
arrives, below, counterexample = 0.9**50, 1, [[0, 10], [0, 0]]

# %% ex-gradients-bound: The product of slope and limit
arrives, below, counterexample = 0.9**50, 0.25, [[0, 10], [0, 0]]

# %% ex-gradients-bound: nothing further than its radius
arrives, below, counterexample = 0.9**50, 4, [[3, 0], [0, 2]]

# %% ex-gradients-bound: A zero matrix
arrives, below, counterexample = 0.9**50, 4, [[0, 0], [0, 0]]


# %% ex-gradients-identity: one singular value a unit
def identity_spectrum(states):
    return np.prod(1 - states**2, axis=1)


# %% ex-gradients-identity: own slopes
def identity_spectrum(states):
    return np.sort(1 - states[-1] ** 2)[::-1]


# %% ex-gradients-identity: The largest comes first
def identity_spectrum(states):
    return np.sort(np.prod(1 - states**2, axis=0))


# %% ex-gradients-identity: of all steps together
def identity_volume(states):
    return np.prod(1 - states**2)


# %% ex-gradients-identity: over the H directions
def identity_volume(states):
    return np.prod(1 - states**2) ** (1 / len(states))


# %% ex-gradients-identity: A geometric mean
def identity_volume(states):
    return np.mean(1 - states**2)


# %% ex-gradients-clip: 3 looks at each entry
whole, parts, entries, always = [1.5, 2, 6, 0], [3, 4, 6.5, 0], [1.5, 2, 6.5, 0], [1.5, 2, 6, 0]
keeping = {1, 4}

# %% ex-gradients-clip: 1 leaves a length of c
whole, parts, entries, always = [3, 4, 6.5, 0], [3, 4, 6.5, 0], [3, 4, 6.5, 0], [1.5, 2, 6, 0]
keeping = {1, 4}

# %% ex-gradients-clip: 1 leaves four numbers
whole, parts, entries, always = [[1.5, 2], [6, 0]], [3, 4, 6.5, 0], [3, 4, 6.5, 0], [1.5, 2, 6, 0]
keeping = {1, 4}

# %% ex-gradients-clip: 4 turns nothing
whole, parts, entries, always = [1.5, 2, 6, 0], [3, 4, 6.5, 0], [3, 4, 6.5, 0], [3.25] * 4
keeping = {1, 4}

# %% ex-gradients-clip: the first part is 5 long
whole, parts, entries, always = [1.5, 2, 6, 0], [3.9, 5.2, 6.5, 0], [3, 4, 6.5, 0], [1.5, 2, 6, 0]
keeping = {1, 4}

# %% ex-gradients-clip: the second part
whole, parts, entries, always = [1.5, 2, 6, 0], [3, 4, 12, 0], [3, 4, 6.5, 0], [1.5, 2, 6, 0]
keeping = {1, 4}

# %% ex-gradients-clip: turns the whole
whole, parts, entries, always = [1.5, 2, 6, 0], [3, 4, 6.5, 0], [3, 4, 6.5, 0], [1.5, 2, 6, 0]
keeping = {1, 2, 4}

# %% ex-gradients-clip: A positive factor
whole, parts, entries, always = [1.5, 2, 6, 0], [3, 4, 6.5, 0], [3, 4, 6.5, 0], [1.5, 2, 6, 0]
keeping = {1}

# %% ex-gradients-explode: Its largest singular value is 1.
matrix, factor_of_share = [[0, 1], [0, 0]], 1

# %% ex-gradients-explode: does not vanish
matrix, factor_of_share = [[1.3, 0], [0, 0.5]], 1

# %% ex-gradients-explode: two rows and two columns
matrix, factor_of_share = [[1.3]], 1

# %% ex-gradients-explode: the sum is shortened, too
matrix, factor_of_share = [[0, 1.3], [0, 0]], 1 / 50

# %% ex-gradients-explode: Compare the shares
matrix, factor_of_share = [[0, 1.3], [0, 0]], 50

# %% ex-gradients-gain: random strings go wrong
smallest, string = 4.4, [1] + [0] * 50

# %% ex-gradients-gain: A tenth less
smallest, string = 4.7, [1] + [0] * 50

# %% ex-gradients-gain: right at every step
smallest, string = 4.5, [1] + [0] * 5

# %% ex-gradients-gain: both bits
smallest, string = 4.5, [0] * 50


# %% ex-a4-vanishing: slope of tanh is missing
def step_jacobians(states, R):
    return np.stack([R.T] * len(states))


# %% ex-a4-vanishing: columns meet R transposed
def step_jacobians(states, R):
    return (1 - states**2)[:, :, None] * R


# %% ex-a4-vanishing: belongs to row i
def step_jacobians(states, R):
    return R.T * (1 - states**2)[:, None, :]


# %% ex-a4-vanishing: Rows are h_t
def step_jacobians(states, R):
    return ((1 - states**2)[:, :, None] * R.T).swapaxes(1, 2)


# %% ex-a4-vanishing: say otherwise
def step_jacobians(states, R):
    return (1 - np.tanh(states) ** 2)[:, :, None] * R.T


# %% ex-a4-vanishing: a matrix for each step
def step_jacobians(states, R):
    return np.diag(1 - states[-1] ** 2) @ R.T


# %% ex-a4-vanishing: this leans on unrolled.
def step_jacobians(states, R):
    cell = cells.RNN(1, len(R))
    cell.weight_hh[:] = R.T
    return gradients.step_jacobians(cell, {"h": states[None]})[0]


# %% ex-a4-vanishing: multiply them up
def singular_values(jacobians):
    return np.linalg.svd(jacobians, compute_uv=False)


# %% ex-a4-vanishing: stands on the left
def singular_values(jacobians):
    so_far, values = np.eye(jacobians.shape[1]), []
    for jacobian in jacobians:
        so_far = so_far @ jacobian
        values.append(np.linalg.svd(so_far, compute_uv=False))
    return np.array(values)


# %% ex-a4-vanishing: comes first
def singular_values(jacobians, right=singular_values):
    return right(jacobians)[:, ::-1]


# %% ex-a4-vanishing: products has H values
def singular_values(jacobians, right=singular_values):
    return right(jacobians)[-1]


# %% ex-a4-vanishing: steps 1 to t
def singular_values(jacobians, right=singular_values):
    return right(jacobians)[::-1]


# %% ex-a4-vanishing: The first entry
def gradient_lengths(jacobians, d_last, right=gradient_lengths):
    return right(jacobians, d_last)[::-1]


# %% ex-a4-vanishing: by the transposed Jacobian
def gradient_lengths(jacobians, d_last, right=gradient_lengths):
    return right(jacobians.swapaxes(1, 2), d_last)


# %% ex-a4-vanishing: a length for each of
def gradient_lengths(jacobians, d_last):
    lengths = [np.linalg.norm(d_last)]
    for jacobian in jacobians[::-1]:
        d_last = jacobian.T @ d_last
        lengths.append(np.linalg.norm(d_last))
    return np.array(lengths[::-1])


# %% ex-a4-vanishing: that counts
def gradient_lengths(jacobians, d_last):
    lengths = [np.linalg.norm(d_last)]
    for jacobian in jacobians[:-1][::-1]:
        d_last = jacobian.T @ d_last
        lengths.append(np.linalg.norm(d_last))
    return np.array(lengths[::-1])


# %% ex-a4-vanishing: it is d_last itself
def gradient_lengths(jacobians, d_last, right=gradient_lengths):
    found = right(jacobians, d_last)
    return found / found[-1]
