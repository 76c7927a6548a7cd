"""Which previews `rtb-hub list` shows, and in which order. Filters narrow one another down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, get_args

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.values.formats import parse_time
from generator.values.naming import IssueKey
from generator.values.quantities import period
from reconcilers.health.phase import PhaseName

if TYPE_CHECKING:
    from generator.model.queued import QueuedPreview
    from hub.commands.listing.rows import Listed
    from reconcilers.health.phase import Phase

Sort = Literal["key", "ends", "price", "owner", "age"]
#: What Git alone tells of a lease (`hub.views.preview.lease_phase`).
LEASE_PHASES = ("active", "expiring soon", "expired", "awaiting approval")


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
                return (listed.requested_at, *by_key)
            case _:
                return by_key


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
            remedy = "" if sees_cluster else "other phases are the cluster's to tell: --cluster"
            allowed, close = ", ".join(known), nearest(name, known)
            fault = Fault(f"{name[:60]!r} is no phase", None, "--phase", allowed, close, remedy)
            raise ConfigError(Reason.INVALID_VALUE, fault)
    try:
        within = None if ends_within is None else period(ends_within)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault(str(err), field="--ends-within")) from err
    keys = frozenset(IssueKey.parse(issue).name for issue in issues)
    if project is not None:
        IssueKey.parse(f"{project}-1")
        project = project.lower()
    return Filter(frozenset(envs), owner, blueprint, frozenset(phases), within, keys, project)
