# %% ex-prerequisites-matrix: Each row of W
W_v, W_W_v = [4, -4], [0, 0]

# %% ex-prerequisites-matrix: what came out
W_v, W_W_v = [2, 2], [4, 4]

# %% ex-prerequisites-matrix: it is X times A transposed
shape_of_A_x = (4, 10)

# %% ex-prerequisites-matrix: There are 4 numbers
shape_of_A_x = (10, 3)

# %% ex-prerequisites-matrix: grows longest
stretch, square = 0, [[0, 0], [0, 0]]

# %% ex-prerequisites-matrix: not number by number
stretch, square = 10, [[0, 100], [0, 0]]


# %% ex-prerequisites-chain: slope_of_sigma: a small step
def slope_of_sigma(sigma):
    return 1 / (1 + np.exp(-sigma)) * (1 - 1 / (1 + np.exp(-sigma)))


# %% ex-prerequisites-chain: slope_of_tanh: a small step
def slope_of_tanh(h):
    return 1 - np.tanh(h) ** 2


# %% ex-prerequisites-chain: where it is a half
steepest, dL_dw = 1, 14

# %% ex-prerequisites-chain: not through u alone
steepest, dL_dw = 0.25, 8

# %% ex-prerequisites-chain: and not in u·w alone
steepest, dL_dw = 0.25, 6

# %% ex-prerequisites-chain: differentiate that
steepest, dL_dw = 0.25, 24

# %% ex-prerequisites-numpy: takes its axis away
last, third, mean = (5, 1, 2), (5, 1, 2), (5, 2)

# %% ex-prerequisites-numpy: A slice keeps its axis
last, third, mean = (5, 2), (5, 2), (5, 2)

# %% ex-prerequisites-numpy: A mean over an axis
last, third, mean = (5, 2), (5, 1, 2), (5, 1, 2)

# %% ex-prerequisites-numpy: 2 meets 2
plus_2, plus_7 = False, False

# %% ex-prerequisites-numpy: 7 meets 2
plus_2, plus_7 = True, True

# %% ex-prerequisites-numpy: a view of `x`
total = 0

# %% ex-prerequisites-numpy: How many numbers
total = 7

# %% ex-prerequisites-torch: second `backward()`
grad = 6

# %% ex-prerequisites-torch: w does not change here
grad = 18


# %% ex-prerequisites-torch: still holds the gradient
def before_each_backward(optimizer):
    optimizer.step()


# %% ex-prerequisites-keras: the last axis alone
shape, parameters = (5, 3), 6

# %% ex-prerequisites-keras: leaves the batch out
shape, parameters = (8, 1, 3), 6

# %% ex-prerequisites-keras: what a dense layer makes
shape, parameters = (5, 8, 1), 6

# %% ex-prerequisites-keras: the same at every step
shape, parameters = (5, 8, 3), 48

# %% ex-prerequisites-keras: a bias besides its weight
shape, parameters = (5, 8, 3), 3

# %% ex-prerequisites-keras: a weight and a bias
shape, parameters = (5, 8, 3), 4
