"""The questions that there are, by their names on the command line."""

from unrolled.variants.bptt import BPTT
from unrolled.variants.forward import FORWARD
from unrolled.variants.gates import GATE_STEP

QUESTIONS = {question.name: question for question in (BPTT, FORWARD, GATE_STEP)}
