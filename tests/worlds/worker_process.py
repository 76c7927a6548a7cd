"""A worker in a process of its own that is killed, by itself, right after its first commit arrived.

Arguments: state repository, database's URL.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from contracts.queue_contract import QUICK
from hub.services.worker.service import working
from worlds.serving import BRIEF, Serving


class Killed:
    """A store; the process does not outlive its first commit."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, *given: Any, **named: Any) -> str:
        self._store.commit(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it goes on")


def main() -> None:
    path, url = sys.argv[1:]
    serving = Serving(Path(path), url)
    store: Any = Killed(serving.hub.store(path))
    with working(serving.parts(store), serving.jobs, pace=replace(QUICK, **BRIEF)):
        threading.Event().wait(60)


if __name__ == "__main__":
    main()
