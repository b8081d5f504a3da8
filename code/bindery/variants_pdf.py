"""Sheets and keys of variants as PDF: a page a student, and one key for who marks.

    python -m bindery.variants_pdf bptt --seeds 30 --paper a4

writes `_build/variants/bptt-sheet.pdf` and `bptt-key.pdf`; `make variants` calls it.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from unrolled.variants import QUESTIONS, Answer, Variant, draw_all
from unrolled.variants.model import Slip

TEX = "xelatex"
PACKAGES = "texlive-xetex texlive-latex-recommended texlive-latex-extra lmodern"
PAPERS = ("a4", "letter")
RUNS = 4  # a long table finds its columns' widths run by run
FAULTS = re.compile(r"^(?:! |Missing character|Overfull).*", re.MULTILINE)
#: h_{t-1} and c_t in a sentence, which LaTeX wants between dollars.
LETTERS = re.compile(r"\b[A-Za-z]_(?:\{[^}]*\}|\w)")


def typeset(variants: Sequence[Variant], paper: str, *, key: bool) -> str:
    """Write variants of one question as LaTeX.

    Args:
        variants: at least one.
        paper: "a4" or "letter".
        key: write the key, not the sheets.

    Raises:
        ValueError: there is no such paper.
    """
    if paper not in PAPERS:
        raise ValueError(f"paper: expected one of {', '.join(PAPERS)}, got {paper!r}")
    here = Environment(
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        undefined=StrictUndefined,
        autoescape=False,  # this is LaTeX, and every word of it is ours
        loader=FileSystemLoader(Path(__file__).parent),
    )
    here.filters.update(words=words, wrong=wrong)
    question = variants[0].question
    return here.get_template("variants.tex").render(
        question=question,
        variants=variants,
        paper=paper,
        key=key,
        formulas=list(dict.fromkeys(line.latex for line in question.lines)),
        tolerance=variants[0].answers[0].tolerance,
    )


def words(sentence: str) -> str:
    """Make LaTeX of a few words.

    >>> words("h_{t-1} for the old memory")
    '$h_{t-1}$ for the old memory'
    """
    return LETTERS.sub(r"$\g<0>$", sentence)


def wrong(answer: Answer, slip: Slip) -> str:
    """Write what a mistake makes of an answer, or a dash."""
    value = answer.mistakes.get(slip.name)
    return "--" if value is None else f"${value:.{answer.decimals}f}$"


def compile_pdf(source: str, target: Path) -> None:
    """Run LaTeX and keep nothing but the PDF.

    Args:
        source: a whole document.
        target: the file to write; its folder is made.

    Raises:
        ValueError: LaTeX is not installed, or it complains.
    """
    if not shutil.which(TEX):
        raise ValueError(
            f"{TEX} is missing: on Debian or Ubuntu, "
            f"'apt install --no-install-recommends {PACKAGES}'."
        )
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "page.tex").write_text(source, encoding="utf-8")
        for _ in range(RUNS):
            done = subprocess.run(
                [TEX, "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
                cwd=scratch,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
            if "Rerun" not in done.stdout:
                break
        log = (Path(scratch) / "page.log").read_text(encoding="utf-8", errors="replace")
        faults = FAULTS.findall(log)  # a character that the font lacks is named there alone
        if done.returncode or faults:
            raise ValueError(f"{TEX}: {target.name}: {'; '.join(faults) or log[-300:]}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(scratch) / "page.pdf", target)


def main(argv: Sequence[str] | None = None) -> int:
    """Write sheets and keys; the exit status is 2 after a mistake, told in one sentence."""
    parser = argparse.ArgumentParser(prog="python -m bindery.variants_pdf", description=__doc__)
    parser.add_argument("questions", nargs="+", metavar="QUESTION", help=", ".join(QUESTIONS))
    parser.add_argument("--seeds", type=int, default=30, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="S", help="seeds S … S + N − 1")
    parser.add_argument("--paper", default="a4", help=" or ".join(PAPERS))
    parser.add_argument("--out", type=Path, default=Path("_build/variants"), metavar="DIR")
    chosen = parser.parse_args(argv)
    try:
        if chosen.seeds < 1:
            raise ValueError(f"--seeds: expected at least 1, got {chosen.seeds}")
        for name in chosen.questions:
            variants = draw_all(name, range(chosen.first, chosen.first + chosen.seeds))
            for kind in ("sheet", "key"):
                target = chosen.out / f"{name}-{kind}.pdf"
                compile_pdf(typeset(variants, chosen.paper, key=kind == "key"), target)
                print(target)
    except (ValueError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
