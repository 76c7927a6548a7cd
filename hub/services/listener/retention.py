"""Deletes what was kept for long enough, beside whatever else a process does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from generator.errors import HubError
from hub.services.listener.receiving import Receiver

_EVERY_SECONDS = 3600.0


@contextmanager
def retaining(receiver: Receiver, *, every_seconds: float = _EVERY_SECONDS) -> Iterator[None]:
    """While it lasts, what was kept for long enough is deleted, at once and then every so often."""
    ends = threading.Event()

    def run() -> None:
        while True:
            try:
                receiver.retain()
            except HubError as err:
                receiver.telemetry.refused(err)
            except Exception as err:  # noqa: BLE001 - the next time may do it
                receiver.telemetry.unexpected("round", err)
            if ends.wait(every_seconds):
                return

    thread = threading.Thread(target=run, name="rtb-hub-retention", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
