"""Where a service answers, and whether what it needs does."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from generator.errors import ConfigError, Fault, Reason
from hub.store.database import Database


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that is bound. Raises `ConfigError` (InUse) where it cannot be."""
    # With its protocol: asyncio sends at once (TCP_NODELAY) on those that say theirs, else each answer waits 40 ms.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, port))
            made.listen()  # else two that are bound find out later
        except (OSError, OverflowError) as err:
            why = getattr(err, "strerror", None) or str(err)
            remedy = "end what has it ('ss -ltnp' tells), or name another with --port (0: any that is free)"
            fault = Fault(f"cannot serve at {host} port {port}: {why}", field="--port", remedy=remedy)
            raise ConfigError(Reason.IN_USE, fault) from err
        yield made


def answers(database: Database) -> Callable[[], bool]:
    """Tells whether the database answers."""

    def check() -> bool:
        try:
            with database.read() as connection:
                database.now(connection)
        except Exception:  # noqa: BLE001 - whatever it is, it does not answer
            return False
        return True

    return check
