"""CSV, JSON and Moodle: read back, they hold the key; the student's sheet holds no answer."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import pytest
from unrolled.variants import FORMATS, QUESTIONS, draw_all, write

# As Moodle's importer takes a numerical field apart.
FIELD = re.compile(r"\{1:NUMERICAL:(.*?)(?<!\\)\}")
CHOICE = re.compile(
    r"(?:=|%(?P<share>-?\d+)%)(?P<answer>-?\d+\.\d+):(?P<tolerance>\d+\.\d+)(?:#(?P<why>.*))?"
)


@pytest.fixture(scope="module", params=QUESTIONS)
def variants(request):
    return draw_all(request.param, range(30))


def key(variant):
    return {a.asked.name: str(a.rounded) for a in variant.answers}


def test_csv_holds_the_key(variants):
    rows = list(csv.DictReader(io.StringIO(write(variants, "csv"))))
    assert [int(row["seed"]) for row in rows] == list(range(30))
    for row, variant in zip(rows, variants, strict=True):
        assert {name: row[name] for name in key(variant)} == key(variant)
        assert {n: row[n] for n in variant.givens} == {n: str(v) for n, v in variant.givens.items()}
        for answer in variant.answers:
            exact, tolerance = float(row[f"{answer.asked.name} exact"]), float(row["tolerance"])
            assert abs(exact - float(answer.rounded)) <= tolerance / 3
            assert len(row[f"{answer.asked.name} exact"].strip("-0.")) > 15


def test_json_holds_the_key_and_what_the_mistakes_lead_to(variants):
    whole = json.loads(write(variants, "json"))
    question = variants[0].question
    assert whole["question"] == question.name
    assert list(whole["asked"]) == [asked.name for asked in question.asked]
    for entry, variant in zip(whole["variants"], variants, strict=True):
        assert entry["givens"] == {n: float(v) for n, v in variant.givens.items()}
        assert {n: a["answer"] for n, a in entry["answers"].items()} == {
            n: float(v) for n, v in key(variant).items()
        }
        for answer in variant.answers:
            said = entry["answers"][answer.asked.name]
            assert list(said["mistakes"]) == list(answer.mistakes)
            for value in said["mistakes"].values():
                assert abs(value - said["answer"]) > said["tolerance"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_the_sheet_has_the_numbers_and_no_answer(form, variants):
    sheet, whole = (write(variants, form, sheet=only) for only in (True, False))
    for variant in variants:
        for answer in variant.answers:
            short = str(answer.rounded).rstrip("0")
            assert short in whole
            assert short not in sheet
            assert str(answer.value)[:6] not in sheet
    for word in ("exact", "tolerance", "mistakes", "answers"):
        assert word not in sheet
    assert all(name in sheet for name in variants[0].givens)


def fields(entry):
    return FIELD.findall(entry.findtext("questiontext/text"))


def test_moodle_gets_one_category_and_a_question_a_variant(variants):
    quiz = ElementTree.fromstring(write(variants, "moodle"))
    question = variants[0].question
    assert quiz.tag == "quiz"
    category, *entries = quiz
    assert category.get("type") == "category"
    assert category.findtext("category/text") == f"$course$/top/Unrolled/{question.title}"
    assert [entry.get("type") for entry in entries] == ["cloze"] * 30
    for tag in ("name/text", "idnumber"):
        assert len({entry.findtext(tag) for entry in entries}) == 30
    for entry in entries:
        assert entry.find("questiontext").get("format") == "html"
        assert float(entry.findtext("penalty")) < 1
        assert len(fields(entry)) == len(question.asked)


def test_each_field_of_moodle_holds_the_answer_its_tolerance_and_the_mistakes(variants):
    quiz = ElementTree.fromstring(write(variants, "moodle"))
    slips = {slip.name: slip.why for slip in variants[0].question.slips}
    for entry, variant in zip(quiz[1:], variants, strict=True):
        for text, answer in zip(fields(entry), variant.answers, strict=True):
            first, *rest = (CHOICE.fullmatch(choice) for choice in text.split("~"))
            assert (first["share"], first["answer"]) == (None, str(answer.rounded))
            assert float(first["tolerance"]) == float(answer.tolerance)
            assert [m["share"] for m in rest] == ["0"] * len(answer.mistakes)
            for m, (name, value) in zip(rest, answer.mistakes.items(), strict=True):
                assert abs(float(m["answer"]) - value) <= 0.5001e-4
                assert m["why"].replace(r"\}", "}") == f"{name}: {slips[name]}"
                gap = abs(float(m["answer"]) - float(first["answer"]))
                assert gap > float(m["tolerance"]) + float(first["tolerance"])


def test_the_page_for_moodle_is_html_with_formulas(variants):
    quiz = ElementTree.fromstring(write(variants, "moodle"))
    for entry, variant in zip(quiz[1:], variants, strict=True):
        page = entry.findtext("questiontext/text")
        text = FIELD.sub("", page)
        ElementTree.fromstring(f"<div>{text}</div>")  # well formed
        assert "$" not in text
        assert text.count(r"\(") == text.count(r"\)") > len(variant.givens)
        for given in variant.question.givens:
            assert rf"\({given.latex} = {variant.givens[given.name]}\)" in text


def test_signs_that_moodle_would_read_in_a_comment_do_not_occur():
    for question in QUESTIONS.values():
        for slip in question.slips:
            assert not set('~<>&"\\') & set(slip.name + slip.why)


def test_html_is_escaped():
    from unrolled.variants.formats import _html

    assert _html(r"a < b, $x < y$ & $$z$$") == r"a &lt; b, \(x &lt; y\) &amp; \[z\]"


def test_bad_input_is_one_sentence():
    variants = draw_all("forward", [0])
    assert list(FORMATS) == ["csv", "json", "moodle"]
    with pytest.raises(ValueError, match=r"^format: expected one of csv, json, moodle, got 'pdf'$"):
        write(variants, "pdf")
    with pytest.raises(ValueError, match=r"^sheet: expected csv or json, got moodle"):
        write(variants, "moodle", sheet=True)
