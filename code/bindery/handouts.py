"""Writes the book and its handouts as PDFs, for students and for instructors.

Jupyter Book writes the LaTeX of each edition once (the builder `paper`), then xelatex sets the
sheets, as many side by side as there are cores. What has not changed since its last PDF is not set
again. A PDF is put in its place only when it is whole.

Below `_build/handouts/PAPER/EDITION/` then lie NAME.pdf: a chapter's or an assignment's file name,
or `unrolled` for the whole book.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from sphinx_external_toc.parsing import parse_toc_yaml
from unrolled import assignments

from bindery import coursework, exercises, paper
from bindery.build import commit, cores, output_folder
from bindery.editions import VARIABLE as EDITION
from bindery.execute import main as execute
from bindery.exercises import Exercise
from bindery.sheets import BOOK, sheets

EDITIONS = ("student", "instructor")
PACKAGES = (
    "texlive-xetex texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended "
    "fonts-texgyre fonts-texgyre-math fonts-dejavu-core"
)
OVERFULL = 5.0  # points by which a line may stick out, or a page run over
XELATEX = ("xelatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")
SECRET = ("Solution to Exercise", "Marking guide for")


class HandoutError(Exception):
    """What keeps the handouts from being made, in one sentence."""


@dataclass(frozen=True)
class Job:
    """One PDF to be set.

    Args:
        tex: its LaTeX.
        pdf: where it goes.
        passes: how often xelatex runs: twice where there is a table of contents.
    """

    tex: Path
    pdf: Path
    passes: int = 1

    def digest(self) -> str:
        """Digest all that the PDF depends on; the names of figures are digests themselves."""
        text = hashlib.sha256()
        for path in (self.tex, *sorted(self.tex.parent.glob("*.sty"))):
            text.update(path.read_bytes())
        return text.hexdigest()


def printed(root: Path) -> dict[str, list[Exercise]]:
    """Return what is printed: name → the exercises that stand on it; the book first."""
    known = {e.label: e for e in exercises.read(root)[0]}
    every = sheets(parse_toc_yaml(root / "_toc.yml"), known)
    asked = {s.name: [known[label] for label in s.tasks if label in known] for s in every}
    return asked | {BOOK: list(known.values())}


def chosen(only: str, known: Sequence[str]) -> list[str]:
    """Return the names that are asked for, all if none are.

    Raises:
        ValueError: there is no sheet of such a name.
    """
    wanted = re.split(r"[,\s]+", only.strip()) if only.strip() else list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"ONLY: expected some of {' '.join(known)}, got {' '.join(unknown)}")
    return wanted


def require_latex() -> None:
    """See that xelatex is there.

    Raises:
        HandoutError: it is not.
    """
    if shutil.which("xelatex") is None:
        raise HandoutError(
            "LaTeX is missing: on Debian or Ubuntu, "
            f"'apt install --no-install-recommends {PACKAGES}'."
        )


def write_latex(root: Path, edition: str, only: Sequence[str], output: Path) -> Path:
    """Let Sphinx write the LaTeX of one edition; return the folder in which it lies.

    Raises:
        HandoutError: Sphinx failed.
    """
    work = output / "work" / edition
    log = work / "sphinx.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(root), "-nq"]
    command += ["--builder", "custom", "--custom-builder", "paper", "--path-output", str(work)]
    settings = {EDITION: edition, paper.ONLY: " ".join(only), "NO_COLOR": "1"}
    with log.open("w", encoding="utf-8") as told:
        run = subprocess.run(
            command, env={**os.environ, **settings}, cwd=root, stdout=told, stderr=told
        )
    if run.returncode:
        text = log.read_text(encoding="utf-8")
        raise HandoutError(f"{edition}: no LaTeX written, see {log}: {first_error(text)}")
    return work / "_build" / "paper"


def warnings(folder: Path) -> list[str]:
    """Return Sphinx's warnings: a drawing that cannot be printed, a reference without end."""
    log = (folder.parents[1] / "sphinx.log").read_text(encoding="utf-8")
    return re.findall(r"^.*\b(?:WARNING|ERROR): .*$", log, re.MULTILINE)


def first_error(log: str) -> str:
    """Return the first line of a log that tells of an error, or its last line."""
    rows = [row.strip() for row in log.splitlines() if row.strip()]
    found = (row for row in rows if row.startswith("!") or re.search(r"\w*(Error|ERROR)\b", row))
    return next(found, rows[-1] if rows else "it says nothing")


def typeset(job: Job, root: Path) -> str:
    """Set one PDF, unless it is there already; return its log.

    Raises:
        HandoutError: LaTeX failed.
    """
    log, mark = job.tex.with_suffix(".log"), job.tex.with_suffix(".done")
    digest = f"{job.digest()} {job.pdf}"
    if not (job.pdf.is_file() and mark.is_file() and mark.read_text() == digest):
        mark.unlink(missing_ok=True)
        job.pdf.unlink(missing_ok=True)
        for number in range(1, job.passes + 1):
            draft = ["-no-pdf"] if number < job.passes else []
            settings = {"SOURCE_DATE_EPOCH": commit(root)[1], "max_print_line": "1000"}
            run = subprocess.run(
                [*XELATEX, *draft, job.tex.name],
                cwd=job.tex.parent,
                env={**os.environ, **settings},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if run.returncode:
                text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
                raise HandoutError(f"{job.tex.stem}: LaTeX failed, see {log}: {first_error(text)}")
        job.pdf.parent.mkdir(parents=True, exist_ok=True)
        beside = job.pdf.with_suffix(".part")
        shutil.copyfile(job.tex.with_suffix(".pdf"), beside)
        beside.replace(job.pdf)
        mark.write_text(digest)
    return log.read_text(encoding="utf-8", errors="replace")


def faults_of_log(log: str) -> Iterator[str]:
    """Yield what is wrong on the pages: what sticks out or runs over, signs that no font has.

    >>> list(faults_of_log("Overfull \\\\hbox (12.5pt too wide) in paragraph at lines 3--4"))
    ['a line sticks out by 12.5 pt (in paragraph at lines 3--4)']
    """
    overfull = r"^Overfull \\([hv])box \((\d+\.\d+)pt too (?:wide|high)\) (.*)"
    for box, size, place in dict.fromkeys(re.findall(overfull, log, re.MULTILINE)):
        if float(size) > OVERFULL:
            what = "a line sticks out" if box == "h" else "a page runs over"
            yield f"{what} by {float(size):.1f} pt ({place.strip()})"
    for sign in dict.fromkeys(re.findall(r"^Missing character: There is no (\S+)", log, re.M)):
        yield f"no font has the sign {sign}"
    for name in dict.fromkeys(re.findall(r"LaTeX Warning: (?:Hyper r|R)eference `(.*?)'", log)):
        yield f"a reference leads nowhere: {name}"


def text_of(pdf: Path) -> str:
    """Return a PDF's text, its lines as they are.

    Raises:
        HandoutError: pdftotext is not installed, or cannot read the file.
    """
    if shutil.which("pdftotext") is None:
        raise HandoutError(
            "pdftotext is missing: on Debian or Ubuntu, 'apt install poppler-utils'."
        )
    run = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True)
    if run.returncode:
        raise HandoutError(f"{pdf}: not a PDF that can be read: {run.stderr.strip()}")
    return run.stdout


def squeezed(text: str) -> str:
    """Leave out what setting changes: blanks, and the arrows and dashes of broken lines."""
    return re.sub(r"[\s↪→\-\u00ad‐]", "", text)


def faults_of_text(
    text: str, edition: str, asked: Sequence[Exercise], root: Path, alone: bool
) -> Iterator[str]:
    """Yield what a handout lacks or must not show.

    Args:
        text: of the PDF.
        edition: `student` or `instructor`.
        asked: the exercises that stand on it.
        root: the folder of the book.
        alone: whether the exercises stand there without their chapter, which may well show a line
            of an answer, where it shows the library's source.
    """
    student = edition == "student"
    plain, letters = squeezed(text), re.sub(r"\W", "", text)
    for word in SECRET[: 2 if any(e.guided for e in asked) else 1] if asked else ():
        if student == (squeezed(word) in plain):
            yield f"expected {'no' if student else 'a'} “{word}”"
    for exercise in asked:
        title = re.sub(r"\W", "", re.split(r"[`*$\\{]", exercise.title)[0])
        if title not in letters:
            yield f"{exercise.label}: expected its title, got none"
        answer = secret_rows(exercise, root)
        seen = [row for row in answer if squeezed(row) in plain]
        if student and alone and seen:
            yield f"{exercise.label}: its answer is shown: {seen[0]}"
        if not student and len(seen) < len(answer):
            row = next(row for row in answer if row not in seen)
            yield f"{exercise.label}: expected its whole answer, got no {row}"


def secret_rows(exercise: Exercise, root: Path) -> list[str]:
    """Return the lines of an exercise's answer that stand nowhere else on its page."""
    page = (root / exercise.path).read_text(encoding="utf-8")
    rows: list[str] = []
    for cell in exercise.cells:
        if cell.kind == exercises.ANSWER:
            shown = exercises.stub(cell.source)
            whole = exercises.complete(cell.source).splitlines()
            rows += [row.strip() for row in whole if row not in shown and len(row.strip()) > 20]
    return [row for row in rows if page.count(row) <= 1]


def make(
    root: Path, editions: Sequence[str], only: Sequence[str], output: Path, strict: bool
) -> list[str]:
    """Make the PDFs, editions and sheets side by side; return what is wrong.

    Args:
        root: the folder of `_toc.yml`.
        editions: those to print.
        only: the names of the sheets.
        output: the folder of this paper's PDFs.
        strict: whether to look at the text of each PDF, too.
    """
    asked = printed(root)
    faults: list[str] = []
    with ThreadPoolExecutor(cores()) as pool:
        written = {pool.submit(write_latex, root, e, only, output): e for e in editions}
        jobs: dict[Future[str], tuple[str, Job]] = {}
        for one in as_completed(written):
            edition = written[one]
            try:
                folder = one.result()
                faults += [f"{edition}: {said}" for said in warnings(folder)]
            except HandoutError as error:
                faults.append(str(error))
                continue
            for name in only:
                pdf = output / edition / f"{name}.pdf"
                job = Job(folder / f"{name}.tex", pdf, 2 if name == BOOK else 1)
                jobs[pool.submit(typeset, job, root)] = (edition, job)
        for done in as_completed(jobs):
            edition, job = jobs[done]
            try:
                wrong = list(faults_of_log(done.result()))
                if strict:
                    name, text = job.pdf.stem, text_of(job.pdf)
                    alone = name in {a.key for a in coursework.ASSIGNMENTS}
                    wrong += faults_of_text(text, edition, asked[name], root, alone)
            except HandoutError as error:
                faults.append(str(error))
                continue
            print(job.pdf, flush=True)
            faults += [f"{edition} {job.pdf.stem}: {fault}" for fault in wrong]
    return faults


def main(argv: list[str] | None = None) -> int:
    """Make the handouts; the exit status is 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="bindery.handouts", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of _toc.yml")
    parser.add_argument("--only", default="", help="names of sheets, such as 'parity a2'")
    parser.add_argument("--edition", choices=EDITIONS, action="append", help="default: both")
    parser.add_argument("--strict", action="store_true", help="look at the text of each PDF, too")
    parser.add_argument("--execute", action="store_true", help="first run changed chapters")
    arguments = parser.parse_args(argv)
    root = arguments.root.resolve()
    try:
        size = paper.paper()
        only = chosen(arguments.only, list(printed(root)))
        require_latex()
        output = output_folder(root, assignments.profile().name) / "handouts" / size
        if arguments.execute and (failed := execute(["--root", str(root)])):
            return failed
        faults = make(root, arguments.edition or EDITIONS, only, output, arguments.strict)
    except (HandoutError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(faults), end="\n" * bool(faults), file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
