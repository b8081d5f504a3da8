"""A question for every student: its own numbers, one key, and a sheet in several formats.

`draw` gives a `Variant` for a seed. The answers are the book's equations, evaluated at the numbers
that were drawn; these are such that a mistake shows at the digits asked.
"""

from unrolled.variants.drawing import Answer, Variant, draw, draw_all
from unrolled.variants.formats import FORMATS, write
from unrolled.variants.questions import QUESTIONS

__all__ = ["FORMATS", "QUESTIONS", "Answer", "Variant", "draw", "draw_all", "write"]
