"""What the API reads: one immutable snapshot of the state repository, swapped whole.

A request takes the snapshot once and answers from it alone, so that a page, its total and its ETag belong together.
Views (a filter in an order) are made once a snapshot; a page of one costs what it shows.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from generator.errors import ConfigError, Fault, HubError, Reason
from generator.values.formats import format_time, parse_time
from generator.values.quantities import duration
from hub.output.remedies import fault_line
from hub.services.api.spend import Spend, spends
from hub.views.listing.model import Cursor, Order, Sort
from hub.views.listing.rows import DesignChange, Listed
from hub.views.preview import describe_row
from hub.views.queue import QueuePosition
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState

#: Views that a snapshot keeps.
_MOST_VIEWS = 64
Place = tuple[Any, str, bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which previews. Empty: all. `text` is looked for in key, owner, branch, blueprint."""

    env: str = ""
    phase: str = ""
    project: str = ""
    requester: str = ""
    text: str = ""

    def matches(self, listed: Listed) -> bool:
        """Whether a preview is wanted."""
        row = listed.row
        return (
            self.env in ("", row.environment)
            and self.phase in ("", phase_of(listed))
            and self.project in ("", listed.key.project)
            and self.requester in ("", row.owner)
            and (not self.text or self.text.casefold() in _searched(listed))
        )

    def takes(self, traits: Traits | None) -> bool:
        """Whether a preview of these traits is wanted; None: there is none."""
        return traits is not None and (
            self.env in ("", traits.env)
            and self.phase in ("", traits.phase)
            and self.project in ("", traits.project)
            and self.requester in ("", traits.requester)
            and (not self.text or self.text.casefold() in traits.text)
        )


@dataclass(frozen=True, slots=True)
class Traits:
    """What filters look at of one preview, without the rest of it."""

    env: str
    phase: str
    project: str
    requester: str
    text: str

    @classmethod
    def of(cls, listed: Listed) -> Traits:
        """Those of a row."""
        row = listed.row
        return cls(row.environment, phase_of(listed), listed.key.project, row.owner, _searched(listed))


def _searched(listed: Listed) -> str:
    row = listed.row
    return f"{row.key}\n{row.owner}\n{listed.outline.branch or ''}\n{row.blueprint}".casefold()


def phase_of(listed: Listed) -> str:
    """The phase that Git tells."""
    return "removal requested" if listed.removal else listed.row.lease


def place_of(listed: Listed) -> Place:
    """Where it stands by key."""
    return listed.key, listed.row.environment, listed.is_request


@dataclass(frozen=True)
class View:
    """Those of a filter, in an order, with how many there are of what."""

    rows: tuple[Listed, ...]
    order: Order
    facets: Mapping[str, Mapping[str, int]]

    @cached_property
    def _places(self) -> list[Place]:
        return [place_of(one) for one in self.rows]

    @cached_property
    def _numbers(self) -> Mapping[Cursor, int]:
        return {Cursor.at(one): number for number, one in enumerate(self.rows, 1)}

    def page(self, after: Cursor | None, limit: int) -> tuple[tuple[Listed, ...], Cursor | None]:
        """At most `limit` rows after `after`, and where the next page begins (None: there is none).

        By key the row `after` need not be there any more; in another order raises `ConfigError` (InvalidValue) then.
        """
        begin = 0
        if after is not None and self.order == Order():
            begin = bisect_right(self._places, (after.key, after.environment, after.is_request))
        elif after is not None:
            if after not in self._numbers:
                remedy = "it is gone or matches no more: begin again without it, or sort by key"
                raise ConfigError(Reason.INVALID_VALUE, Fault(f"{after} is not listed", field="after", remedy=remedy))
            begin = self._numbers[after]
        rows = self.rows[begin : begin + limit]
        more = rows and begin + limit < len(self.rows)
        return rows, Cursor.at(rows[-1]) if more else None


@dataclass(frozen=True)
class Snapshot:
    """Everything at `at` (aware). `heads`: the commits of all branches; `states` by environment.

    `failures`: why environments cannot be read. Their previews are those that were read last (`stale`), since what
    cannot be read is not gone. `unlisted`: entries that a mistake of ours keeps out, by environment.
    """

    at: datetime
    heads: Mapping[str, str]
    states: Mapping[str, EnvironmentState]
    rows: tuple[Listed, ...]
    queue: tuple[QueuePosition, ...] = ()
    failures: Mapping[str, HubError] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()
    unlisted: tuple[tuple[str, EntryRecord], ...] = ()
    _views: dict[tuple[Wanted, Order], View] = field(default_factory=dict, compare=False, repr=False)

    @property
    def as_of(self) -> str:
        """When it was looked, as it is told."""
        return format_time(self.at.replace(microsecond=0))

    @cached_property
    def revision(self) -> str:
        """Names what is told: equal for processes that read the same, whenever they did."""
        told = [f"{name} {commit}" for name, commit in sorted(self.heads.items())]
        told += [f"{one.row.key} {one.row.environment} {one.row.lease} {one.design}" for one in self.rows]
        told += sorted(self.failures)
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:20]

    @cached_property
    def by_place(self) -> Mapping[tuple[str, str], Listed]:
        """By environment and key (`RTB-123`): what is live, else what is asked for."""
        return {
            (one.row.environment, one.row.key): one for one in sorted(self.rows, key=lambda one: not one.is_request)
        }

    @cached_property
    def waiting(self) -> Mapping[tuple[str, str], QueuePosition]:
        """Who waits for room, by environment and key."""
        return {(one.queued.spec.environment, str(one.queued.key)): one for one in self.queue}

    @cached_property
    def next_change(self) -> datetime | None:
        """When time alone changes what is told: a lease gets near its end, or ends."""
        moments = []
        for one in self.rows:
            if one.row.ends:
                ends = parse_time(one.row.ends)
                warned = ends - duration(one.state.environment.spec.lease.warn_before)
                moments += [moment for moment in (warned, ends) if moment > self.at]
        return min(moments, default=None)

    @cached_property
    def spends(self) -> Mapping[str, Spend]:
        """What the previews of each environment cost."""
        return spends(self.rows, self.at)

    def view(self, wanted: Wanted, sort: Sort = "key", *, reverse: bool = False) -> View:
        """The previews that are wanted, in an order."""
        order = Order(sort, reverse)
        made = self._views.get((wanted, order))
        if made is None:
            rows = tuple(one for one in self.rows if wanted.matches(one)) if wanted != Wanted() else self.rows
            made = View(rows if order == Order() else order.sorted(rows), order, _facets(rows))
            while len(self._views) >= _MOST_VIEWS:
                self._views.pop(next(iter(self._views)), None)
            self._views[wanted, order] = made
        return made

    def seen_again(self, at: datetime) -> Snapshot:
        """The same at a later look, with all that was made of it."""
        again = replace(self, at=at)
        again.__dict__.update({name: made for name, made in self.__dict__.items() if name in _MADE})
        return again

    def told_failures(self) -> list[dict[str, Any]]:
        """Why environments cannot be read."""
        return [
            {"environment": name, "reason": err.reason.value, "faults": list(map(fault_line, err.faults))}
            for name, err in self.failures.items()
        ]


def _facets(rows: tuple[Listed, ...]) -> Mapping[str, Mapping[str, int]]:
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("env", "phase", "project", "requester")}
    for one in rows:
        counted["env"][one.row.environment] += 1
        counted["phase"][phase_of(one)] += 1
        counted["project"][one.key.project] += 1
        counted["requester"][one.row.owner] += 1
    return {name: dict(counter.most_common(100)) for name, counter in counted.items()}


def preview_data(listed: Listed, *, now: datetime) -> dict[str, Any]:
    """One preview for machines; its time left is that at `now`."""
    told = describe_row(listed.row, listed.outline)
    if listed.row.ends:
        left = max(timedelta(0), parse_time(listed.row.ends) - now)
        told["lease"] = {**told["lease"], "minutesLeft": left // timedelta(minutes=1)}
    design = {"designChange": design_data(listed.design)}
    return {**told, "isRequest": listed.is_request, "removalRequested": listed.removal is not None, **design}


def design_data(design: DesignChange | None) -> dict[str, str] | None:
    """What changed of the design, for machines."""
    return {"url": design.url, "at": format_time(design.at.replace(microsecond=0))} if design else None


#: What is made of a snapshot when it is first asked for.
_MADE = frozenset({"revision", "by_place", "waiting", "next_change", "spends"})
#: Before anything was read.
NOTHING_READ = Snapshot(datetime.min.replace(tzinfo=UTC), {}, {}, ())
