"""A digest as a value: previews by project or by who asked, with what they cost in a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from generator.errors import HubError
from generator.values.naming import IssueKey
from reconcilers.messages.model import Message

#: What ends within so long is said to end soon.
SOON: Final = timedelta(hours=24)
By = Literal["project", "requester"]
State = Literal["there", "awaiting", "ended"]
Sums = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Wanted:
    """From `since` to `until` (aware). `environment` None and no `projects` (`RTB`): all, but for `others`.

    `by`: what groups are of.
    """

    since: datetime
    until: datetime
    environment: str | None = None
    projects: frozenset[str] = frozenset()
    by: By = "project"
    others: frozenset[str] = frozenset()

    def shows(self, key: IssueKey) -> bool:
        """Whether an issue's previews are told of."""
        return (not self.projects or key.project in self.projects) and key.project not in self.others


@dataclass(slots=True)
class Line:
    """One preview. `at`: when it ends, or has ended; None: nobody knows. `cost`: in the time, by currency."""

    environment: str
    key: IssueKey
    state: State = "ended"
    at: datetime | None = None
    requested_by: str = ""
    cost: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def ends_soon(self, now: datetime) -> bool:
        """Whether it is there, and ends within a day of `now`."""
        return self.state == "there" and self.at is not None and now <= self.at <= now + SOON


@dataclass(frozen=True, slots=True)
class Group:
    """What is told together: of a project, or of whom asked for it; empty: of whom nobody knows."""

    name: str
    lines: tuple[Line, ...]

    @property
    def cost(self) -> Sums:
        """By currency."""
        return summed(self.lines)


@dataclass(frozen=True, slots=True)
class Digest:
    """Groups by name. `counts`: previews started, ended, extended, revived in the time.

    `is_partial`: there was more than is looked at. `unreadable`: why an environment is left out, by its name.
    """

    wanted: Wanted
    groups: tuple[Group, ...]
    counts: Mapping[str, int]
    is_partial: bool
    unreadable: Mapping[str, HubError]

    @property
    def cost(self) -> Sums:
        """By currency."""
        return summed(line for group in self.groups for line in group.lines)


@dataclass(frozen=True, slots=True)
class DigestMessage(Message):
    """A period's digest in one channel: `issue` is the period's name (`2026-W48`), `at` the channel.

    Once posted it stays as it is. `found` None: it is posted already.
    """

    found: Digest | None = None


def summed(lines: Iterable[Line]) -> Sums:
    """What lines cost, by currency; exact."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        for currency, amount in line.cost.items():
            found[currency] += amount
    return dict(found)
