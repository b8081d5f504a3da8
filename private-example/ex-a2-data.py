@check(strings, own=True)
def hints():
    rng = np.random.default_rng(20)
    x, y = strings(50, 75, rng=rng)
    later, _ = strings(50, 75, rng=rng)
    again, _ = strings(50, 75, rng=np.random.default_rng(20))
    assert (x != later).any(), "A second call on the same rng draws other strings."
    assert (x == again).all(), "The same seed gives the same strings: all chance is rng's."
    odd = [[sum(bits[: t + 1]) % 2 for t in range(75)] for bits in x[:, :, 0]]
    assert (y[:, :, 0] == odd).all(), "Past the length of training a target is a parity too."
    x, last = strings(1, 1, rng=rng, last_only=True)
    assert x.shape == (1, 1, 1), "One string of one bit still has three axes."
    assert last.shape == (1, 1), "One string of one bit has one target, in two axes."
    assert (last == x[:, 0]).all(), "The parity of one bit is the bit."
