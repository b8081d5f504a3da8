# %% ex-layouts-whose: There are three
library, forget, told_by_numbers = {"a": "Keras"}, {"a": [4, 5, 6, 7]}, False

# %% ex-layouts-whose: some of it starts at 1
library = {"a": "PyTorch", "b": "Keras", "c": "ONNX"}

# %% ex-layouts-whose: who keeps two biases
library = {"a": "Keras", "b": "ONNX", "c": "PyTorch"}

# %% ex-layouts-whose: whose is it
library = {"a": "Keras", "b": "PyTorch", "c": "NumPy"}

# %% ex-layouts-whose: a has 16 places
forget = {"a": [4, 5, 6, 16], "b": [4, 5, 6, 7], "c": [8, 9, 10, 11, 24, 25, 26, 27]}

# %% ex-layouts-whose: In ONNX's order
forget = {"a": [4, 5, 6, 7], "b": [4, 5, 6, 7], "c": [4, 5, 6, 7, 20, 21, 22, 23]}

# %% ex-layouts-whose: In Keras's order
forget = {"a": [5, 6, 7, 8], "b": [5, 6, 7, 8], "c": [9, 10, 11, 12]}

# %% ex-layouts-whose: c has more forget biases
forget = {"a": [4, 5, 6, 7], "b": [4, 5, 6, 7], "c": [8, 9, 10, 11]}

# %% ex-layouts-whose: what would still mark this one
told_by_numbers = True


# %% ex-layouts-count: four blocks
def stored(library, kind, D, H, reset_after=True):
    return 3 * H * (D + H + 2)


# %% ex-layouts-count: H by D and H by H
def stored(library, kind, D, H, reset_after=True):
    return {"lstm": 4, "gru": 3}[kind] * (D * D + D * H + 2)


# %% ex-layouts-count: has biases, too
def stored(library, kind, D, H, reset_after=True):
    return {"lstm": 4, "gru": 3}[kind] * H * (D + H)


# %% ex-layouts-count: Keras's LSTM: how many biases
def stored(library, kind, D, H, reset_after=True):
    return {"lstm": 4, "gru": 3}[kind] * H * (D + H + 2)


# %% ex-layouts-count: Keras's GRU with reset_after=True: how many biases
def stored(library, kind, D, H, reset_after=True):
    return {"lstm": 4, "gru": 3}[kind] * H * (D + H + 1 + (library == "PyTorch"))


# %% ex-layouts-count: Keras's GRU with reset_after=False: how many biases
def stored(library, kind, D, H, reset_after=True):
    return {"lstm": 4, "gru": 3}[kind] * H * (D + H + 1 + (library == "PyTorch" or kind == "gru"))


# %% ex-layouts-repair: have changed places
def mended(kernel, recurrent, bias):
    arrays = hurried(kernel, recurrent, bias)
    arrays["weight_hh_l0"] = hurried(recurrent, recurrent, bias)["weight_ih_l0"]
    return arrays


# %% ex-layouts-repair: In weight_hh_l0, r and z
def mended(kernel, recurrent, bias):
    return hurried(kernel, recurrent, bias[::-1])


# %% ex-layouts-repair: under PyTorch's names
def mended(kernel, recurrent, bias):
    return {name[:-3]: array for name, array in hurried(kernel, recurrent, bias).items()}


# %% ex-layouts-repair: has PyTorch's gates in its rows
def mended(kernel, recurrent, bias):
    return hurried(kernel, recurrent, bias) | {"weight_ih_l0": kernel}


# %% ex-layouts-repair: Already the candidate's block of bias_ih_l0
def mended(kernel, recurrent, bias):
    arrays = hurried(kernel, recurrent, bias[::-1])
    arrays["weight_hh_l0"] = hurried(recurrent, recurrent, bias)["weight_ih_l0"]
    both = arrays["bias_ih_l0"] + arrays["bias_hh_l0"]
    return arrays | {"bias_ih_l0": both, "bias_hh_l0": 0 * both}


# %% ex-layouts-probe: what tells f from g
def gate_order(box):
    order = ""
    for block in range(4):
        bias = [40.0 * (block == k) for k in range(4)]
        h, c = box(bias, 1.0)
        if c > 0.9:
            order += "g" if "f" in order else "f"
        else:
            order += "o" if h > 0.7 * np.tanh(c) else "i"
    return order


# %% ex-layouts-probe: cannot be
def gate_order(box):
    order = ""
    for block in range(4):
        h, c = box([40.0 * (block == k) for k in range(4)], 1.0)
        order += "f" if c > 0.9 else "o" if h > 0.7 * np.tanh(c) else "i"
    return order


# %% ex-layouts-probe: what tells
def gate_order(box):
    return "ifgo"


# %% ex-layouts-probe: Eight steps are enough
def gate_order(box):
    order = ""
    for block in range(4):
        bias = [40.0 * (block == k) for k in range(4)]
        (c_empty, c, h) = box(bias, 0.0)[1], box(bias, 1.0)[1], box(bias, 1.0)[0]
        opened = "f" if c > 0.9 else "o" if h > 0.7 * np.tanh(c) else "i"
        order += "g" if c_empty > 0.4 else opened
    return order
