"""When the hub's own service tokens end, by its database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from generator.errors import About, HubError, Remedy, RemedyKind
from hub.actions.doctor_tokens import SOON, check_end
from hub.actions.tokens import listed
from hub.adapters.http.token_ends import TokenEnd
from hub.store import schema
from hub.store.database import Database
from hub.store.tokens import Token
from reconcilers.doctor.repository import Diagnosis

_WHERE = "the hub's service tokens"


def check_own_tokens(database: Database, *, clock: Callable[[], datetime]) -> list[Diagnosis]:
    """The findings on tokens that are not revoked. One that ended is told of for 30 days, if anybody had used it.

    A database that cannot be read is a note.
    """
    now = clock()
    try:
        schema.check(database)
        found = listed(database)
    except HubError as err:
        return [*check_end(_WHERE, "any of them", TokenEnd(unknown=err.faults[0].message), "", now=now)]
    return [finding for one in found if _matters(one, now) for finding in _check(one, now)]


def _matters(one: Token, now: datetime) -> bool:
    is_missed = one.last_used_at is not None and now - one.expires_at <= SOON
    return one.revoked_at is None and (one.expires_at > now or is_missed)


def _check(one: Token, now: datetime) -> list[Diagnosis]:
    renew = Remedy(RemedyKind.MAKE_TOKEN, About(name=one.id))
    return [*check_end(_WHERE, f"{one.name} ({one.prefix}…)", TokenEnd(one.expires_at), renew, now=now)]
