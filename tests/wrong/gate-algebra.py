# %% ex-gates-corners: each by its name
after = {"keep": 0.6, "overwrite": -0.5, "clear": 0}
not_gru, growing = {"clear", "add"}, {"add"}

# %% ex-gates-corners: three steps, one by one
after = {"keep": 0.6, "overwrite": -0.5, "clear": 0, "add": 0.1}
not_gru, growing = {"clear", "add"}, {"add"}

# %% ex-gates-corners: f + i = 1
after = {"keep": 0.6, "overwrite": -0.5, "clear": 0, "add": -0.9}
not_gru, growing = {"clear", "overwrite"}, {"add"}

# %% ex-gates-corners: Off the diagonal
after = {"keep": 0.6, "overwrite": -0.5, "clear": 0, "add": -0.9}
not_gru, growing = {"add"}, {"add"}

# %% ex-gates-corners: where can the memory go
after = {"keep": 0.6, "overwrite": -0.5, "clear": 0, "add": -0.9}
not_gru, growing = {"clear", "add"}, set()

# %% ex-gates-corners: makes none larger
after = {"keep": 0.6, "overwrite": -0.5, "clear": 0, "add": -0.9}
not_gru, growing = {"clear", "add"}, {"add", "overwrite"}


# %% ex-a5-input: Asked for: i, f, g, o
def lstm_storing(accuracy):
    return {"i": (0, 0, 20), "f": (0, 0, -20), "c": (1e-4, 0, 0), "o": (0, 0, 20)}, 1e4


# %% ex-a5-input: is rounded
def lstm_storing(accuracy):
    return {"i": (0, 0, 60), "f": (0, 0, -60), "g": (1e-4, 0, 0), "o": (0, 0, 60)}, 1e4


# %% ex-a5-input: The candidate reads the old state
def lstm_storing(accuracy):
    b, e = np.log(8 / accuracy**1.5), accuracy**0.5 / 2
    return {"i": (0, 0, b), "f": (0, 0, -b), "g": (e, e, 0), "o": (0, 0, b)}, 1 / e


# %% ex-a5-input: The candidate reads the old state
def gru_storing(accuracy):
    b, e = np.log(8 / accuracy**1.5), accuracy**0.5 / 2
    return {"r": (0, 0, 0), "z": (0, 0, -b), "n": (e, e, 0)}, 1 / e


# %% ex-a5-input: The candidate squashes
def lstm_storing(accuracy):
    b = np.log(8 / accuracy)
    return {"i": (0, 0, b), "f": (0, 0, -b), "g": (1, 0, 0), "o": (0, 0, b)}, 1


# %% ex-a5-input: The old state stays
def gru_storing(accuracy):
    b, e = np.log(8 / accuracy**1.5), accuracy**0.5 / 2
    return {"r": (0, 0, 0), "z": (0, 0, b), "n": (e, 0, 0)}, 1 / e


# %% ex-a5-input: The scale enlarges
def lstm_storing(accuracy):
    b, e = np.log(2 / accuracy), accuracy**0.5 / 2
    return {"i": (0, 0, b), "f": (0, 0, -b), "g": (e, 0, 0), "o": (0, 0, b)}, 1 / e


# %% ex-a5-input: The scale enlarges
def gru_storing(accuracy):
    return {"r": (0, 0, 0), "z": (0, 0, -10), "n": (5e-4, 0, 0)}, 2e3


# %% ex-a5-input: passes a gate and a second tanh
def lstm_storing(accuracy):
    b, e = np.log(8 / accuracy**1.5), accuracy**0.5 / 2
    return {"i": (0, 0, b), "f": (0, 0, -b), "g": (e, 0, 0), "o": (0, 0, 0)}, 1 / e


# %% ex-a5-input: leans on unrolled.cells
def gru_storing(accuracy):
    e = accuracy**0.5 / 2
    b = 0
    while sigmoid(-b) > e * accuracy / 4:
        b += 1
    return {"r": (0, 0, 0), "z": (0, 0, -b), "n": (e, 0, 0)}, 1 / e


# %% ex-a5-keep: Asked for: i, f
def lstm_keeping(steps, accuracy):
    return {"f": np.log(2 * steps / accuracy)}


# %% ex-a5-keep: One step and it is lost
def gru_keeping(steps, accuracy):
    return {"z": -np.log(2 * steps / accuracy)}


# %% ex-a5-keep: One step and it is lost
def lstm_keeping(steps, accuracy):
    b = np.log(2 * steps / accuracy)
    return {"i": b, "f": b}


# %% ex-a5-keep: may pull the other way
def gru_keeping(steps, accuracy):
    return {"z": -np.log((1 - accuracy) ** (-1 / steps) - 1)}


# %% ex-a5-keep: may pull the other way
def lstm_keeping(steps, accuracy):
    b = -np.log((1 - accuracy) ** (-1 / steps) - 1)
    return {"i": -b, "f": b}


# %% ex-a5-keep: Every step takes its share
def gru_keeping(steps, accuracy):
    return {"z": -np.log((1 - accuracy / 2) ** -1 - 1)}


# %% ex-a5-keep: just enough
def lstm_keeping(steps, accuracy):
    return {"i": -60, "f": 60}


# %% ex-a5-keep: just enough
def gru_keeping(steps, accuracy):
    return {"z": np.log(4 * steps / accuracy)}


# %% ex-a5-keep: leans on unrolled.cells
def gru_keeping(steps, accuracy):
    b = 0
    while 2 * (1 - sigmoid(b) ** steps) > accuracy:
        b += 0.01
    return {"z": b}


# %% ex-a5-special-case: r, z and n
def counter_example():
    return {"i": (0, 0, 5), "f": (0, 0, -5), "g": (2, 0, 0)}, 1, 0.95, 1.8


# %% ex-a5-special-case: needs no limit
def counter_example():
    return {"r": (0, 0, -60), "z": (0, 0, -60), "n": (np.arctanh(0.9), 0, 0)}, 1, 0.9, 1.47


# %% ex-a5-special-case: The GRU itself
def counter_example():
    h_1 = np.tanh(2)
    return {"r": (0, 0, 0), "z": (0, 0, -5), "n": (2, 0, 0)}, 1, h_1, np.arctanh(h_1)


# %% ex-a5-special-case: An LSTM shows this too
def counter_example():
    h_1 = np.tanh(2) / 2
    return {"r": (0, 0, 0), "z": (0, 0, 0), "n": (2, 0, 0)}, 1, h_1, np.arctanh(h_1)


# %% ex-a5-special-case: ask for
def counter_example():
    h_1 = np.tanh(2) / (1 + np.exp(-5))
    return {"r": (0, 0, 0), "z": (0, 0, -5), "n": (2, 0, 0)}, 1, h_1, h_1


# %% ex-a5-special-case: leans on unrolled.cells
def counter_example():
    h_1 = sigmoid(5.0) * np.tanh(2)
    return {"r": (0, 0, 0), "z": (0, 0, -5), "n": (2, 0, 0)}, 1, h_1, np.arctanh(h_1)


# %% ex-gates-half-life: Four biases
half_lives, bias_100, times_longer = {0: 1, 1: 2}, 5, 20

# %% ex-gates-half-life: stands at one half
half_lives, bias_100, times_longer = {0: 0.69, 1: 2, 2: 5, 4: 38}, 5, 20

# %% ex-gates-half-life: keeps the memory longer
half_lives, bias_100, times_longer = {0: 1, 1: 2, 2: 3, 4: 5}, 5, 20

# %% ex-gates-half-life: half is lost earlier
half_lives, bias_100, times_longer = {0: 1, 1: 2.7, 2: 7.4, 4: 55}, 5, 20

# %% ex-gates-half-life: no number of steps
half_lives, bias_100, times_longer = {0: 1, 1: 2, 2: 5, 4: 38}, 100, 20

# %% ex-gates-half-life: Solve
half_lives, bias_100, times_longer = {0: 1, 1: 2, 2: 5, 4: 38}, 4, 20

# %% ex-gates-half-life: not twice the time
half_lives, bias_100, times_longer = {0: 1, 1: 2, 2: 5, 4: 38}, 5, 2

# %% ex-gates-half-life: a factor e
half_lives, bias_100, times_longer = {0: 1, 1: 2, 2: 5, 4: 38}, 5, 8

# %% ex-gates-plain: Two gates
plain, shares = {"r": 1}, (1 / 8, 1 / 4, 1 / 2)

# %% ex-gates-plain: look at z
plain, shares = {"r": 1, "z": 1}, (1 / 8, 1 / 4, 1 / 2)

# %% ex-gates-plain: does not see the old state
plain, shares = {"r": 0, "z": 0}, (1 / 8, 1 / 4, 1 / 2)

# %% ex-gates-plain: three candidates
plain, shares = {"r": 1, "z": 0}, (1 / 4, 1 / 2)

# %% ex-gates-plain: half of the state
plain, shares = {"r": 1, "z": 0}, (1 / 3, 1 / 3, 1 / 3)

# %% ex-gates-plain: halved at each later step
plain, shares = {"r": 1, "z": 0}, (1 / 4, 1 / 4, 1 / 2)


# %% ex-gates-bias: a half is left
def bias_for(share, steps):
    return -np.log(share ** (-1 / steps))


# %% ex-gates-bias: look at the signs
def bias_for(share, steps):
    return np.log(share ** (-1 / steps) - 1)


# %% ex-gates-bias: solve for b
def bias_for(share, steps):
    return np.log(steps) - np.log(-np.log(share)) + np.log(np.log(2))


# %% ex-gates-bias: take the root first
def bias_for(share, steps):
    return -np.log(1 / share - 1) * steps


# %% ex-gates-sign: All four arrays
def carried(parameters):
    return {"weight_ih": -parameters["weight_ih"]}


# %% ex-gates-sign: keeps its shape
def carried(parameters):
    return {name: np.split(array, 3)[1] for name, array in parameters.items()}


# %% ex-gates-sign: work on copies
def carried(parameters):
    for array in parameters.values():
        array[len(array) // 3 : 2 * len(array) // 3] *= -1
    return parameters


# %% ex-gates-sign: Only z is at fault
def carried(parameters):
    return {name: -array for name, array in parameters.items()}


# %% ex-gates-sign: The outputs differ
def carried(parameters):
    turned = {name: array.copy() for name, array in parameters.items()}
    for name in ("weight_ih", "weight_hh"):
        turned[name][3:6] *= -1
    return turned


# %% ex-gates-sign: The outputs differ
def carried(parameters):
    turned = {name: array.copy() for name, array in parameters.items()}
    for array in turned.values():
        array[3:6] = 1 - array[3:6]
    return turned


# %% ex-gates-repair: step 0 has no forget gate
def delta_f(d_c, c, f):
    return d_c * c * f * (1 - f)


# %% ex-gates-repair: The forget gate multiplies the old memory
def delta_f(d_c, c, f):
    return d_c[1:] * c[1:] * f[1:] * (1 - f[1:])


# %% ex-gates-repair: right but for the sign
def delta_f(d_c, c, f):
    return -d_c[1:] * c[:-1] * f[1:] * (1 - f[1:])


# %% ex-gates-repair: none of the known mistakes
def delta_f(d_c, c, f):
    return d_c[1:] * c[:-1] * (1 - f[1:] ** 2)


# %% ex-gates-repair: what does a formula without c give
no_c_rejected, wrong_sign_rejected = False, False

# %% ex-gates-repair: what is its negative
no_c_rejected, wrong_sign_rejected = True, True


# %% ex-gates-coupled: The memories of all steps
def coupled(gru, x, shown):
    return np.zeros((len(x), gru.hidden_size))


# %% ex-gates-coupled: stays below 1
def coupled(gru, x, shown):
    c, memories = np.zeros((len(x), gru.hidden_size)), []
    for x_t in x.swapaxes(0, 1):
        sums = x_t @ gru.weight_ih.T + shown(c) @ gru.weight_hh.T
        _, a_f, a_g = np.split(sums + gru.bias_ih + gru.bias_hh, 3, axis=1)
        c = sigmoid(a_f) * c + sigmoid(a_f) * np.tanh(a_g)
        memories.append(c)
    return np.stack(memories, axis=1)


# %% ex-gates-coupled: Already the first step
def coupled(gru, x, shown):
    c, memories = np.zeros((len(x), gru.hidden_size)), []
    for x_t in x.swapaxes(0, 1):
        sums = x_t @ gru.weight_ih.T + shown(c) @ gru.weight_hh.T
        _, a_f, a_g = np.split(sums + gru.bias_ih + gru.bias_hh, 3, axis=1)
        c = (1 - sigmoid(a_f)) * c + sigmoid(a_f) * np.tanh(a_g)
        memories.append(c)
    return np.stack(memories, axis=1)


# %% ex-gates-coupled: From the second step on
def coupled(gru, x, shown):
    c, memories = np.zeros((len(x), gru.hidden_size)), []
    for x_t in x.swapaxes(0, 1):
        sums = x_t @ gru.weight_ih.T
        _, a_f, a_g = np.split(sums + gru.bias_ih + gru.bias_hh, 3, axis=1)
        c = sigmoid(a_f) * c + (1 - sigmoid(a_f)) * np.tanh(a_g)
        memories.append(c)
    return np.stack(memories, axis=1)


# %% ex-gates-coupled: The weights read what is shown
def coupled(gru, x, shown):
    c, memories = np.zeros((len(x), gru.hidden_size)), []
    for x_t in x.swapaxes(0, 1):
        sums = x_t @ gru.weight_ih.T + c @ gru.weight_hh.T
        _, a_f, a_g = np.split(sums + gru.bias_ih + gru.bias_hh, 3, axis=1)
        c = sigmoid(a_f) * c + (1 - sigmoid(a_f)) * np.tanh(a_g)
        memories.append(c)
    return np.stack(memories, axis=1)


# %% ex-gates-coupled: two ways of showing c
still_a_gru = True
