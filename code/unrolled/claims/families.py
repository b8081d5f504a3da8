"""Claims that ask one question at several values of one setting, put under one line.

A sweep over ten lengths is ten claims and one thought. Where a table or a figure shows all claims,
each sweep is a *family*: the words its sentences share, and a count for each value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

from unrolled.evidence import Claim

# What is swept, tried in this order. "" stands for the outcome: one measurement, several questions.
SWEPT = (
    "seq_len",
    "hidden_size",
    "batch_size",
    "learning_rate",
    "cut",
    "name",
    "start",
    "first",
    "",
)
ALIKE = 0.5  # the share of a sentence's words that a family must have in common
GAP = "…"


@dataclass(frozen=True)
class Family:
    """One line of a table of claims.

    Attributes:
        sentence: what all members say, with … where they differ; `{count}` stays where it was.
        members: the claims, in the table's order.
        variants: for each member the words that … stands for; "" for a claim that stands alone.
    """

    sentence: str
    members: tuple[Claim, ...]
    variants: tuple[str, ...]


def families(chosen: Iterable[Claim]) -> list[Family]:
    """Put claims that differ in the value of one setting, and say it in like words, together.

    Args:
        chosen: the claims; each is in just one of the families.

    Returns:
        The families, in the order of their first members.
    """
    left, found = list(chosen), []
    while left:
        members = _family_of(left[0], left)
        found.append(_under_one_line(members))
        left = [c for c in left if c not in members]
    return found


def _family_of(first: Claim, others: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the first setting's sweep that a claim is part of, else the claim alone."""
    others = tuple(others)
    for swept in SWEPT:
        alike = tuple(
            c
            for c in others
            if _question(c, swept) == _question(first, swept) and _shared([first, c]) >= ALIKE
        )
        if len(alike) > 1 and _shared(alike) >= ALIKE:
            return alike
    return (first,)


def _question(claim: Claim, swept: str) -> str:
    """Return what a claim asks, but for the value of one setting; all must have that setting."""
    arguments = {key: value for key, value in claim.arguments.items() if key != swept}
    outcome = [] if not swept else [claim.outcome, claim.test]
    question = [claim.chapter, claim.measure, arguments, swept in claim.arguments, outcome]
    return json.dumps(question, sort_keys=True)


def _ends(sentences: list[list[str]]) -> tuple[int, int]:
    """Return how many words sentences share at the beginning, and at the end of what is left."""

    def same(words: tuple[str, ...]) -> bool:
        return len(set(words)) == 1

    head = len(list(takewhile(same, zip(*sentences, strict=False))))
    backwards = [sentence[head:][::-1] for sentence in sentences]
    return head, len(list(takewhile(same, zip(*backwards, strict=False))))


def _shared(claims: Iterable[Claim]) -> float:
    """Return the share of the longest sentence that all of them have in common."""
    sentences = [c.sentence.split() for c in claims]
    return sum(_ends(sentences)) / max(map(len, sentences))


def _under_one_line(members: tuple[Claim, ...]) -> Family:
    """Write what the members say once, and what they do not share apart."""
    sentences = [c.sentence.split() for c in members]
    if len(members) == 1:
        return Family(members[0].sentence, members, ("",))
    head, tail = _ends(sentences)
    middles = [words[head : len(words) - tail] for words in sentences]
    # The count belongs to the line, not to what differs; so does a comma that all have.
    kept = ["{count}"] if all("{count}" in middle for middle in middles) else []
    variants = [" ".join(w for w in middle if w != "{count}") for middle in middles]
    gap = GAP + "," * all(variant.endswith(",") for variant in variants)
    line = " ".join([*sentences[0][:head], gap, *kept, *sentences[0][len(sentences[0]) - tail :]])
    return Family(line, members, tuple(variant.rstrip(",.") for variant in variants))
