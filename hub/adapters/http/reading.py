"""Reading what a server says, within bounds: the body, its JSON, and how long it wants to be left alone.

Whatever comes, a function here gives a value or raises `UnreadableError` or `TooLargeError`; urllib3's own errors pass.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any, NoReturn

#: What is read at once.
_CHUNK_BYTES = 65_536
#: A server that wants to be left alone for longer than a day is not believed.
MAX_PAUSE_SECONDS = 86_400.0
_SECONDS = re.compile(r"\A[0-9]{1,7}\Z")
_EPOCH = re.compile(r"\A[0-9]{1,12}\Z")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class UnreadableError(ValueError):
    """A body that is no JSON of numbers and texts that can be held."""


class TooLargeError(ValueError):
    """A body of more bytes than are taken."""


def read_body(response: Any, limit_bytes: int) -> bytes:
    """The body of a `urllib3.HTTPResponse` that was not preloaded, decoded (gzip); `TooLargeError` beyond the limit.

    What is decoded is bounded too, piece by piece (urllib3 2.6), so that a small answer cannot become a large one.
    """
    told = response.headers.get("Content-Length", "")
    if _EPOCH.match(told) and int(told) > limit_bytes:
        raise TooLargeError(f"{told} bytes")
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_CHUNK_BYTES, decode_content=True):
        size += len(piece)
        if size > limit_bytes:
            raise TooLargeError(f"more than {limit_bytes} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def parse_json(body: bytes) -> Any:
    """The value of a JSON text (RFC 8259: UTF-8), None for no text at all. Raises `UnreadableError`.

    Not taken: nesting deeper than Python's stack, integers of more than 4,300 digits, numbers that are infinite or
    none, and texts with half a surrogate pair, which nobody could print.
    """
    if not body:
        return None
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as err:
        raise UnreadableError(type(err).__name__) from None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number without bounds")
    return number


def pause_of(told: str | None, now: datetime) -> float | None:
    """The seconds that a `Retry-After` asks for: a number of them, or a date (RFC 9110, section 10.2.3).

    None for none, and for what cannot be meant: no number, a negative one, more than `MAX_PAUSE_SECONDS`. A date that
    has passed is 0. `now` is aware.
    """
    text = (told or "").strip()
    if _SECONDS.match(text):
        return _believed(float(text))
    if not 20 <= len(text) <= 40:
        return None
    from email.utils import parsedate_to_datetime

    try:
        at = parsedate_to_datetime(text)
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        return _believed(max((aware - now).total_seconds(), 0.0))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def pause_until(told: str | None, now: datetime) -> float | None:
    """The seconds until a time in seconds since 1970, as headers of rate limits give it. None as in `pause_of`."""
    text = (told or "").strip()
    return _believed(max(int(text) - now.timestamp(), 0.0)) if _EPOCH.match(text) else None


def count_of(told: str | None) -> int | None:
    """A whole number of up to twelve digits in a header, or None."""
    text = (told or "").strip()
    return int(text) if _EPOCH.match(text) else None


def _believed(seconds: float) -> float | None:
    return seconds if seconds <= MAX_PAUSE_SECONDS else None
