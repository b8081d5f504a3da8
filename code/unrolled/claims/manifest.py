"""The manifest: what each claim's measurement gave, seed by seed, when and on what.

`claims.json` lies in the package, also in an installed one. It is written whole, by
`unrolled evidence --write`, one block a claim and one line a field, so that a change can be read as
a difference. Only a whole measurement gets a block: all n seeds, under full settings.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unrolled.evidence import Band, Claim, Count

FILE = Path(__file__).parents[1] / "claims.json"


@dataclass(frozen=True)
class Record:
    """One block of the manifest.

    Attributes:
        label: of the claim.
        k: seeds that count.
        n: seeds.
        outcomes: a 0 or 1 for each seed.
        again: the same for the first seeds measured by themselves, as every build does. Networks
            that are trained side by side share matrix products, and with more or fewer of them the
            last bits of a sum differ; so these need not be the first of `outcomes`.
        band: how many of the seeds that a build measures again (of all, where it measures none)
            may count on another platform, ends included, see `evidence.band`.
        asked: the question: measure, arguments, settings, outcome, test.
        threshold: when a network counts, in words.
        seconds: what the measurement took on one core.
        device: where it ran, and with which engine.
        platform: what else decides the last bits: machine, processor, versions.
        date: when, UTC.
    """

    label: str
    k: int
    n: int
    outcomes: str
    again: str
    band: Band
    asked: dict[str, Any]
    threshold: str
    seconds: float
    device: str
    platform: dict[str, str]
    date: str

    def __post_init__(self) -> None:
        """Refuse a block that contradicts itself.

        Raises:
            ValueError: k is not what the outcomes add up to, or they are not n zeros and ones.
            TypeError: the band has no two ends.
        """
        object.__setattr__(self, "band", Band(*self.band))  # JSON knows lists alone
        if set(self.outcomes + self.again) - set("01") or len(self.outcomes) != self.n:
            raise ValueError(f"{self.label}: expected {self.n} outcomes of 0 or 1; damaged")
        if self.k != self.outcomes.count("1"):
            counted = self.outcomes.count("1")
            raise ValueError(f"{self.label}: k = {self.k}, but its outcomes say {counted}; damaged")

    @property
    def count(self) -> Count:
        """k of n."""
        return Count(self.k, self.n)

    @property
    def made(self) -> str:
        """When and on what, such as "measured on 2026-11-22, cpu, torch 2.13.0"."""
        torch = self.platform.get("torch", "none")
        return f"measured on {self.date[:10]}, {self.device}, torch {torch.partition('+')[0]}"


def asked(claim: Claim, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the question that a record answers; if the table asks another one, it is outdated."""
    question = {
        "measure": claim.measure,
        "arguments": dict(claim.arguments),
        "settings": dict(settings),
        "outcome": claim.outcome,
        "test": list(claim.test) if claim.test else None,
    }
    return json.loads(json.dumps(question))  # tuples are lists there


def read(path: Path = FILE) -> dict[str, Record]:
    """Read the manifest: label → record; nothing is on record where there is no file.

    Raises:
        ValueError: it is damaged, or a block contradicts itself.
    """
    try:
        blocks = json.loads(path.read_text(encoding="utf-8"))
        return {label: Record(label=label, **block) for label, block in blocks.items()}
    except FileNotFoundError:
        return {}
    except (OSError, TypeError, AttributeError, json.JSONDecodeError) as error:
        remedy = "`unrolled evidence --write` makes a new one where there is none"
        raise ValueError(
            f"{path.name}: expected the claims' manifest ({error}); {remedy}"
        ) from error


def write(records: Iterable[Record], path: Path = FILE) -> None:
    """Replace the manifest: written beside it first, then renamed, never half."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}-", delete=False
    ) as file:
        file.write(text(records))
    try:
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except BaseException:
        os.unlink(file.name)
        raise


def text(records: Iterable[Record]) -> str:
    """Return the manifest as it is written: sorted, one line a field."""
    blocks = []
    for record in sorted(records, key=lambda record: record.label):
        fields = asdict(record)
        label = fields.pop("label")
        lines = [f"  {dumped(name)}: {dumped(fields[name])}" for name in sorted(fields)]
        blocks.append(f" {dumped(label)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def dumped(value: Any) -> str:
    """Return a value as JSON on one line, the same every time."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
