"""Which pairs of entry and manifest were found equal, and by which basis, in SQLite.

A row holds digests and nothing else. One that was damaged fits no pair or no basis: it is as good as forgotten.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path

from hub.adapters.sqlite.database import CacheDatabase
from reconcilers.ports.git import Pair

#: Pairs kept, about 25 MB. A pair that is seen no more is not told from others: when full, all are forgotten.
MAX_PAIRS = 200_000
_SCHEMA = "CREATE TABLE IF NOT EXISTS verified (pair TEXT PRIMARY KEY, basis TEXT NOT NULL) WITHOUT ROWID;"
_KNOWN = "SELECT pair, basis FROM verified WHERE pair IN (SELECT value FROM json_each(?))"


class SqliteVerifiedMemo:
    """Implements `reconcilers.ports.git.VerifiedMemo`. Threads may share one, and processes the file."""

    def __init__(self, path: Path, *, version: str) -> None:
        """Keep in the file `path`. What code of another `version` found counts for nothing."""
        self._database = CacheDatabase(path, _SCHEMA)
        self._prefix = f"{version} "

    def recall(self, pairs: Collection[Pair]) -> Mapping[Pair, str]:
        """See the port."""
        keys = {_key(pair): pair for pair in pairs}
        nothing: list[tuple[str, str]] = []
        rows = self._database.do(lambda db: db.execute(_KNOWN, (json.dumps(sorted(keys)),)).fetchall(), nothing)
        ours = ((key, basis) for key, basis in rows if isinstance(basis, str) and basis.startswith(self._prefix))
        found = ((keys[key], basis) for key, basis in ours if key in keys)
        return {pair: basis.removeprefix(self._prefix) for pair, basis in found}

    def remember(self, verified: Mapping[Pair, str]) -> None:
        """See the port."""
        if not verified:
            return
        rows = [(_key(pair), self._prefix + basis) for pair, basis in verified.items()]

        def write(db: sqlite3.Connection) -> None:
            with db:
                db.execute("BEGIN IMMEDIATE")
                if db.execute("SELECT count(*) FROM verified").fetchone()[0] + len(rows) > MAX_PAIRS:
                    db.execute("DELETE FROM verified")
                db.executemany("INSERT OR REPLACE INTO verified VALUES (?, ?)", rows)

        self._database.do(write, None)

    def close(self) -> None:
        """Give the file back; it is opened again when it is needed."""
        self._database.close()


def _key(pair: Pair) -> str:
    return hashlib.sha256(" ".join(pair).encode()).hexdigest()[:32]
