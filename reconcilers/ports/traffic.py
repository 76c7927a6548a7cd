"""What was measured of the requests that come to previews. Absent data is no zero: see `Measured`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

#: Requests and health are told for so long at once; the beginning of a span is a multiple of it, from 1970 on.
PERIOD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Span:
    """When is looked at (aware): requests from `since` until `now`, health from `since` until `settled`.

    What is later than `settled` may not be told yet: no data of then says nothing, and a request counts all the same.
    """

    since: datetime
    settled: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """One preview in a span. `groups`: target groups that were measured.

    `was_up`: in each period until `settled` each of them had a healthy target all the time, and that was told: a
    request would have been counted. `last` (aware): when the last period with a request began, None where none came.
    `unread`: why nothing follows from the rest; empty where all of it was read.
    """

    groups: int = 0
    was_up: bool = False
    last: datetime | None = None
    unread: str = ""

    @property
    def is_quiet(self) -> bool:
        """Whether it is known that no request came."""
        return not self.unread and self.groups > 0 and self.was_up and self.last is None


class Traffic(Protocol):
    """Where it may be asked.

    Raises `Transient` when it does not answer, `Stalled` when it refuses to, and `ConfigError` (InvalidValue).
    """

    def of(self, namespaces: Collection[str], span: Span) -> Mapping[str, Measured]:
        """What was measured, by namespace; one without target groups is not among them."""
