"""The book's mathematics as SymPy objects: nothing here computes with numbers.

`equations` holds the table of every equation that a chapter displays; `notation` is the language
they are written in; `graph` unrolls the network of one unit; the other modules write the equations
down, a subject each. Whether they are true is decided elsewhere, by `unrolled.verify`.
"""
