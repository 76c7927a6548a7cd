"""Deliveries that a sender gave up: looked for since the last good look, and asked for again.

GitHub never delivers by itself what was not acknowledged. A look goes from the newest delivery back to where the last
good one began. It may take several turns; where it stopped is kept after each page, and only its end moves that place:
a look that fails, or a process that dies, leaves nothing out. What is asked for again comes by the listener, with its
proof, and is known there by its id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from generator.values.formats import format_time, parse_time
from hub.store import catch_ups
from hub.store.catch_ups import CaughtUp
from hub.store.database import Database
from hub.store.deliveries import known
from reconcilers.ports.deliveries import Deliveries, Sent, SentPage

#: Pages of one turn, and deliveries that are asked for again in it.
MOST_PAGES: Final = 20
MOST_AGAIN: Final = 200
#: A sender lists a delivery a little after it was tried.
_OVERLAP: Final = timedelta(minutes=2)
#: It would be refused again.
_TOO_LARGE: Final = 413


@dataclass(frozen=True, slots=True)
class Looked:
    """What a turn came to. `is_whole`: the look came to its end; else the next turn goes on with it."""

    pages: int = 0
    again: int = 0
    gone: int = 0
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a look is: it goes back to `since`, began at `begun` (the sender's times), and reads `page` next."""

    since: datetime | None = None
    begun: datetime | None = None
    page: str | None = None

    @classmethod
    def of(cls, kept: CaughtUp) -> _Place:
        told = kept.state
        since, begun = (parse_time(told[name]) if told.get(name) else None for name in ("since", "begun"))
        return cls(since, begun, told.get("page"))

    def data(self) -> dict[str, Any]:
        times = {"since": self.since, "begun": self.begun}
        return {"page": self.page, **{name: format_time(at) if at else None for name, at in times.items()}}


def look_for_lost(database: Database, deliveries: Deliveries, *, may_go_on: Callable[[], None]) -> Looked:
    """One turn of a look. `may_go_on` is asked before each effect, and raises where another has the job now.

    Raises what `deliveries` raises, and `Transient` (DatabaseUnreachable): what was done until then is kept.
    """
    with database.read() as connection:
        kept = catch_ups.get(connection, deliveries.sender)
    place, looked = _Place.of(kept), Looked()
    taken: set[str] = set()
    while looked.pages < MOST_PAGES and not looked.is_whole:
        page = deliveries.page(place.page)
        looked = replace(looked, pages=looked.pages + 1)
        if page is None:  # where it stopped is too long ago
            place = _Place(place.since)
            continue
        taken |= {one.guid for one in page.tries if one.is_taken}
        lost = _lost(database, page, place.since, taken)
        if looked.again + looked.gone + len(lost) > MOST_AGAIN:
            break  # a page has no more than that: the next turn begins with it
        for one in lost:
            may_go_on()
            is_kept = deliveries.again(one)
            looked = replace(looked, again=looked.again + is_kept, gone=looked.gone + (not is_kept))
        begun = place.begun or max((one.at for one in page.tries), default=None)
        if page.older is None or (place.since is not None and any(one.at < place.since for one in page.tries)):
            place, looked = _Place(since=begun - _OVERLAP if begun else place.since), replace(looked, is_whole=True)
        else:
            place = _Place(place.since, begun, page.older)
        may_go_on()
        with database.write() as connection:
            good_at = database.now(connection) if looked.is_whole else kept.good_at
            catch_ups.keep(connection, database, deliveries.sender, CaughtUp(place.data(), good_at))
    return looked


def _lost(database: Database, page: SentPage, since: datetime | None, taken: set[str]) -> list[Sent]:
    """What nobody acknowledged and we do not have, each once, by its newest try."""
    tried = {
        one.guid: one
        for one in reversed(page.tries)
        if not one.is_taken and one.status != _TOO_LARGE and one.guid not in taken
        and (since is None or one.at >= since)
    }  # fmt: skip
    if not tried:
        return []
    with database.read() as connection:
        kept = known(connection, "github", tried)
    return [one for guid, one in tried.items() if guid not in kept]
