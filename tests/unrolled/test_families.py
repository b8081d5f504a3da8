"""Sweeps under one line: each claim once, together only what asks one question."""

from dataclasses import replace

import pytest
from unrolled import claims
from unrolled.claims.families import families
from unrolled.evidence import Claim

TWENTY = Claim(
    label="short-20",
    chapter="how-long",
    sentence="With Adam and T = 20, {count} networks end below 1/100.",
    measure="ensembles.count",
    arguments={"name": "memory-rnn", "seq_len": 20, "clip": 1.0},
    outcome="test_mse",
    test=("<", 0.01),
    threshold="below 1/100",
    n=40,
)
FORTY = replace(
    TWENTY,
    label="short-40",
    sentence="With Adam and T = 40, {count} networks end below 1/100.",
    arguments=TWENTY.arguments | {"seq_len": 40},
)


def test_a_sweep_is_one_line_with_its_values_apart():
    (found,) = families([TWENTY, FORTY])
    assert found.sentence == "With Adam and T = …, {count} networks end below 1/100."
    assert found.variants == ("20", "40")
    assert found.members == (TWENTY, FORTY)


def test_a_claim_that_stands_alone_keeps_its_sentence():
    (found,) = families([TWENTY])
    assert (found.sentence, found.variants) == (TWENTY.sentence, ("",))


@pytest.mark.parametrize(
    "change",
    [
        {"arguments": FORTY.arguments | {"clip": None}},
        {"outcome": "other"},
        {"test": ("<", 1 / 30)},
        {"chapter": "gate-algebra"},
        {"measure": "studies.other"},
        {"sentence": "Of forty steps nothing is left in {count} runs of another kind at all."},
    ],
)
def test_claims_that_ask_something_else_too_stay_apart(change):
    assert len(families([TWENTY, replace(FORTY, **change)])) == 2


def test_the_count_stays_in_the_line_when_it_lies_between_the_differences():
    sweep = [
        replace(
            TWENTY,
            sentence=f"In this sweep over {lengths} {{count}} with {cells} are right in the end.",
            arguments={"name": cells},
        )
        for lengths, cells in (("short strings", "LSTMs"), ("long ones", "GRUs"))
    ]
    (found,) = families(sweep)
    assert found.sentence == "In this sweep over … {count} are right in the end."
    assert found.variants == ("short strings with LSTMs", "long ones with GRUs")


def test_every_claim_of_the_book_is_in_one_family_and_all_words_are_kept():
    found = families(claims.CLAIMS)
    assert sorted(c.label for f in found for c in f.members) == sorted(
        c.label for c in claims.CLAIMS
    )
    assert len(found) < len(claims.CLAIMS) / 2
    for family in found:
        assert family.sentence.count("{count}") == 1
        for claim, variant in zip(family.members, family.variants, strict=True):
            told = family.sentence.replace("…", variant).replace(",", "").rstrip(".").split()
            assert sorted(told) == sorted(claim.sentence.replace(",", "").rstrip(".").split())


def test_the_lengths_of_the_assignment_s_settings_are_one_line():
    (family,) = (
        f
        for f in families(claims.of_chapter("how-long"))
        if claims.claim("memory-sheet-10-strict") in f.members
    )
    assert family.variants == ("3", "5", "7", "10", "15", "20", "30")
