"""Office time: a lease that counts it does not run out at night or at weekends.

Office hours are the moments from when an office clock shows `opens` or later until it shows `closes`, on `days`.
Daylight saving moves them with the clock on the wall: an hour that is left out is not counted, one that comes twice is
counted as long as it lasts. Zones come from the system or else the package tzdata (docs/adr/0016).
"""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class OfficeTime:
    """`days` are those of `date.weekday`, at least one; `opens` is before `closes`."""

    zone: tzinfo
    days: frozenset[int]
    opens: time
    closes: time

    def after(self, start: datetime, length: timedelta) -> datetime:
        """The moment (UTC) at which `length` of office time, more than none, has passed since `start` (aware).

        It lies within office hours or at their closing. More time never gives an earlier moment, and two lengths one
        after the other give what their sum does.
        """
        left, start = length, start.astimezone(UTC)
        for opens, closes in self._from(start):
            begin = max(opens, start)
            if begin + left <= closes:
                return begin + left
            left -= max(closes - begin, timedelta(0))
        raise AssertionError  # days never end

    def contains(self, moment: datetime) -> bool:
        """Whether `moment` lies within office hours, their closing included."""
        return any(opens <= moment <= closes for opens, closes in self._on(moment.astimezone(self.zone).date()))

    def opens_after(self, moment: datetime) -> datetime:
        """When the office opens next (UTC), later than `moment` (aware)."""
        return next(opens for opens, _ in self._from(moment) if opens > moment)

    def closes_after(self, moment: datetime) -> datetime:
        """When the office closes next (UTC), later than `moment` (aware). It is open where that is before it opens."""
        return next(closes for _, closes in self._from(moment) if closes > moment)

    def closed_before(self, moment: datetime) -> datetime:
        """When the office closed last (UTC), at `moment` (aware) or before."""
        day = moment.astimezone(self.zone).date()
        while True:
            for _, closes in self._on(day):
                if closes <= moment:
                    return closes
            day -= _DAY

    def _from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Office hours day by day, the first that may hold `start` first."""
        day = start.astimezone(self.zone).date()
        while True:
            yield from self._on(day)
            day += _DAY

    def _on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Office hours of a day; none on another weekday, or where daylight saving leaves them out."""
        if day.weekday() in self.days:
            opens, closes = (_first(datetime.combine(day, clock), self.zone) for clock in (self.opens, self.closes))
            if opens < closes:
                yield opens, closes


def _first(shown: datetime, zone: tzinfo) -> datetime:
    """The first moment (UTC) at which the clocks of `zone` show `shown` (naive) or later."""
    moment = shown.replace(tzinfo=zone).astimezone(UTC)  # of two, the first
    if _clock(moment, zone) == shown:
        return moment
    # Clocks skip it: they jump between what it is by the offset after the jump, and by the one before (PEP 495).
    before, after = shown.replace(tzinfo=zone, fold=1).astimezone(UTC), moment
    while after - before > _SECOND:
        middle = before + (after - before) // 2 // _SECOND * _SECOND
        before, after = (before, middle) if _clock(middle, zone) >= shown else (middle, after)
    return after


def _clock(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def zone_of(name: str) -> tzinfo:
    """The time zone `name` of the IANA database. Raises `ValueError` with the nearest that there is."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as err:  # a folder such as Europe is an OSError
        close = difflib.get_close_matches(name[:80], zoneinfo.available_timezones(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        allowed = "a name of the IANA database, such as Asia/Seoul or Europe/Berlin"
        raise ValueError(f"there is no time zone {name[:80]!r}{hint}; allowed: {allowed}") from err
