"""A process that starts previews one after the other, as `rtb-hub start` does; for tests with many of them.

Arguments: repository, cache, name of the writer's project, how many. Prints each key once it is told to be there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from generator.errors import Moved
from hub.adapters.git.opening import open_store
from hub.adapters.git.store import Identity
from hub.adapters.sqlite.entry_cache import SqliteEntryCache
from hub.retrying import planned_anew
from reconcilers.lifecycle.start import Starter
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW, start_request


def main() -> None:
    repository, cache, project, count = sys.argv[1:]
    store = open_store(repository, cache=Path(cache), environ=os.environ, identity=Identity("hub", "hub@example.com"))
    starter, kept = Starter(lambda *_: None, "test"), SqliteEntryCache(Path(cache) / "entries", version="test")

    def start(key: str) -> None:
        state = read_state(store, "int", LIBRARY, cache=kept)
        store.commit(starter.plan(start_request(key), state, now=NOW).plan, at=NOW)

    for number in range(1, int(count) + 1):
        key = f"{project}-{number}"
        while True:
            try:
                planned_anew(lambda key=key: start(key))  # type: ignore[misc]
                break
            except Moved:
                continue  # told so: a person runs it again
        print(key, flush=True)
