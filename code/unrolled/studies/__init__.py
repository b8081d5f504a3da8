"""What the chapters look into, one module a question.

modes          Backpropagation through time: two ways to a gradient, their costs, a cut sum
mutants        An RNN in NumPy: broken backward passes, and which check sees them
gradients      How long can it remember?: Jacobian products and what reaches the first step
automata       Parity: networks by hand and by guessing, and the automaton a network learned
carrying       Gate algebra: Jacobians of the gated cells, and what their biases start as
lstm_check     Build your own LSTM: wrong cells, and a check that names them
second_bias    Build your own LSTM: one bias or two
truncation     The adding problem: windows, carried states, cut gradients
misreadings    Reading MNIST row by row: the batch read as time
analysis       When does it decide?: readings row by row, gates, clamps
comparisons    The claims: one number a seed, and pairs that share a seed

The rest of the library does not need them.
"""
