"""A worker in a process of its own. It kills itself (-9) at one of its commits, where it is told to.

Arguments: state repository, database's URL, Redis's URL (empty: the queue is the database's); and to have it die, which
commit (1 is the first), and when: `before` it, `after` it arrived, or `within`, from another thread. One that is to die
is `hasty`: it takes twenty jobs at a time, commits ten together, and holds nothing for long.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from contracts.queue_contract import QUICK
from hub.queue import bullmq, relay
from hub.queue.port import Pace
from hub.queue.relay import RelayPace
from hub.services.worker import service
from worlds.serving import BRIEF, Serving

_RELAY = RelayPace(lease=BRIEF["lease"], poll=timedelta(milliseconds=20))
_STALLED = {"lockDuration": 400, "stalledInterval": 100}


class Killed:
    """A store; the process does not outlive its commit `number`."""

    def __init__(self, store: Any, number: int, when: str) -> None:
        self._store, self._left, self._when = store, number, when

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, *given: Any, **named: Any) -> str:
        self._left -= 1
        if self._left == 0 and self._when == "before":
            _die()
        if self._left == 0 and self._when == "within":
            threading.Timer(0.01, _die).start()
        made: str = self._store.commit(*given, **named)
        if self._left == 0 and self._when == "after":
            _die()
        return made


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def hasty() -> Iterator[Pace]:
    """Workers within are so; their pace."""
    with ExitStack() as stack:
        for module, name, made in (
            (service, "GroupCommitter", partial(service.GroupCommitter, most=10)),
            (service, "DatabaseWorker", partial(service.DatabaseWorker, most=20)),
            (bullmq, "BullWorker", partial(bullmq.BullWorker, most=20)),
            (relay, "relayed", partial(relay.relayed, pace=_RELAY)),
        ):
            stack.enter_context(patch.object(module, name, made))
        stack.enter_context(patch.dict(bullmq._OPTIONS, _STALLED))
        yield replace(QUICK, **BRIEF)


def main() -> None:
    path, url, redis, *death = sys.argv[1:]
    serving = Serving(Path(path), url)
    store: Any = serving.hub.store(path)
    with ExitStack() as stack:
        pace = Pace()
        if death:
            pace = stack.enter_context(hasty())
            store = Killed(store, int(death[0]), death[1])
        parts = serving.parts(store)
        stack.enter_context(service.working(parts, serving.jobs, pace=pace, redis_url=redis or None))
        threading.Event().wait(600)


if __name__ == "__main__":
    main()
