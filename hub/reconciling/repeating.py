"""Does something again and again, beside whatever else a process does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from generator.errors import HubError
from hub.telemetry.telemetry import SILENT, Telemetry


@contextmanager
def repeating(
    name: str,
    act: Callable[[], object],
    *,
    every_seconds: float,
    waits_first: bool = False,
    telemetry: Telemetry = SILENT,
) -> Iterator[None]:
    """While it lasts, `act` is called every so often in a thread of its own. Faults are told.

    The first time is at once, or where it `waits_first`, when that long has passed.
    """
    ends = threading.Event()

    def run() -> None:
        if waits_first and ends.wait(every_seconds):
            return
        while True:
            try:
                act()
            except HubError as err:
                telemetry.refused(err)
            except Exception as err:  # noqa: BLE001 - the next time may do it
                telemetry.unexpected("round", err)
            if ends.wait(every_seconds):
                return

    thread = threading.Thread(target=run, name=f"rtb-hub-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
