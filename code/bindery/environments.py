"""Colab, where the notebooks run beside packages that are not the book's.

The notebooks' first cell adds the library to what Colab ships and replaces none of it. That can be
shown without downloading any of it: `resolve` asks pip for its plan beside the versions listed in
constraints-colab.txt. `colab` runs the cell itself, in an environment of exactly these versions.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from bindery.notebooks import COLAB, EXTRAS

PINS = "constraints-colab.txt"
PYTHON_OF_COLAB = "3.13"
FRAMEWORKS = ("torch", "onnx", "fast", "tensorflow")  # the extras whose bounds Colab has to meet
ADDS = ("unrolled", "onnx")
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"


class PipError(RuntimeError):
    """What pip says when it finds no plan, or cannot follow it."""


def read_pins(path: Path) -> dict[str, str]:
    """Read a list of exact versions: name → version.

    Raises:
        ValueError: a line is something else.
    """
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.split("#")[0].strip()
        if not text or text.startswith("--"):
            continue
        if not (pin := re.fullmatch(r"([\w.-]+)==([\w.+!]+)", text)):
            raise ValueError(f"{path.name}: expected NAME==VERSION, got {text}")
        found[canonicalize_name(pin[1])] = pin[2]
    return found


def public(version: str) -> str:
    """Return a version without what names its build: `2.11.0+cpu` is 2.11.0."""
    return Version(version).public


def project(root: Path) -> dict[str, Any]:
    """Return the table `project` of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def needs(root: Path, extras: tuple[str, ...]) -> list[Requirement]:
    """Return what the library needs, with some of its extras."""
    table = project(root)
    lines = table["dependencies"] + [r for e in extras for r in table["optional-dependencies"][e]]
    return [Requirement(line) for line in lines]


def unmet(wanted: list[Requirement], shipped: dict[str, str]) -> list[str]:
    """Name the requirements that a shipped version does not meet, each in a sentence."""
    return [
        f"{r.name}: {r.specifier} is wanted, and Colab ships {shipped[canonicalize_name(r.name)]}."
        for r in wanted
        if canonicalize_name(r.name) in shipped
        and not r.specifier.contains(shipped[canonicalize_name(r.name)], prereleases=True)
    ]


def replaced(report: dict[str, Any], shipped: dict[str, str]) -> list[str]:
    """Name what a plan of pip's would replace, who wants it, and what is shipped.

    Args:
        report: pip's, of `pip install --dry-run --report`.
        shipped: name → version.
    """
    found = []
    for item in report["install"]:
        name, version = canonicalize_name(item["metadata"]["name"]), item["metadata"]["version"]
        if name in shipped and public(version) != shipped[name]:
            who = "; ".join(wishes(report, name, shipped[name])) or "pip prefers another"
            found.append(f"{name}: {who}. Colab ships {shipped[name]}, pip would take {version}.")
    return found


def wishes(report: dict[str, Any], name: str, version: str) -> Iterator[str]:
    """Yield who in a plan of pip's wants another version of something."""
    for item in report["install"]:
        about = item["metadata"]
        extras = ["", *item.get("requested_extras", [])]
        for wish in map(Requirement, about.get("requires_dist", [])):
            counts = not wish.marker or any(wish.marker.evaluate({"extra": e}) for e in extras)
            if counts and canonicalize_name(wish.name) == name and version not in wish.specifier:
                yield f"{about['name']} {about['version']} wants {wish.specifier}"


def added(report: dict[str, Any], shipped: dict[str, str]) -> list[str]:
    """List what a plan would add."""
    items = [item["metadata"] for item in report["install"]]
    names = [f"{m['name']} {m['version']}" for m in items]
    known = [canonicalize_name(m["name"]) in shipped for m in items]
    return sorted((n for n, old in zip(names, known, strict=True) if not old), key=str.lower)


def host(folder: Path, shipped: dict[str, str]) -> Path:
    """Make an environment that only claims to have what is shipped; return its Python.

    It is what pip reads of an installed package before it decides, at none of the download.
    """
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name, version in shipped.items():
        about = site / f"{name.replace('-', '_')}-{version}.dist-info"
        about.mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (about / "METADATA").write_text(text, encoding="utf-8")
        (about / "INSTALLER").write_text("pip\n", encoding="utf-8")
    return folder / "bin" / "python"


def plan(wanted: str, shipped: dict[str, str], *options: str) -> dict[str, Any]:
    """Ask pip what it would install beside what is shipped, and install nothing.

    Raises:
        PipError: pip finds no plan.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        python, report = host(folder / "host", shipped), folder / "report.json"
        pip("--python", str(python), "install", "--dry-run", f"--report={report}", *options, wanted)
        return json.loads(report.read_text(encoding="utf-8"))


def resolve(wanted: str, pins: Path, *options: str) -> tuple[list[str], list[str]]:
    """Plan as the first cell does, with what is shipped as the constraint.

    Without the constraint pip would rather replace a package than take an older one of something
    new.

    Returns:
        What would be added, and what is wrong.
    """
    shipped = read_pins(pins)
    try:
        report = plan(wanted, shipped, "--constraint", str(pins), *options)
    except PipError as error:
        return [], [str(error)]
    return added(report, shipped), replaced(report, shipped)


def clean() -> dict[str, str]:
    """Return the environment without the sources that PYTHONPATH may name."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def pip(*arguments: str, python: str = sys.executable) -> None:
    """Run pip.

    Raises:
        PipError: it failed; with the conflict, if that is why.
    """
    command = [python, "-m", "pip", *arguments]
    run = subprocess.run(command, env=clean(), capture_output=True, text=True)
    if run.returncode:
        conflict = re.search(r"The conflict is caused by:.+?\n\n", run.stdout, re.DOTALL)
        raise PipError(conflict[0].strip() if conflict else run.stderr[-1000:].strip())


def installed(python: Path) -> dict[str, str]:
    """Return what an environment holds: name → version."""
    query = [str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    run = subprocess.run(query, env=clean(), capture_output=True, text=True, check=True)
    return {canonicalize_name(p["name"]): p["version"] for p in json.loads(run.stdout)}


def drifted(found: dict[str, str], shipped: dict[str, str]) -> list[str]:
    """Name what an environment should have as shipped, and has not."""
    return [
        f"{name}: Colab ships {version}, the environment has {found.get(name, 'none')}."
        for name, version in shipped.items()
        if name not in found or public(found[name]) != version
    ]


def snapshot(root: Path, folder: Path) -> str:
    """Make a repository of the tree as it is, changes and all; return its address for pip."""
    shutil.rmtree(folder, ignore_errors=True)
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(git, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    commit(folder)
    return folder.resolve().as_uri()


def commit(folder: Path) -> None:
    """Make a repository of a folder, its one branch `main`."""
    who = ["-c", "user.name=check", "-c", "user.email=check@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "As it is"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    subprocess.run(["git", "branch", "-qM", "main"], cwd=folder, check=True)


def reachable(index: str) -> bool:
    """Say whether an index of packages answers."""
    try:
        return requests.head(f"{index}/torch/", timeout=10, allow_redirects=True).ok
    except requests.RequestException:
        return False


def where_from(index: str = CPU_WHEELS) -> list[str]:
    """Return pip's option for an index, or none, and a word about it, if it does not answer."""
    if reachable(index):
        return [f"--index-url={index}"]
    print(f"{index} does not answer: torch comes from where pip is set to look, CUDA or not.")
    return []


def colab(root: Path, python: Path) -> list[str]:
    """Install what Colab ships, run the first cell as there, and name what that replaced.

    Args:
        root: the book's folder; the cell installs the library from a copy of it.
        python: that of an environment made for this.
    """
    pins = root / PINS
    shipped = read_pins(pins)
    pip("install", "--upgrade", "pip", python=str(python))  # Colab's is newer than Python 3.11's
    if public(installed(python).get("torch", "0")) != shipped["torch"]:
        pip("install", *where_from(), f"torch=={shipped['torch']}", python=str(python))
    pip("install", "-r", str(pins), python=str(python))
    before = drifted(installed(python), shipped)
    if before:
        return before
    with TemporaryDirectory() as folder:
        source = snapshot(root, Path(folder) / "unrolled")
        script = Path(folder) / "first.ipy"
        inside = 'import sys\n\nsys.modules["google.colab"] = sys\n'
        script.write_text(inside + COLAB.format(repository=source), encoding="utf-8")
        command = [str(python.absolute()), "-m", "IPython", str(script)]
        subprocess.run(command, cwd=folder, env=clean(), check=True)
    found = installed(python)
    lacks = [f"{name}: the first cell did not install it." for name in ADDS if name not in found]
    return drifted(found, shipped) + lacks


def main() -> int:
    """Check what constraints-colab.txt lists, by pip's plan or, with an environment, in it."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--into", type=Path, metavar="PYTHON", help="that of the environment")
    into = parser.parse_args().into
    root = Path.cwd()
    if into:
        faults = colab(root, into)
        news = ["the first cell left all that is listed as it was"]
    else:
        target = f"--python-version={PYTHON_OF_COLAB}", "--only-binary=:all:"
        faults = unmet(needs(root, FRAMEWORKS), read_pins(root / PINS))
        if not faults:
            news, faults = resolve(f"{root}[{EXTRAS}]", root / PINS, *target)
    print("\n".join(faults) or f"Beside what Colab ships: {', '.join(news)}.")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
