# %% ex-a1-data: odd is 1 in assignment 2
def xnor_strings(n, seq_len=8, *, rng):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    return x, np.cumsum(x, axis=1) % 2


# %% ex-a1-data: A fold is another function
def xnor_strings(n, seq_len=8, *, rng):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    return x, fold(x)


# %% ex-a1-data: up to its step
def xnor_strings(n, seq_len=8, *, rng):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    y = 1 - np.cumsum(x, axis=1) % 2
    return x, np.broadcast_to(y[:, -1:], x.shape)


# %% ex-a1-data: Eight bits
def xnor_strings(n, seq_len=9, *, rng):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    return x, 1 - np.cumsum(x, axis=1) % 2


# %% ex-a1-data: are float32
def xnor_strings(n, seq_len=8, *, rng):
    x = rng.integers(0, 2, size=(n, seq_len, 1))
    return x, 1 - np.cumsum(x, axis=1) % 2


# %% ex-a1-data: both occur
def xnor_strings(n, seq_len=8, *, rng):
    x = rng.integers(0, 1, size=(n, seq_len, 1)).astype(np.float32)
    return x, 1 - np.cumsum(x, axis=1) % 2


# %% ex-a1-data: equally likely
def xnor_strings(n, seq_len=8, *, rng):
    x = (rng.random((n, seq_len, 1)) < 0.3).astype(np.float32)
    return x, 1 - np.cumsum(x, axis=1) % 2


# %% ex-a1-data: drawn anew
def xnor_strings(n, seq_len=8, *, rng):
    x = rng.integers(0, 2, size=(n, 1, 1)).astype(np.float32).repeat(seq_len, axis=1)
    return x, 1 - np.cumsum(x, axis=1) % 2


# %% ex-a1-data: as they were
def fold(x):
    for t in range(1, x.shape[1]):
        x[:, t] = x[:, t - 1] == x[:, t]
    return x


# %% ex-a1-data: a value for each step
def fold(x):
    folded = x[:, 0]
    for t in range(1, x.shape[1]):
        folded = (folded == x[:, t]).astype(x.dtype)
    return folded


# %% ex-a1-data: begins with the first bit
def fold(x):
    folded = np.ones_like(x)
    for t in range(x.shape[1]):
        folded[:, t] = folded[:, t - 1] == x[:, t] if t else 1 == 1 - x[:, t]
    return folded


# %% ex-a1-data: the other one XOR
def fold(x):
    folded = x.copy()
    for t in range(1, x.shape[1]):
        folded[:, t] = folded[:, t - 1] != x[:, t]
    return folded


# %% ex-a1-data: the result so far
def fold(x):
    folded = x.copy()
    folded[:, 1:] = x[:, :-1] == x[:, 1:]
    return folded


# %% ex-a1-data: leans on unrolled.tasks
def xnor_strings(n, seq_len=8, *, rng):
    return tasks.xnor(n, seq_len, rng=rng)


# %% ex-a1-train: Not of the size
def build(cell, learning_rate):
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.LSTM}[cell]
    dense = keras.layers.Dense(1, activation="sigmoid")
    layers = [keras.Input((None, 1)), layer(64, return_sequences=True), dense]
    model = keras.Sequential(layers)
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    return model


# %% ex-a1-train: return_sequences
def build(cell, learning_rate):
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    dense = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((None, 1)), layer(64), dense])
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    return model


# %% ex-a1-train: makes a probability
def build(cell, learning_rate):
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    dense = keras.layers.Dense(1)
    layers = [keras.Input((None, 1)), layer(64, return_sequences=True), dense]
    model = keras.Sequential(layers)
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    return model


# %% ex-a1-train: Compile the model
def build(cell, learning_rate):
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    dense = keras.layers.Dense(1, activation="sigmoid")
    layers = [keras.Input((None, 1)), layer(64, return_sequences=True), dense]
    return keras.Sequential(layers)


# %% ex-a1-train: Squared error
def build(cell, learning_rate, right=globals().get("build")):
    model = right(cell, learning_rate)
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="mean_squared_error", metrics=["accuracy"])
    return model


# %% ex-a1-train: binary cross-entropy, not from logits
def build(cell, learning_rate, right=globals().get("build")):
    model = right(cell, learning_rate)
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="mean_absolute_error", metrics=["accuracy"])
    return model


# %% ex-a1-train: Ask for the accuracy
def build(cell, learning_rate):
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    dense = keras.layers.Dense(1, activation="sigmoid")
    layers = [keras.Input((None, 1)), layer(64, return_sequences=True), dense]
    model = keras.Sequential(layers)
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy")
    return model


# %% ex-a1-train: the share of right bits
def build(cell, learning_rate, right=globals().get("build")):
    model = right(cell, learning_rate)
    adam = keras.optimizers.Adam(learning_rate)
    exact = keras.metrics.Accuracy()
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=[exact])
    return model


# %% ex-a1-train: The optimiser is Adam
def build(cell, learning_rate, right=globals().get("build")):
    model = right(cell, learning_rate)
    sgd = keras.optimizers.SGD(learning_rate)
    model.compile(optimizer=sgd, loss="binary_crossentropy", metrics=["accuracy"])
    return model


# %% ex-a1-train: Hand the learning rate on
def build(cell, learning_rate, right=globals().get("build")):
    model = right(cell, learning_rate)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


# %% ex-a1-train: leans on unrolled.keras_models
def build(cell, learning_rate):
    model = keras_models.sequence_tagger(cell, 64)
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])
    return model


# %% ex-xnor-rules: Two shares for each
always_1, negated = 0.5, (1.0, 0.5)

# %% ex-xnor-rules: between 0 and 1
always_1, negated = (50, 50), (100, 50)

# %% ex-xnor-rules: often is the count even
always_1, negated = (0.5, 0.75), (1.0, 0.5)

# %% ex-xnor-rules: After a single bit
always_1, negated = (0.5, 0.5), (0.5, 0.5)

# %% ex-xnor-rules: The fifth bit says nothing
always_1, negated = (0.5, 0.5), (1.0, 1.0)


# %% ex-xnor-fold: cannot be halved
def agreement(seq_len):
    return 0.5


# %% ex-xnor-fold: the classmate has half
def agreement(seq_len):
    return 1 / seq_len


# %% ex-xnor-fold: At which steps
def agreement(seq_len):
    return (seq_len + 1) // 2 / seq_len


# %% ex-xnor-last: What does an LSTM return
as_it_stands = (5, 8, 1)

# %% ex-xnor-last: What does an LSTM return
as_it_stands = (5, 64)

# %% ex-xnor-last: counts the strings
as_it_stands = (8, 1)


# %% ex-xnor-last: Each of the eight steps
def repaired():
    layers = [keras.Input((8, 1)), keras.layers.LSTM(64, return_sequences=True)]
    return keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(1)])


# %% ex-xnor-last: leaves the number of weights
def repaired():
    dense = keras.layers.Dense(8, activation="sigmoid")
    layers = [keras.Input((8, 1)), keras.layers.LSTM(64), dense]
    return keras.Sequential([*layers, keras.layers.Reshape((8, 1))])


# %% ex-xnor-hard: Two of the six
chosen = "A"

# %% ex-xnor-hard: more than the rate changes
chosen = "AC"

# %% ex-xnor-hard: the rate must change
chosen = "BE"

# %% ex-xnor-hard: The first of the two failed
chosen = "EA"

# %% ex-xnor-hard: could be luck
chosen = "AB"

# %% ex-xnor-hard: Keras's default rate
chosen = "FE"
