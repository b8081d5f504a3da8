# %% ex-a3-data: shapes are (n, T, 2)
_right = streams


def streams(n, seq_len=3_000, *, rng):
    x, y = _right(n, seq_len, rng=rng)
    return x, y[:, :, 0]


# %% ex-a3-data: float32
_right = streams


def streams(n, seq_len=3_000, *, rng):
    x, y = _right(n, seq_len, rng=rng)
    return x.astype(float), y


# %% ex-a3-data: uniform in [-1, 1]
def streams(n, seq_len=3_000, *, rng):
    numbers = rng.random((n, seq_len))
    markers = rng.choice([-1, 0, 1], size=(n, seq_len), p=[1 / 4, 1 / 4, 1 / 2])
    x = np.stack([numbers, markers], axis=-1).astype(np.float32)
    return x, np.zeros((n, seq_len, 1), dtype=np.float32)


# %% ex-a3-data: probabilities ¼, ¼ and ½
def streams(n, seq_len=3_000, *, rng):
    numbers, markers = rng.uniform(-1, 1, (n, seq_len)), rng.integers(-1, 2, (n, seq_len))
    x = np.stack([numbers, markers], axis=-1).astype(np.float32)
    return x, np.zeros((n, seq_len, 1), dtype=np.float32)


# %% ex-a3-data: marker is not 1, the target is 0
_right = streams


def streams(n, seq_len=3_000, *, rng):
    x, _ = _right(n, seq_len, rng=rng)
    y = np.zeros((n, seq_len, 1), dtype=np.float32)
    for stream in range(n):
        at = np.flatnonzero(x[stream, :, 1])  # -1 taken for a marker, too
        y[stream, at[1:], 0] = x[stream, at[1:], 0] + x[stream, at[:-1], 0]
    return x, y


# %% ex-a3-data: Before the second marker
_right = streams


def streams(n, seq_len=3_000, *, rng):
    x, y = _right(n, seq_len, rng=rng)
    first = (x[:, :, 1] == 1).argmax(axis=1)
    y[range(n), first, 0] = x[range(n), first, 0]
    return x, y


# %% ex-a3-data: however far back
_right = streams


def streams(n, seq_len=3_000, *, rng):
    x, y = _right(n, seq_len, rng=rng)
    y[:, 1:, 0] = np.where(y[:, 1:, 0] != 0, x[:, 1:, 0] + x[:, :-1, 0], 0)
    return x, y


# %% ex-a3-data: Nine streams a part
def make_data(seq_len=3_000, *, rng):
    data = {}
    for part in ("train", "validation", "test"):
        x, y = map(torch.from_numpy, streams(9, seq_len, rng=rng))
        data[part] = list(zip(x.split(3), y.split(3)))
    return data


# %% ex-a3-data: want tensors
def make_data(seq_len=3_000, *, rng):
    data = {}
    for part, size in {"train": 3, "validation": 3, "test": 1}.items():
        x, y = streams(9, seq_len, rng=rng)
        data[part] = list(zip(np.split(x, 9 // size), np.split(y, 9 // size)))
    return data


# %% ex-a3-data: streams of its own
def make_data(seq_len=3_000, *, rng):
    x, y = map(torch.from_numpy, streams(9, seq_len, rng=rng))
    sizes = {"train": 3, "validation": 3, "test": 1}
    return {part: list(zip(x.split(size), y.split(size))) for part, size in sizes.items()}


# %% ex-a3-data: leans on unrolled.tasks
def streams(n, seq_len=3_000, *, rng):
    return tasks.adding(n, seq_len, rng=rng)


# %% ex-a3-train: then the losses
_right = train_model


def train_model(*arguments):
    model, losses = _right(*arguments)
    return losses, model


# %% ex-a3-train: One loss an epoch
_right = train_model


def train_model(*arguments):
    model, losses = _right(*arguments)
    return model, {part: losses[part][-1:] for part in losses}


# %% ex-a3-train: under torch.no_grad()
def train_model(model, data, optimizer, criterion, n_epochs):
    losses = {"train": [], "validation": []}
    for _ in range(n_epochs):
        for part in losses:
            seen = []
            for x, y in data[part]:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                if part == "train":
                    loss.backward()
                    optimizer.step()
                seen.append(loss.item())
            losses[part].append(sum(seen) / len(seen))
    return model, losses


# %% ex-a3-train: zero_grad, backward, step
def train_model(model, data, optimizer, criterion, n_epochs):
    losses = {"train": [], "validation": []}
    for _ in range(n_epochs):
        seen = []
        for x, y in data["train"]:
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            seen.append(loss.item())
        losses["train"].append(sum(seen) / len(seen))
        with torch.no_grad():
            held_out = [criterion(model(x), y).item() for x, y in data["validation"]]
        losses["validation"].append(sum(held_out) / len(held_out))
    return model, losses


# %% ex-a3-train: not all so far
def train_model(model, data, optimizer, criterion, n_epochs):
    losses = {"train": [], "validation": []}
    seen = []
    for _ in range(n_epochs):
        for x, y in data["train"]:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            seen.append(loss.item())
        losses["train"].append(sum(seen) / len(seen))
        with torch.no_grad():
            held_out = [criterion(model(x), y).item() for x, y in data["validation"]]
        losses["validation"].append(sum(held_out) / len(held_out))
    return model, losses


# %% ex-a3-train: mean over all validation batches
_right = train_model


def train_model(model, data, optimizer, criterion, n_epochs):
    of_last = []

    def keeping(predictions, targets):
        loss = criterion(predictions, targets)
        of_last.append(loss.item())
        return loss

    model, losses = _right(model, data, optimizer, keeping, n_epochs)
    of_an_epoch = len(data["train"]) + len(data["validation"])
    losses["validation"] = of_last[of_an_epoch - 1 :: of_an_epoch]
    return model, losses


# %% ex-a3-train: leans on unrolled.torch_training
def train_model(model, data, optimizer, criterion, n_epochs):
    return torch_training.train_model(model, data, optimizer, criterion, n_epochs)


# %% ex-a3-test: joined along the first axis
def test_model(model, data):
    model.eval()
    with torch.no_grad():
        predictions = torch.stack([model(x) for x, _ in data])
    return predictions, torch.stack([y for _, y in data])


# %% ex-a3-test: predictions come first
_right = test_model


def test_model(model, data):
    return _right(model, data)[::-1]


# %% ex-a3-test: needs no graph
def test_model(model, data):
    model.eval()
    return torch.cat([model(x) for x, _ in data]), torch.cat([y for _, y in data])


# %% ex-a3-test: Take what the model says
_right = test_model


def test_model(model, data):
    predictions, targets = _right(model, data)
    return torch.tanh(predictions), targets


# %% ex-a3-test: model.eval()
def test_model(model, data):
    with torch.no_grad():
        predictions = torch.cat([model(x) for x, _ in data])
    return predictions, torch.cat([y for _, y in data])


# %% ex-a3-test: leans on unrolled.torch_training
def test_model(model, data):
    return torch_training.test_model(model.eval(), data)


# %% ex-a3-elman: and no others
class ElmanNetwork(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.rnn = nn.RNN(input_size, hidden_size, batch_first=True)
        self.l2 = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        return self.l2(self.rnn(x)[0])


# %% ex-a3-elman: All are nn.Linear
class ElmanNetwork(ElmanNetwork):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__(input_size, hidden_size, output_size)
        self.hr = nn.Bilinear(hidden_size, hidden_size, hidden_size)


# %% ex-a3-elman: l1 is from D to H
class ElmanNetwork(ElmanNetwork):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__(input_size, hidden_size, output_size)
        self.l2 = nn.Linear(hidden_size, hidden_size)


# %% ex-a3-elman: output at every step
class ElmanNetwork(ElmanNetwork):
    def forward(self, x):
        return super().forward(x)[:, -1]


# %% ex-a3-elman: the batch is the first axis
class ElmanNetwork(ElmanNetwork):
    def forward(self, x):
        h = torch.tanh(self.l1(x[0]))
        outputs = [self.l2(h)]
        for t in range(1, x.shape[0]):
            h = torch.tanh(self.l1(x[t]) + self.hr(h))
            outputs.append(self.l2(h))
        return torch.stack(outputs)


# %% ex-a3-elman: nothing moves from step to step
class ElmanNetwork(ElmanNetwork):
    def forward(self, x):
        h = torch.tanh(self.l1(x))
        for _ in range(1, x.shape[1]):
            h = torch.tanh(self.l1(x) + self.hr(h))
        return self.l2(h)


# %% ex-a3-elman: hr's bias does not enter
class ElmanNetwork(ElmanNetwork):
    def forward(self, x):
        h, outputs = torch.zeros(len(x), self.hr.in_features), []
        for t in range(x.shape[1]):
            h = torch.tanh(self.l1(x[:, t]) + self.hr(h))
            outputs.append(self.l2(h))
        return torch.stack(outputs, dim=1)


# %% ex-a3-elman: l2 reads what leaves the tanh
class ElmanNetwork(ElmanNetwork):
    def forward(self, x):
        h = torch.tanh(self.l1(x[:, 0]))
        outputs = [self.l2(h)]
        for t in range(1, x.shape[1]):
            before = self.l1(x[:, t]) + self.hr(h)
            outputs.append(self.l2(before))
            h = torch.tanh(before)
        return torch.stack(outputs, dim=1)


# %% ex-a3-elman: l2 reads what leaves the tanh
class ElmanNetwork(ElmanNetwork):
    def forward(self, x):
        h = torch.tanh(self.l1(x[:, 0]))
        outputs = [self.l2(h)]
        for t in range(1, x.shape[1]):
            h = torch.tanh(self.l1(x[:, t])) + self.hr(h)
            outputs.append(self.l2(h))
        return torch.stack(outputs, dim=1)


# %% ex-a3-elman: leans on unrolled.torch_models
class ElmanNetwork(Elman):
    pass


# %% ex-a3-elman-run: are called
_right = reference_lines


def reference_lines(x, y):
    return list(_right(x, y).values())


# %% ex-a3-elman-run: mean squared target
_right = reference_lines


def reference_lines(x, y):
    return _right(x, y) | {"predict 0": np.mean(y[x[..., 1] == 1] ** 2)}


# %% ex-a3-elman-run: must stay unknown
_right = reference_lines


def reference_lines(x, y):
    return _right(x, y) | {"memoryless": 0.0}


# %% ex-a3-elman-run: best answer at a marker 1
_right = reference_lines


def reference_lines(x, y):
    return _right(x, y) | {"memoryless": np.mean((y - x[..., :1]) ** 2)}


# %% ex-a3-elman-run: best answer at a marker 1
_right = reference_lines


def reference_lines(x, y):
    return _right(x, y) | {"memoryless": np.mean((y - x[..., :1] * (x[..., 1:] != 0)) ** 2)}


# %% ex-a3-elman-run: fit it by least squares
_right = reference_lines


def reference_lines(x, y):
    return _right(x, y) | {"linear": np.mean((y - x[..., :1]) ** 2)}


# %% ex-a3-elman-run: not of an endless one
def reference_lines(x, y):
    return {"predict 0": 1 / 3, "linear": 1 / 4, "memoryless": 1 / 6}


# %% ex-a3-elman-run: leans on unrolled.tasks
def reference_lines(x, y):
    return dict(zip(("predict 0", "linear", "memoryless"), tasks.adding_baselines().values()))


# %% ex-a3-lstm: and no others
class LSTMNetwork(LSTMNetwork):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__(input_size, hidden_size, output_size)
        self.activation = nn.ReLU()


# %% ex-a3-lstm: One layer, one direction
class LSTMNetwork(LSTMNetwork):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__(input_size, hidden_size, output_size)
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers=2, batch_first=True)


# %% ex-a3-lstm: output at every step
class LSTMNetwork(LSTMNetwork):
    def forward(self, x):
        return super().forward(x)[:, -1]


# %% ex-a3-lstm: batch_first=True
class LSTMNetwork(LSTMNetwork):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__(input_size, hidden_size, output_size)
        self.lstm.batch_first = False


# %% ex-a3-lstm: nothing comes between
class LSTMNetwork(LSTMNetwork):
    def forward(self, x):
        return torch.tanh(super().forward(x))


# %% ex-a3-lstm: nothing comes between
class LSTMNetwork(LSTMNetwork):
    def forward(self, x):
        return self.head(torch.relu(self.lstm(x)[0]))


# %% ex-a3-lstm: leans on unrolled.torch_models
class LSTMNetwork(SequenceTagger):
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__("lstm", input_size, hidden_size)


# %% ex-a3-lstm-run: remembers 0 steps
def steps_remembered(mse):
    return np.log2(1 / (3 * mse))


# %% ex-a3-lstm-run: the number is negative
def steps_remembered(mse):
    return max(0, np.log2(1 / (6 * mse)))


# %% ex-a3-lstm-run: the error is halved
def steps_remembered(mse):
    return np.log(1 / (6 * mse))


# %% ex-a3-lstm-run: do not round
def steps_remembered(mse):
    return round(np.log2(1 / (6 * mse)))


# %% ex-a3-lstm-run: leans on unrolled.tasks
def steps_remembered(mse):
    return np.log2(tasks.adding_rung(0) / mse)


# %% ex-adding-probability: they are the page's
def errors(q, k):
    return 2 * q / 3, q / 3, q / 3 * (1 - q) ** (k + 1)


# %% ex-adding-probability: is there a sum
def errors(q, k):
    return 1 / 3, q / 3, q / 3 * (1 - q) ** k


# %% ex-adding-probability: What is unknown
def errors(q, k):
    return 2 * q / 3, 2 * q**2 / 3, 2 * q**2 / 3 * (1 - q) ** k


# %% ex-adding-probability: none of the last k steps
def errors(q, k):
    return 2 * q / 3, q / 3, q / 3 * q**k


# %% ex-adding-probability: above 0.001
needed = 20

# %% ex-adding-probability: Fewer steps
needed = 80

# %% ex-adding-view: view moves nothing
at_time_0 = [0, 10]

# %% ex-adding-view: cut it anew
at_time_0 = [0, 2]


# %% ex-adding-view: no to the right call
def is_time_first(turned, x):
    return turned.shape == x.shape and torch.equal(turned, x)


# %% ex-adding-view: beyond the shape
def is_time_first(turned, x):
    return turned.shape == (x.shape[1], x.shape[0], x.shape[2])


# %% ex-adding-view: beyond the shape
def is_time_first(turned, x):
    return torch.isclose(turned.sum(), x.sum()).item()


# %% ex-adding-view: run backwards
def is_time_first(turned, x):
    return torch.equal(turned.sum(dim=0), x.sum(dim=1)) or torch.equal(turned.flip(0)[:, 0], x[0])


# %% ex-adding-view: some of the numbers
def is_time_first(turned, x):
    return torch.equal(turned[0], x[:, 0]) and torch.equal(turned[:, 0], x[0])


# %% ex-adding-k1-k2: A piece begins every k1 steps
def losses_of_pieces(model, x, y, k1, k2):
    start = None
    for t in range(0, x.shape[1] - k2 + 1, k2):
        answers, start = truncation.read_window(model, x[:, t : t + k2], start)
        yield nn.functional.mse_loss(answers[:, -k1:], y[:, t + k2 - k1 : t + k2])
        start = truncation.hand_over(start, "detach")


# %% ex-adding-k1-k2: A cut changes no loss
def losses_of_pieces(model, x, y, k1, k2):
    for t in range(k2 - k1, x.shape[1] - k1 + 1, k1):
        window = slice(t - (k2 - k1), t + k1)
        answers, _ = truncation.read_window(model, x[:, window], None)
        yield nn.functional.mse_loss(answers[:, -k1:], y[:, t : t + k1])


# %% ex-adding-k1-k2: A cut changes no loss
def losses_of_pieces(model, x, y, k1, k2):
    start = None
    for t in range(k2 - k1, x.shape[1] - k1 + 1, k1):
        window = slice(t - (k2 - k1), t + k1)
        answers, _ = truncation.read_window(model, x[:, window], start)
        yield nn.functional.mse_loss(answers, y[:, window])
        with torch.no_grad():
            start = truncation.read_window(model, x[:, window][:, :k1], start)[1]


# %% ex-adding-k1-k2: more than k2 steps
def losses_of_pieces(model, x, y, k1, k2):
    for t in range(k2 - k1, x.shape[1] - k1 + 1, k1):
        answers = model(x[:, : t + k1])
        yield nn.functional.mse_loss(answers[:, -k1:], y[:, t : t + k1])


# %% ex-adding-k1-k2: less than k2 steps
def losses_of_pieces(model, x, y, k1, k2):
    with torch.no_grad():
        start = truncation.read_window(model, x[:, : k2 - k1], None)[1] if k2 > k1 else None
    for t in range(k2 - k1, x.shape[1] - k1 + 1, k1):
        answers, start = truncation.read_window(model, x[:, t : t + k1], start)
        yield nn.functional.mse_loss(answers, y[:, t : t + k1])
        start = truncation.hand_over(start, "detach")
