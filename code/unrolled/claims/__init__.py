"""The table of every claim that the book makes by counting, and how a chapter shows them.

A chapter calls ``glue("its-file-name")`` once, in a hidden cell, and writes

    {glue:text}`claim-parity-sheet`            6 of 40 (95 % interval 7–29 %)
    {glue:text}`claim-parity-sheet-short`      6 of 40
    {glue:text}`claim-parity-sheet-sentence`   the sentence, with count and interval
    {glue:text}`claim-parity-sheet-made`       when, on which device, with which version

The numbers come from the committed manifest, not from the chapter's own run: nothing is trained.

parity, xnor, adding, memory, mnist    the claims of each task, literal
manifest                               what was measured, seed by seed
measuring                              how they are measured, all seeds or the first few
comparing                              what goes on record, and what goes together with it
"""

from __future__ import annotations

from typing import Any

from unrolled.claims import adding, manifest, memory, mnist, parity, xnor
from unrolled.evidence import Claim

__all__ = ["CLAIMS", "Claim", "chapters", "claim", "glue", "of_chapter", "sentences", "table"]

CLAIMS: tuple[Claim, ...] = (
    *parity.CLAIMS,
    *xnor.CLAIMS,
    *adding.CLAIMS,
    *memory.CLAIMS,
    *mnist.CLAIMS,
)


def claim(label: str) -> Claim:
    """Find one claim.

    Raises:
        ValueError: no claim has this label.
    """
    for candidate in CLAIMS:
        if candidate.label == label:
            return candidate
    raise ValueError(f"label: expected one of the table of claims, got {label!r}")


def chapters() -> tuple[str, ...]:
    """List the chapters that claim something, in the table's order."""
    return tuple(dict.fromkeys(c.chapter for c in CLAIMS))


def of_chapter(chapter: str) -> tuple[Claim, ...]:
    """List the claims of one chapter.

    Raises:
        ValueError: the chapter claims nothing.
    """
    found = tuple(c for c in CLAIMS if c.chapter == chapter)
    if not found:
        raise ValueError(f"chapter: expected one of {', '.join(chapters())}, got {chapter!r}")
    return found


def sentences(chapter: str) -> dict[str, str]:
    """Return what a page can paste: key → text, four keys a claim that has been measured.

    Raises:
        ValueError: the chapter claims nothing, or the manifest is damaged.
    """
    known, texts = manifest.read(), {}
    for c in of_chapter(chapter):
        if c.label not in known:
            continue  # a page that pastes it then fails by the key's name
        record, key = known[c.label], f"claim-{c.label}"
        texts[key] = str(record.count)
        texts[f"{key}-short"] = record.count.short
        texts[f"{key}-sentence"] = c.said(record.count)
        texts[f"{key}-made"] = record.made
    return texts


def glue(chapter: str) -> None:
    """Store a chapter's counts in the notebook, for the page to paste; nothing is displayed.

    Without myst-nb (on Colab, say) no page is made, and one line says so.

    Args:
        chapter: the chapter's file name without its ending, such as "parity".

    Raises:
        ValueError: the chapter claims nothing, or the manifest is damaged.
    """
    texts = sentences(chapter)
    try:
        from myst_nb import glue as store
    except ImportError:
        print(f"myst-nb is not installed, so {len(texts)} texts are not pasted into a page.")
        return
    for key, value in texts.items():
        store(key, value, display=False)


def table() -> list[dict[str, Any]]:
    """Return a row for each claim that has been measured, in the table's order."""
    known = manifest.read()
    return [
        {
            "label": c.label,
            "chapter": c.chapter,
            "sentence": c.said(known[c.label].count),
            "threshold": c.threshold,
            "again": c.again,
            **{key: getattr(known[c.label], key) for key in ("k", "n", "seconds", "device")},
            "interval": known[c.label].count.interval,
            "settings": known[c.label].asked["settings"] or known[c.label].asked["arguments"],
            "date": known[c.label].date,
        }
        for c in CLAIMS
        if c.label in known
    ]
