"""Deletes sessions that ended long ago, once an hour."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial

from hub.reconciling.repeating import repeating
from hub.services.auth.context import Auth
from hub.store import sessions

_EVERY_SECONDS = 3600.0


def tidying(auth: Auth) -> AbstractContextManager[None]:
    """While it lasts, a thread does it; a database that does not answer is asked again an hour later."""
    telemetry = auth.access.telemetry
    return repeating(
        "sessions", partial(tidy, auth), every_seconds=_EVERY_SECONDS, waits_first=True, telemetry=telemetry
    )


def tidy(auth: Auth) -> int:
    """Do it once; how many. Raises as `Database.write`."""
    with auth.access.database.write() as connection:
        return sessions.prune(connection, now=auth.access.database.now(connection))
