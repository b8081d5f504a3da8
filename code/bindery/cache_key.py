"""Prints the names under which a workflow keeps the store of what the chapters printed.

`key` names what this very tree prints: where a store of that name is found, no chapter runs.
`restore` begins the name of every store of the same build (`bindery.build.Build.key`), in which at
least the chapters are found that have not changed. Both come from the build itself, so a workflow
cannot restore what the build would not take, nor leave out what it would.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from bindery.build import Build
from bindery.execute import Chapter, chapters


def names(build: Build, found: list[Chapter]) -> dict[str, str]:
    """Return the store's name, and the beginning that it shares with those of the same build.

    Args:
        build: what is built.
        found: the book's chapters.
    """
    digest = hashlib.sha256()
    for chapter in found:
        for part in (chapter.name, *chapter.cells, chapter.reaches):
            digest.update(f"{len(part)}:{part}".encode())
    shared = f"{build.cache.name}-"
    return {"key": f"{shared}{digest.hexdigest()[:16]}", "restore": shared}


def main(argv: list[str] | None = None) -> int:
    """Print the names, each on a line NAME=VALUE; the exit status is 2 if there is no book."""
    parser = argparse.ArgumentParser(prog="bindery.cache_key", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of _toc.yml")
    try:
        build = Build.current(parser.parse_args(argv).root)
        found = names(build, chapters(build.root))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(f"{name}={value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
