"""Lock files of Git. Whether one is of a process that works or of one that died, Git does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os.path import normpath
from pathlib import Path

from hub.adapters.git.process import Result

_NAMED = re.compile(r"'([^'\n]+\.lock)'")
_PLACES = ("*.lock", "refs/**/*.lock", "worktrees/*/*.lock")


def lock_named(result: Result) -> str:
    """The whole path of the lock file that Git found in its way; empty when it names none."""
    found = _NAMED.search(result.err)
    return normpath(found[1]) if found else ""


def lock_remedy(lock: str) -> str:
    """What to do about a lock file that stands in the way; empty: which one is not known."""
    which = f"remove {lock}" if lock else "remove its *.lock file"
    return f"another git may work there: try again; if none does, one died: {which}"


def locks_in(directory: Path) -> Iterator[Path]:
    """The lock files in a Git directory that keep branches, settings or checked-out files from being written."""
    for pattern in _PLACES:
        yield from directory.glob(pattern)
