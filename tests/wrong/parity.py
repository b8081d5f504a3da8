# %% ex-a2-data: the opposite
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    y = 1 - np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: both occur
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 1, size=(n, seq_len, 1)).astype(np.float32)
    y = np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: float32
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1))
    y = np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: up to its step
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    return x, x


# %% ex-a2-data: one target a string
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    return x, np.cumsum(x, axis=1) % 2


# %% ex-a2-data: equally likely
def strings(n, seq_len=50, *, rng, last_only=False):
    x = (rng.random((n, seq_len, 1)) < 0.3).astype(np.float32)
    y = np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: drawn anew
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n // 10, seq_len, 1)).astype(np.float32)
    x = x.repeat(10, axis=0)
    y = np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: have the same parity
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    y = np.cumsum(x, axis=1) % 2
    return (x, x[:, -1]) if last_only else (x, y)


# %% ex-a2-data: leans on unrolled.tasks.
def strings(n, seq_len=50, *, rng, last_only=False):
    from unrolled.tasks import parity as made

    x, y = made(n, seq_len, rng=rng)
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-data: leans on unrolled.tasks.
def strings(n, seq_len=50, *, rng, last_only=False):
    x, y = tasks.parity(n, seq_len, rng=rng)
    return (x, y[:, -1]) if last_only else (x, y)


# %% ex-a2-model: one linear layer to one logit
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 2)

    def forward(self, x, lengths=None):
        if lengths is None:
            return self.readout(self.rnn(x)[0])
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


# %% ex-a2-model: num_layers is the RNN's
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        if lengths is None:
            return self.readout(self.rnn(x)[0])
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


# %% ex-a2-model: a logit for each step
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        if lengths is None:
            return self.readout(self.rnn(x)[1][0])
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


# %% ex-a2-model: the sigmoid belongs to the loss
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        if lengths is None:
            return torch.sigmoid(self.readout(self.rnn(x)[0]))
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


# %% ex-a2-model: Without batch_first
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        if lengths is None:
            return self.readout(self.rnn(x)[0])
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


# %% ex-a2-model: With weights that are right
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers, nonlinearity="relu", batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        if lengths is None:
            return self.readout(self.rnn(x)[0])
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


# %% ex-a2-model: total_length
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        if lengths is None:
            return self.readout(self.rnn(x)[0])
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True)
        return self.readout(outputs)


# %% ex-a2-model: Packing changes no real bit
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        if lengths is None:
            return self.readout(self.rnn(x)[0])
        rnn = torch.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x.flip(1), lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


# %% ex-a2-model: leaves the bias
class Reader(torch.nn.Module):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__()
        self.rnn = torch.nn.RNN(1, hidden_size, num_layers, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x, lengths=None):
        return self.readout(self.rnn(x)[0])


# %% ex-a2-model: leans on unrolled.torch_models
class Reader(SequenceTagger):
    def __init__(self, hidden_size=4, num_layers=1):
        super().__init__("rnn", 1, hidden_size, num_layers)


# %% ex-a2-model: BCE with logits, the mean
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.mse_loss(torch.sigmoid(logits), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: BCE with logits, the mean
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits[:, -1], y[batch, -1])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: gradients add up until zero_grad
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: drawn from rng
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(np.arange(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: on through all epochs
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen = [], []
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        step = 0
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: on through all epochs
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
            step += 1
    return rows


# %% ex-a2-model: The training accuracy
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((torch.sigmoid(logits) > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: The training accuracy
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: The validation accuracy
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0.5) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: The validation accuracy
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(x) > 0) == (y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
                if rows[-1][-1] == 1:
                    return rows
    return rows


# %% ex-a2-model: Training stops once
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    val_x, val_y = map(torch.from_numpy, validation)
    rows, seen, step = [], [], 0
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        for batch in order.split(batch_size):
            logits = model(x[batch])
            loss = F.binary_cross_entropy_with_logits(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            seen.append(((logits > 0) == (y[batch] > 0.5)).double().mean().item())
            if step % every == 0:
                with torch.no_grad():
                    right = (model(val_x) > 0) == (val_y > 0.5)
                rows.append((step, float(np.mean(seen)), right.double().mean().item()))
                seen = []
    return rows


# %% ex-a2-model: leans on unrolled.experiments.parity
def train(model, optimizer, training, validation, *, batch_size=8, epochs=5, every=1000, rng):
    x, y = map(torch.from_numpy, training)
    loss, right = parity.loss_and_accuracy(model(x), y, torch.ones_like(y))
    loss.backward()
    optimizer.step()
    return [(1, right.item(), right.item())]


# %% ex-a2-ragged: keep the shape
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n, endpoint=True)
    ends[0] = seq_len
    ends = np.sort(ends)[::-1].copy()
    inside = np.arange(seq_len) < ends[:, None]
    return x[..., 0] * inside, y[..., 0] * inside, ends


# %% ex-a2-ragged: Longest first
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n, endpoint=True)
    ends[0] = seq_len
    ends = np.sort(ends)
    inside = (np.arange(seq_len) < ends[:, None])[..., None]
    return x * inside, y * inside, ends


# %% ex-a2-ragged: Longest first
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n, endpoint=False)
    ends = np.sort(ends)[::-1].copy()
    inside = (np.arange(seq_len) < ends[:, None])[..., None]
    return x * inside, y * inside, ends


# %% ex-a2-ragged: x and y themselves stay
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n, endpoint=True)
    ends[0] = seq_len
    ends = np.sort(ends)[::-1].copy()
    inside = (np.arange(seq_len) < ends[:, None])[..., None]
    x *= inside
    y *= inside
    return x, y, ends


# %% ex-a2-ragged: A drawn length may be 1, and may be T
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n)
    ends[0] = seq_len
    ends = np.sort(ends)[::-1].copy()
    inside = (np.arange(seq_len) < ends[:, None])[..., None]
    return x * inside, y * inside, ends


# %% ex-a2-ragged: equally likely
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, 2 * seq_len, size=n).clip(max=seq_len)
    ends[0] = seq_len
    ends = np.sort(ends)[::-1].copy()
    inside = (np.arange(seq_len) < ends[:, None])[..., None]
    return x * inside, y * inside, ends


# %% ex-a2-ragged: a string's bits are 0
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n, endpoint=True)
    ends[0] = seq_len
    ends = np.sort(ends)[::-1].copy()
    inside = (np.arange(seq_len) < ends[:, None])[..., None]
    return x.copy(), y * inside, ends


# %% ex-a2-ragged: targets are 0, whatever
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n, endpoint=True)
    ends[0] = seq_len
    ends = np.sort(ends)[::-1].copy()
    inside = (np.arange(seq_len) < ends[:, None])[..., None]
    return x * inside, np.cumsum(x * inside, axis=1) % 2, ends


# %% ex-a2-ragged: Before its end
def cut_short(x, y, *, rng):
    n, seq_len, _ = x.shape
    ends = rng.integers(1, seq_len, size=n, endpoint=True)
    ends[0] = seq_len
    ends = np.sort(ends)[::-1].copy()
    inside = (np.arange(seq_len) < ends[:, None] - 1)[..., None]
    return x * inside, y * inside, ends


# %% ex-a2-ragged: all steps enter
def loss_and_accuracy(logits, y, lengths, *, masked):
    loss = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    right = ((logits > 0) == (y > 0.5)).to(loss.dtype)
    if True:
        inside = torch.arange(y.shape[1]) < lengths[:, None]
        loss, right = loss[inside], right[inside]
    return loss.mean(), right.mean()


# %% ex-a2-ragged: Odd is a logit above 0
def loss_and_accuracy(logits, y, lengths, *, masked):
    loss = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    right = ((logits > 0.5) == (y > 0.5)).to(loss.dtype)
    if masked:
        inside = torch.arange(y.shape[1]) < lengths[:, None]
        loss, right = loss[inside], right[inside]
    return loss.mean(), right.mean()


# %% ex-a2-ragged: number of real bits
def loss_and_accuracy(logits, y, lengths, *, masked):
    loss = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    right = ((logits > 0) == (y > 0.5)).to(loss.dtype)
    if masked:
        inside = torch.arange(y.shape[1]) < lengths[:, None]
        loss, right = loss[..., 0] * inside, right[inside]
    return loss.mean(), right.mean()


# %% ex-a2-ragged: number of real bits
def loss_and_accuracy(logits, y, lengths, *, masked):
    loss = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    right = ((logits > 0) == (y > 0.5)).to(loss.dtype)
    if masked:
        inside = torch.arange(y.shape[1]) <= lengths[:, None]
        loss, right = loss[inside], right[inside]
    return loss.mean(), right.mean()


# %% ex-a2-ragged: masked as the loss is
def loss_and_accuracy(logits, y, lengths, *, masked):
    loss = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    right = ((logits > 0) == (y > 0.5)).to(loss.dtype)
    if masked:
        inside = torch.arange(y.shape[1]) < lengths[:, None]
        loss = loss[inside]
    return loss.mean(), right.mean()


# %% ex-a2-ragged: leans on unrolled.tasks
def cut_short(x, y, *, rng):
    ends = tasks.ragged_lengths(len(x), x.shape[1], rng=rng)
    return *tasks.zero_past_end(x, y, ends), ends


# %% ex-a2-architecture: one a pair
def sweep(solves, widths, depths, seeds):
    z, n, found = 1.96, len(seeds), {}
    for hidden_size in widths:
        for num_layers in depths:
            k = sum(bool(solves(hidden_size, num_layers, seed)) for seed in seeds)
            centre = k / n + z**2 / (2 * n)
            spread = z * np.sqrt(k / n * (1 - k / n) / n + (z / (2 * n)) ** 2)
            low, high = ((centre + sign * spread) / (1 + z**2 / n) for sign in (-1, 1))
            found[num_layers, hidden_size] = (k, n, low, high)
    return found


# %% ex-a2-architecture: All have the same seeds
def sweep(solves, widths, depths, seeds):
    z, n, found = 1.96, len(seeds), {}
    for hidden_size in widths:
        for num_layers in depths:
            k = sum(bool(solves(hidden_size, num_layers, seed + 10 * num_layers)) for seed in seeds)
            centre = k / n + z**2 / (2 * n)
            spread = z * np.sqrt(k / n * (1 - k / n) / n + (z / (2 * n)) ** 2)
            low, high = ((centre + sign * spread) / (1 + z**2 / n) for sign in (-1, 1))
            found[hidden_size, num_layers] = (k, n, low, high)
    return found


# %% ex-a2-architecture: trained once
def sweep(solves, widths, depths, seeds):
    z, n, found = 1.96, len(seeds), {}
    for hidden_size in widths:
        for num_layers in depths:
            k = sum(bool(solves(hidden_size, num_layers, seed)) for seed in seeds)
            k = sum(solves(hidden_size, num_layers, seed) for seed in seeds)
            centre = k / n + z**2 / (2 * n)
            spread = z * np.sqrt(k / n * (1 - k / n) / n + (z / (2 * n)) ** 2)
            low, high = ((centre + sign * spread) / (1 + z**2 / n) for sign in (-1, 1))
            found[hidden_size, num_layers] = (k, n, low, high)
    return found


# %% ex-a2-architecture: of n seeds
def sweep(solves, widths, depths, seeds):
    z, n, found = 1.96, len(seeds), {}
    for hidden_size in widths:
        for num_layers in depths:
            k = sum(bool(solves(hidden_size, num_layers, seed)) for seed in seeds)
            centre = k / n + z**2 / (2 * n)
            spread = z * np.sqrt(k / n * (1 - k / n) / n + (z / (2 * n)) ** 2)
            low, high = ((centre + sign * spread) / (1 + z**2 / n) for sign in (-1, 1))
            found[hidden_size, num_layers] = (k / n, n, low, high)
    return found


# %% ex-a2-architecture: no certainty
def sweep(solves, widths, depths, seeds):
    z, n, found = 1.96, len(seeds), {}
    for hidden_size in widths:
        for num_layers in depths:
            k = sum(bool(solves(hidden_size, num_layers, seed)) for seed in seeds)
            centre = k / n
            spread = z * np.sqrt(k / n * (1 - k / n) / n)
            low, high = ((centre + sign * spread) for sign in (-1, 1))
            found[hidden_size, num_layers] = (k, n, low, high)
    return found


# %% ex-a2-architecture: Wilson's ends again
def sweep(solves, widths, depths, seeds):
    z, n, found = 1.96, len(seeds), {}
    for hidden_size in widths:
        for num_layers in depths:
            k = sum(bool(solves(hidden_size, num_layers, seed)) for seed in seeds)
            centre = k / n + z**2 / (2 * n)
            spread = z * np.sqrt(k / n * (1 - k / n) / n + (z / (2 * n)) ** 2)
            low, high = ((centre + sign * spread) for sign in (-1, 1))
            found[hidden_size, num_layers] = (k, n, low, high)
    return found


# %% ex-a2-architecture: leans on unrolled.evidence
def sweep(solves, widths, depths, seeds):
    found = {}
    for h in widths:
        for layers in depths:
            k = sum(solves(h, layers, seed) for seed in seeds)
            found[h, layers] = (k, len(seeds), *wilson(k, len(seeds)))
    return found


# %% ex-a2-lstm: One LSTM that reads
class GatedReader(torch.nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = torch.nn.GRU(1, hidden_size, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x):
        outputs, _ = self.lstm(x)
        return self.readout(outputs)


# %% ex-a2-lstm: answer every output
class GatedReader(torch.nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, hidden_size, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x):
        _, (outputs, _) = self.lstm(x)
        return self.readout(outputs)


# %% ex-a2-lstm: strings mix
class GatedReader(torch.nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, hidden_size)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x):
        outputs, _ = self.lstm(x)
        return self.readout(outputs)


# %% ex-a2-lstm: no sigmoid or other
class GatedReader(torch.nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, hidden_size, batch_first=True)
        self.readout = torch.nn.Linear(hidden_size, 1)

    def forward(self, x):
        outputs, _ = self.lstm(x)
        return torch.sigmoid(self.readout(outputs))


# %% ex-a2-lstm: recurrent layers alone
def parameter_ratio(hidden_size):
    lstm, rnn = torch.nn.LSTM(1, hidden_size), torch.nn.RNN(1, hidden_size)
    sizes = [sum(p.numel() for p in layer.parameters()) for layer in (lstm, rnn)]
    return (sizes[0] + hidden_size + 1) / (sizes[1] + hidden_size + 1)


# %% ex-a2-lstm: its own weights and biases
def parameter_ratio(hidden_size):
    return 3.0


# %% ex-a2-lstm: leans on unrolled.torch_models
class GatedReader(torch.nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.net = SequenceTagger("lstm", 1, hidden_size)

    def forward(self, x):
        return self.net(x)


# %% ex-a2-last: one answer a string
def last_answers(logits, lengths):
    return logits[:, lengths - 1]


# %% ex-a2-last: at index n - 1
def last_answers(logits, lengths):
    return logits[torch.arange(len(lengths)), lengths - 2]


# %% ex-a2-last: an end of its own
def last_answers(logits, lengths):
    return logits[:, -1]


# %% ex-a2-last: one length for each update
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, [2]
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: at most two bits
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 1, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: are the targets parities
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = (np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] + 1) % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: are the targets parities
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = bits.sum(axis=1) % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: ends at longest
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99:
            m += 1
    return used


# %% ex-a2-last: stays while answers
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if m < longest:
            m += 1
    return used


# %% ex-a2-last: Nothing was learned
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: clipped to norm 1
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: clipped to norm 1
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    for _ in range(steps):
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        optimizer.step()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: fresh strings
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    m, used = 2, []
    fixed = rng.bit_generator.state
    for _ in range(steps):
        rng.bit_generator.state = fixed
        used.append(m)
        bits = rng.integers(0, 2, size=(batch_size, m, 1)).astype(np.float32)
        lengths = rng.integers(1, m, size=batch_size, endpoint=True)
        odd = np.cumsum(bits, axis=1)[np.arange(batch_size), lengths - 1] % 2
        y = torch.from_numpy(odd)
        logits = last_answers(model(torch.from_numpy(bits)), torch.from_numpy(lengths))
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(logits, y).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        right = ((logits > 0) == (y > 0.5)).double().mean().item()
        if right >= 0.99 and m < longest:
            m += 1
    return used


# %% ex-a2-last: leans on unrolled.experiments.parity
def train_last(model, optimizer, *, longest=50, steps=600, batch_size=64, rng):
    kind = {"target": "last", "ragged": True}
    for _ in range(steps):
        bits = rng.integers(0, 2, size=(batch_size, 2, 1)).astype(np.float32)
        parity.make_batch(bits, kind, masked=True, rng=rng)
    return [2] * steps


# %% ex-parity-one-unit: leaves both states
sign_of_w = {0: -1, 1: -1}

# %% ex-parity-one-unit: turns the order round
sign_of_w = {0: 1, 1: 1}


# %% ex-parity-length: 50 is never drawn
def lengths(n, seq_len, *, rng):
    return rng.integers(1, seq_len, size=n)


# %% ex-parity-length: length 0
def lengths(n, seq_len, *, rng):
    return rng.integers(0, seq_len, size=n, endpoint=True)


# %% ex-parity-length: No string is longer
def lengths(n, seq_len, *, rng):
    return rng.integers(1, seq_len + 2, size=n)


# %% ex-parity-length: Length 1 is as likely
def lengths(n, seq_len, *, rng):
    return rng.integers(2, seq_len + 1, size=n)


# %% ex-parity-length: no likelier
def lengths(n, seq_len, *, rng):
    return np.minimum(rng.integers(1, 2 * seq_len, size=n), seq_len)


# %% ex-parity-padding: 25.5 on average
at_8, at_many = 0.714, 0.75

# %% ex-parity-padding: an eighth of the batch
at_8, at_many = 0.745, 0.745

# %% ex-parity-padding: half of them right
at_8, at_many = 0.714, 0.51

# %% ex-parity-padding: count the bits
at_8, at_many = 0.719, 0.745

# %% ex-parity-padding: counts as right
at_8, at_many = 0.5, 0.5
