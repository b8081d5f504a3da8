# %% ex-numbers-predict: have two intervals
widths, overlap, better = 0.24, True, None

# %% ex-numbers-predict: not a number of networks
widths, overlap, better = (9, 10), True, None

# %% ex-numbers-predict: four times
widths, overlap, better = (0.11, 0.13), True, None

# %% ex-numbers-predict: half a width up
widths, overlap, better = (0.22, 0.26), False, True

# %% ex-numbers-predict: rule it out too
widths, overlap, better = (0.22, 0.26), True, False

# %% ex-numbers-predict: given both counts
widths, overlap, better = (0.22, 0.26), True, True


# %% ex-numbers-wilson: is that of p
def ends(k, n, z):
    share = k / n
    spread = z * np.sqrt(share * (1 - share) / n)
    return share - spread, share + spread


# %% ex-numbers-wilson: one of the two solutions is p = 0
def ends(k, n, z):
    share = k / n
    spread = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return share - spread, share + spread


# %% ex-numbers-wilson: A smaller z
def ends(k, n, z):
    z, share = 1.96, k / n
    centre = share + z**2 / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return (centre - spread) / (1 + z**2 / n), (centre + spread) / (1 + z**2 / n)


# %% ex-numbers-wilson: makes both sides equal
def ends(k, n, z):
    share = k / n
    centre = share + z**2 / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return centre - spread, centre + spread


# %% ex-numbers-wilson: The lower end comes first
def ends(k, n, z):
    return tuple(np.roots([n + z**2, -(2 * k + z**2), k**2 / n]))


# %% ex-numbers-power: between 0 and 1
def power(n, low=0.15, high=0.40):
    return 80


# %% ex-numbers-power: seldom seen apart
def power(n, low=0.15, high=0.40):
    k = np.arange(n + 1)
    return binom.pmf(k, n, low) @ (k[:, None] < k) @ binom.pmf(k, n, high)


# %% ex-numbers-power: the same at every call
def power(n, low=0.15, high=0.40):
    k = np.random.default_rng().binomial(n, [low, high], (1000, 2))
    return np.mean([wilson(i, n)[1] < wilson(j, n)[0] for i, j in k.tolist()])


# %% ex-numbers-power: wholly below all of twelve
def power(n, low=0.15, high=0.40):
    k = np.arange(n)  # without n itself
    bounds = np.array([wilson(i, n) for i in k])
    apart = bounds[:, None, 1] < bounds[None, :, 0]
    return binom.pmf(k, n, low) @ apart @ binom.pmf(k, n, high)


# %% ex-numbers-power: all pairs of counts
def power(n, low=0.15, high=0.40):
    k = np.arange(n + 1)
    bounds = np.array([wilson(i, n) for i in k])
    apart = (bounds[:, None, 1] < bounds[:, 0]) | (bounds[None, :, 1] < bounds[:, None, 0])
    return binom.pmf(k, n, low) @ apart @ binom.pmf(k, n, high)


# %% ex-numbers-power: seldom seen apart
def power(n, low=0.15, high=0.40):
    k = np.arange(n + 1)
    bounds = np.array([wilson(i, n) for i in k])
    apart = bounds[:, None, 1] < k / n  # the interval of one and the share of the other
    return binom.pmf(k, n, low) @ apart @ binom.pmf(k, n, high)


# %% ex-numbers-power: Too few
enough = 40

# %% ex-numbers-power: Fewer would do
enough = 120

# %% ex-numbers-repair: lies above their mean
too_good = 0.0

# %% ex-numbers-repair: where is the largest
too_good = 2.0


# %% ex-numbers-repair: one accuracy
def honest(test, validation):
    return test


# %% ex-numbers-repair: must not choose
def honest(test, validation):
    return test.max(axis=1)


# %% ex-numbers-repair: one network that exists
def honest(test, validation):
    return test.mean(axis=1)


# %% ex-numbers-repair: one network that exists
def honest(test, validation):
    return validation.max(axis=1) - 1


# %% ex-numbers-repair: best validation is tested
def honest(test, validation):
    return test[:, 0]
