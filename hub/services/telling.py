"""Keeps messages up to date beside whatever else a process does: again and again, and soon after a job has changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from generator.errors import HubError
from hub.actions.telling.telling import Telling
from hub.queue.jobs import Jobs
from hub.telemetry.telemetry import SILENT, Telemetry

#: How often previews are looked at, and the least time between two looks.
EVERY_SECONDS: Final = 10.0
APART_SECONDS: Final = 2.0
#: What is in hand at the end is waited for so long; whoever comes next finds out what became of it.
_ENDS_SECONDS: Final = 5.0


@contextmanager
def telling(messages: Telling, jobs: Jobs, telemetry: Telemetry = SILENT) -> Iterator[None]:
    """While it lasts, messages are kept up to date in a thread of its own; without a channel there are none.

    Nothing waits for it: a channel that fails delays no job, and no end of the process for long.
    """
    if not messages.tellers:
        yield
        return
    ends, wake = threading.Event(), threading.Event()

    def run() -> None:
        while not ends.is_set():
            wake.clear()
            try:
                messages.look()
            except HubError as err:
                telemetry.refused(err)
            except Exception as err:  # noqa: BLE001 - the next look goes on, and the log tells of this one
                telemetry.unexpected("round", err)
            ends.wait(APART_SECONDS)
            wake.wait(EVERY_SECONDS - APART_SECONDS)

    thread = threading.Thread(target=run, name="rtb-hub-telling", daemon=True)
    end = jobs.listen(wake.set)
    thread.start()
    try:
        yield
    finally:
        end()
        ends.set()
        wake.set()
        for teller in messages.tellers:
            teller.stop()
        thread.join(_ENDS_SECONDS)
