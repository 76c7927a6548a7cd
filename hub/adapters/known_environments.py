"""Which environments a repository had when it was read last, in a file below the cache folder.

It is a help and no truth: without it, or when it cannot be read or written, nothing is missed that this process did not
see itself.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconcilers.state.vanished import Known

#: No repository has more, and no file is longer.
_MOST, _MOST_BYTES = 1000, 1_000_000


class KnownEnvironments:
    """What is known of one repository; `path` is its file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Known] = {}

    def recall(self) -> Mapping[str, Known]:
        """What any process that shares the file saw last, and this one."""
        try:
            text = self.path.read_bytes()[: _MOST_BYTES + 1]
            kept = _parsed(json.loads(text)) if len(text) <= _MOST_BYTES else {}
        except (OSError, ValueError, RecursionError):
            kept = {}
        return {**self._known, **kept}

    def remember(self, known: Mapping[str, Known]) -> None:
        """Keep what is known now; what is not named is forgotten."""
        before, self._known = self.recall(), dict(known)
        if before == self._known:
            return
        tree = {name: [one.branch, one.commit, one.previews] for name, one in sorted(known.items())}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=".new-", delete=False) as file:
                json.dump(tree, file)
            Path(file.name).replace(self.path)
        except OSError:
            return  # a cache that cannot be written is done without


def _parsed(tree: Any) -> dict[str, Known]:
    """What a file says; `ValueError` for anything that `remember` does not write."""
    if not isinstance(tree, dict) or len(tree) > _MOST:
        raise ValueError("not a map of environments")
    found = {}
    for name, one in tree.items():
        match one:
            case [str(branch), str(commit), int(previews)]:
                found[name] = Known(branch, commit, previews)
            case _:
                raise ValueError(f"not what is known of {name}")
    return found
