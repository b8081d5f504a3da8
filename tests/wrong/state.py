# %% ex-a3-forward: is the bias inside it?
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    h, states, outputs = 0.0, [], []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h))) + b_h
        states.append(h)
        outputs.append(w_out * h + b_o)
    return states, outputs


# %% ex-a3-forward: a state and an output
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    h = 0.0
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h + b_h)))
    return h, w_out * h + b_o


# %% ex-a3-forward: the input and the bias count
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    h, states, outputs = 0.0, [], []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h)))
        states.append(h)
        outputs.append(w_out * h + b_o)
    return states, outputs


# %% ex-a3-forward: the old state comes in too
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    states = [1 / (1 + np.exp(-(w_in * x_t + b_h))) for x_t in x]
    return states, [w_out * h + b_o for h in states]


# %% ex-a3-forward: Step t reads h_{t-1}
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    h, states, outputs = 0.0, [], []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h + (b_h if not states else 0))))
        states.append(h)
        outputs.append(w_out * h + b_o)
    return states, outputs


# %% ex-a3-forward: The output is linear
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    h, states, outputs = 0.0, [], []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h + b_h)))
        states.append(h)
        outputs.append(1 / (1 + np.exp(-(w_out * h + b_o))))
    return states, outputs


# %% ex-a3-forward: a bias of its own
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    h, states, outputs = 0.0, [], []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h + b_h)))
        states.append(h)
        outputs.append(w_out * h)
    return states, outputs


# %% ex-a3-forward: the hidden bias was added outside
h_3, y_3 = -0.707225, 0.495058

# %% ex-a3-forward: another h_3
h_3, y_3 = 0.18243, -0.12770

# %% ex-a3-forward: another y_3
h_3, y_3 = 0.07535, 0.05274


# %% ex-a3-forward: leans on unrolled.cells
def forward(x, w_in, w_rec, w_out, b_h, b_o):
    h, states, outputs = 0.0, [], []
    for x_t in x:
        h = cells.sigmoid(w_in * x_t + w_rec * h + b_h)
        states.append(h)
        outputs.append(w_out * h + b_o)
    return states, outputs


# %% ex-state-bias: No σ is negative
def slipped(x, w_in, w_rec, b_h):
    h, states = 0.0, []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h + b_h)))
        states.append(h)
    return states


# %% ex-state-bias: No σ is negative
def slipped(x, w_in, w_rec, b_h):
    h, states = 0.0, []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h)))
        states.append(h)
    return states


# %% ex-state-bias: what is handed on?
def slipped(x, w_in, w_rec, b_h):
    h, states = 0.0, []
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h)))
        states.append(h + b_h)
    return states


# %% ex-state-bias: one state for each step
def slipped(x, w_in, w_rec, b_h):
    h = 0.0
    for x_t in x:
        h = 1 / (1 + np.exp(-(w_in * x_t + w_rec * h))) + b_h
    return [h]


# %% ex-state-reach: Step 1 is over
plain, without_W_hh, both_ends = [1, 2, 3, 4, 5], [2], [1, 2, 3, 4, 5]

# %% ex-state-reach: reads x_2 itself
plain, without_W_hh, both_ends = [3, 4, 5], [], [1, 2, 3, 4, 5]

# %% ex-state-reach: hands on to the end
plain, without_W_hh, both_ends = [2, 3], [2], [1, 2, 3]

# %% ex-state-reach: All is handed on by W_hh
plain, without_W_hh, both_ends = [2, 3, 4, 5], [2, 3], [1, 2, 3, 4, 5]

# %% ex-state-reach: the other reader seen
plain, without_W_hh, both_ends = [2, 3, 4, 5], [2], [2, 3, 4, 5]

# %% ex-state-reach: Both readers start at an end
plain, without_W_hh, both_ends = [2, 3, 4, 5], [2], [0, 1, 2, 3, 4, 5]


# %% ex-state-reach: a copy of the other
def outputs_that_move(layer, seq_len=5, changed=2):
    x = torch.linspace(-1, 1, seq_len).reshape(1, seq_len, 1)
    nudged = x
    nudged[:, changed - 1] += 0.1
    with torch.no_grad():
        moved = (layer(x)[0] != layer(nudged)[0]).any(dim=2)[0]
    return (1 + moved.nonzero()[:, 0]).tolist()


# %% ex-state-reach: Python's indices begin at 0
def outputs_that_move(layer, seq_len=5, changed=2):
    x = torch.linspace(-1, 1, seq_len).reshape(1, seq_len, 1)
    nudged = x.clone()
    nudged[:, changed - 1] += 0.1
    with torch.no_grad():
        moved = (layer(x)[0] != layer(nudged)[0]).any(dim=2)[0]
    return moved.nonzero()[:, 0].tolist()


# %% ex-state-reach: An earlier output moved
def outputs_that_move(layer, seq_len=5, changed=2):
    x = torch.linspace(-1, 1, seq_len).reshape(1, seq_len, 1)
    nudged = x.clone()
    nudged[:, changed - 2] += 0.1
    with torch.no_grad():
        moved = (layer(x)[0] != layer(nudged)[0]).any(dim=2)[0]
    return (1 + moved.nonzero()[:, 0]).tolist()


# %% ex-state-reach: every step's output
def outputs_that_move(layer, seq_len=5, changed=2):
    x = torch.linspace(-1, 1, seq_len).reshape(1, seq_len, 1)
    nudged = x.clone()
    nudged[:, changed] += 0.1
    with torch.no_grad():
        moved = (layer(x)[0] != layer(nudged)[0]).any(dim=2)[0]
    return (1 + moved.nonzero()[:, 0]).tolist()


# %% ex-state-reach: ask the layer
def outputs_that_move(layer, seq_len=5, changed=2):
    return list(range(changed, seq_len + 1))


# %% ex-state-feedback: From step 2 on the old state
def run_layer(x, W_ih, W_hh, b):
    outputs = []
    previous = np.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        outputs.append(np.tanh(x[:, t] @ W_ih.T + previous @ W_hh.T + b))
        previous = x[:, t]
    return np.stack(outputs, axis=1)


# %% ex-state-feedback: of shape (N, T, H)
def run_layer(x, W_ih, W_hh, b):
    outputs = []
    h = np.zeros((len(x), len(W_hh)))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W_ih.T + h @ W_hh.T + b)
        outputs.append(h)
    return np.array(outputs)


# %% ex-state-feedback: there is no old state
def run_layer(x, W_ih, W_hh, b):
    outputs = []
    h = np.ones((len(x), len(W_hh)))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ W_ih.T + h @ W_hh.T + b)
        outputs.append(h)
    return np.stack(outputs, axis=1)


# %% ex-state-feedback: it does not pass on
filled = 36

# %% ex-state-feedback: still hears of x_t
filled = 8

# %% ex-state-feedback: no later step to move
filled = 16


# %% ex-state-count: H·D weights, and H·H
def in_layer(D, H, biases):
    return H * (D + biases)


# %% ex-state-count: has its biases
def in_layer(D, H, biases):
    return H * (D + H) + biases


# %% ex-state-count: one bias a unit
def in_layer(D, H, biases):
    return H * (D + H) + (2 * H if biases else 0)


# %% ex-state-count: Each class has a bias
def in_readout(H, C):
    return H * C


# %% ex-state-count: a bias for each class
def in_readout(H, C):
    return C * H + H
