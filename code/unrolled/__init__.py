"""Recurrent networks, derived, trained and checked: the library behind the book *Unrolled*.

Importing the package loads nothing heavy. Each module names what it needs: `tasks`, `cells`,
`memory` and `gradcheck` want NumPy alone; `torch_models`, `keras_models` and `derivations` one
framework each.
"""

__version__ = "0.1.0"
