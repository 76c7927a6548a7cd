"""What stands in channels of Slack: read once for all who look for messages there, and then what came since.

https://docs.slack.dev/reference/methods/conversations.history. A reading says which messages there are; what one of
them tells by now is asked of it alone (`again`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.adapters.slack.site import NO_PLACE, TIER_3_APART, SlackSite

#: How far back a message is looked for: it stands there since its preview began.
BACK: Final = timedelta(days=30)
PAGES, PAGE = 10, 200
#: A channel that was read just now is not read again: shorter than half of what a post is waited for
#: (`hub.actions.telling.posting.SETTLED`), so that one that arrived late is seen.
SHARED: Final = timedelta(seconds=20)
#: How long what was read further back counts; until then only what came since is read. A message comes late by less
#: than the overlap.
WHOLE, _OVERLAP = timedelta(minutes=10), timedelta(minutes=2)
Ts = Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{1,9}$")]


class Part(BaseModel):
    """What is read of an answer; fields that are not named are not read."""

    model_config = ConfigDict(frozen=True)


def _mapping(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


class Metadata(Part):
    """What an app gave a message."""

    event_type: str = ""
    event_payload: Annotated[dict[str, Any], BeforeValidator(_mapping)] = Field(default_factory=dict)


class Said(Part):
    """A message; `ts` is its id in its channel, and when it was posted."""

    ts: Ts
    user: str | None = None
    bot_id: str | None = None
    metadata: Annotated[Metadata, BeforeValidator(_mapping)] = Metadata()

    @property
    def order(self) -> tuple[int, str]:
        """The oldest first."""
        seconds, _, rest = self.ts.partition(".")
        return int(seconds), rest


class _More(Part):
    next_cursor: Annotated[str, Field(max_length=500)] = ""


class Page(Part):
    """Messages of a channel, or of a thread."""

    messages: tuple[Said, ...]  # an answer without them is none: it may not read as a channel without messages
    response_metadata: Annotated[_More, BeforeValidator(_mapping)] = _More()


@dataclass(frozen=True, slots=True)
class _Read:
    """What was said in a channel by `at`; what is older than that was read at `whole_at`."""

    at: datetime
    whole_at: datetime
    said: Mapping[str, Said]


@dataclass(eq=False)
class History:
    """Messages of one `event`, by channel. `no_place` is told of a channel that cannot be read, and why.

    Safe for threads.
    """

    site: SlackSite
    event: str
    clock: Callable[[], datetime]
    no_place: Callable[[str, str], None]
    _read: dict[str, _Read] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def said(self, channel: str) -> Collection[Said] | None:
        """What was said in a channel, as far back as is looked; None: it cannot be read. One reads for all."""
        with self._lock:
            now, known = self.clock(), self._read.get(channel)
            if known is not None and not known.whole_at <= now < known.whole_at + WHOLE:
                known = None
            if known is not None and known.at <= now <= known.at + SHARED:
                return known.said.values()
            found = self._since(channel, known.at - _OVERLAP if known else now - BACK)
            if found is None:
                return None
            older = known.said if known else {}
            read = _Read(now, known.whole_at if known else now, {**older, **{one.ts: one for one in found}})
            self._read[channel] = read
            return read.said.values()

    def again(self, channel: str, ts: str) -> Sequence[Said] | None:
        """A message as it is now; none: it is gone. None: the channel cannot be read."""
        page = self._page(channel, {"limit": 1, "oldest": ts, "latest": ts, "inclusive": True})
        return None if page is None else [one for one in page.messages if one.ts == ts]

    def add(self, channel: str, said: Said) -> None:
        """A message that was posted just now."""
        with self._lock:
            if channel in self._read:
                known = self._read[channel]
                self._read[channel] = replace(known, said={**known.said, said.ts: said})

    def forget(self, channel: str) -> None:
        """Read it anew the next time: nobody knows what stands there."""
        with self._lock:
            self._read.pop(channel, None)

    def _since(self, channel: str, oldest: datetime) -> Sequence[Said] | None:
        found, more = list[Said](), dict[str, Any]()
        for _ in range(PAGES):
            page = self._page(channel, {"limit": PAGE, "oldest": f"{oldest.timestamp():.6f}", **more})
            if page is None:
                return None
            found += (one for one in page.messages if one.metadata.event_type == self.event)
            if not page.response_metadata.next_cursor:
                break
            more = {"cursor": page.response_metadata.next_cursor}
        return found

    def _page(self, channel: str, which: Mapping[str, Any]) -> Page | None:
        """Messages of a channel; None: it cannot be read."""
        what, turn = f"read channel {channel}", ("conversations.history", TIER_3_APART)
        arguments = {"channel": channel, "include_all_metadata": True, **which}
        told = self.site.call("conversations.history", what, arguments, turn=turn, expected=NO_PLACE)
        if not told["ok"]:
            self.no_place(channel, told["error"])
            return None
        return self.site.read(Page, told, what)
