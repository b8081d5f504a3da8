# %% ex-how-long-predict: Choose among
within_100, within_30 = 4, 12

# %% ex-how-long-predict: below 1/30 as well
within_100, within_30 = 7, 5

# %% ex-how-long-predict: One network failed
within_100, within_30 = 10, 20


# %% ex-how-long-threshold: one is equal
def report(errors, threshold):
    counts = {T: (int(np.sum(np.array(e) <= threshold)), len(e)) for T, e in errors.items()}
    return {T: (k, n, *evidence.wilson(k, n)) for T, (k, n) in counts.items()}


# %% ex-how-long-threshold: one of the n
def report(errors, threshold):
    kept = {T: np.array(e)[~np.isnan(e)] for T, e in errors.items()}
    counts = {T: (int(np.sum(e < threshold)), len(e)) for T, e in kept.items()}
    return {T: (k, n, *evidence.wilson(k, n)) for T, (k, n) in counts.items()}


# %% ex-how-long-threshold: use Wilson's
def report(errors, threshold):
    rows = {}
    for T, e in errors.items():
        k, n = int(np.sum(np.array(e) < threshold)), len(e)
        reach = 1.96 * np.sqrt(k / n * (1 - k / n) / n)
        rows[T] = k, n, k / n - reach, k / n + reach
    return rows


# %% ex-how-long-threshold: The level
def report(errors, threshold):
    counts = {T: (int(np.sum(np.array(e) < threshold)), len(e)) for T, e in errors.items()}
    return {T: (k, n, *evidence.wilson(k, n, 0.9)) for T, (k, n) in counts.items()}


# %% ex-how-long-threshold: without success
def report(errors, threshold):
    counts = {T: (int(np.sum(np.array(e) < threshold)), len(e)) for T, e in errors.items()}
    return {T: (k, n, *evidence.wilson(k, n)) for T, (k, n) in counts.items() if k}


# %% ex-how-long-threshold: four numbers
def report(errors, threshold):
    return {T: (int(np.sum(np.array(e) < threshold)), len(e)) for T, e in errors.items()}


# %% ex-how-long-threshold: k counts
def report(errors, threshold):
    counts = {T: (int(np.sum(~(np.array(e) >= threshold))), len(e)) for T, e in errors.items()}
    return {T: (k, n, *evidence.wilson(k, n)) for T, (k, n) in counts.items()}


# %% ex-how-long-relu: where does it bend
slopes = {0, 0.5, 1}

# %% ex-how-long-relu: where does it bend
slopes = {1}

# %% ex-how-long-relu: A negative input
W, V = np.array([[1.0, 1.0]]), np.array([[0.5], [0.5]])

# %% ex-how-long-relu: A positive input
W, V = np.array([[1.0, -1.0]]), np.array([[0.5], [-1.0]])

# %% ex-how-long-relu: V is [2, 1]
W, V = np.array([1.0, -1.0]), np.array([1.0, -1.0])


# %% ex-how-long-gain: nothing but the first input
def expected_error(gain, seq_len):
    return sum(gain ** (2 - 2 * t) for t in range(1, seq_len + 1)) / 3


# %% ex-how-long-gain: with its square
def expected_error(gain, seq_len):
    return sum(gain ** (1 - t) for t in range(2, seq_len + 1)) / 3


# %% ex-how-long-gain: adds 1/3
def expected_error(gain, seq_len):
    return sum(gain ** (2 - 2 * t) for t in range(2, seq_len + 1))


# %% ex-how-long-gain: which powers
def expected_error(gain, seq_len):
    return (seq_len - 1) / 3 / gain**2


# %% ex-how-long-gain: too small
smallest_gain = np.sqrt(100 / 3)

# %% ex-how-long-gain: smaller gain will do
smallest_gain = 6


# %% ex-how-long-row: is whole
def runs_needed(p):
    return 1.96**2 * p / (1 - p)


# %% ex-how-long-row: the lower end is below
def runs_needed(p):
    return int(np.ceil(p / (1 - p)))


# %% ex-how-long-row: One run fewer
def runs_needed(p):
    return int(np.ceil(1.96**2 / (1 - p)))


# %% ex-how-long-row: nothing is known
def runs_needed(p):
    return int(p)


# %% ex-a4-length: an entry for each length
def sweep(train, lengths, seeds):
    return {T: np.array([train(T, seed) for seed in seeds]) for T in lengths[:1]}


# %% ex-a4-length: pass them on
def sweep(train, lengths, seeds):
    return {T: np.array([train(T, 0) for _ in seeds]) for T in lengths}


# %% ex-a4-length: not a summary
def sweep(train, lengths, seeds):
    return {T: np.mean([train(T, seed) for seed in seeds]) for T in lengths}


# %% ex-a4-length: once for each
def sweep(train, lengths, seeds):
    return {T: np.array([min(train(T, s), train(T, s)) for s in seeds]) for T in lengths}


# %% ex-a4-length: order of the seeds
def sweep(train, lengths, seeds):
    return {T: np.sort([train(T, seed) for seed in seeds])[::-1] for T in lengths}


# %% ex-a4-length: leans on unrolled.evidence
def longest_solved(errors, threshold, share):
    for T in sorted(errors, reverse=True):
        k, n = int(np.sum(np.asarray(errors[T]) < threshold)), len(errors[T])
        if k >= share * n:
            return T, k, n, *evidence.wilson(k, n)


# %% ex-a4-length: is not below 0.01
def longest_solved(errors, threshold, share):
    for T in sorted(errors, reverse=True):
        k, n = int(np.sum(np.asarray(errors[T]) <= threshold)), len(errors[T])
        if k >= share * n:
            return T, k, n, *binomtest(k, n).proportion_ci(method="wilson")


# %% ex-a4-length: at least half is enough
def longest_solved(errors, threshold, share):
    for T in sorted(errors, reverse=True):
        k, n = int(np.sum(np.asarray(errors[T]) < threshold)), len(errors[T])
        if k > share * n and k != 10:
            return T, k, n, *binomtest(k, n).proportion_ci(method="wilson")


# %% ex-a4-length: below 1/100 at T = 5
def longest_solved(errors, threshold, share):
    for T in sorted(errors, reverse=True):
        k, n = int(np.sum(np.asarray(errors[T]) < threshold)), len(errors[T])
        if k > share * n:
            return T, k, n, *binomtest(k, n).proportion_ci(method="wilson")


# %% ex-a4-length: return None
def longest_solved(errors, threshold, share):
    T = max((T for T, e in errors.items() if np.mean(np.asarray(e) < threshold) >= share), default=3)
    k, n = int(np.sum(np.asarray(errors[T]) < threshold)), len(errors[T])
    return T, k, n, *binomtest(k, n).proportion_ci(method="wilson")


# %% ex-a4-length: which length is longest
def longest_solved(errors, threshold, share):
    for T, e in errors.items():
        k, n = int(np.sum(np.asarray(e) < threshold)), len(e)
        if k >= share * n:
            return T, k, n, *binomtest(k, n).proportion_ci(method="wilson")


# %% ex-a4-length: as the demand
def longest_solved(errors, threshold, share):
    for T in sorted(errors, reverse=True):
        k, n = int(np.sum(np.asarray(errors[T]) < threshold)), len(errors[T])
        if k >= n / 2:
            return T, k, n, *binomtest(k, n).proportion_ci(method="wilson")


# %% ex-a4-length: Give k and n
def longest_solved(errors, threshold, share):
    for T in sorted(errors, reverse=True):
        k, n = int(np.sum(np.asarray(errors[T]) < threshold)), len(errors[T])
        if k >= share * n:
            return T, k, k / n, *binomtest(k, n).proportion_ci(method="wilson")


# %% ex-a4-length: The last two are Wilson
def longest_solved(errors, threshold, share):
    for T in sorted(errors, reverse=True):
        k, n = int(np.sum(np.asarray(errors[T]) < threshold)), len(errors[T])
        if k >= share * n:
            reach = 1.96 * np.sqrt(k / n * (1 - k / n) / n)
            return T, k, n, k / n - reach, k / n + reach
