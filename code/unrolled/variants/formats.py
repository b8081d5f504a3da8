"""Write variants down: a table, JSON, or a question bank for Moodle.

Moodle gets one embedded-answer question ("cloze") a variant, with a numerical field for each asked
number: so a student who is given one variant at random gets all of it. Each field holds the answer
and its tolerance, and each mistake's answer with no points and a sentence that says what happened.

Source: docs.moodle.org, "Moodle XML format" and "Embedded Answers (Cloze) question type".
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from unrolled.variants.drawing import Answer, Variant

MATHS = re.compile(r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>.+?)\$")
CLOZE_SIGNS = re.compile("[}#]")  # end a comment; Moodle takes the backslash from these two away
SHOWN_DIGITS = 20


def write(variants: Sequence[Variant], form: str, *, sheet: bool = False) -> str:
    """Write variants of one question down.

    Args:
        variants: at least one.
        form: "csv", "json" or "moodle".
        sheet: leave out the answers, and everything that gives them away.

    Raises:
        ValueError: if there is no such format, or Moodle is to be given no answers.
    """
    if form not in FORMATS:
        raise ValueError(f"format: expected one of {', '.join(FORMATS)}, got {form!r}")
    if form == "moodle" and sheet:
        raise ValueError("sheet: expected csv or json, got moodle, which marks by the answers")
    return FORMATS[form](variants, sheet)


def as_csv(variants: Sequence[Variant], sheet: bool) -> str:
    """Write a row for each variant: its numbers, then each answer, rounded and with more digits."""
    rows = [_row(variant, sheet) for variant in variants]
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _row(variant: Variant, sheet: bool) -> dict[str, Any]:
    question = variant.question
    row: dict[str, Any] = {"question": question.name, "seed": variant.seed, **variant.givens}
    row["decimals"] = question.decimals
    if not sheet:
        row["tolerance"] = _plain(variant.answers[0].tolerance)
        for answer in variant.answers:
            row[answer.asked.name] = _plain(answer.rounded)
            row[f"{answer.asked.name} exact"] = _more(answer)
    return row


def as_json(variants: Sequence[Variant], sheet: bool) -> str:
    """Write one object: the question, and a list of its variants."""
    question = variants[0].question
    whole = {
        "question": question.name,
        "title": question.title,
        "text": question.text,
        "asked": {asked.name: asked.latex for asked in question.asked},
        "decimals": question.decimals,
        "variants": [_entry(variant, sheet) for variant in variants],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _entry(variant: Variant, sheet: bool) -> dict[str, Any]:
    givens = {name: float(number) for name, number in variant.givens.items()}
    entry: dict[str, Any] = {"seed": variant.seed, "givens": givens}
    if not sheet:
        entry["answers"] = {
            answer.asked.name: {
                "answer": float(answer.rounded),
                "tolerance": float(answer.tolerance),
                "exact": _more(answer),
                "mistakes": {
                    name: round(value, answer.decimals) for name, value in answer.mistakes.items()
                },
            }
            for answer in variant.answers
        }
    return entry


def as_moodle(variants: Sequence[Variant], _: bool) -> str:
    """Write a question bank: one category, and a question for each variant."""
    question = variants[0].question
    quiz = ElementTree.Element("quiz")
    category = ElementTree.SubElement(quiz, "question", type="category")
    _text(category, "category", f"$course$/top/Unrolled/{question.title}")
    for variant in variants:
        entry = ElementTree.SubElement(quiz, "question", type="cloze")
        _text(entry, "name", f"{question.title}, variant {variant.seed}")
        _text(entry, "questiontext", _page(variant), format="html")
        _text(entry, "generalfeedback", "", format="html")
        ElementTree.SubElement(entry, "penalty").text = "0.3333333"
        ElementTree.SubElement(entry, "hidden").text = "0"
        ElementTree.SubElement(entry, "idnumber").text = f"{question.name}-{variant.seed}"
    ElementTree.indent(quiz, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(quiz, "unicode") + "\n"


def _text(parent: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
    child = ElementTree.SubElement(parent, tag, attributes)
    ElementTree.SubElement(child, "text").text = text


def _page(variant: Variant) -> str:
    """Write a variant as HTML, with a field for each asked number."""
    question = variant.question
    rows = (
        ", ".join(f"${given.latex} = {variant.givens[given.name]}$" for given in row)
        for row in question.rows
    )
    lines = [_html(line) for line in (*question.text, *rows, question.digits)]
    fields = [f"{_html(f'${a.asked.latex} =$')} {_field(variant, a)}" for a in variant.answers]
    return "\n".join(f"<p>{line}</p>" for line in (*lines, *fields))


def _html(line: str) -> str:
    """Turn a line with formulas between dollars into HTML for MathJax.

    >>> _html("if $a < b$")
    'if \\\\(a &lt; b\\\\)'
    """

    def maths(found: re.Match[str]) -> str:
        if found["inline"]:
            return rf"\({found['inline']}\)"
        return rf"\[{found['display']}\]"

    return html.escape(MATHS.sub(maths, line), quote=False)


def _field(variant: Variant, answer: Answer) -> str:
    """Write the field of one answer in Moodle's notation: the right one first, then the mistakes.

    {1:NUMERICAL:=RIGHT:TOLERANCE~%0%WRONG:TOLERANCE#what happened~…}
    """
    slips = {slip.name: slip for slip in variant.question.slips}
    choices = [f"={_plain(answer.rounded)}:{_plain(answer.tolerance)}"]
    for name, value in answer.mistakes.items():
        wrong = Decimal(value).quantize(answer.unit)
        comment = CLOZE_SIGNS.sub(r"\\\g<0>", f"{name}: {slips[name].why}")
        choices.append(f"%0%{_plain(wrong)}:{_plain(answer.tolerance)}#{comment}")
    return f"{{1:NUMERICAL:{'~'.join(choices)}}}"


def _more(answer: Answer) -> str:
    """Write an answer with many digits."""
    return f"{answer.value:.{SHOWN_DIGITS}g}"


def _plain(number: Decimal) -> str:
    """Write a decimal without an exponent."""
    return f"{number:f}"


FORMATS = {"csv": as_csv, "json": as_json, "moodle": as_moodle}
