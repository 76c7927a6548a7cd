"""Times for people at a terminal: how long ago or until then, and where there is room, when that is in their zone.

The zone is the terminal's (TZ, else the system's). A pipe, a file and all data have RFC 3339 in UTC, which stays true
however late it is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

#: RFC 3339 in UTC to the second, as we write it. In quotes, behind an option and in a word it is there to be copied.
_MOMENT = re.compile(r"(?<![\w./:=\"'`-])[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z(?![\w\"'`-])")
_OPTION = re.compile(r"--[a-z-]{1,40} $")
_NO_TIME, _MINUTE, _HOUR, _DAY = timedelta(0), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: From how long on which unit is told: 90 minutes are 90 min, and two days are 2 d.
_UNITS = ((2 * _DAY, _DAY, "d", "일"), (2 * _HOUR, _HOUR, "h", "시간"), (_MINUTE, _MINUTE, "min", "분"))


@dataclass(frozen=True, slots=True)
class Reader:
    """Where and when somebody reads. `zone` None: that of the terminal."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    zone: tzinfo | None = None


_reader: ContextVar[Reader] = ContextVar("rtb_hub_reader", default=Reader())  # noqa: B039 - frozen


@contextmanager
def read_by(reader: Reader) -> Iterator[None]:
    """While it lasts, times are told to `reader`."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def relative(at: datetime, *, korean: bool = False) -> str:
    """How long ago `at` (aware) is or until when, in whole units, never more than it is: `5 min ago`, `in 3 h`."""
    apart = at - _reader.get().now()
    is_past, length = apart < _NO_TIME, abs(apart)
    for least, unit, name, in_korean in _UNITS:
        if length >= least:
            count = length // unit
            if korean:
                return f"{count}{in_korean} {'전' if is_past else '후'}"
            return f"{count} {name} ago" if is_past else f"in {count} {name}"
    if korean:
        return "방금" if is_past else "1분 안에"
    return "just now" if is_past else "within a minute"


def local(at: datetime) -> str:
    """`at` (aware) to the minute where it is read, with the zone: `2026-11-28 23:05 KST`."""
    there = at.astimezone(_reader.get().zone)
    return f"{there:%Y-%m-%d %H:%M} {there.tzname() or f'{there:%z}'}"


def brief(text: str, *, korean: bool = False) -> str:
    """A cell of a table: a moment relative, and what has moments besides other words with them local."""
    found = moments(text)
    if len(found) == 1 and found[0][:2] == (0, len(text)):
        return relative(found[0][2], korean=korean)
    return _replaced(text, lambda at, _: local(at))


def localized(text: str, *, korean: bool = False) -> str:
    """`text` with its moments local, and how long that is from now: `2026-11-28 23:05 KST (in 3 h)`.

    Where brackets follow already, they say that.
    """

    def told(at: datetime, behind: str) -> str:
        return local(at) if behind.startswith(" (") else f"{local(at)} ({relative(at, korean=korean)})"

    return _replaced(text, told)


def moments(text: str) -> list[tuple[int, int, datetime]]:
    """Where moments that are there to be read begin and end in `text`."""
    found = []
    for one in _MOMENT.finditer(text):
        if _OPTION.search(text, max(0, one.start() - 50), one.start()):
            continue
        try:
            at = datetime.fromisoformat(one[0])
            at.astimezone(_reader.get().zone)
        except (ValueError, OverflowError):  # no date of the calendar
            continue
        found.append((one.start(), one.end(), at))
    return found


def _replaced(text: str, tell: Callable[[datetime, str], str]) -> str:
    found = moments(text)
    if not found:
        return text
    edges = [*found, (len(text), len(text), found[-1][2])]
    parts = [text[: found[0][0]]]
    for (_, end, at), (following, _, _) in pairwise(edges):
        parts += [tell(at, text[end:]), text[end:following]]
    return "".join(parts)
