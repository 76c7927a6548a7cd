"""Which previews `rtb-hub list` shows, in which order, and which part. Filters narrow one another down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.values.formats import parse_time
from generator.values.naming import IssueKey
from generator.values.quantities import duration
from reconcilers.health.phase import PhaseName

if TYPE_CHECKING:
    from generator.model.queued import QueuedPreview
    from hub.views.listing.rows import Listed
    from reconcilers.health.phase import Phase

#: The last part of a cursor at a row that is of a request.
_REQUEST = "request"
Sort = Literal["key", "ends", "price", "owner", "age"]
#: What Git alone tells of a lease (`hub.views.preview.outline_row`).
LEASE_PHASES = ("active", "expiring soon", "expired", "awaiting approval", "endless", "sleeping")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is shown. None and empty: everything. `phases` are leases' without a cluster, also clusters' with one."""

    envs: frozenset[str] = frozenset()
    owner: str | None = None
    blueprint: str | None = None
    phases: frozenset[str] = frozenset()
    ends_within: timedelta | None = None
    issues: frozenset[str] = frozenset()
    project: str | None = None

    def shows_environment(self, name: str) -> bool:
        """Whether previews of this environment are shown."""
        return not self.envs or name in self.envs

    def shows_name(self, name: str) -> bool:
        """Whether a preview of this name (`rtb-123`) is shown, whatever else is known of it."""
        return (not self.issues or name in self.issues) and self.project in (None, name.rpartition("-")[0])

    def shows(self, listed: Listed, phase: Phase | None, *, now: datetime) -> bool:
        """Whether this preview is shown, at `now` (aware)."""
        row = listed.row
        return (
            self.shows_name(listed.key.name)
            and self.owner in (None, row.owner)
            and self.blueprint in (None, row.blueprint)
            and (not self.phases or not self.phases.isdisjoint({row.lease, phase.name if phase else row.lease}))
            and (self.ends_within is None or (bool(row.ends) and parse_time(row.ends) - now <= self.ends_within))
        )

    def shows_queued(self, queued: QueuedPreview) -> bool:
        """Whether a request that waits for room is shown: it has neither a phase nor an end yet."""
        spec = queued.spec
        return (
            self.shows_name(queued.key.name)
            and self.owner in (None, spec.lease.requested_by)
            and self.blueprint in (None, spec.blueprint)
            and not self.phases
            and self.ends_within is None
        )

    def shows_leaving(self, name: str, phase: Phase) -> bool:
        """Whether a preview is shown that only the cluster still has: nobody knows its owner or blueprint any more."""
        unknown = (self.owner, self.blueprint, self.ends_within) == (None, None, None)
        return unknown and self.shows_name(name) and (not self.phases or phase.name in self.phases)


@dataclass(frozen=True, slots=True)
class Order:
    """The order of rows; of equals, by key and environment."""

    sort: Sort = "key"
    reverse: bool = False

    def sorted(self, previews: Sequence[Listed]) -> tuple[Listed, ...]:
        """The rows in order."""
        return tuple(sorted(previews, key=self._place, reverse=self.reverse))

    def _place(self, listed: Listed) -> tuple[object, ...]:
        row, key = listed.row, listed.key
        by_key = (key, row.environment)
        match self.sort:
            case "ends":
                return (row.ends or "9999", *by_key)
            case "price":
                return (-(row.price.per_hour or 0), *by_key)
            case "owner":
                return (row.owner, *by_key)
            case "age":
                return (listed.outline.requested_at, *by_key)
            case _:
                return by_key


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row that a page ends with, which the next one begins after: `RTB-123/int`, or `RTB-123/prd/request`."""

    key: IssueKey
    environment: str
    is_request: bool = False

    @classmethod
    def at(cls, listed: Listed) -> Cursor:
        """The cursor at a row."""
        return cls(listed.key, listed.row.environment, listed.is_request)

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """The cursor in `text`. Raises `ConfigError` (InvalidValue, InvalidIssueKey)."""
        key, *rest = text.split("/")
        if not (rest and rest[0] and rest[1:] in ([], [_REQUEST])):
            allowed = f"KEY/ENV or KEY/ENV/{_REQUEST}, such as RTB-123/int"
            fault = Fault(f"{text[:80]!r} is not a row of the list", field="--after", allowed=allowed)
            raise ConfigError(Reason.INVALID_VALUE, fault)
        return cls(IssueKey.parse(key), rest[0], len(rest) > 1)

    def __str__(self) -> str:
        return "/".join([str(self.key), self.environment, *([_REQUEST] if self.is_request else [])])


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the rows is asked for: at most `limit` (0: all), those after `after`. None: nobody said."""

    limit: int | None = None
    after: Cursor | None = None

    @property
    def is_asked(self) -> bool:
        """Whether a part, or expressly all, is asked for."""
        return self.limit is not None or self.after is not None

    def of(self, previews: Sequence[Listed], order: Order) -> tuple[Listed, ...]:
        """This part of all rows in their `order`.

        In the order of keys the row `after` need not be there any more. In another nobody knows then where it stood:
        raises `ConfigError` (InvalidValue).
        """
        begin = 0 if self.after is None else _rows_until(self.after, previews, order)
        return tuple(previews[begin : begin + self.limit] if self.limit else previews[begin:])


def _rows_until(after: Cursor, previews: Sequence[Listed], order: Order) -> int:
    """How many rows stand up to `after`. Raises as `Page.of` does."""
    found = next((place for place, listed in enumerate(previews, 1) if Cursor.at(listed) == after), None)
    if found is None and order.sort == "key":
        at = (after.key, after.environment)
        places = [(listed.key, listed.row.environment) for listed in previews]
        return sum(after.is_request if place == at else (place > at) == order.reverse for place in places)
    if found is None:
        remedy = "it is gone or does not match any more: begin again without --after, or page with --sort key"
        raise ConfigError(
            Reason.INVALID_VALUE, Fault(f"{after} is not among what is listed", field="--after", remedy=remedy)
        )
    return found


@dataclass(frozen=True, slots=True)
class Selection:
    """What of the previews is asked for, in which order, and which part."""

    wanted: Filter = Filter()
    order: Order = Order()
    page: Page = Page()


def wanted(  # noqa: PLR0913 - the command's options
    *,
    envs: Sequence[str],
    owner: str | None,
    blueprint: str | None,
    phases: Sequence[str],
    ends_within: str | None,
    issues: Sequence[str],
    project: str | None,
    sees_cluster: bool,
) -> Filter:
    """The filter that the options ask for. Raises `ConfigError` for what can never be shown."""
    known = (*LEASE_PHASES, *(name for name in get_args(PhaseName) if sees_cluster and name not in LEASE_PHASES))
    for name in phases:
        if name not in known:
            remedy = "" if sees_cluster else "phases such as running need --cluster"
            allowed, close = ", ".join(known), nearest(name, known)
            fault = Fault(f"{name[:60]!r} is not a phase", None, "--phase", allowed, close, remedy)
            raise ConfigError(Reason.INVALID_VALUE, fault)
    try:
        within = None if ends_within is None else duration(ends_within)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="--ends-within")) from err
    keys = frozenset(IssueKey.parse(issue).name for issue in issues)
    if project is not None:
        project = _project(project)
    return Filter(frozenset(envs), owner, blueprint, frozenset(phases), within, keys, project)


def _project(text: str) -> str:
    """A project of issues, in small letters. Raises `ConfigError` (InvalidValue) for what no issue is of."""
    try:
        IssueKey.parse(f"{text}-1")
    except ConfigError as err:
        allowed = "2-10 capital letters or digits, a letter first, such as RTB"
        close = err.faults[0].nearest.rpartition("-")[0]
        fault = Fault(f"{text[:80]!r} is not a project of issues", field="--project", allowed=allowed, nearest=close)
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
    return text.lower()
