"""Parsed entries in SQLite, by content id: what was parsed once is not parsed again, on whatever branch it stands.

It saves time only. A cache that is locked, full, read-only or damaged is done without, and a damaged one is removed. It
cannot be stale: the key is the content's id, and the file's name holds a digest of the code that parses. A damaged row
is told by its checksum. It is bounded: what nobody asked for in `KEPT_DAYS` is dropped, files of other releases too.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

import pydantic
import yaml

import generator
import reconcilers
from hub.adapters.sqlite.database import CacheDatabase
from reconcilers.ports.git import Kept

KEPT_DAYS = 30
#: An entry's day of use is written anew after so many days: reading writes nothing as a rule.
_MARKED_DAYS = 7
_DAY_SECONDS = 86_400
#: Modules of `reconcilers.state` that say what is kept.
_PARSERS = ("entries.py", "outline.py")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS summary (id TEXT PRIMARY KEY, content TEXT NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outline (id TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (id TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS swept (day INTEGER NOT NULL);
"""
_KNOWN = "SELECT id, content, used FROM summary WHERE id IN (SELECT value FROM json_each(?))"
_OUTLINES = "SELECT id, content FROM outline WHERE id IN (SELECT value FROM json_each(?))"


def code_version() -> str:
    """A digest of all that an entry's parsing depends on: our code and the libraries that parse."""
    digest = hashlib.sha256(f"{pydantic.VERSION} {yaml.__version__}".encode())
    above, beside = Path(generator.__path__[0]), Path(reconcilers.__path__[0])
    ours = (
        *sorted((beside / "capacity").glob("*.py")),
        *(beside / "state" / name for name in _PARSERS),
        Path(__file__),
    )
    for path in (*sorted(above.rglob("*.py")), *ours):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class SqliteEntryCache:
    """Implements `reconcilers.ports.git.EntryCache`. Threads may share one, and processes the folder."""

    def __init__(self, folder: Path, *, version: str, seconds: Callable[[], float] = time.time) -> None:
        """Keep below `folder`, apart for each `version` of the code. `seconds` is the time since the epoch."""
        self._folder = folder
        self._database = CacheDatabase(folder / f"entries-{version}.sqlite", _SCHEMA)
        self._seconds = seconds

    def summaries(self, content_ids: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        if not content_ids:
            return {}
        asked = json.dumps(sorted(content_ids))
        nothing: list[tuple[str, str, int]] = []
        rows = self._database.do(lambda database: database.execute(_KNOWN, (asked,)).fetchall(), nothing)
        today = self._today()
        seldom = [key for key, _, used in rows if not today - _MARKED_DAYS < used <= today]
        if seldom:
            self._database.do(lambda database: self._mark(database, seldom, today), None)
        found = ((key, _without_checksum(key, content)) for key, content, _ in rows)
        return {key: content for key, content in found if content is not None}

    def outlines(self, content_ids: Collection[str]) -> Mapping[str, str]:
        """See the port."""
        if not content_ids:
            return {}
        asked, nothing = json.dumps(sorted(content_ids)), list[tuple[str, str]]()
        rows = self._database.do(lambda database: database.execute(_OUTLINES, (asked,)).fetchall(), nothing)
        found = ((key, _without_checksum(key, content)) for key, content in rows)
        return {key: content for key, content in found if content is not None}

    def entry(self, content_id: str) -> str | None:
        """See the port."""
        query = "SELECT content FROM entry WHERE id = ?"
        row = self._database.do(lambda database: database.execute(query, (content_id,)).fetchone(), None)
        return _without_checksum(content_id, row[0]) if row else None

    def keep(self, found: Mapping[str, Kept]) -> bool:
        """See the port."""
        today = self._today()
        rows = sorted(found.items())  # in the order of the tables: a third less time
        summaries = [(key, _with_checksum(key, one.summary), today) for key, one in rows]
        outlines = [(key, _with_checksum(key, one.outline)) for key, one in rows]
        entries = [(key, _with_checksum(key, one.entry)) for key, one in rows]

        def write(database: sqlite3.Connection) -> bool:
            with database:
                database.execute("BEGIN IMMEDIATE")
                database.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", entries)
                database.executemany("INSERT OR REPLACE INTO outline VALUES (?, ?)", outlines)
                database.executemany("INSERT OR REPLACE INTO summary VALUES (?, ?, ?)", summaries)
                self._sweep(database, today)
            return True

        return self._database.do(write, False)

    def close(self) -> None:
        """Give the file back; it is opened again when it is needed."""
        self._database.close()

    def _today(self) -> int:
        return int(self._seconds() // _DAY_SECONDS)

    def _mark(self, database: sqlite3.Connection, keys: Iterable[str], today: int) -> None:
        with database:
            database.execute("BEGIN IMMEDIATE")
            database.executemany("UPDATE summary SET used = ? WHERE id = ?", [(today, key) for key in keys])
            self._sweep(database, today)

    def _sweep(self, database: sqlite3.Connection, today: int) -> None:
        """Once a day: drop what nobody asked for, here and in the files of other releases."""
        if database.execute("SELECT day FROM swept WHERE day = ?", (today,)).fetchone():
            return
        database.execute("DELETE FROM swept")
        database.execute("INSERT INTO swept VALUES (?)", (today,))
        database.execute("DELETE FROM summary WHERE used < ?", (today - KEPT_DAYS,))
        for table in ("outline", "entry"):
            database.execute(f"DELETE FROM {table} WHERE id NOT IN (SELECT id FROM summary)")  # noqa: S608 - a constant
        for path in self._folder.glob("entries-*.sqlite*"):
            is_old = path.stat().st_mtime // _DAY_SECONDS < today - KEPT_DAYS
            if is_old and not path.name.startswith(self._database.path.name):
                path.unlink(missing_ok=True)


def _with_checksum(key: str, content: str) -> str:
    return f"{zlib.crc32(f'{key}{content}'.encode()):08x}{content}"


def _without_checksum(key: str, content: str) -> str | None:
    """The content, or None when it is not what was written under `key`."""
    text = content[8:] if isinstance(content, str) else ""
    return text if _with_checksum(key, text) == content else None
