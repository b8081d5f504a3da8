# %% ex-a5-rows: A tensor of shape
def rows_of(images):
    return (images > 0.1 * 255).astype(np.float32)


# %% ex-a5-rows: float32
def rows_of(images):
    return torch.from_numpy(images > 0.1 * 255)


# %% ex-a5-rows: becomes 0 or 1
def rows_of(images):
    return torch.from_numpy(images).float() / 255


# %% ex-a5-rows: the top row comes first
def rows_of(images):
    return torch.from_numpy(images > 0.1 * 255).float().transpose(1, 2)


# %% ex-a5-rows: the top row comes first
def rows_of(images):
    return torch.from_numpy(images > 0.1 * 255).float().flip(1)


# %% ex-a5-rows: what is a tenth of it
def rows_of(images):
    return torch.from_numpy(images > 0.1).float()


# %% ex-a5-rows: All above a tenth
def rows_of(images):
    return torch.from_numpy(images / 255).round().float()


# %% ex-a5-rows: The last are for validation
def split(rows, labels, n_validation=5_000):
    return {
        "train": (rows[n_validation:], labels[n_validation:]),
        "validation": (rows[:n_validation], labels[:n_validation]),
    }


# %% ex-a5-rows: The last are for validation
def split(rows, labels, n_validation=5_000):
    order = torch.randperm(len(rows), generator=torch.manual_seed(0))
    cut = len(rows) - n_validation
    parts = {"train": order[:cut], "validation": order[cut:]}
    return {part: (rows[chosen], labels[chosen]) for part, chosen in parts.items()}


# %% ex-a5-rows: all the others only
def split(rows, labels, n_validation=5_000):
    cut = len(rows) - n_validation
    return {"train": (rows, labels), "validation": (rows[cut:], labels[cut:])}


# %% ex-a5-rows: An image keeps its label
def split(rows, labels, n_validation=5_000):
    cut = len(rows) - n_validation
    return {
        "train": (rows[n_validation:], labels[:cut]),
        "validation": (rows[:n_validation], labels[cut:]),
    }


# %% ex-a5-rows: Unless told otherwise
_right = split


def split(rows, labels, n_validation=10_000):
    return _right(rows, labels, min(n_validation, len(rows)))


# %% ex-a5-rows: leans on unrolled.mnist
def rows_of(images):
    return torch.from_numpy(mnist.binarise(images))


# %% ex-a5-reader: parameters instead of
class RowClassifier(RowClassifier):
    def __init__(self, cell, hidden_size, num_layers=1):
        super().__init__(cell, hidden_size)


# %% ex-a5-reader: parameters instead of
class RowClassifier(RowClassifier):
    def __init__(self, cell, hidden_size, num_layers=1):
        super().__init__(cell, hidden_size, num_layers)
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(hidden_size, 10))


# %% ex-a5-reader: ten logits
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return self.head(self.recurrent(self.affine(rows))[0])


# %% ex-a5-reader: the loss applies the softmax
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return super().forward(rows).softmax(dim=1)


# %% ex-a5-reader: the loss applies the softmax
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return super().forward(rows).log_softmax(dim=1)


# %% ex-a5-reader: batch_first=True
class RowClassifier(RowClassifier):
    def __init__(self, cell, hidden_size, num_layers=1):
        super().__init__(cell, hidden_size, num_layers)
        self.recurrent.batch_first = False


# %% ex-a5-reader: feels most what it read last
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return super().forward(rows.flip(1))


# %% ex-a5-reader: feels most what it read last
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return self.head(self.recurrent(self.affine(rows))[0][:, 0])


# %% ex-a5-reader: The top row does not reach
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return self.head(self.recurrent(self.affine(rows[:, -1:]))[0][:, -1])


# %% ex-a5-reader: nothing is added
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return self.head(self.recurrent(torch.relu(self.affine(rows)))[0][:, -1])


# %% ex-a5-reader: feels most what it read last
class RowClassifier(RowClassifier):
    def forward(self, rows):
        return self.head(self.recurrent(self.affine(rows))[0][:, -2])


# %% ex-a5-reader: A ReLU stands between
class RowClassifier(RowClassifier):
    def __init__(self, cell, hidden_size, num_layers=1):
        super().__init__(cell, hidden_size, num_layers)
        self.head = self.head[1:]


# %% ex-a5-reader: leans on unrolled.torch_models
class RowClassifier(RowReader):
    pass


# %% ex-a5-reader: nothing is added
class RowClassifier(RowClassifier):
    def forward(self, rows):
        outputs, _ = self.recurrent(self.affine(rows))
        return self.head(outputs[:, -1] + outputs.mean(dim=1))


# %% ex-a5-table: as a share
_right = evaluate


def evaluate(network, rows, labels, batch_size=1_000):
    loss, accuracy = _right(network, rows, labels, batch_size)
    return loss, 100 * accuracy


# %% ex-a5-table: eight are right
_right = evaluate


def evaluate(network, rows, labels, batch_size=1_000):
    loss, accuracy = _right(network, rows, labels, batch_size)
    return loss, 1 - accuracy


# %% ex-a5-table: counts less
_right = evaluate


def evaluate(network, rows, labels, batch_size=1_000):
    _, accuracy = _right(network, rows, labels, batch_size)
    with torch.no_grad():
        losses = [
            nn.functional.cross_entropy(network(x), y).item()
            for x, y in zip(rows.split(batch_size), labels.split(batch_size))
        ]
    return np.mean(losses), accuracy


# %% ex-a5-table: needs no graph
def evaluate(network, rows, labels, batch_size=1_000):
    network.eval()
    logits = network(rows)
    right = (logits.argmax(1) == labels).float().mean().item()
    return nn.functional.cross_entropy(logits, labels).item(), right


# %% ex-a5-table: network.eval()
def evaluate(network, rows, labels, batch_size=1_000):
    with torch.no_grad():
        logits = network(rows)
    right = int((logits.argmax(1) == labels).sum()) / len(labels)
    return nn.functional.cross_entropy(logits, labels).item(), right


# %% ex-a5-table: A smaller loss is better
def choose(results):
    return max(results, key=lambda name: results[name]["val_loss"])


# %% ex-a5-table: which then test nothing
def choose(results):
    return min(results, key=lambda name: results[name]["test_loss"])


# %% ex-a5-table: The smallest validation loss decides
def choose(results):
    return min(numbers["val_loss"] for numbers in results.values())


# %% ex-a5-table: leans on unrolled.experiments.mnist
def evaluate(network, rows, labels, batch_size=1_000):
    from unrolled.experiments.mnist import loss_and_accuracy

    return loss_and_accuracy(network, rows, labels, batch_size)


# %% ex-mnist-rows-columns: Several columns
def by_columns(rows):
    return rows


# %% ex-mnist-rows-columns: Several columns
def by_columns(rows):
    return rows.flatten(1).view(len(rows), 28, 28)


# %% ex-mnist-rows-columns: leftmost column
def by_columns(rows):
    return torch.rot90(rows, 1, dims=(1, 2))


# %% ex-mnist-rows-columns: from top to bottom
def by_columns(rows):
    return torch.rot90(rows, -1, dims=(1, 2))


# %% ex-mnist-rows-columns: stays (N, 28, 28)
def by_columns(rows):
    return rows.transpose(1, 2).flatten(1)


# %% ex-mnist-rows-columns: stay within the image
def by_columns(rows):
    return rows.flip(0).transpose(1, 2)


# %% ex-mnist-rows-count: A wider LSTM is nearer
lstm_width = 55  # the recurrent layers alone

# %% ex-mnist-rows-count: A wider LSTM is nearer
lstm_width = 48  # three quarters of 64

# %% ex-mnist-rows-count: A narrower LSTM is nearer
lstm_width = 64

# %% ex-mnist-rows-count: a whole number
lstm_width = 56.2


# %% ex-mnist-rows-shuffled: its weights must
def weight_for(weight, order):
    return weight


# %% ex-mnist-rows-shuffled: order[j], or the one
def weight_for(weight, order):
    return weight[:, order.argsort()]


# %% ex-mnist-rows-shuffled: Each unit keeps
def weight_for(weight, order):
    return weight.flatten()[torch.arange(weight.numel()).flip(0)].view_as(weight)


# %% ex-mnist-rows-shuffled: stays (64, 784)
def weight_for(weight, order):
    return weight.T[order]


# %% ex-mnist-rows-power: win a disagreement
def power(n_images, ahead, *, rng, disagree=0.04, comparisons=400):
    differing = rng.binomial(n_images, disagree, size=comparisons)
    won = rng.binomial(differing, min(1, 1 / 2 + ahead / disagree))
    p_values = [binomtest(int(k), int(m)).pvalue for k, m in zip(won, differing)]
    return np.mean(np.array(p_values) < 0.05)


# %% ex-mnist-rows-power: Who wins all disagreements
def power(n_images, ahead, *, rng, disagree=0.04, comparisons=400):
    differing = rng.binomial(n_images, disagree, size=comparisons)
    won = rng.binomial(differing, 1 / 2 + ahead)
    p_values = [binomtest(int(k), int(m)).pvalue for k, m in zip(won, differing)]
    return np.mean(np.array(p_values) < 0.05)


# %% ex-mnist-rows-power: one in 20 times
def power(n_images, ahead, *, rng, disagree=0.04, comparisons=400):
    differing = rng.binomial(n_images, disagree, size=comparisons)
    won = rng.binomial(differing, 1 / 2 + ahead / disagree / 2)
    return np.mean([binomtest(int(k), int(m)).pvalue for k, m in zip(won, differing)])


# %% ex-mnist-rows-power: between 0 and 1
def power(n_images, ahead, *, rng, disagree=0.04, comparisons=400):
    differing = rng.binomial(n_images, disagree, size=comparisons)
    won = rng.binomial(differing, 1 / 2 + ahead / disagree / 2)
    p_values = [binomtest(int(k), int(m)).pvalue for k, m in zip(won, differing)]
    return np.sum(np.array(p_values) < 0.05)
