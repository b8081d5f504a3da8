"""The command line: `unrolled COMMAND`, one of those that `parser` lists.

It reads arguments, calls the library and prints; nothing is decided here. Results go to stdout,
words about them to stderr. A mistake is one sentence and exit code 2; Ctrl-C exits with 130 and
keeps what was reached.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unrolled import __version__, assignments

SWEEP = "train models with several seeds and settings, count the successes; go on where it stopped"

VARIANTS = (
    "one exercise for every student: drawn numbers and the key; `make variants` prints sheets"
)

DOCTOR = (
    "versions, devices, data, profile and stored runs, and the command that mends what is missing; "
    "the exit status is 1 if something is"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Set before any framework loads: their start-up messages are no part of the answer.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    chosen = parser().parse_args(arguments)
    try:
        return chosen.command(chosen)
    except KeyboardInterrupt:
        return say("stopped by Ctrl-C", 130)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        return say(" ".join(str(error).split()), 2)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    top = argparse.ArgumentParser(
        prog="unrolled", description="Recurrent networks, trained by name."
    )
    top.add_argument("--version", action="version", version=f"unrolled {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], text: str, json: bool = True):
        sub = commands.add_parser(name, help=text, description=text)
        if json:
            sub.add_argument("--json", action="store_true", help="print JSON")
        sub.set_defaults(command=command)
        return sub

    add("list", list_models, "every assignment model, with its task and framework")
    train = add("train", train_model, "train a model, or show the stored run")
    sweep = add("sweep", sweep_models, SWEEP)
    train.add_argument("name", metavar="NAME", help="a name that `unrolled list` prints")
    sweep.add_argument("name", nargs="+", metavar="NAME", help="names that `unrolled list` prints")
    for sub in (train, sweep):
        sub.add_argument(
            "--profile", help="smoke, cpu or gpu (default: UNROLLED_PROFILE, else cpu)"
        )
        sub.add_argument("--settings", default="recipe", help="recipe (default) or assignment")
        sub.add_argument(
            "--device", help="cpu, cuda or cuda:N (default: cuda in the profile gpu, else cpu)"
        )
    train.add_argument("--seed", type=int, default=0)
    train.add_argument(
        "--out", type=Path, metavar="DIR", help="also write record and weights there"
    )
    train.add_argument("--again", action="store_true", help="train even if a run is stored")
    sweep.add_argument("--seeds", type=int, required=True, metavar="N", help="seeds 0 … N − 1")
    sweep.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=V1,V2",
        help="values of a setting, such as hidden_size=4,8; several --set make a grid",
    )
    sweep.add_argument("--jobs", type=int, default=1, metavar="J", help="processes side by side")
    sweep.add_argument(
        "--dask", metavar="ADDRESS", help="run on the workers of this Dask scheduler instead"
    )
    sweep.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="results, a JSON line for each finished run; what it holds is not run again "
        "(default: a file of this grid in the folder of the runs, named at the end)",
    )
    add("claims", list_claims, "every claim of the book that has been counted, from the manifest")
    evidence = add("evidence", measure_claims, "measure the book's claims, or go on doing so")
    evidence.add_argument("--only", nargs="+", metavar="LABEL", help="these claims, not all")
    evidence.add_argument(
        "--again", action="store_true", help="a build's part: the first seeds, and compare"
    )
    evidence.add_argument(
        "--write", action="store_true", help="then put what was measured into the manifest"
    )
    evidence.add_argument("--jobs", type=int, metavar="J", help="processes (default: one a core)")
    evidence.add_argument(
        "--out", type=Path, metavar="FILE", help="also write what --again found there"
    )
    add("equations", equations, "every verified equation: label, checks run, largest error")
    variants = add("variants", draw_variants, VARIANTS, json=False)
    variants.add_argument("question", metavar="QUESTION", help="bptt, forward or gates")
    variants.add_argument(
        "--seeds", type=int, required=True, metavar="N", help="how many variants, a seed each"
    )
    variants.add_argument(
        "--first", type=int, default=0, metavar="S", help="seeds S … S + N − 1 (default: 0)"
    )
    variants.add_argument("--format", default="csv", help="csv (default), json or moodle")
    variants.add_argument("--sheet", action="store_true", help="without the answers")
    variants.add_argument("--out", type=Path, metavar="FILE", help="write there, not to stdout")
    data_parser = add("data", data, "which MNIST was found, where, and whether it is verified")
    data_parser.add_argument(
        "--download", action="store_true", help="first fetch what is missing or damaged"
    )
    add("doctor", doctor, DOCTOR)
    return top


def say(sentence: str, code: int) -> int:
    """Print a sentence on stderr and return the exit code."""
    print(f"unrolled: {sentence}", file=sys.stderr)
    return code


def show(value: Any, as_json: bool, lines: Sequence[str]) -> int:
    """Print a result as JSON or as lines."""
    print(json.dumps(value, indent=1) if as_json else "\n".join(lines))
    return 0


def list_models(chosen: argparse.Namespace) -> int:
    """Print the table of models."""
    rows = [
        {"name": name, "assignment": m.assignment, "task": m.task, "framework": m.framework}
        for name, m in assignments.MODELS.items()
    ]
    return show(
        rows,
        chosen.json,
        [f"{r['name']:20} {r['assignment']:6} {r['task']:8} {r['framework']}" for r in rows],
    )


def train_model(chosen: argparse.Namespace) -> int:
    """Train a model by name, or print the stored run."""
    from unrolled import runs, store

    if chosen.out:
        store.make_room(chosen.out)  # before the training, not after it
    kept = runs.run(
        chosen.name,
        settings=chosen.settings,
        seed=chosen.seed,
        profile=chosen.profile,
        device=chosen.device,
        again=chosen.again,
        callback=progress() if sys.stderr.isatty() else None,
    )
    record = kept.record()
    if chosen.out:
        store.write(chosen.out, record, {**kept.history, **kept.weights})
    if kept.interrupted:
        where = chosen.out or kept.folder
        say(f"Ctrl-C after {kept.steps} steps; what was reached is kept in {where}", 130)
    show(
        summary(record),
        chosen.json,
        [
            f"{kept.name}, seed {kept.seed}, {kept.settings_name}, profile {kept.profile}: "
            f"{kept.steps} steps in {kept.seconds:.1f} s on {kept.device} ({kept.date})",
            *(f"  {name:18} {value}" for name, value in kept.metrics.items()),
        ],
    )
    return 130 if kept.interrupted else 0


def summary(record: dict[str, Any]) -> dict[str, Any]:
    """Return what `train --json` promises to print, first, and then the rest of the record."""
    first = ("name", "profile", "seed", "device", "seconds", "steps", "metrics", "versions")
    return {key: record[key] for key in first} | record


def progress() -> Callable[[int, dict[str, float]], None]:
    """Return a callback that rewrites one line of stderr."""

    def line(step: int, row: dict[str, float]) -> None:
        numbers = "  ".join(f"{k} {v:.4g}" for k, v in row.items() if k not in ("step", "epoch"))
        print(f"\r\033[Kstep {step}  {numbers}", end="", file=sys.stderr, flush=True)

    return line


def sweep_models(chosen: argparse.Namespace) -> int:
    """Train a grid of models, settings and seeds 0 … N − 1; go on where the file of it ends."""
    from tqdm import tqdm

    from unrolled import sweep

    if chosen.jobs < 1:
        raise ValueError(f"--jobs: expected at least 1, got {chosen.jobs}")
    cells = sweep.grid(
        chosen.name,
        sweep.parse(chosen.set),
        chosen.seeds,
        settings=chosen.settings,
        profile=chosen.profile,
        device=chosen.device,
    )
    results = sweep.Results(chosen.out or sweep.place(cells))
    found = results.read()
    for sentence in sweep.remarks(cells, results, found):
        say(sentence, 0)
    done = {cell.key: found.lines[cell.key] for cell in cells if cell.key in found.lines}
    todo = [cell for cell in cells if cell.key not in done]
    making = sweep.sweep(todo, results, jobs=chosen.jobs, dask=chosen.dask)
    before = len(cells) - len(todo)
    try:
        # disable=None: a bar only where somebody sees it
        for line in tqdm(making, total=len(cells), initial=before, unit="run", disable=None):
            done[line["key"]] = line
    except KeyboardInterrupt:
        kept = len({cell.key for cell in cells} & set(results.read().lines))
        whole = f"in {results.path}, and a second sweep will not train them again"
        return say(f"stopped by Ctrl-C; {kept} of {len(cells)} runs are kept {whole}", 130)
    say(f"{len(cells)} runs, {before} of them done before; results in {results.path}", 0)
    lines = sweep.in_order(cells, done)
    return show(lines, chosen.json, sweep.report(cells, lines))


def list_claims(chosen: argparse.Namespace) -> int:
    """Print what the manifest says of each claim."""
    from unrolled import claims

    rows = claims.table()
    return show(rows, chosen.json, [f"{r['label']:32} {r['sentence']}" for r in rows])


def measure_claims(chosen: argparse.Namespace) -> int:
    """Measure claims side by side; what is stored already is not measured again."""
    from joblib import cpu_count

    from unrolled import claims
    from unrolled.claims import comparing, measuring

    if chosen.again and chosen.write:
        raise ValueError("--write: expected a whole measurement, got --again")
    if chosen.jobs is not None and chosen.jobs < 1:
        raise ValueError(f"--jobs: expected at least 1, got {chosen.jobs}")
    asked = [claims.claim(label) for label in chosen.only] if chosen.only else claims.CLAIMS
    if not assignments.profile().conclusive:
        if not chosen.again:
            raise ValueError("UNROLLED_PROFILE: expected cpu or gpu, got smoke: nothing follows")
        print("profile smoke: no claim is measured again or compared", file=sys.stderr)
        return keep_comparison([], chosen)
    if chosen.again:
        comparing.refuse_outdated(asked)  # before the work, not after it
    # The manifest holds the outcomes of a build's part too, which is measured by itself.
    todo = measuring.jobs(asked, whole=not chosen.again, again=chosen.again or chosen.write)
    workers = min(chosen.jobs or cpu_count(), max(1, len(todo)))
    print(measuring.announced(todo, workers), file=sys.stderr)

    def progress_line(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    failed = [
        wrong for _, wrong in measuring.run(todo, workers=workers, say=progress_line) if wrong
    ]
    if failed:
        return say("; ".join(failed), 1)
    if chosen.write:
        broken = [str(verdict) for verdict in comparing.moved(asked)]
        comparing.write(asked)
        written = "the manifest has the new counts, read its difference"
        return say("; ".join([*broken, written]), 1) if broken else 0
    return keep_comparison(comparing.compare_all(asked), chosen) if chosen.again else 0


def keep_comparison(verdicts: list[Any], chosen: argparse.Namespace) -> int:
    """Print what was compared with the manifest, write it where asked, and fail if a band broke."""
    from unrolled.claims import comparing

    if chosen.out:
        comparing.keep_verdicts(verdicts, chosen.out)
    broken = [str(verdict) for verdict in verdicts if not verdict.holds]
    rows = [{"label": v.claim.label, "found": str(v.again), "holds": v.holds} for v in verdicts]
    show(rows, chosen.json, [str(verdict) for verdict in verdicts])
    return say("; ".join(broken), 1) if broken else 0


def equations(chosen: argparse.Namespace) -> int:
    """Run every equation's checks, on the equation and on its known mistakes; print the errors."""
    from unrolled import verify

    results, trials = verify.run_all(), verify.try_mistakes()
    rows = [
        result._asdict() | {"mistakes_rejected": verify.rejected(trials, result)}
        for result in results
    ]
    show(
        rows,
        chosen.json,
        [
            f"{r['label']:26} {r['check']:34} {r['largest_error']:.1e}"
            f"{'' if r['passed'] else '  FAILED'}"
            for r in rows
        ],
    )
    wrong = verify.complaints(results, trials)
    return say("; ".join(wrong), 1) if wrong else 0


def draw_variants(chosen: argparse.Namespace) -> int:
    """Print variants of a question, or write them to a file."""
    from unrolled import variants

    if chosen.seeds < 1:
        raise ValueError(f"--seeds: expected at least 1, got {chosen.seeds}")
    if chosen.out and (chosen.out.is_dir() or not chosen.out.parent.is_dir()):
        raise ValueError(f"--out: expected a file in a folder that exists, got {chosen.out}")
    drawn = variants.draw_all(chosen.question, range(chosen.first, chosen.first + chosen.seeds))
    text = variants.write(drawn, chosen.format, sheet=chosen.sheet)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8", newline="\n")
    else:
        print(text, end="")
    return 0


def data(chosen: argparse.Namespace) -> int:
    """Print which MNIST there is, after fetching what it lacks if that is asked for."""
    from unrolled import diagnosis, mnist

    if chosen.download:
        if os.environ.get("UNROLLED_OFFLINE"):
            raise ValueError("--download: expected UNROLLED_OFFLINE to be unset or empty")
        folder = diagnosis.folder_of_data()
        mnist.download(folder, mnist.MIRRORS, progress=sys.stderr.isatty())
    found = mnist.find()
    what = {
        "kind": found.kind,
        "folder": str(found.folder) if found.folder else None,
        "verified": found.verified,
        "message": found.message,
    }
    return show(what, chosen.json, [found.message])


def doctor(chosen: argparse.Namespace) -> int:
    """Print what is here and what mends what is missing."""
    from unrolled import diagnosis

    report = diagnosis.examine()
    lines = []
    for item in report:
        lines.append(f"{item.name:14} {item.found}")
        lines += [f"{'':14} mend it by: {item.remedy}"] if item.remedy else []
    wrong = diagnosis.missing(report)
    lines.append(f"{len(wrong)} to be mended." if wrong else "Nothing is missing.")
    show([vars(item) for item in report], chosen.json, lines)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
