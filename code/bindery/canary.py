"""Marks planted in whatever an edition must not show, so that a search can tell whether it does."""

import re

OPENINGS = (
    r"^`{3,}\{solution\}[^\n]*\n(?::[\w-]+:[^\n]*\n)*",
    r"^:{3,}\{(?:solution|guide)\}[^\n]*\n(?::[\w-]+:[^\n]*\n)*",
    r"^`{3,}\{solution-start\}[^\n]*\n(?::[\w-]+:[^\n]*\n)*`{3,}\n",
)
ANSWER = r"^([ \t]*)### BEGIN SOLUTION[ \t]*\n"


def plant(page: str, mark: str) -> tuple[str, int]:
    """Put a mark into every solution, marking guide and answer of a page; count them.

    >>> plant("x = ...\\n### BEGIN SOLUTION\\nx = 1\\n### END SOLUTION\\n", "quokka")[0]
    "x = ...\\n### BEGIN SOLUTION\\nassert 'quokka'\\nx = 1\\n### END SOLUTION\\n"

    Args:
        page: MyST.
        mark: a word of letters and digits.
    """
    total = 0
    for opening in OPENINGS:
        page, count = re.subn(rf"({opening})", rf"\g<1>\n{mark}\n\n", page, flags=re.MULTILINE)
        total += count
    page, count = re.subn(ANSWER, rf"\g<0>\g<1>assert '{mark}'\n", page, flags=re.MULTILINE)
    return page, total + count
