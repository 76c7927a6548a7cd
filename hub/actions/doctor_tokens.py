"""When the tokens that services need end: one finding for each that ends soon, has ended, or does not tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from generator.errors import Location, ToDo
from generator.values.counting import counted
from generator.values.formats import format_time
from hub.adapters.http.token_ends import TokenEnd
from reconcilers.doctor.repository import Diagnosis

#: From so long before its end on, a token is told of.
SOON: Final = timedelta(days=30)


def check_end(where: str, token: str, end: TokenEnd, renew: ToDo, *, now: datetime) -> Iterator[Diagnosis]:
    """The finding on a token, if there is one. `where`: its setting; `token` and `renew` are for people."""
    if end.unknown:
        message = f"when {token} ends is not known: {end.unknown}"
        yield Diagnosis("note", "token-end-unknown", Location(where), message, ("look it up where it was made",))
    elif end.at is not None and end.at <= now:
        message = f"{token} ended at {format_time(end.at)}"
        yield Diagnosis("error", "token-ended", Location(where), message, (renew,))
    elif end.at is not None and end.at - now <= SOON:
        days = (end.at - now).days
        left = f"in {counted(days, 'day')}" if days else "within a day"
        message = f"{token} ends {left}, at {format_time(end.at)}"
        yield Diagnosis("warning", "token-ends", Location(where), message, (renew,))
