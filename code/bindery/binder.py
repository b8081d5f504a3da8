"""Binder: the list of packages in `.binder/`, and a trial of the image that they make.

Binder builds from the branch of the notebooks, which holds these and a copy of `.binder/`, and no
sources: `postBuild` fetches the library from the branch `main` of the same repository, and so no
file here names the owner. The trial lays out such a branch, follows its files in an environment as
Binder does, and asks repo2docker, without building, what it makes of them.
"""

import argparse
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bindery.environments import (
    CPU_WHEELS,
    clean,
    commit,
    installed,
    needs,
    pip,
    reachable,
    read_pins,
    snapshot,
)

EXTRAS = ("torch", "tensorflow", "fast", "onnx")
LIMIT = 3.5  # GB; images that are larger take minutes to start
REPO2DOCKER = "jupyter-repo2docker==2026.4.0"
# What repo2docker itself puts into the image, and its list therefore leaves out.
BASE = "ipykernel"
# Where `.binder/runtime.txt` and Binder's machines are: decides which packages are needed.
THERE = {
    "python_version": "3.11",
    "python_full_version": "3.11.14",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
    "os_name": "posix",
}
HEADER = f"""\
# Written by `make .binder/requirements.txt` from constraints.txt and pyproject.toml: what the
# library needs for its notebooks; postBuild adds the library. CPU wheels only, an image with CUDA
# would be four times as large.
--extra-index-url {CPU_WHEELS}
"""


def is_cuda(name: str, version: str = "") -> bool:
    """Say whether a package is part of CUDA, or built for it.

    >>> is_cuda("nvidia-cublas-cu12"), is_cuda("torch", "2.13.0+cu130"), is_cuda("torch", "2+cpu")
    (True, True, False)
    """
    parts = ("nvidia-", "cuda-", "triton", "pytorch-triton", "cupy", "tensorrt")
    return name.startswith(parts) or "+cu" in version


def closure(roots: list[Requirement]) -> set[str]:
    """Return the names of all packages that some bring with them in Binder's image."""
    found: dict[str, set[str]] = {}
    waiting = list(roots)
    while waiting:
        wish = waiting.pop()
        name, extras = canonicalize_name(wish.name), {"", *wish.extras}
        if wish.marker and not wish.marker.evaluate(THERE):
            continue
        new = extras - found.get(name, set())
        if not new or is_cuda(name):
            continue
        found[name] = found.get(name, set()) | extras
        for line in metadata.requires(name) or []:
            below = Requirement(line)
            if not below.marker or any(below.marker.evaluate(THERE | {"extra": e}) for e in new):
                below.marker = None  # it counts
                waiting.append(below)
    return set(found)


def requirements(root: Path) -> str:
    """Write the list of `.binder/`: everything the notebooks need, each in its exact version.

    Raises:
        ValueError: constraints.txt does not fix one of them.
    """
    pins = read_pins(root / "constraints.txt")
    names = sorted(closure(needs(root, EXTRAS)))
    if free := [name for name in names if name not in pins]:
        raise ValueError(f"constraints.txt: expected a version of each, it lacks {', '.join(free)}")
    pins["torch"] += "+cpu"
    return HEADER + "".join(f"{name}=={pins[name]}\n" for name in names)


def branch(root: Path, folder: Path) -> None:
    """Lay out the branch of the notebooks, a clone of a repository whose `main` is this tree."""
    origin = snapshot(root, folder / "origin")
    clone = folder / "clone"
    clone.mkdir()
    shutil.copytree(root / ".binder", clone / ".binder")
    for path in (root / "_build" / "notebooks" / "student").glob("*.ipynb"):
        shutil.copy(path, clone)
    commit(clone)
    subprocess.run(["git", "remote", "add", "origin", origin], cwd=clone, check=True)


def dockerfile(clone: Path, tools: Path) -> str:
    """Return the Dockerfile that repo2docker makes of a clone."""
    pip("install", f"--target={tools}", REPO2DOCKER)
    user = ("--user-id=1000", "--user-name=jovyan")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", *user, str(clone)]
    there = clean() | {"PYTHONPATH": str(tools)}
    run = subprocess.run(command, env=there, capture_output=True, text=True)
    return run.stdout + run.stderr


def not_understood(text: str) -> list[str]:
    """Name what a Dockerfile of repo2docker's does not do."""
    expected = {
        "installs the list": '-r ".binder/requirements.txt"',
        "takes Python 3.11": "py-2d3-2e11",
        "runs postBuild": "RUN ./.binder/postBuild",
        "begins with start": 'R2D_ENTRYPOINT="${REPO_DIR}/.binder/start"',
    }
    return [f"repo2docker: nothing {does}." for does, line in expected.items() if line not in text]


def image(clone: Path, python: Path) -> None:
    """Do in an environment what Binder does in an image, in its order."""
    listed = clone / ".binder" / "requirements.txt"
    if not reachable(CPU_WHEELS):
        print(f"{CPU_WHEELS} does not answer: torch comes from where pip is set to look.")
        lines = listed.read_text(encoding="utf-8").splitlines()
        listed = clone.parent / "requirements.txt"
        listed.write_text("\n".join(line for line in lines if not line.startswith("--")))
    pip("install", BASE, "-r", str(listed), python=str(python))
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([".binder/postBuild"], cwd=clone, env=clean() | {"PATH": path}, check=True)


def faults(python: Path, listed: dict[str, str], limit: float = LIMIT) -> list[str]:
    """Name what is wrong with an environment: a version, CUDA, or its size, which is printed."""
    found = installed(python)
    wrong = [
        f"{name}: {version} is listed, {found.get(name, 'none')} installed."
        for name, version in listed.items()
        if found.get(name) != version
    ]
    wrong += [f"{name}: CUDA has no place in the image." for name in found if is_cuda(name)]
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    size = sum(p.stat().st_size for p in site.rglob("*") if p.is_file()) / 1e9
    print(f"The packages weigh {size:.2f} GB of {limit} allowed, what repo2docker brings besides.")
    return wrong + [f"site-packages: {size:.2f} GB, over {limit}."] * (size > limit)


def main() -> int:
    """Write the list of `.binder/`, or try the image in an environment."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--into", type=Path, metavar="PYTHON", help="that of an environment")
    into = parser.parse_args().into
    root = Path.cwd()
    listed = root / ".binder" / "requirements.txt"
    if not into:
        listed.write_text(requirements(root), encoding="utf-8")
        return 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        branch(root, folder)
        wrong = not_understood(dockerfile(folder / "clone", folder / "tools"))
        image(folder / "clone", root / into)
        wrong += faults(root / into, read_pins(listed))
    print("\n".join(wrong) or "Binder's image: all as listed, no CUDA.")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
