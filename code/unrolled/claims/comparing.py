"""What goes on record, and whether a new measurement goes together with it.

The manifest keeps what was measured; a build measures the first seeds of some claims again, and
`compare` says whether what comes out is one of the counts that the record allows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from unrolled import assignments, claims
from unrolled.claims import manifest
from unrolled.claims.manifest import Record
from unrolled.claims.measuring import Measured, fingerprint, measure, settings_of
from unrolled.evidence import Band, Claim, Count, band


class Verdict(NamedTuple):
    """What a build says of one claim that it measured again."""

    claim: Claim
    again: Count
    band: Band
    same_platform: bool

    @property
    def holds(self) -> bool:
        """Whether the new count goes together with the record."""
        return self.again.k in self.band

    def __str__(self) -> str:
        """Say which claim, which band and which value."""
        where = "the recorded platform" if self.same_platform else "another platform"
        verb = "inside" if self.holds else "OUTSIDE"
        count = f"{self.again.k} of {self.again.n}"
        return f"{self.claim.label}: measured {count}, {verb} the band {self.band} ({where})"


def record(claim: Claim) -> Record:
    """Return the manifest's block of a claim whose measurements are stored (else they are made)."""
    whole = measure(claim)
    again = measure(claim, claim.again).digits if claim.again else ""
    return Record(
        label=claim.label,
        k=whole.k,
        n=whole.n,
        outcomes=whole.digits,
        again=again,
        band=allowed(whole.k, whole.n, len(again)),
        asked=manifest.asked(claim, whole.settings),
        threshold=claim.threshold,
        seconds=round(whole.seconds, 1),
        device=whole.device,
        platform=whole.platform,
        date=whole.date,
    )


def write(chosen: Iterable[Claim], path: Path = manifest.FILE) -> list[Record]:
    """Put the blocks of some claims into the manifest; the others stay, unless they are no more.

    All bands are drawn anew: they share one allowance, and get less of it when claims are added.

    Raises:
        ValueError: in the profile smoke; then nothing is written.
    """
    new = {c.label: record(c) for c in chosen}
    labels = {c.label for c in claims.CLAIMS}
    kept = manifest.read(path)
    blocks = [
        replace(r, band=allowed(r.k, r.n, len(r.again)))
        for r in (kept | new).values()
        if r.label in labels
    ]
    manifest.write(blocks, path)
    return blocks


def compared() -> int:
    """Return how many claims a build compares, those of the whole table: all share the alarms."""
    return max(1, sum(c.again > 0 for c in claims.CLAIMS))


def allowed(k: int, n: int, again: int) -> Band:
    """Return how many may count on another platform where k of n did on the recorded one.

    Args:
        k: seeds that count.
        n: seeds.
        again: how many of them every build measures again; 0: only `make evidence` does, all n,
            and all claims share the allowance.
    """
    return band(k, n, again or n, claims=compared() if again else len(claims.CLAIMS))


def outdated(claim: Claim, known: dict[str, Record]) -> str:
    """Say why the manifest has no answer to a claim; "" if it has one."""
    if claim.label not in known:
        return f"{claim.label}: not in the manifest"
    old = known[claim.label]
    if old.asked != manifest.asked(claim, settings_of(claim)):
        return f"{claim.label}: the manifest answers another question than the table asks"
    if (old.n, len(old.again)) != (claim.n, claim.again):
        found = f"{old.n} seeds and {len(old.again)} of them again"
        return f"{claim.label}: the manifest has {found}, the table {claim.n} and {claim.again}"
    part, expected = old.again.count("1"), allowed(old.k, old.n, claim.again)
    whole = f"{old.k} of {old.n}, which allows {expected} of {claim.again or claim.n}"
    if claim.again and part not in expected:
        return f"{claim.label}: the manifest says {whole}, and {part} were found; damaged"
    if old.band != expected:
        found = f"and its band is {old.band}; damaged, or drawn for fewer or more claims"
        remedy = f"`unrolled evidence --only {claim.label} --write` draws all bands anew"
        return f"{claim.label}: the manifest says {whole}, {found} ({remedy})"
    return ""


def refuse_outdated(chosen: Iterable[Claim]) -> None:
    """See to it that the manifest answers every claim that is to be compared with it.

    Raises:
        ValueError: it lacks one of them, answers another question, or contradicts itself.
    """
    known = manifest.read()
    if wrong := [reason for c in chosen if c.again and (reason := outdated(c, known))]:
        raise ValueError("; ".join(wrong) + "; `unrolled evidence --write` measures them")


def compare(claim: Claim, old: Record, new: Measured) -> Verdict:
    """Compare a subset that was measured again with the record.

    On the recorded platform the same seeds give the same outcomes, so only one count is allowed.
    On another one the networks are as good as fresh, and the record's band says what is allowed.

    Args:
        claim: the claim.
        old: its block of the manifest.
        new: the first seeds, measured now; all of them where no build measures any.
    """
    same = (old.platform, old.device) == (new.platform, new.device)
    exact = Band(*2 * [(old.again or old.outcomes).count("1")])
    return Verdict(claim, Count(new.k, new.n), exact if same else old.band, same)


def compare_all(chosen: Iterable[Claim]) -> list[Verdict]:
    """Compare every claim whose subset is measured again with the manifest.

    Raises:
        ValueError: see `refuse_outdated`.
    """
    subset = [c for c in chosen if c.again]
    refuse_outdated(subset)
    known = manifest.read()
    return [compare(c, known[c.label], measure(c, c.again)) for c in subset]


def moved(chosen: Iterable[Claim]) -> list[Verdict]:
    """Compare what is about to replace the manifest's answers with them, and return what broke."""
    known = manifest.read()
    asked = [c for c in chosen if not outdated(c, known)]
    verdicts = [compare(c, known[c.label], measure(c, c.again or None)) for c in asked]
    return [verdict for verdict in verdicts if not verdict.holds]


def keep_verdicts(verdicts: list[Verdict], path: Path) -> None:
    """Write what a build found for the pages to show; a file that says the same stays untouched."""
    rows = [
        {
            "label": v.claim.label,
            "k": v.again.k,
            "n": v.again.n,
            "band": [v.band.low, v.band.high],
            "same_platform": v.same_platform,
            "holds": v.holds,
        }
        for v in verdicts
    ]
    result = {"profile": assignments.profile().name, "platform": fingerprint(), "claims": rows}
    new = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != new:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.part")
        beside.write_text(new, encoding="utf-8")
        beside.replace(path)
