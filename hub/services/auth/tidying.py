"""Deletes sessions that ended long ago, once an hour."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from generator.errors import HubError
from hub.services.auth.context import Auth
from hub.store import sessions

_EVERY_SECONDS = 3600.0


@contextmanager
def tidying(auth: Auth) -> Iterator[None]:
    """While it lasts, a thread does it; a database that does not answer is asked again an hour later."""
    ends = threading.Event()

    def run() -> None:
        while not ends.wait(_EVERY_SECONDS):
            try:
                tidy(auth)
            except HubError as err:
                auth.access.telemetry.refused(err)
            except Exception as err:  # noqa: BLE001 - the log says why; it is tried again
                auth.access.telemetry.unexpected("round", err)

    thread = threading.Thread(target=run, name="rtb-hub-sessions", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()


def tidy(auth: Auth) -> int:
    """Do it once; how many. Raises as `Database.write`."""
    with auth.access.database.write() as connection:
        return sessions.prune(connection, now=auth.access.database.now(connection))
