"""Build the static site on which notebooks run in the browser: JupyterLite and Pyodide.

Pyodide's core comes from npm, checked against its known digest; pure Python wheels in the versions
that its own list of packages names come from the package index; the library is built here. What
stands in that list and not in our site is given its address on Pyodide's network, so a notebook
that imports NumPy fetches it there, and one that does not never leaves the site.
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from bindery.build import commit
from bindery.lite import NETWORK, SHIPPED, write_offers
from bindery.lite_notebooks import write_all

PYODIDE = "314.0.6"  # Python 3.14; the version for which jupyterlite-pyodide-kernel 0.8 is made
INTEGRITY = (  # of its package, as npm has it
    "sha512-"
    "BKDTJyIqFxC4BExLqeRS3f5xvXZIjOt8C3zGLN/Cc7tFxSwvKVhVkchQQ2AGLOtR4YrVOIFxbV8poyDOOmWwxQ=="
)
FILES = ("pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide.mjs", "python_stdlib.zip")
LIST = "pyodide-lock.json"
ADDRESS = f"https://{NETWORK}/pyodide/v{PYODIDE}/full/"
KERNEL_NEEDS = ("ipython", "jedi", "micropip", "packaging")
# Not in Pyodide's list: the kernel's messages, and what the library imports to lock its files.
OTHERS = {"comm": "0.2.3", "filelock": "4.2.11"}
LIBRARY = ("code/unrolled", "pyproject.toml", "README.md", "LICENSE", "LICENSE-text")
# The notebooks are short: all cells stay on the page, where a browser's own search finds them.
OVERRIDES = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}


class LiteError(RuntimeError):
    """Something is missing that the site needs: the message says what to do."""


def integrity(path: Path) -> str:
    """Return a file's digest as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def fetch_pyodide(folder: Path) -> dict[str, Any]:
    """Put Pyodide's core into a folder; return its list of packages.

    Raises:
        LiteError: npm is missing, cannot fetch it, or fetched something else.
    """
    if not shutil.which("npm"):
        raise LiteError("npm is missing, by which Pyodide comes: on Debian, 'apt install npm'.")
    with tempfile.TemporaryDirectory() as temporary:
        command = ["npm", "pack", "--silent", f"pyodide@{PYODIDE}"]
        if subprocess.run(command, cwd=temporary, stdout=subprocess.DEVNULL).returncode:
            raise LiteError(f"npm could not fetch pyodide {PYODIDE}: is there a network?")
        packed = next(Path(temporary).glob("*.tgz"))
        if integrity(packed) != INTEGRITY:
            raise LiteError(f"{packed.name}: expected {INTEGRITY}, got {integrity(packed)}.")
        with tarfile.open(packed) as archive:
            for name in FILES:
                (folder / name).write_bytes(_member(archive, name))
            return json.loads(_member(archive, LIST))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(f"package/{name}")
    assert file is not None  # its digest is known, and so is what it holds
    return file.read()


def shipped(packages: dict[str, Any]) -> list[str]:
    """List the packages of Pyodide's list that the site brings along, with what they depend on."""
    imports = {name: key for key, package in packages.items() for name in package["imports"]}
    todo = [*KERNEL_NEEDS, *(imports[name] for name in SHIPPED if name in imports)]
    found: set[str] = set()
    while todo:
        name = todo.pop().replace("_", "-").lower()
        if name not in found:
            found.add(name)
            todo += packages[name]["depends"]
    return sorted(found)


def fetch_wheels(folder: Path, versions: dict[str, str], python: Path) -> None:
    """Put the wheels of pure Python packages into a folder."""
    wanted = [f"{name}=={version}" for name, version in versions.items()]
    pure = ["--python-version=3.14", "--implementation=py", "--abi=none", "--platform=any"]
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    _run([*command, *pure, f"--dest={folder}", *wanted])


def build_library(root: Path, folder: Path, python: Path) -> None:
    """Build the library's wheel in a folder, without a trace in the sources."""
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        for name in LIBRARY:
            origin, target = root / name, copy / name
            target.parent.mkdir(exist_ok=True)
            if origin.is_dir():
                shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(origin, target)
        command = [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        _run([*command, f"--wheel-dir={folder}", copy], SOURCE_DATE_EPOCH=commit(root)[1])


def write_list(packages: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the list of packages of our site: ours by name and digest, others by address.

    Args:
        packages: those of Pyodide's list.
        folder: the folder of our wheels.
    """
    ours = {path.name.split("-")[0].replace("_", "-").lower(): path for path in wheels(folder)}
    listed = {}
    for name, package in packages.items():
        listed[name] = package | {"file_name": ADDRESS + package["file_name"]}
    for name, path in ours.items():
        known = packages.get(name) or {
            "name": name,
            "version": path.name.split("-")[1],
            "install_dir": "site",
            "package_type": "package",
            "imports": [name],
            "depends": ["filelock", "sympy"] if name == "unrolled" else [],
            "unvendored_tests": False,
        }
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        listed[name] = known | {"file_name": path.name, "sha256": digest}
    return listed


def wheels(folder: Path) -> list[Path]:
    """List the wheels of a folder."""
    return sorted(folder.glob("*.whl"))


def build(root: Path, students: Path, out: Path, tools: Path) -> None:
    """Build the site anew.

    Args:
        root: the folder of `_toc.yml`.
        students: the students' notebooks.
        out: where the site goes.
        tools: the programs of the environment in which JupyterLite is.

    Raises:
        LiteError: something is missing.
    """
    # Always from nothing: JupyterLite's record of what it did leaves out what it thinks is there.
    with tempfile.TemporaryDirectory() as temporary:
        lite, contents = Path(temporary, "lite"), Path(temporary, "contents")
        pyodide = lite / "static" / "pyodide"
        pyodide.mkdir(parents=True)
        contents.mkdir()
        offers = write_all(students, contents, root / "code")
        lock = fetch_pyodide(pyodide)
        known = {name: lock["packages"][name]["version"] for name in shipped(lock["packages"])}
        fetch_wheels(pyodide, known | OTHERS, tools / "python")
        build_library(root, pyodide, tools / "python")
        lock["packages"] = write_list(lock["packages"], pyodide)
        (pyodide / LIST).write_text(json.dumps(lock), encoding="utf-8")
        (lite / "overrides.json").write_text(json.dumps(OVERRIDES), encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        command = [tools / "jupyter", "lite", "build", "--no-sourcemaps", "--apps=notebooks"]
        places = [f"--lite-dir={lite}", f"--contents={contents}", f"--output-dir={out}"]
        _run([*command, "--apps=lab", *places], cwd=lite)
    write_offers(out, offers)


def _run(command: list[Any], cwd: Path | None = None, **environment: str) -> None:
    run = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True
    )
    if run.returncode:
        said = "\n".join((run.stdout + run.stderr).splitlines()[-15:])
        raise LiteError(f"{said}\n{' '.join(map(str, command[:4]))} … failed: see above.")


def size(folder: Path) -> float:
    """Return what a folder holds, in megabytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main(argv: list[str] | None = None) -> int:
    """Build the site; the exit status is 1, after one sentence, if something is missing."""
    parser = argparse.ArgumentParser(prog="bindery.lite_site", description=main.__doc__)
    parser.add_argument("students", type=Path, help="the folder of the students' notebooks")
    parser.add_argument("out", type=Path, help="where the site goes")
    parser.add_argument("--tools", type=Path, default=Path(".venv-lite/bin"))
    chosen = parser.parse_args(argv)
    try:
        build(Path.cwd(), chosen.students, chosen.out.absolute(), chosen.tools.absolute())
    except (LiteError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Notebooks for the browser: {chosen.out} ({size(chosen.out):.0f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
