"""What changes, as it does: server-sent events of one stream a client.

`snapshot` once at the begin, then `changed` and `gone` of the previews that the client's filter matches, `operation` of
each that ended. A client that names the last event it saw (Last-Event-ID) gets what it missed. `reset` says that this
is not known any more, or that the client reads too slowly: it reads the list again and comes back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from generator.errors import ConfigError, Fault, Reason
from hub.services.api.context import Api, ApiOf, CallerOf
from hub.services.api.feed import Change
from hub.services.api.limits import STREAMS, STREAMS_OF_ONE, StrictRoute
from hub.services.api.reads import Filter
from hub.services.api.rights import Caller
from hub.services.api.snapshot import Wanted

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
#: Events that wait for a client to read them; seconds between two signs of life, shorter than a load balancer waits.
MOST_WAITING, PING_SECONDS = 100, 15
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get("/events", response_model=None, response_class=EventSourceResponse)
async def events(
    api: ApiOf, caller: CallerOf, env: Filter = "", phase: Filter = "", project: Filter = "",
    requester: Annotated[str, Query(max_length=200)] = "", text: Filter = "",
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:  # fmt: skip
    """The stream; its filters are those of the list."""
    wanted = Wanted(env, phase, project, caller.name if requester == "me" else requester, text)
    snapshot = api.snapshot
    begin = {"revision": snapshot.revision, "total": len(snapshot.view(wanted).rows)}
    if sum(api.streams.values()) >= STREAMS or api.streams.get(caller.id, 0) >= STREAMS_OF_ONE:
        fault = Fault(f"there are {STREAMS_OF_ONE} streams of {caller.name}, or {STREAMS} in all", remedy="close one")
        raise ConfigError(Reason.TOO_MANY_REQUESTS, fault)
    stream = _stream(api, caller, wanted, begin, last_event_id)
    return EventSourceResponse(stream, headers=_HEADERS, ping=PING_SECONDS)


async def _stream(
    api: Api, caller: Caller, wanted: Wanted, begin: dict[str, Any], last_event_id: str | None
) -> AsyncIterator[ServerSentEvent]:
    reader = _Reader(asyncio.get_running_loop(), api.ending)
    after = int(last_event_id) if last_event_id and last_event_id.isdecimal() else None
    api.streams[caller.id] = api.streams.get(caller.id, 0) + 1
    missed, last = api.feed.subscribe(reader.told, after=after)
    try:
        if last_event_id is not None and (after is None or missed is None):
            yield _event("reset", {"why": "the last event is not known any more"}, last)
            return
        if last_event_id is None:
            yield _event("snapshot", begin, last)
        for one in missed or []:
            if _is_wanted(one, wanted):
                yield _event(one.event, one.data, one.id)
        async for one in reader.changes():
            if _is_wanted(one, wanted):
                yield _event(one.event, one.data, one.id)
        if reader.is_slow:
            yield _event("reset", {"why": "the client reads too slowly"}, last)
    finally:
        api.feed.unsubscribe(reader.told)
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


def _is_wanted(change: Change, wanted: Wanted) -> bool:
    return change.about is None or wanted.matches(change.about)


def _event(name: str, data: Any, number: int) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data, ensure_ascii=False), event=name, id=str(number))
