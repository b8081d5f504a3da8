@check(MSELoss, own=True)
def hints():
    y_hat, y_true = np.random.default_rng(20).normal(size=(2, 7, 1))
    one, other = MSELoss(), MSELoss()
    one.forward(y_hat, y_true)
    other.forward(y_true, y_true)
    slope = 2 / 7 * (y_hat - y_true)
    assert np.allclose(one.backward(), slope), "Each loss keeps its own values."
    assert np.allclose(one.backward(), slope), "A second call gives the same."
    one.forward(y_hat[:1], y_true[:1])
    slope = 2 * (y_hat - y_true)[:1]
    assert np.allclose(one.backward(), slope), "It belongs to the last forward, of any size."
