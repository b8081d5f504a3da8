"""What a build of the book depends on, where its parts lie, and the record it leaves."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from unrolled import assignments, devices, mnist
from unrolled.diagnosis import version

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
LIBRARIES = ("numpy", "sympy", "matplotlib", "torch", "tensorflow", "keras")


@dataclass(frozen=True)
class Build:
    """One build of the book.

    Args:
        root: the folder that holds `_toc.yml`.
        profile: `smoke`, `cpu` or `gpu`.
        data: the MNIST that was found.
    """

    root: Path
    profile: str
    data: mnist.Source

    @classmethod
    def current(cls, root: Path) -> "Build":
        """Describe the build that the environment asks for (UNROLLED_PROFILE, UNROLLED_DATA).

        Raises:
            ValueError: the folder holds no book, the profile is unknown or the data are damaged.
        """
        if not (root / "_toc.yml").is_file():
            raise ValueError(f"root: expected a folder with a _toc.yml, got {root}")
        return cls(root.resolve(), assignments.profile().name, mnist.find())

    @property
    def output(self) -> Path:
        """The folder that Jupyter Book writes to."""
        return output_folder(self.root, self.profile)

    @cached_property
    def device(self) -> str:
        """What the chapters compute on: only the profile `gpu` looks for a GPU."""
        where = devices.choose(profile=self.profile)
        if where == "cpu":
            return f"CPU ({cores()} core{'s' * (cores() > 1)})"
        return devices.card(where, "torch")

    @property
    def on_card(self) -> bool:
        """Whether the chapters train on a GPU."""
        return not self.device.startswith("CPU")

    @cached_property
    def remark(self) -> str:
        """What the profile promises and this machine does not hold; "" where it holds it all."""
        if self.profile != "gpu":
            return ""
        if not self.on_card:
            return (
                "The profile gpu found no GPU: everything runs on the CPU, in the numbers meant "
                "for a GPU, which takes hours."
            )
        if not devices.cards("keras"):
            return "TensorFlow finds no GPU: its networks run on the CPU, PyTorch's on the GPU."
        return ""

    @cached_property
    def cache(self) -> Path:
        """The folder of the jupyter-cache for exactly this build."""
        return self.root / "_build" / "cache" / f"{self.profile}-{self.key()[:16]}"

    def key(self) -> str:
        """Digest what all chapters depend on besides their cells and the modules these reach.

        The kind of the data is enough: files count as MNIST only if their checksums are MNIST's,
        and the stand-in comes with scikit-learn, whose version constraints.txt fixes.
        """
        digest = hashlib.sha256()
        cuda = ["constraints-gpu.txt"] if self.profile == "gpu" else []
        for name in ("constraints.txt", "pyproject.toml", *cuda):
            digest.update((self.root / name).read_bytes())
        processor = self.device if self.on_card else "CPU"
        facts = (self.profile, processor, self.data.kind, sys.version)
        digest.update("\0".join(facts).encode())
        return digest.hexdigest()

    def environment(self) -> dict[str, str]:
        """Return the settings of every kernel's environment.

        A kernel gets one thread: the book's networks are so small that a second one costs more in
        waiting than it saves, up to several times, and two kernels would fight over the cores.
        Only the profile `gpu` sees a GPU: TensorFlow would use one that nobody asked for.
        """
        # The data were looked for once, here: no kernel may come to another answer, nor look for a
        # relative path from the folder in which it runs.
        folder = self.data.folder if self.data.kind == "real" else None
        data = {"UNROLLED_DATA": str(folder.resolve())} if folder else {"UNROLLED_OFFLINE": "1"}
        hidden = {} if self.on_card else {"CUDA_VISIBLE_DEVICES": "-1"}
        return {
            **dict.fromkeys(ONE_THREAD, "1"),
            **data,
            **hidden,
            "UNROLLED_PROFILE": self.profile,
            "UNROLLED_RUNS": str(self.root / "_build" / "runs"),
            "KERAS_BACKEND": "tensorflow",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # or the first kernel takes the whole GPU
            "SOURCE_DATE_EPOCH": commit(self.root)[1],  # else SVGs differ from run to run
        }

    def write_record(self, costs: dict[str, Any], reaches: dict[str, str] | None = None) -> None:
        """Leave a note of this build for the pages' frame, and of what each chapter cost.

        Args:
            costs: chapter -> seconds and memory, as far as they are known; others keep their last.
            reaches: chapter -> digest of the modules that it reaches, in reading order.
        """
        record = {
            "profile": self.profile,
            "device": self.device,
            "remark": self.remark,
            "data": self.data.kind,
            "versions": versions(),
            "commit": revision(self.root),
            "commit_date": commit(self.root)[0],
            "cache": str(self.cache.relative_to(self.root)),
            "chapters": read_record(self.output).get("chapters", {}) | costs,
            "reaches": reaches or {},
        }
        if record != read_record(self.output):  # the file's date says when the pages grew old
            self.output.mkdir(parents=True, exist_ok=True)
            beside = self.output / "execution.json.part"
            beside.write_text(json.dumps(record, indent=1), encoding="utf-8")
            beside.replace(self.output / "execution.json")


def output_folder(root: Path, profile: str) -> Path:
    """Return the folder Jupyter Book writes to: `_build`, or `_build/smoke/_build`."""
    built = root / "_build"
    return built if profile == "cpu" else built / profile / "_build"


def read_record(output: Path) -> dict[str, Any]:
    """Return what the last execution recorded in `output` ({} before the first)."""
    with suppress(OSError, ValueError):
        return json.loads((output / "execution.json").read_text(encoding="utf-8"))
    return {}


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that decide what a chapter computes."""
    found = {name: version(name) for name in LIBRARIES}
    return {"Python": platform.python_version()} | {n: v for n, v in found.items() if v}


def revision(root: Path) -> str:
    """Return the last commit, marked if files have changed since; empty without git."""
    query = ["git", "-C", str(root), "describe", "--always", "--dirty= and later changes"]
    with suppress(OSError, subprocess.CalledProcessError):
        run = subprocess.run([*query, "--exclude=*"], capture_output=True, text=True, check=True)
        return run.stdout.strip()
    return ""


def commit(root: Path) -> tuple[str, str]:
    """Return the last commit's date as (YYYY-MM-DD, seconds since 1970); today's without git."""
    with suppress(OSError, subprocess.CalledProcessError, ValueError):
        query = ["git", "-C", str(root), "log", "-1", "--format=%cs %ct"]
        day, seconds = subprocess.run(
            query, capture_output=True, text=True, check=True
        ).stdout.split()
        return day, seconds
    return time.strftime("%Y-%m-%d"), str(int(time.time()))
