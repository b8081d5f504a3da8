# %% ex-a1-bptt: With 2 steps, wx (no path through time)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = e * w * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: With 2 steps, wx (σ′ of the output forgotten)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = y[t - 1] - targets[t - 1]
        delta = (e * w + delta * w_h) * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: wx (σ′ of the hidden unit forgotten)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = e * w * h[t] * (1 - h[t]) if t == len(x) else e * w + delta * w_h
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: wh (the new state in place of the old)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = (e * w + delta * w_h) * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: (the error's sign turned)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (targets[t - 1] - y[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = (e * w + delta * w_h) * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: With 4 steps, wx (the mean in place of ½ Σ)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1]) * 2 / len(x)
        delta = (e * w + delta * w_h) * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: With 2 steps, wx (the loss without its ½)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1]) * 2
        delta = (e * w + delta * w_h) * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: With 2 steps, wx (the recurrent weight missing on the way back)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = (e * w + delta) * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: not right, and none of the known mistakes
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = (e + delta * w_h) * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: add the shares of the steps
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, delta = {name: [] for name in weights}, 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = (e * w + delta * w_h) * h[t] * (1 - h[t])
        found["wx"] += [delta * x[t - 1]]
        found["wh"] += [delta * h[t - 1]]
        found["b1"] += [delta]
        found["w"] += [e * h[t]]
        found["b2"] += [e]
    return found


# %% ex-a1-bptt: The keys are
def gradients(weights, x, targets):
    return {"w_x": 0.0291716, "w_h": 8.61259e-06}


# %% ex-a1-bptt: With 4 steps, wx: not right
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = weights.values()
    h_1 = 1 / (1 + np.exp(-(w_x * x[0] + b_1)))
    h_2 = 1 / (1 + np.exp(-(w_x * x[1] + w_h * h_1 + b_1)))
    y_1, y_2 = (1 / (1 + np.exp(-(w * h + b_2))) for h in (h_1, h_2))
    e_1, e_2 = (y_1 - targets[0]) * y_1 * (1 - y_1), (y_2 - targets[1]) * y_2 * (1 - y_2)
    d_2 = e_2 * w * h_2 * (1 - h_2)
    d_1 = (e_1 * w + d_2 * w_h) * h_1 * (1 - h_1)
    wx, wh, b1 = d_1 * x[0] + d_2 * x[1], d_2 * h_1, d_1 + d_2
    return dict(wx=wx, wh=wh, b1=b1, w=e_1 * h_1 + e_2 * h_2, b2=e_1 + e_2)


# %% ex-a1-bptt: With 4 steps, wx (the path ends after one step)
def gradients(weights, x, targets):
    w_x, w_h, b_1, w, b_2 = (weights[name] for name in ("wx", "wh", "b1", "w", "b2"))
    h, y = [0.0], []
    for x_t in x:
        h.append(1 / (1 + np.exp(-(w_x * x_t + w_h * h[-1] + b_1))))
        y.append(1 / (1 + np.exp(-(w * h[-1] + b_2))))
    found, later = dict.fromkeys(weights, 0.0), 0.0
    for t in range(len(x), 0, -1):
        e = (y[t - 1] - targets[t - 1]) * y[t - 1] * (1 - y[t - 1])
        delta = (e * w + later * w_h) * h[t] * (1 - h[t])
        later = e * w * h[t] * (1 - h[t])
        found["wx"] += delta * x[t - 1]
        found["wh"] += delta * h[t - 1]
        found["b1"] += delta
        found["w"] += e * h[t]
        found["b2"] += e
    return found


# %% ex-a1-bptt: not by torch
def gradients(weights, x, targets):
    leaf = torch.tensor(list(weights.values()), dtype=torch.float64, requires_grad=True)
    w_x, w_h, b_1, w, b_2 = leaf
    h, loss = 0.0, 0.0
    for x_t, g_t in zip(x, targets):
        h = torch.sigmoid(w_x * x_t + w_h * h + b_1)
        loss = loss + (torch.sigmoid(w * h + b_2) - g_t) ** 2 / 2
    loss.backward()
    return dict(zip(weights, leaf.grad.tolist()))


# %% ex-a1-bptt: this leans on unrolled.
def gradients(weights, x, targets):
    found = bptt.world(weights, x, targets)
    return {name: float(telling.answers(name, found)["right"]) for name in weights}


# %% ex-bptt-predict: how steep is it
per_cent = 50

# %% ex-bptt-predict: how steep is it
per_cent = 5

# %% ex-bptt-predict: how far is a σ from 1
per_cent = 0.5

# %% ex-bptt-predict: Not that small
per_cent = 0.001

# %% ex-bptt-predict: There is a path
per_cent = 0


# %% ex-bptt-by-hand: wx (no path through time)
on_paper = {"wx": -0.01968, "wh": -0.02863, "b1": -0.00212, "w": -0.03594, "b2": 0.03513}

# %% ex-bptt-by-hand: wh (the new state in place of the old)
on_paper = {"wx": -0.05187, "wh": 0.02452, "b1": 0.01773, "w": -0.03594, "b2": 0.03513}

# %% ex-bptt-by-hand: wx (the loss without its ½)
on_paper = {"wx": -0.10373, "wh": -0.04189, "b1": 0.03547, "w": -0.07188, "b2": 0.07026}

# %% ex-bptt-by-hand: The keys are
on_paper = {"w_x": -0.05187, "w_h": -0.02094, "b_1": 0.01773, "w": -0.03594, "b_2": 0.03513}

# %% ex-bptt-by-hand: one step back reaches
missing = (3, 2)

# %% ex-bptt-by-hand: acts on the losses of steps
missing = (1, 3)


# %% ex-bptt-loss-factors: that is another 2
rate, factor = 1 / 20, 1 / 160

# %% ex-bptt-loss-factors: For more than two steps
rate, factor = 10, 80

# %% ex-bptt-loss-factors: so do rates
rate, factor = 1 / 40, 1 / 160

# %% ex-bptt-loss-factors: by N as well as by T
rate, factor = 2 / 20, 2 / 20

# %% ex-bptt-loss-factors: the half is still there
rate, factor = 2 / 20, 1 / 160


# %% ex-bptt-detach: how far back does a loss see
tau, fewest = 2, 3

# %% ex-bptt-detach: and τ counts it
tau, fewest = 0, 3

# %% ex-bptt-detach: who reads what it did
tau, fewest = 1, 2

# %% ex-bptt-detach: differ already
tau, fewest = 1, 4


# %% ex-bptt-slope: δ stands before the tanh
def deltas(e, h, V, W_hh):
    found, later = np.zeros_like(h), np.zeros(h.shape[1])
    for t in reversed(range(len(h))):
        later = V.T @ e[t] + W_hh.T @ later
        found[t] = later
    return found


# %% ex-bptt-slope: The slope of tanh is 1 − h²
def deltas(e, h, V, W_hh):
    found, later = np.zeros_like(h), np.zeros(h.shape[1])
    for t in reversed(range(len(h))):
        later = (V.T @ e[t] + W_hh.T @ later) * h[t] * (1 - h[t])
        found[t] = later
    return found


# %% ex-bptt-slope: hears of its own error only
def deltas(e, h, V, W_hh):
    found, later = np.zeros_like(h), np.ones(h.shape[1])
    for t in reversed(range(len(h))):
        later = (V.T @ e[t] + W_hh.T @ later) * (1 - h[t] ** 2)
        found[t] = later
    return found


# %% ex-bptt-slope: delta (W_hh not transposed)
def deltas(e, h, V, W_hh):
    found, later = np.zeros_like(h), np.zeros(h.shape[1])
    for t in reversed(range(len(h))):
        later = (V.T @ e[t] + W_hh @ later) * (1 - h[t] ** 2)
        found[t] = later
    return found


# %% ex-bptt-slope: delta (no path through time)
def deltas(e, h, V, W_hh):
    found, later = np.zeros_like(h), np.zeros(h.shape[1])
    for t in reversed(range(len(h))):
        later = (V.T @ e[t]) * (1 - h[t] ** 2)
        found[t] = later
    return found


# %% ex-bptt-slope: delta (tanh′ of the step after)
def deltas(e, h, V, W_hh):
    found, later = np.zeros_like(h), np.zeros(h.shape[1])
    for t in reversed(range(len(h))):
        later = (V.T @ e[t] + W_hh.T @ later) * (1 - h[min(t + 1, len(h) - 1)] ** 2)
        found[t] = later
    return found


# %% ex-bptt-slope: a δ for each step
def deltas(e, h, V, W_hh):
    found, later = np.zeros_like(h), np.zeros(h.shape[1])
    for t in reversed(range(len(h))):
        later = (V.T @ e[t] + W_hh.T @ later) * (1 - h[t] ** 2)
        found[t] = later
    return later


# %% ex-bptt-triangle: Both are shares
fading, kept = 1 / 64, 1

# %% ex-bptt-triangle: divide by all
fading, kept = 1 / 32, 1 / 2

# %% ex-bptt-triangle: Not the corner alone
fading, kept = 2**-19, 1 / 2

# %% ex-bptt-triangle: it is a triangle
fading, kept = 1 / 64, 14 / 20

# %% ex-bptt-triangle: count them
fading, kept = 1 / 64, 15 / 210
