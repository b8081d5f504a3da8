"""The book's mathematics as SymPy objects: nothing here computes with numbers.

`equations` holds the table of every equation that a chapter displays; `recurrence`, `bptt`,
`shares`, `bptt_matrix`, `gates` and `targets` write the equations down; `notation` is the language
they are written in. `graph` unrolls the one-unit network. Whether the equations are true is decided
elsewhere, by `unrolled.verify`.
"""
