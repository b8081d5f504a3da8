"""The book's mathematics as SymPy objects: nothing here computes with numbers.

`equations` holds the table of every equation that a chapter displays; `recurrence`, `gates` and
`targets` write the equations down; `notation` is the language they are written in. Whether they
are true is decided elsewhere, by `unrolled.verify`.
"""
