"""The book's mathematics as SymPy objects: nothing here computes with numbers.

`equations` holds the table of every equation that a chapter displays; `notation` is the language
they are written in; the other modules write them down, a subject each. Whether they
are true is decided elsewhere, by `unrolled.verify`.
"""
