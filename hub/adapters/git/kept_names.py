"""The names that were seen in a state repository, in one small file below the cache folder: for `glance`.

It holds while all branches are where they were. One that cannot be read or written, or is damaged, is done without.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Of a file: the names of some 200,000 previews.
_MOST_BYTES = 4 * 2**20
#: An environment, the commit it was seen at, the keys that have an entry, those in its queue, and the blueprints of the
#: team's own, by tabs.
_LINE = re.compile(r"[a-z][a-z0-9-]{0,30}\t[0-9a-f]{40,64}\t[A-Z0-9 -]*\t[A-Z0-9 -]*\t[a-z0-9 -]*")


@dataclass(frozen=True, slots=True)
class Place:
    """An environment as seen at a commit: keys with an entry, keys that wait in its queue, and own blueprints."""

    commit: str
    entries: frozenset[str] = frozenset()
    queued: frozenset[str] = frozenset()
    blueprints: frozenset[str] = frozenset()


def recall(path: Path, heads: str) -> Mapping[str, Place] | None:
    """What was seen by environment while the branches were as `heads` says; None: that is not known."""
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1).decode("ascii")
    except (OSError, UnicodeDecodeError):
        return None
    if len(text) > _MOST_BYTES or not text.startswith(f"{heads}\n\n"):
        return None
    found = {}
    for line in text[len(heads) + 2 :].splitlines():
        if not _LINE.fullmatch(line):
            return None
        name, commit, *names = line.split("\t")
        found[name] = Place(commit, *(frozenset(one.split()) for one in names))
    return found


def remember(path: Path, heads: str, seen: Mapping[str, Place]) -> None:
    """Keep what was seen, whole or not at all."""
    lines = (
        f"{name}\t{place.commit}\t{_joined(place.entries)}\t{_joined(place.queued)}\t{_joined(place.blueprints)}\n"
        for name, place in seen.items()
    )
    text = f"{heads}\n\n{''.join(lines)}"
    aside = path.with_name(f".new-{os.getpid()}")
    if len(text) > _MOST_BYTES or not text.isascii():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="ascii")
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True) if aside.is_file() else None


def _joined(keys: Iterable[str]) -> str:
    return " ".join(sorted(keys))
