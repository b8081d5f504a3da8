# %% ex-a2-data: the opposite
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    y = 1 - np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: both occur
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 1, size=(n, seq_len, 1)).astype(np.float32)
    y = np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: float32
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1))
    y = np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: up to its step
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    return x, x


# %% ex-a2-data: one target a string
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    return x, np.cumsum(x, axis=1) % 2


# %% ex-a2-data: leans on unrolled.tasks.
def strings(n, seq_len=50, *, rng, last_only=False):
    from unrolled.tasks import parity as made

    x, y = made(n, seq_len, rng=rng)
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: leans on unrolled.tasks.
def strings(n, seq_len=50, *, rng, last_only=False):
    x, y = tasks.parity(n, seq_len, rng=rng)
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-parity-one-unit: leaves both states
sign_of_w = {0: -1, 1: -1}

# %% ex-parity-one-unit: turns the order round
sign_of_w = {0: 1, 1: 1}


# %% ex-parity-length: 50 is never drawn
def lengths(n, seq_len, *, rng):
    return rng.integers(1, seq_len, size=n)


# %% ex-parity-length: length 0
def lengths(n, seq_len, *, rng):
    return rng.integers(0, seq_len, size=n, endpoint=True)


# %% ex-parity-length: no likelier
def lengths(n, seq_len, *, rng):
    return np.minimum(rng.integers(1, 2 * seq_len, size=n), seq_len)


# %% ex-parity-padding: 25.5 on average
at_8, at_many = 0.714, 0.75

# %% ex-parity-padding: an eighth of the batch
at_8, at_many = 0.745, 0.745

# %% ex-parity-padding: counts as right
at_8, at_many = 0.5, 0.5
