"""Sheets and keys on paper: a page a student, every answer on the key and none on the sheet."""

import re
import shutil
import subprocess

import pytest
from bindery.variants_pdf import PAPERS, compile_pdf, main, typeset, words
from unrolled.variants import QUESTIONS, draw_all

NEEDED = ("xelatex", "pdftotext", "pdfinfo")
missing = [program for program in NEEDED if not shutil.which(program)]
with_tex = pytest.mark.skipif(bool(missing), reason=f"missing here: {', '.join(missing)}")


def pages(pdf):
    """The text of each page, minus signs and ligatures as typed."""
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True)
    return text.stdout.decode("utf-8").replace("−", "-").split("\f")[:-1]


@pytest.fixture(scope="module", params=QUESTIONS)
def printed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("variants")
    arguments = [request.param, "--seeds", "5", "--first", "20", "--out", str(folder)]
    assert main(arguments) == 0
    kinds = {kind: pages(folder / f"{request.param}-{kind}.pdf") for kind in ("sheet", "key")}
    return draw_all(request.param, range(20, 25)), kinds


@with_tex
def test_the_sheet_is_a_page_a_student_with_the_numbers_and_no_answer(printed):
    variants, kinds = printed
    assert len(kinds["sheet"]) == len(variants)
    for page, variant in zip(kinds["sheet"], variants, strict=True):
        assert f"Variant {variant.seed}\n" in page
        assert variant.question.title in page
        assert "Name:" in page
        found = re.findall(r"= (-?\d+(?:\.\d+)?)(?=[,\s])", page)
        assert [n for n in found if n != "0."][-len(variant.givens) :] == [
            str(number) for number in variant.givens.values()
        ]
        for answer in variant.answers:
            assert str(answer.rounded) not in page
            assert str(abs(answer.rounded))[:-1] not in page


@with_tex
def test_the_key_holds_every_answer_and_what_each_mistake_leads_to(printed):
    variants, kinds = printed
    text = "\n".join(kinds["key"])
    rows = [line.split() for line in text.splitlines()]
    for variant in variants:
        assert [str(variant.seed), *(str(a.rounded) for a in variant.answers)] in rows
        for slip in variant.question.slips:
            row = [
                f"{a.mistakes[slip.name]:.{a.decimals}f}" if slip.name in a.mistakes else "–"
                for a in variant.answers
            ]
            assert any(found[-len(row) :] == row for found in rows), slip.name


@with_tex
@pytest.mark.parametrize(("paper", "size"), [("a4", "A4"), ("letter", "letter")])
def test_paper(paper, size, tmp_path):
    target = tmp_path / "new" / "sheet.pdf"
    compile_pdf(typeset(draw_all("forward", [0]), paper, key=False), target)
    said = subprocess.run(["pdfinfo", target], capture_output=True, text=True, check=True).stdout
    assert f"({size})" in said
    assert re.search(r"Pages: +1\n", said)


@with_tex
@pytest.mark.parametrize("fault", [r"\oops", "漢", r"\hbox to 99cm{}"])
def test_what_latex_complains_about_is_told_and_leaves_no_file(fault, tmp_path):
    source = rf"\documentclass{{article}}\begin{{document}}a{fault}\end{{document}}"
    with pytest.raises(ValueError, match=r"^xelatex: sheet\.pdf: (! Undef|Missing ch|Overfull)"):
        compile_pdf(source, tmp_path / "sheet.pdf")
    assert not list(tmp_path.iterdir())


@with_tex
def test_latex_runs_again_where_it_asks_to(tmp_path):
    body = r"\label{here}page \pageref{here}"
    source = rf"\documentclass{{article}}\begin{{document}}{body}\end{{document}}"
    compile_pdf(source, tmp_path / "page.pdf")
    assert "page 1" in pages(tmp_path / "page.pdf")[0]


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_source_of_a_sheet_holds_no_answer_and_that_of_the_key_all(name):
    variants = draw_all(name, range(30))
    sheet, key = (typeset(variants, "a4", key=which) for which in (False, True))
    assert sheet.count(r"\newpage") == len(variants)
    for variant in variants:
        for answer in variant.answers:
            assert str(answer.rounded) in key
            assert str(answer.rounded).lstrip("-")[:-1] not in sheet
    for text in (sheet, key):
        assert not re.search(r"<<|>>|<%|%>|<#|#>", text)


def test_words():
    assert words("1 − f, c_t and W_{ii}: not t or b") == "1 − f, $c_t$ and $W_{ii}$: not t or b"


def test_bad_input_is_one_sentence_and_exit_code_2(tmp_path, capsys, monkeypatch):
    out = ["--out", str(tmp_path / "out")]
    monkeypatch.setenv("PATH", str(tmp_path))  # and no LaTeX
    for arguments, sentence in (
        (["bppt"], "question: expected one of bptt, forward, gates, got 'bppt'"),
        (["bptt", "--seeds", "0"], "--seeds: expected at least 1, got 0"),
        (
            ["forward", "--seeds", "1", "--paper", "a3"],
            f"paper: expected one of {', '.join(PAPERS)}",
        ),
        (["forward", "--seeds", "1"], "xelatex is missing: on Debian or Ubuntu, 'apt install"),
    ):
        assert main([*arguments, *out]) == 2
        said = capsys.readouterr()
        assert sentence in said.err
        assert (said.out, said.err.count("\n")) == ("", 1)
    assert not (tmp_path / "out").exists()
