"""What changes, as it does: server-sent events of one stream a client.

`snapshot` at the begin, then `changed` and `gone` of the previews that the client's filter matches (one that matches no
more is gone to it), at most two of each a second, and `operation` of each that ended. `alive` tells every 15 seconds
when the repository was looked at last. A client that names the last event it saw (Last-Event-ID) gets what it missed.
`reset` says that this is not known any more, or that the client reads too slowly: it reads the list again and comes
back without it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from generator.errors import ConfigError, Fault, Reason
from hub.services.api.context import Api, ApiOf, CallerOf
from hub.services.api.feed import Change, Feed
from hub.services.api.limits import STREAMS, STREAMS_OF_ONE, StrictRoute
from hub.services.api.reads import Filter
from hub.services.api.rights import Caller
from hub.services.api.shapes.base import tells
from hub.services.api.shapes.streaming import StreamEvents
from hub.services.api.snapshot import Wanted

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
#: Events that wait for a client to read them; seconds between two signs of life, shorter than a load balancer waits.
MOST_WAITING, PING_SECONDS = 100, 15
#: Previews that one event tells of.
MOST_ROWS = 100
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/events", responses=tells(StreamEvents), response_model=None, response_class=EventSourceResponse)
async def events(
    api: ApiOf, caller: CallerOf, env: Filter = "", phase: Filter = "", project: Filter = "",
    requester: Annotated[str, Query(max_length=200)] = "", text: Filter = "",
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:  # fmt: skip
    """The stream; its filters are those of the list."""
    wanted = Wanted(env, phase, project, caller.name if requester == "me" else requester, text)
    snapshot = api.snapshot
    begin = {"revision": snapshot.revision, "asOf": snapshot.as_of, "total": len(snapshot.view(wanted).rows)}
    if sum(api.streams.values()) >= STREAMS or api.streams.get(caller.id, 0) >= STREAMS_OF_ONE:
        fault = Fault(f"there are {STREAMS_OF_ONE} streams of {caller.name}, or {STREAMS} in all", remedy="close one")
        raise ConfigError(Reason.TOO_MANY_REQUESTS, fault)
    stream = _stream(api, caller, wanted, begin, last_event_id)
    return EventSourceResponse(stream, headers=_HEADERS, ping=PING_SECONDS, ping_message_factory=lambda: _alive(api))


async def _stream(
    api: Api, caller: Caller, wanted: Wanted, begin: dict[str, Any], last_event_id: str | None
) -> AsyncIterator[ServerSentEvent]:
    reader, feed = _Reader(asyncio.get_running_loop(), api.ending), api.feed
    api.streams[caller.id] = api.streams.get(caller.id, 0) + 1
    missed, last = feed.subscribe(reader.told, after=_after(feed, last_event_id))
    try:
        if last_event_id is not None and missed is None:
            yield _event("reset", {"why": "the last event is not known any more"})
            return
        if last_event_id is None:
            yield _event("snapshot", begin, _id(feed, last))
        for one in missed or []:
            for event in _events(feed, one, wanted):
                yield event
        async for one in reader.changes():
            for event in _events(feed, one, wanted):
                yield event
        if reader.is_slow:
            yield _event("reset", {"why": "the client reads too slowly"})
    finally:
        feed.unsubscribe(reader.told)
        api.streams[caller.id] -= 1
        if not api.streams[caller.id]:
            del api.streams[caller.id]


class _Reader:
    """What waits for one client. `is_slow`: more than it may, and what it misses it has to read anew."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
        self._loop, self._ending = loop, ending
        self._waiting: asyncio.Queue[Change] = asyncio.Queue(MOST_WAITING)
        self.is_slow = False

    def told(self, changes: list[Change]) -> None:
        """Called by the feed's thread."""
        self._loop.call_soon_threadsafe(self._put, changes)

    def _put(self, changes: list[Change]) -> None:
        try:
            for one in changes:
                self._waiting.put_nowait(one)
        except asyncio.QueueFull:
            self.is_slow = True

    async def changes(self) -> AsyncIterator[Change]:
        """Changes as they come, until the process ends or the client is too slow."""
        ending = asyncio.ensure_future(self._ending.wait())
        try:
            while not self.is_slow:
                getting = asyncio.ensure_future(self._waiting.get())
                try:
                    await asyncio.wait({getting, ending}, return_when=asyncio.FIRST_COMPLETED)
                    if not getting.done():
                        return
                    yield getting.result()
                finally:
                    getting.cancel()
        finally:
            ending.cancel()


def _events(feed: Feed, change: Change, wanted: Wanted) -> list[ServerSentEvent]:
    """What a client is told of a change. The last one alone has the id: who missed it gets all of them again."""
    about = {"revision": change.revision, "asOf": change.as_of}
    told: list[tuple[str, Any]] = []
    if change.operation is not None:
        told.append(("operation", change.operation))
    elif change.rows is None:
        told.append(("changed", {**about, "previews": [], "isMany": True}))
    else:
        new = [one.data for one in change.rows if wanted.takes(one.after)]
        if new:
            is_many = len(new) > MOST_ROWS
            told.append(("changed", {**about, "previews": [] if is_many else new, "isMany": is_many}))
        old = [_where(one.data) for one in change.rows if wanted.takes(one.before) and not wanted.takes(one.after)]
        if old:
            told.append(("gone", {**about, "previews": old}))
    events = [_event(name, data) for name, data in told[:-1]]
    return [*events, *(_event(name, data, _id(feed, change.id)) for name, data in told[-1:])]


def _where(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in ("issue", "environment", "isRequest")}


def _after(feed: Feed, last_event_id: str | None) -> int | None:
    """The number of the event that a client saw last; -1: it is none of this process's."""
    if last_event_id is None:
        return None
    name, _, number = last_event_id.rpartition("-")
    return int(number) if name == feed.name and number.isascii() and number.isdecimal() else -1


def _id(feed: Feed, number: int) -> str:
    return f"{feed.name}-{number}"


def _alive(api: Api) -> ServerSentEvent:
    return _event("alive", {"asOf": api.feed.snapshot.as_of})


def _event(name: str, data: Any, number: str | None = None) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data, ensure_ascii=False), event=name, id=number)
