"""Where messages stand: one row for a preview and a channel. Losing them loses no message: each is found again.

Whoever is to post or edit takes the row for a while (`take`), so that of several workers one does; a row whose holder
died is free again when its time is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, or_, select, update

from hub.store.database import Database
from hub.store.ids import new_id
from hub.store.tables import JOBS, MESSAGES
from reconcilers.messages.model import split_row

#: `declined`: somebody deleted it; `parked`: what it would stand at is not there; `closed`: it told its last word.
State = Literal["open", "declined", "parked", "closed"]
#: Longer than all calls about one message can take.
LEASE: Final = timedelta(minutes=5)
_AT_ONCE: Final = 500
_FEW: Final = 50


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One. `external_id`: what its channel calls it, None while it is not known. `told`: see `channels.before_data`.

    `was_held`: whoever took it before never gave it back, so that nobody knows what became of the message.
    """

    id: str
    key: str
    channel: str
    state: State = "open"
    external_id: str | None = None
    told: Mapping[str, Any] | None = None
    intent_at: datetime | None = None
    look_at: datetime | None = None
    token: str | None = None
    was_held: bool = False


def open_keys(connection: Connection, channel: str) -> frozenset[str]:
    """The previews whose message in a channel has not told its last word."""
    found = select(MESSAGES.c.key).where(MESSAGES.c.channel == channel, MESSAGES.c.state != "closed")
    return frozenset(connection.execute(found).scalars())


def preview_keys(connection: Connection, channel: str) -> frozenset[str]:
    """The previews that a channel has a row of, whatever its state."""
    found = connection.execute(select(MESSAGES.c.key).where(MESSAGES.c.channel == channel)).scalars()
    return frozenset(split_row(key)[0] for key in found)


def known_of(connection: Connection, channel: str, keys: Sequence[str]) -> frozenset[str]:
    """Those of these previews that a channel has a row of; few are asked for at a time."""
    found = set[str]()
    for start in range(0, len(keys), _FEW):
        some = keys[start : start + _FEW]
        is_of = or_(MESSAGES.c.key.in_(some), *(MESSAGES.c.key.startswith(f"{key} ", autoescape=True) for key in some))
        rows = connection.execute(select(MESSAGES.c.key).where(MESSAGES.c.channel == channel, is_of)).scalars()
        found |= {split_row(key)[0] for key in rows}
    return frozenset(found)


def close(connection: Connection, database: Database, channel: str, keys: Iterable[str]) -> None:
    """Remember of previews without a row that there is nothing to tell in a channel any more."""
    now = database.now(connection)
    made = [{"id": new_id("msg"), "created_at": now, "key": key, "channel": channel, "state": "closed"} for key in keys]
    if made:
        connection.execute(database.insert(MESSAGES).values(made).on_conflict_do_nothing())


def of_channel(connection: Connection, channel: str, keys: Sequence[str]) -> dict[str, MessageRow]:
    """Those of a channel for these previews, by key: closed ones are kept for ever, and few are asked for again."""
    found: dict[str, MessageRow] = {}
    for start in range(0, len(keys), _AT_ONCE):
        wanted = (MESSAGES.c.channel == channel) & MESSAGES.c.key.in_(keys[start : start + _AT_ONCE])
        found |= {row.key: _row(row) for row in connection.execute(select(MESSAGES).where(wanted))}
    return found


def take(connection: Connection, database: Database, key: str, channel: str, *, token: str) -> MessageRow | None:
    """The row of a preview's message, in `token`'s hands until saved or for `LEASE`; None: it is in another's."""
    now = database.now(connection)
    fresh = {"id": new_id("msg"), "created_at": now, "key": key, "channel": channel, "state": "open"}
    connection.execute(database.insert(MESSAGES).values(fresh).on_conflict_do_nothing())
    is_this = (MESSAGES.c.key == key) & (MESSAGES.c.channel == channel)
    holder = connection.execute(select(MESSAGES.c.token).where(is_this).with_for_update()).scalar_one()
    is_free = or_(MESSAGES.c.lease_until.is_(None), MESSAGES.c.lease_until <= now)
    taken = update(MESSAGES).where(is_this, is_free).values(token=token, lease_until=now + LEASE).returning(MESSAGES)
    found = connection.execute(taken).first()
    return replace(_row(found), was_held=holder is not None) if found is not None else None


def keep(connection: Connection, database: Database, row: MessageRow) -> bool:
    """Write a row that is taken, and keep it for as long again. False: it is another's, and nothing was written."""
    return _write(connection, row, {"lease_until": database.now(connection) + LEASE})


def give_back(connection: Connection, row: MessageRow) -> bool:
    """Write a row that is taken, and let it go. False as of `keep`."""
    return _write(connection, row, {"token": None, "lease_until": None})


def _write(connection: Connection, row: MessageRow, more: Mapping[str, Any]) -> bool:
    values = {
        "state": row.state,
        "external_id": row.external_id,
        "told": row.told,
        "content_hash": (row.told or {}).get("digest"),
        "intent_at": row.intent_at,
        "look_at": row.look_at,
        **more,
    }
    is_ours = (MESSAGES.c.id == row.id) & (MESSAGES.c.token == row.token)
    return (
        connection.execute(update(MESSAGES).where(is_ours).values(values).returning(MESSAGES.c.id)).first() is not None
    )


def _row(row: Row[Any]) -> MessageRow:
    found = MessageRow(row.id, row.key, row.channel, row.state, row.external_id, row.told)
    return replace(found, intent_at=row.intent_at, look_at=row.look_at, token=row.token)


def review_of(connection: Connection, key: str) -> str:
    """The address where a change of a preview (`prd/RTB-123`) is reviewed; empty: none is known."""
    wanted = (
        select(JOBS.c.result)
        .where(JOBS.c.key == f"review/{key}", JOBS.c.name == "request.review", JOBS.c.state == "done")
        .order_by(JOBS.c.seq.desc())
        .limit(1)
    )
    found = connection.execute(wanted).scalar_one_or_none()
    request = found.get("request") if isinstance(found, dict) else None
    url = request.get("url") if isinstance(request, dict) else None
    return url if isinstance(url, str) else ""
