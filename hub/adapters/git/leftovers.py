"""What Git leaves in a repository when its disk is full or it is killed: nobody reads it, and it fills the disk."""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: Reports of git-fast-import(1), written as it ends: nobody writes to one that is older.
_REPORTS, _REPORT_SECONDS = ("fast_import_crash_*",), 60.0
#: Packs, indexes and objects that are being written. One that was not written to for so long has lost its process.
_UNFINISHED = (
    *("objects/pack/tmp_pack_*", "objects/pack/tmp_idx_*", "objects/pack/tmp_rev_*"),
    "objects/[0-9a-f][0-9a-f]/tmp_obj_*",
)
_UNFINISHED_SECONDS = 3600.0


def remove_leftovers(directory: Path, *, now: float | None = None) -> int:
    """Remove them from a Git directory; how many there were. `now`: seconds since 1970, those of the system.

    What cannot be looked at or removed is left: the next run tries again, and `git gc` does in two weeks.
    """
    at, removed = time.time() if now is None else now, 0
    for patterns, seconds in ((_REPORTS, _REPORT_SECONDS), (_UNFINISHED, _UNFINISHED_SECONDS)):
        for path in _files(directory, patterns):
            with suppress(OSError):
                found = path.lstat()
                if stat.S_ISREG(found.st_mode) and at - found.st_mtime > seconds:
                    path.unlink()
                    removed += 1
    return removed


def _files(directory: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        with suppress(OSError):
            yield from [*directory.glob(pattern)]
