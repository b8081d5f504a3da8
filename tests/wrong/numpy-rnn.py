# %% ex-numpy-rnn-float32: 1e-7 or so
error, eps, threshold = 1e-7, 1e-2, 1e-3

# %% ex-numpy-rnn-float32: from the float32 curve
error, eps, threshold = 0.5, 1e-2, 1e-3

# %% ex-numpy-rnn-float32: makes rounding worse
error, eps, threshold = 1e-2, 1e-7, 1e-3

# %% ex-numpy-rnn-float32: Near the cube root
error, eps, threshold = 1e-2, 0.5, 1e-3

# %% ex-numpy-rnn-float32: A right backward pass
error, eps, threshold = 1e-2, 1e-2, 1e-7

# %% ex-numpy-rnn-float32: The mildest slip
error, eps, threshold = 1e-2, 1e-2, 1.0


# %% ex-numpy-rnn-live: the live arrays: they change
class Careful(RNN):
    def get_weights(self):
        return self.parameters


# %% ex-numpy-rnn-live: the live arrays: they
class Careful(RNN):
    def get_weights(self):
        return dict(self.parameters)


# %% ex-numpy-rnn-live: All five
class Careful(RNN):
    def get_weights(self):
        return {name: getattr(self, name).copy() for name in ("W", "R", "V")}


# %% ex-numpy-rnn-live: your test rejects it
def keeps_its_word(network):
    model = network(1, 3, 1, rng=np.random.default_rng(0))
    kept = model.get_weights()
    model.backward(np.ones_like(model.forward(np.ones((2, 4, 1)))))
    model.update(lr=0.1)
    return np.array_equal(kept["V"], model.V)


# %% ex-numpy-rnn-live: lets the live arrays pass
def keeps_its_word(network):
    model = network(1, 3, 1, rng=np.random.default_rng(0))
    before = model.V.copy()
    model.get_weights()
    model.backward(np.ones_like(model.forward(np.ones((2, 4, 1)))))
    model.update(lr=0.1)
    return not np.array_equal(model.V, before)


# %% ex-numpy-rnn-live: never updates
def keeps_its_word(network):
    model = network(1, 3, 1, rng=np.random.default_rng(0))
    kept = model.get_weights()
    before = kept["V"].copy()
    model.backward(np.ones_like(model.forward(np.ones((2, 4, 1)))))
    model.update(lr=0.1)
    return np.array_equal(kept["V"], before)


# %% ex-numpy-rnn-average: which part of their sum
def rates(lr, seq_len):
    return dict.fromkeys(("W", "R", "b_s", "V", "b_y"), lr)


# %% ex-numpy-rnn-average: used once
def rates(lr, seq_len):
    return dict.fromkeys(("W", "R", "b_s", "V", "b_y"), lr / seq_len)


# %% ex-numpy-rnn-average: There are five
def rates(lr, seq_len):
    return {"W": lr / seq_len, "R": lr / seq_len, "V": lr}


# %% ex-numpy-rnn-axes: change a copy
def keeps_sequences_apart(answer_to, batch):
    before = answer_to(batch)
    batch[:, 3] = 0
    others = np.arange(batch.shape[1]) != 3
    return np.allclose(before[others], answer_to(batch)[others])


# %% ex-numpy-rnn-axes: do you change one
def keeps_sequences_apart(answer_to, batch):
    changed = batch.copy()
    changed[3] = 0
    return np.allclose(answer_to(batch)[:3], answer_to(batch)[:3])


# %% ex-numpy-rnn-axes: compare the others only
def keeps_sequences_apart(answer_to, batch):
    changed = batch.copy()
    changed[:, 3] = 0
    return np.allclose(answer_to(batch), answer_to(changed))


# %% ex-numpy-rnn-axes: reaches into later ones
def keeps_sequences_apart(answer_to, batch):
    changed = batch.copy()
    changed[:, 3] = 0
    return np.allclose(answer_to(batch)[:3], answer_to(changed)[:3])


# %% ex-a4-generator: Time comes first
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = rng.uniform(-1, 1, size=(batch_size, seq_length, 1))
        yield x, x[:, 0]


# %% ex-a4-generator: yields its batches
def generate_samples(batch_size, seq_length, *, rng):
    x = rng.uniform(-1, 1, size=(seq_length, batch_size, 1))
    return x, x[0]


# %% ex-a4-generator: never end
def generate_samples(batch_size, seq_length, *, rng):
    x = rng.uniform(-1, 1, size=(seq_length, batch_size, 1))
    yield x, x[0]


# %% ex-a4-generator: y is of shape
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = rng.uniform(-1, 1, size=(seq_length, batch_size, 1))
        yield x, x[0, :, 0]


# %% ex-a4-generator: the first input
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = rng.uniform(-1, 1, size=(seq_length, batch_size, 1))
        yield x, x[-1]


# %% ex-a4-generator: down to -1
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = rng.uniform(size=(seq_length, batch_size, 1))
        yield x, x[0]


# %% ex-a4-generator: up to 1
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = rng.uniform(-1, 0, size=(seq_length, batch_size, 1))
        yield x, x[0]


# %% ex-a4-generator: equally likely
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = np.sin(rng.normal(size=(seq_length, batch_size, 1)) / 2)
        yield x, x[0]


# %% ex-a4-generator: Each step
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = np.repeat(rng.uniform(-1, 1, size=(1, batch_size, 1)), seq_length, axis=0)
        yield x, x[0]


# %% ex-a4-generator: Each batch
def generate_samples(batch_size, seq_length, *, rng):
    x = rng.uniform(-1, 1, size=(seq_length, batch_size, 1))
    while True:
        yield x, x[0]


# %% ex-a4-generator: leans on unrolled.memory.
def generate_samples(batch_size, seq_length, *, rng):
    yield from memory.generate_samples(batch_size, seq_length, rng=rng)


# %% ex-a4-rnn: leans on unrolled.memory.
class RNN(memory.RNN):
    pass


# %% ex-a4-rnn: leans on unrolled.
class Borrowed(RNN):
    def backward(self, d_loss):
        from unrolled import memory as lent

        twin = lent.RNN(*self.sizes, rng=np.random.default_rng(0))
        twin.set_weights(self.get_weights())
        twin.forward(self.x)
        self.gradients = twin.backward(d_loss)
        return self.gradients


RNN = Borrowed


# %% ex-a4-rnn: W is of shape (4, 60)
def reset_parameters(self, *, rng):
    d, h, o = self.sizes
    self.W = rng.uniform(-1, 1, (h, d)) * np.sqrt(3 / d)


RNN.reset_parameters = reset_parameters


# %% ex-a4-rnn: starts as the identity
def reset_parameters(self, *, rng, kept=RNN.reset_parameters):
    kept(self, rng=rng)
    self.R = rng.normal(size=self.R.shape) / np.sqrt(len(self.R))


RNN.reset_parameters = reset_parameters


# %% ex-a4-rnn: biases start at 0
def reset_parameters(self, *, rng, kept=RNN.reset_parameters):
    kept(self, rng=rng)
    self.b_s = rng.uniform(-1, 1, self.b_s.shape)


RNN.reset_parameters = reset_parameters


# %% ex-a4-rnn: V stays within
def reset_parameters(self, *, rng, kept=RNN.reset_parameters):
    kept(self, rng=rng)
    self.V = rng.uniform(-1, 1, self.V.shape)


RNN.reset_parameters = reset_parameters


# %% ex-a4-rnn: W reaches up to
def reset_parameters(self, *, rng, kept=RNN.reset_parameters):
    kept(self, rng=rng)
    self.W = self.W / 3


RNN.reset_parameters = reset_parameters


# %% ex-a4-rnn: V reaches down to
def reset_parameters(self, *, rng, kept=RNN.reset_parameters):
    kept(self, rng=rng)
    self.V = abs(self.V)


RNN.reset_parameters = reset_parameters


# %% ex-a4-rnn: one output a sequence
def forward(self, x):
    h = np.zeros((x.shape[1], len(self.R)))
    outputs = []
    for x_t in x:
        h = np.tanh(x_t @ self.W + h @ self.R + self.b_s.T)
        outputs.append(h @ self.V + self.b_y.T)
    return np.stack(outputs)


RNN.forward = forward


# %% ex-a4-rnn: begins at h_0 = 0
def forward(self, x):
    h = getattr(self, "h", np.zeros((x.shape[1], len(self.R))))
    for x_t in x:
        h = np.tanh(x_t @ self.W + h @ self.R + self.b_s.T)
    self.h = h
    return h @ self.V + self.b_y.T


RNN.forward = forward


# %% ex-a4-rnn: After one step
def forward(self, x):
    h = np.zeros((x.shape[1], len(self.R)))
    for x_t in x:
        h = np.tanh(x_t @ self.W + h @ self.R) + self.b_s.T
    return h @ self.V + self.b_y.T


RNN.forward = forward


# %% ex-a4-rnn: From step 2 on
def forward(self, x):
    h = np.zeros((x.shape[1], len(self.R)))
    for x_t in x:
        h = np.tanh(x_t @ self.W + h @ self.R.T + self.b_s.T)
    return h @ self.V + self.b_y.T


RNN.forward = forward


# %% ex-a4-rnn: R transposed
def backward(self, d_loss, right=RNN.backward):
    forth, self.R = self.R, self.R.T
    found = right(self, d_loss)
    self.R = forth
    return found


RNN.backward = backward


# %% ex-a4-rnn: no path through time
def backward(self, d_loss, right=RNN.backward):
    forth, self.R = self.R, 0 * self.R
    found = right(self, d_loss)
    self.R = forth
    return found


RNN.backward = backward


# %% ex-a4-rnn: the state before the last
def backward(self, d_loss, right=RNN.backward):
    found = right(self, d_loss)
    found["d_V"] = self.states[-2].T @ d_loss
    return found


RNN.backward = backward


# %% ex-a4-rnn: Here d_R is of shape (4, 3, 3)
def backward(self, d_loss, right=RNN.backward):
    found = right(self, d_loss)
    found["d_R"] = found["d_R"].sum(axis=0)
    return found


RNN.backward = backward


# %% ex-a4-rnn: none of the known mistakes
def backward(self, d_loss, right=RNN.backward):
    found = right(self, d_loss)
    found["d_W"] = found["d_W"][::-1]
    return found


RNN.backward = backward


# %% ex-a4-rnn: R moves by -lr times
def update(self, lr, right=RNN.update):
    right(self, lr)
    self.R += lr * self.gradients["d_R"].sum(axis=0) * 3 / 4


RNN.update = update


# %% ex-a4-rnn: update raises a RuntimeError
def update(self, lr, right=RNN.update):
    if self.gradients is not None:
        right(self, lr)


RNN.update = update


# %% ex-a4-rnn: returned before: copy
def get_weights(self):
    return {n: getattr(self, n) for n in ("W", "R", "b_s", "V", "b_y")}


RNN.get_weights = get_weights


# %% ex-a4-rnn: by their names
def get_weights(self):
    return {n: getattr(self, n).copy() for n in ("W", "R", "V")}


RNN.get_weights = get_weights


# %% ex-a4-rnn: taken over
def set_weights(self, weights):
    for name in ("W", "R", "b_s", "V"):
        setattr(self, name, weights[name].copy())


RNN.set_weights = set_weights


# %% ex-a4-rnn: those of the dictionary
def set_weights(self, weights):
    for name in ("W", "R", "b_s", "V", "b_y"):
        setattr(self, name, weights[name])


RNN.set_weights = set_weights


# %% ex-a4-rnn: Without b_s
def set_weights(self, weights):
    if not {"W", "R", "V"} <= set(weights):
        raise ValueError("W, R and V are needed")
    for name in weights:
        setattr(self, name, weights[name].copy())


RNN.set_weights = set_weights


# %% ex-a4-rnn: Without W
def set_weights(self, weights):
    for name in ("W", "R", "b_s", "V", "b_y"):
        setattr(self, name, weights[name].copy())


RNN.set_weights = set_weights


# %% ex-a4-loss: factor 5.
def backward(self):
    if self.difference is None:
        raise RuntimeError
    return 2 * self.difference


MSELoss.backward = backward


# %% ex-a4-loss: factor 0.5.
def backward(self):
    if self.difference is None:
        raise RuntimeError
    return self.difference / len(self.difference)


MSELoss.backward = backward


# %% ex-a4-loss: factor -1.
def backward(self, right=MSELoss.backward):
    return -right(self)


MSELoss.backward = backward


# %% ex-a4-loss: twice its base
def backward(self):
    if self.difference is None:
        raise RuntimeError
    return self.difference**2 / len(self.difference)


MSELoss.backward = backward


# %% ex-a4-loss: a slope for each prediction
def backward(self, right=MSELoss.backward):
    return right(self)[:, 0]


MSELoss.backward = backward


# %% ex-a4-loss: raises a RuntimeError
def backward(self):
    return None if self.difference is None else 2 * self.difference / len(self.difference)


MSELoss.backward = backward


# %% ex-a4-loss: one float
def forward(self, y_hat, y_true):
    self.difference = y_hat - y_true
    return np.mean(self.difference**2, axis=0)


MSELoss.forward = forward


# %% ex-a4-loss: The mean of the squares
def forward(self, y_hat, y_true):
    self.difference = y_hat - y_true
    return float(np.sum(self.difference**2))


MSELoss.forward = forward

# %% ex-a4-loss: leans on unrolled.memory.
MSELoss = type("MSELoss", (memory.MSELoss,), {"__module__": "__main__"})


# %% ex-a4-learner: leans on unrolled.memory.
class Learner(memory.Learner):
    pass


# %% ex-a4-learner: call update
def train(self, iter_steps, lr, log_steps=50, *, progress=True):
    for _ in range(iter_steps):
        x, y = next(self.data_generator)
        loss = self.loss_obj.forward(self.model.forward(x), y)
        if self.step % log_steps == 0:
            self.loss_values[self.step] = loss
        self.model.backward(self.loss_obj.backward())
        self.step += 1


Learner.train = train


# %% ex-a4-learner: at step 0
def train(self, iter_steps, lr, log_steps=50, *, progress=True):
    for _ in range(iter_steps):
        x, y = next(self.data_generator)
        loss = self.loss_obj.forward(self.model.forward(x), y)
        self.model.backward(self.loss_obj.backward())
        self.model.update(lr)
        self.step += 1
        if self.step % log_steps == 0:
            self.loss_values[self.step] = loss


Learner.train = train


# %% ex-a4-learner: are kept, not
def train(self, iter_steps, lr, log_steps=50, *, progress=True):
    for step in range(iter_steps):
        x, y = next(self.data_generator)
        loss = self.loss_obj.forward(self.model.forward(x), y)
        if step % log_steps == 0:
            self.loss_values[step] = loss
        self.model.backward(self.loss_obj.backward())
        self.model.update(lr)


Learner.train = train


# %% ex-a4-learner: one update on each
def train(self, iter_steps, lr, log_steps=50, *, progress=True):
    x, y = next(self.data_generator)
    for _ in range(iter_steps):
        loss = self.loss_obj.forward(self.model.forward(x), y)
        if self.step % log_steps == 0:
            self.loss_values[self.step] = loss
        self.model.backward(self.loss_obj.backward())
        self.model.update(lr)
        self.step += 1


Learner.train = train


# %% ex-a4-learner: Without data plot_loss
def plot_loss(self):
    _, ax = plt.subplots()
    plt.close(ax.figure)
    return ax


Learner.plot_loss = plot_loss


# %% ex-a4-learner: make [96, 1]
def make_predictions(self, n_batches):
    pairs = [next(self.data_generator) for _ in range(n_batches)]
    self.y_hats = np.stack([self.model.forward(x) for x, _ in pairs])
    self.y_trues = np.stack([y for _, y in pairs])
    return self.y_hats, self.y_trues


Learner.make_predictions = make_predictions


# %% ex-a4-learner: of predictions is drawn anew
def make_predictions(self, n_batches):
    x, y = next(self.data_generator)
    self.y_hats = np.concatenate([self.model.forward(x)] * n_batches)
    self.y_trues = np.concatenate([y] * n_batches)
    return self.y_hats, self.y_trues


Learner.make_predictions = make_predictions


# %% ex-a4-learner: train nothing
def make_predictions(self, n_batches, right=Learner.make_predictions):
    self.train(1, 0.1, progress=False)
    return right(self, n_batches)


Learner.make_predictions = make_predictions


# %% ex-a4-learner: is kept, as y_hats
def make_predictions(self, n_batches):
    pairs = [next(self.data_generator) for _ in range(n_batches)]
    y_hats = np.concatenate([self.model.forward(x) for x, _ in pairs])
    return y_hats, np.concatenate([y for _, y in pairs])


Learner.make_predictions = make_predictions


# %% ex-a4-learner: returns its Axes
def plot_loss(self, right=Learner.plot_loss):
    plt.close(right(self).figure)


Learner.plot_loss = plot_loss


# %% ex-a4-learner: Each axis says
def plot_loss(self, right=Learner.plot_loss):
    ax = right(self)
    ax.set(xlabel="", ylabel="")
    return ax


Learner.plot_loss = plot_loss


# %% ex-a4-learner: is a point of the line
def plot_loss(self, right=Learner.plot_loss):
    ax = right(self)
    ax.lines[0].set_data([0], [1])
    return ax


Learner.plot_loss = plot_loss


# %% ex-a4-learner: the diagonal is drawn
def scatter_plot(self, right=Learner.scatter_plot):
    ax = right(self)
    ax.lines[1].remove()
    return ax


Learner.scatter_plot = scatter_plot
