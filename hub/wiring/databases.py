"""The services' database as a process works with it: of the schema of this release."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hub.wiring.services import needing_services

if TYPE_CHECKING:
    from hub.store.database import Database
    from hub.wiring.composing import Hub


@contextmanager
def ready_database(ours: Hub) -> Iterator[Database]:
    """The services' database, while it lasts. One that a process has for itself is made or brought up to date.

    Raises `ConfigError` (InvalidValue, DatabaseRevision) and `Transient` (DatabaseUnreachable).
    """
    with needing_services():
        from hub.store import schema
    database = ours.database()
    try:
        if ours.settings.secret("database_url") is None:
            schema.prepare(database)
        else:
            schema.check(database)
        yield database
    finally:
        database.close()
