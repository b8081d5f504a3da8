@check(generate_samples, own=True)
def hints():
    batches = [generate_samples(3, 4, rng=np.random.default_rng(20)) for _ in range(2)]
    kept = [next(batches[0]) for _ in range(3)]
    assert (kept[0][0] != kept[1][0]).any(), "A batch stays as it is when the next is drawn."
    for x, _ in kept:
        assert (x == next(batches[1])[0]).all(), "The same seed gives the same batches."
    x, y = next(generate_samples(1, 1, rng=np.random.default_rng(21)))
    assert x.shape == (1, 1, 1), "One sequence of one step still has three axes."
    assert y.shape == (1, 1), "One sequence has one target, in two axes."
