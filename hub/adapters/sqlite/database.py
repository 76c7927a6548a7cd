"""A SQLite file that saves time only: one that is locked, full, read-only or damaged is done without.

A damaged one is removed and made anew. It is for its owner only.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

#: How long to wait for another process that writes; doing the work again is no worse.
_BUSY_SECONDS = 2.0
#: SQLITE_ERROR: its tables are others than ours.
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")
T = TypeVar("T")


class CacheDatabase:
    """The file at `path` with the tables of `schema` (CREATE … IF NOT EXISTS). Threads may share one."""

    def __init__(self, path: Path, schema: str) -> None:
        self.path = path
        self._schema = schema
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._end: Callable[[], object] = lambda: None
        self._lives = 2  # openings that a damaged file may cost

    def do(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What `work` gives, or `otherwise` when the file cannot be used; once more on a new file after damage."""
        with self._lock:
            while self._lives:
                try:
                    return work(self._opened())
                except (sqlite3.Error, OSError) as err:
                    self.close()
                    if not self._is_damaged(err):
                        return otherwise
        return otherwise

    def close(self) -> None:
        """Give the file back; it is opened again when it is needed."""
        self._end()
        self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._end = weakref.finalize(self, self._connection.close)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")  # after a power failure it may have to be made anew
            self._connection.executescript(self._schema)
        return self._connection

    def _is_damaged(self, err: Exception) -> bool:
        """Whether trying again makes sense: a damaged file was removed. Decides whether to do without from now on."""
        if isinstance(err, sqlite3.Error) and err.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return False  # another process writes for long: the next read may find it free
        is_damaged = isinstance(err, sqlite3.Error) and err.sqlite_errorname.startswith(_DAMAGE)
        self._lives = self._lives - 1 if is_damaged else 0
        try:
            for suffix in ("", "-wal", "-shm") if is_damaged else ():
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        except OSError:
            self._lives = 0
        return is_damaged
