"""Sign-in put together as the process does, on a database of a test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from cryptography.fernet import Fernet

from hub.adapters.http import SenderParts
from hub.services.auth.building import Means, Place, build
from hub.services.auth.context import Auth
from hub.services.auth.sealing import Sealed
from hub.settings import load_settings
from hub.store.database import Database


def sign_in(
    database: Database,
    url: str,
    *,
    clock: Callable[[], datetime],
    actor: str | None = None,
    sealed: Sealed | None = None,
    **settings: str,
) -> Auth:
    """`settings`: variables without RTB_HUB_."""
    given = load_settings({f"RTB_HUB_{name}": value for name, value in settings.items()})
    sealed = sealed or Sealed([Fernet.generate_key().decode()], "the test's key file")
    return build(given, Place(url, actor, sealed), Means(database, clock, SenderParts(clock=clock)))
