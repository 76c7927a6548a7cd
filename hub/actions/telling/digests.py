"""Telling the digest of a period in each team's channel: once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from hub.actions.telling.posting import Outcome
from hub.actions.telling.teller import Teller
from hub.store import messages as rows
from hub.views.digest.model import Digest, DigestMessage, Wanted

Every = Literal["day", "week"]
#: `none`: there were no previews, and nobody is told that.
Told = Literal["none", "failed"] | Outcome


@dataclass(frozen=True, slots=True)
class Period:
    """`name` tells it from all others of its length: a day (`2026-11-28`), or a week of ISO 8601 (`2026-W48`).

    `since` (UTC): from when its digest tells, when clocks there showed the same a day or a week before.
    """

    name: str
    since: datetime


def period_of(every: Every, now: datetime, zone: tzinfo) -> Period:
    """The one that `now` is in, by the clocks of `zone`."""
    there = now.astimezone(zone)
    before = there - timedelta(days=1 if every == "day" else 7)  # of clocks on the wall: 23 to 25 hours a day
    since = before.astimezone(UTC)
    if every == "day":
        return Period(there.date().isoformat(), since)
    year, week, _ = there.isocalendar()
    return Period(f"{year}-W{week:02}", since)


def by_channel(channels: Mapping[str, str], wanted: Wanted) -> dict[str, Wanted]:
    """What each channel is told. `channels`: of each project, of every other one where the key is empty."""
    found = {}
    for channel in dict.fromkeys(channels.values()):
        own = frozenset(project for project, one in channels.items() if one == channel)
        others = frozenset(project for project in channels if project not in own)
        found[channel] = replace(wanted, others=others) if "" in own else replace(wanted, projects=own)
    return found


@dataclass(frozen=True, slots=True)
class OneTold:
    """What became of the digest of a channel, or would. `message` has no digest where it was told before."""

    channel: str
    told: Told | str
    message: DigestMessage


@dataclass(frozen=True)
class Digests:
    """A period's digests. `read` gives what there is to tell; it is asked for no channel that was told already."""

    teller: Teller
    period: Period
    rooms: Mapping[str, Wanted]
    read: Callable[[Wanted], Digest]

    def tell(self, failures: list[Exception]) -> Iterator[OneTold]:
        """Post each that is not there yet; what keeps one from being posted is added to `failures`.

        Raises what `read` raises, and `Transient` (DatabaseUnreachable).
        """
        for channel, message in self._messages():
            if self._is_nothing(message):
                yield OneTold(channel, "none", message)
                continue
            done = self.teller.bring_up_to_date([message])
            failures += self.teller.failures
            yield OneTold(channel, "failed" if self.teller.failures else next(iter(done), "unchanged"), message)

    def plan(self) -> Iterator[OneTold]:
        """What `tell` would do. Raises as it does."""
        for channel, message in self._messages():
            action = "none" if self._is_nothing(message) else self.teller.planned([message])[0].action
            yield OneTold(channel, action, message)

    def _messages(self) -> Iterator[tuple[str, DigestMessage]]:
        told = self._told()
        for channel in self.rooms:
            message = self._blank(channel)
            yield channel, message if message.row in told else replace(message, found=self.read(self.rooms[channel]))

    def _blank(self, channel: str) -> DigestMessage:
        wanted = self.rooms[channel]
        return DigestMessage(self.period.name, wanted.environment or "*", "unseen", at=channel)

    @staticmethod
    def _is_nothing(message: DigestMessage) -> bool:
        found = message.found
        return found is not None and not found.groups and not found.unreadable

    def _told(self) -> Collection[str]:
        wanted = [self._blank(channel).row for channel in self.rooms]
        with self.teller.desk.database.read() as connection:
            found = rows.of_channel(connection, self.teller.channel.name, wanted)
        return {key for key, row in found.items() if row.external_id is not None}
