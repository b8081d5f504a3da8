# %% ex-a1-cell: Return the pair
def my_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    h_prev, c_prev = cell_states
    z = tf.matmul(cell_inputs, kernel) + tf.matmul(h_prev, recurrent_kernel) + bias
    i, f, g, o = tf.split(z, 4, axis=-1)
    c_t = tf.sigmoid(f) * c_prev + tf.sigmoid(i) * tf.tanh(g)
    h_t = tf.sigmoid(o) * tf.tanh(c_t)
    return h_t, h_t, c_t


# %% ex-a1-cell: Not yet the sheet's h and c: this is a cell with a slip: the output lacks its tanh
def my_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    h_prev, c_prev = cell_states
    z = tf.matmul(cell_inputs, kernel) + tf.matmul(h_prev, recurrent_kernel) + bias
    i, f, g, o = tf.split(z, 4, axis=-1)
    c_t = tf.sigmoid(f) * c_prev + tf.sigmoid(i) * tf.tanh(g)
    h_t = tf.sigmoid(o) * c_t
    return h_t, [h_t, c_t]


# %% ex-a1-cell: the gates are read in the order i, f, o, c
def my_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    h_prev, c_prev = cell_states
    z = tf.matmul(cell_inputs, kernel) + tf.matmul(h_prev, recurrent_kernel) + bias
    i, f, o, g = tf.split(z, 4, axis=-1)
    c_t = tf.sigmoid(f) * c_prev + tf.sigmoid(i) * tf.tanh(g)
    h_t = tf.sigmoid(o) * tf.tanh(c_t)
    return h_t, [h_t, c_t]


# %% ex-a1-cell: the gates are read in the order f, i, c, o
def my_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    h_prev, c_prev = cell_states
    z = tf.matmul(cell_inputs, kernel) + tf.matmul(h_prev, recurrent_kernel) + bias
    f, i, g, o = tf.split(z, 4, axis=-1)
    c_t = tf.sigmoid(f) * c_prev + tf.sigmoid(i) * tf.tanh(g)
    h_t = tf.sigmoid(o) * tf.tanh(c_t)
    return h_t, [h_t, c_t]


# %% ex-a1-cell: the bias is ignored
def my_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    h_prev, c_prev = cell_states
    z = tf.matmul(cell_inputs, kernel) + tf.matmul(h_prev, recurrent_kernel)
    i, f, g, o = tf.split(z, 4, axis=-1)
    c_t = tf.sigmoid(f) * c_prev + tf.sigmoid(i) * tf.tanh(g)
    h_t = tf.sigmoid(o) * tf.tanh(c_t)
    return h_t, [h_t, c_t]


# %% ex-a1-cell: Return TensorFlow tensors
def my_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    h_prev, c_prev = map(np.array, cell_states)
    z = np.array(cell_inputs) @ np.array(kernel) + h_prev @ np.array(recurrent_kernel)
    i, f, g, o = np.split(z + np.array(bias), 4, axis=-1)
    c_t = c_prev / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    h_t = np.tanh(c_t) / (1 + np.exp(-o))
    return h_t, [h_t, c_t]


# %% ex-a1-cell: in this order
class MyCell(MyCell):
    def build(self, input_shape):
        gates = 4 * self.units
        self.recurrent_kernel = self.add_weight(shape=(self.units, gates))
        self.kernel = self.add_weight(shape=(input_shape[-1], gates))
        self.bias = self.add_weight(shape=(gates,), initializer="zeros")


# %% ex-a1-cell: The forget gate's bias starts at 1
class MyCell(MyCell):
    def build(self, input_shape):
        gates = 4 * self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], gates))
        self.recurrent_kernel = self.add_weight(shape=(self.units, gates))
        self.bias = self.add_weight(shape=(gates,), initializer="zeros")


# %% ex-a1-cell: Units that start alike
class MyCell(MyCell):
    def build(self, input_shape):
        gates = 4 * self.units
        self.kernel = self.add_weight(shape=(input_shape[-1], gates), initializer="zeros")
        self.recurrent_kernel = self.add_weight(shape=(self.units, gates))
        self.bias = self.add_weight(
            shape=(gates,),
            initializer=lambda shape, dtype=None: np.repeat([0.0, 1, 0, 0], self.units),
        )


# %% ex-a1-cell: is no LSTMCell
class MyCell(MyCell):
    def call(self, inputs, states):
        return my_step(inputs, states[::-1], self.kernel, self.recurrent_kernel, self.bias)


# %% ex-a1-cell: is no LSTMCell
class MyCell(MyCell):
    def call(self, inputs, states):
        h, _ = my_step(inputs, states, self.kernel, self.recurrent_kernel, self.bias)
        return h, [h, h]


# %% ex-a1-cell: leans on unrolled.keras_models.LSTM_step
def my_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    return LSTM_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias)


# %% ex-a1-cell: leans on unrolled.keras_models
class MyCell(keras_models.OwnLSTMCell):
    pass


# %% ex-own-lstm-zeros: The letters are A to K
still_passing = {"no forget gate"}

# %% ex-own-lstm-zeros: cannot change places
still_passing = {"A", "B", "C", "D"}

# %% ex-own-lstm-zeros: G is caught
still_passing = {"B", "C", "D", "G"}

# %% ex-own-lstm-zeros: 1 more
still_passing = {"B", "C", "D"}

# %% ex-own-lstm-zeros: 3 more
still_passing = {"D"}


# %% ex-own-lstm-repair: no single slip known
def mended_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    return broken_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias)


# %% ex-own-lstm-repair: the output lacks its tanh
def mended_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    return broken_step(cell_inputs, cell_states[::-1], kernel, recurrent_kernel, bias)


# %% ex-own-lstm-repair: swapped in the states that come in
def mended_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    return LSTM_step(cell_inputs, cell_states[::-1], kernel, recurrent_kernel, bias)


# %% ex-own-lstm-peephole: With all peepholes at 0, this is a cell with a slip
def peephole_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias, peepholes):
    h_prev, c_prev = cell_states
    i, f, g, o = tf.split(cell_inputs @ kernel + h_prev @ recurrent_kernel + bias, 4, axis=-1)
    p_i, p_f, p_o = tf.unstack(peepholes)
    f_t, i_t = tf.sigmoid(f + p_f * c_prev), tf.sigmoid(i + p_i * c_prev)
    c_t = f_t * c_prev + i_t * tf.tanh(g)
    h_t = tf.sigmoid(o + p_o * c_t) * c_t
    return h_t, [h_t, c_t]


# %% ex-own-lstm-peephole: The peephole of o is written down
def peephole_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias, peepholes):
    h_prev, c_prev = cell_states
    i, f, g, o = tf.split(cell_inputs @ kernel + h_prev @ recurrent_kernel + bias, 4, axis=-1)
    p_i, p_f, p_o = tf.unstack(peepholes)
    f_t, i_t = tf.sigmoid(f + p_f * c_prev), tf.sigmoid(i + p_i * c_prev)
    c_t = f_t * c_prev + i_t * tf.tanh(g)
    h_t = tf.sigmoid(o) * tf.tanh(c_t)
    return h_t, [h_t, c_t]


# %% ex-own-lstm-peephole: inside the σ
def peephole_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias, peepholes):
    h_prev, c_prev = cell_states
    i, f, g, o = tf.split(cell_inputs @ kernel + h_prev @ recurrent_kernel + bias, 4, axis=-1)
    p_i, p_f, p_o = tf.unstack(peepholes)
    f_t, i_t = tf.sigmoid(f) + p_f * c_prev, tf.sigmoid(i + p_i * c_prev)
    c_t = f_t * c_prev + i_t * tf.tanh(g)
    h_t = tf.sigmoid(o + p_o * c_t) * tf.tanh(c_t)
    return h_t, [h_t, c_t]


# %% ex-own-lstm-peephole: inside the σ
def peephole_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias, peepholes):
    h_prev, c_prev = cell_states
    i, f, g, o = tf.split(cell_inputs @ kernel + h_prev @ recurrent_kernel + bias, 4, axis=-1)
    p_i, p_f, p_o = tf.unstack(peepholes)
    f_t, i_t = tf.sigmoid(f + p_f * c_prev), tf.sigmoid(i) + p_i * c_prev
    c_t = f_t * c_prev + i_t * tf.tanh(g)
    h_t = tf.sigmoid(o + p_o * c_t) * tf.tanh(c_t)
    return h_t, [h_t, c_t]


# %% ex-own-lstm-peephole: looks at the new memory
def peephole_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias, peepholes):
    h_prev, c_prev = cell_states
    z = cell_inputs @ kernel + h_prev @ recurrent_kernel + bias
    p_i, p_f, p_o = tf.unstack(peepholes)
    i, f, g, o = tf.split(z, 4, axis=-1)
    i, f, o = (tf.sigmoid(a + p * c_prev) for a, p in ((i, p_i), (f, p_f), (o, p_o)))
    c_t = f * c_prev + i * tf.tanh(g)
    h_t = o * tf.tanh(c_t)
    return h_t, [h_t, c_t]
