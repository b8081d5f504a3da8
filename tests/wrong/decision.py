# %% ex-a5-whole: ten logits
def whole_image(hidden_size=64):
    return nn.Sequential(nn.Linear(28, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 10))


# %% ex-a5-whole: the loss applies the softmax
_right = whole_image


def whole_image(hidden_size=64):
    return nn.Sequential(_right(hidden_size), nn.Softmax(dim=1))


# %% ex-a5-whole: the loss applies the softmax
_right = whole_image


def whole_image(hidden_size=64):
    return nn.Sequential(_right(hidden_size), nn.LogSoftmax(dim=1))


# %% ex-a5-whole: parameters instead of
def whole_image(hidden_size=64):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


# %% ex-a5-whole: Without a ReLU
def whole_image(hidden_size=64):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, hidden_size), nn.Linear(hidden_size, 10))


# %% ex-a5-whole: a ReLU follows
def whole_image(hidden_size=64):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, hidden_size), nn.Sigmoid(), nn.Linear(hidden_size, 10)
    )


# %% ex-a5-whole: Two numbers
def disagreements(first, second):
    return [int((first != second).sum())]


# %% ex-a5-whole: do not count
def disagreements(first, second):
    return int(first.sum()), int(second.sum())


# %% ex-a5-whole: do not count
def disagreements(first, second):
    return int((second & ~first).sum()), int((first & ~second).sum())


# %% ex-a5-whole: leans on unrolled.torch_models
def whole_image(hidden_size=64):
    return WholeImage(hidden_size)


# %% ex-a5-first: the state's axis of layers
_right = over_time


def over_time(affine, gru, rows, steps=5):
    outputs, states = _right(affine, gru, rows, steps)
    return outputs, states[None]


# %% ex-a5-first: the last five
def over_time(affine, gru, rows, steps=5):
    with torch.no_grad():
        outputs, _ = gru(affine(rows))
    return outputs[:, -steps:], outputs[:, -steps:]


# %% ex-a5-first: passes affine
_right = over_time


def over_time(affine, gru, rows, steps=5):
    return _right(lambda row: row, gru, rows, steps)


# %% ex-a5-first: Begin at the top row
_right = over_time


def over_time(affine, gru, rows, steps=5):
    return _right(affine, gru, rows[:, 5:], steps)


# %% ex-a5-first: hand the state on
def over_time(affine, gru, rows, steps=5):
    with torch.no_grad():
        outputs = torch.cat([gru(affine(rows[:, t : t + 1]))[0] for t in range(steps)], dim=1)
    return outputs, outputs


# %% ex-a5-first: its state after the step
_right = over_time


def over_time(affine, gru, rows, steps=5):
    outputs, states = _right(affine, gru, rows, steps)
    before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)
    return outputs, before


# %% ex-a5-first: as many rows as steps says
_right = over_time


def over_time(affine, gru, rows, steps=5):
    return _right(affine, gru, rows, 5)


# %% ex-a5-first: leans on unrolled.studies.analysis
def over_time(affine, gru, rows, steps=5):
    outputs = analysis.outputs_by_row(affine, rows)
    return outputs, outputs


# %% ex-a5-decision: Ten numbers for each image
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        return reader(rows).softmax(dim=1)


# %% ex-a5-decision: The ten classes share 1
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        outputs, _ = reader.recurrent(reader.affine(rows))
        return reader.head(outputs[:, -steps:]).softmax(dim=1)


# %% ex-a5-decision: The ten classes share 1
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        outputs, _ = reader.recurrent(reader.affine(rows))
        return reader.head(outputs[:, -steps:])


# %% ex-a5-decision: the first five rows
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        outputs, _ = reader.recurrent(reader.affine(rows))
        return reader.head(outputs[:, :steps]).softmax(dim=2)


# %% ex-a5-decision: leaves out its end
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        outputs, _ = reader.recurrent(reader.affine(rows))
        return reader.head(outputs[:, -steps - 1 : -1]).softmax(dim=2)


# %% ex-a5-decision: the network's own answer
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        outputs, _ = reader.recurrent(reader.affine(rows))
        return reader.head(outputs[:, -steps:].flip(1)).softmax(dim=2)


# %% ex-a5-decision: one by one, in order
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        return reader(rows).softmax(dim=1)[:, None].expand(-1, steps, -1)


# %% ex-a5-decision: one by one, in order
def last_answers(reader, rows, steps=5):
    with torch.no_grad():
        outputs, _ = reader.recurrent(reader.affine(rows[:, -steps:]))
        said = reader.head(outputs).softmax(dim=2)
        said[:, -1] = reader(rows).softmax(dim=1)
    return said


# %% ex-a5-decision: as many rows as steps says
_right = last_answers


def last_answers(reader, rows, steps=5):
    return _right(reader, rows, 5)


# %% ex-a5-decision: settled at row 1
def settled_at(answers):
    other = answers != answers[:, -1:]
    return (other * np.arange(answers.shape[1])).max(axis=1) + 2


# %% ex-a5-decision: on coming back
def settled_at(answers):
    return (answers == answers[:, -1:]).argmax(axis=1) + 1


# %% ex-a5-decision: the first row of the last stretch
def settled_at(answers):
    return np.where((answers != answers[:, :1]).any(axis=1), answers.shape[1], 1)


# %% ex-a5-decision: leans on unrolled.studies.analysis
def last_answers(reader, rows, steps=5):
    return torch.from_numpy(analysis.probabilities_by_row(reader, rows)[:, -steps:])


# %% ex-a5-gates: called and shaped
class OpenLSTM(OpenLSTM):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        del self.bias_hh_l0


# %% ex-a5-gates: no recurrent layer of PyTorch
class OpenLSTM(nn.LSTM):
    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size, batch_first=True)

    def forward(self, x):
        outputs, _ = super().forward(x)
        return dict.fromkeys("ifoch", outputs)


# %% ex-a5-gates: It returns i, f, o, c and h
class OpenLSTM(OpenLSTM):
    def forward(self, x):
        return {"h": super().forward(x)["h"]}


# %% ex-a5-gates: All are (N, T, H)
class OpenLSTM(OpenLSTM):
    def forward(self, x):
        return {name: values[:, -1] for name, values in super().forward(x).items()}


# %% ex-a5-gates: return it after its σ
class OpenLSTM(OpenLSTM):
    def forward(self, x):
        seen = super().forward(x)
        return seen | {gate: torch.logit(seen[gate]) for gate in "ifo"}


# %% ex-a5-gates: i, f, g, o in this order
class OpenLSTM(OpenLSTM):
    def forward(self, x):
        read = x @ self.weight_ih_l0.T + self.bias_ih_l0 + self.bias_hh_l0
        h = c = x.new_zeros(len(x), self.weight_hh_l0.shape[1])
        seen = {name: [] for name in "ifoch"}
        for t in range(x.shape[1]):
            i, f, o, g = (read[:, t] + h @ self.weight_hh_l0.T).chunk(4, dim=1)
            i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
            c = f * c + i * torch.tanh(g)
            h = o * torch.tanh(c)
            for name, value in zip("ifoch", (i, f, o, c, h)):
                seen[name].append(value)
        return {name: torch.stack(values, dim=1) for name, values in seen.items()}


# %% ex-a5-gates: are there both biases
class OpenLSTM(OpenLSTM):
    def forward(self, x):
        with torch.no_grad():
            self.bias_hh_l0.zero_()
        return super().forward(x)


# %% ex-a5-gates: The memory is c itself
class OpenLSTM(OpenLSTM):
    def forward(self, x):
        seen = super().forward(x)
        return seen | {"c": torch.tanh(seen["c"])}


# %% ex-a5-gates: by another's name
class OpenLSTM(OpenLSTM):
    def forward(self, x):
        seen = super().forward(x)
        return seen | {"i": seen["f"], "f": seen["i"]}


# %% ex-a5-gates: leans on unrolled.torch_models
class OpenLSTM(LSTM):
    def forward(self, x):
        seen = self.gates(x)
        return {name: seen[name] for name in "ifoch"}


# %% ex-decision-one-eight: it does not change, no more
row_of_one, row_of_eight = 26, 26

# %% ex-decision-one-eight: keep its answer
row_of_one, row_of_eight = 1, 25

# %% ex-decision-one-eight: keep its answer
row_of_one, row_of_eight = 1, 28

# %% ex-decision-slice: -1 is row 28
rows_read = [24, 25, 26, 27, 28]

# %% ex-decision-slice: count back
rows_read = [22, 23, 24, 25, 26]

# %% ex-decision-slice: holds five rows
rows_read = [23, 24, 25, 26, 27, 28]


# %% ex-decision-slice: is missing
def last_five(outputs):
    return outputs[:, -6:-1]


# %% ex-decision-slice: all three axes
def last_five(outputs):
    return outputs[:, -1]


# %% ex-decision-slice: the earliest first
def last_five(outputs):
    return torch.cat([outputs[:, -5:-1].flip(1), outputs[:, -1:]], dim=1)


# %% ex-decision-slice: Count from the end
def last_five(outputs):
    return outputs[:, 23:] if outputs.shape[1] > 23 else outputs[:, :5]


# %% ex-decision-bound: up to 1 allow t
def bound(t, f, i):
    return i / (1.0001 - f)


# %% ex-decision-bound: So large it cannot become
def bound(t, f, i):
    return t * i


# %% ex-decision-bound: So large it cannot become
def bound(t, f, i):
    return t


# %% ex-decision-bound: such gates was larger
def bound(t, f, i):
    return t * i * f**t


# %% ex-decision-bound: g be nearly 1
def bound(t, f, i):
    return 0.99 * sum(i * f**k for k in range(t)) if f < 1 else t
