"""`rtb-hub list`: what there is of previews. How people see it is in `listing_table`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator.model.overlay import unknown_environment
from generator.values.naming import IssueKey
from hub.commands.listing.model import Filter, Order
from hub.output.console import Format, emit
from hub.views.phases import Options, phase_data, phases, read_environment
from hub.views.preview import Row, describe_row, preview_row
from hub.views.queue import InLine, describe_place, describe_set_aside, in_line
from hub.wiring import hub
from reconcilers.health.phase import Phase
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.queue_files import QueuedRecord

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.ports.git import ClusterReader

#: A preview by environment and name: `("int", "rtb-123")`.
Where = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """One preview whose entry can be read, without the whole of it, since there may be thousands.

    `removal`: the request branch that asks for its removal.
    """

    key: IssueKey
    state: EnvironmentState
    row: Row
    requested_at: str
    office_hours: bool
    removal: str | None
    record: EntryRecord

    @property
    def where(self) -> Where:
        """The environment's name and the preview's."""
        return self.row.environment, self.key.name


@dataclass(frozen=True, slots=True)
class Total:
    """The price of those previews that have one, in one currency."""

    currency: str
    previews: int
    per_hour: Decimal
    per_lease: Decimal


@dataclass(frozen=True)
class Listing:
    """All that is shown. `phases`: of what was looked for in the cluster, None without one."""

    states: tuple[EnvironmentState, ...]
    previews: tuple[Listed, ...]
    phases: Mapping[Where, Phase] | None
    wanted: Filter

    @property
    def unreadable(self) -> Iterator[EntryRecord]:
        """Entries that cannot be read, of whomever."""
        records = (record for state in self.states for record in state.records if record.faults)
        return (record for record in records if self.wanted.shows_name(record.name))

    @cached_property
    def queue(self) -> tuple[InLine, ...]:
        """Those who wait for room, by environment, in their order."""
        return tuple(one for state in self.states for one in in_line(state) if self.wanted.shows_queued(one.queued))

    @property
    def queue_set_aside(self) -> Iterator[QueuedRecord]:
        """Files of queues that nobody waits for: they cannot be read, or not be started by today's policy."""
        records = (record for state in self.states for record in state.queue.set_aside)
        return (record for record in records if self.wanted.shows_name(record.name))

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """What the previews cost together, a total for each currency; those without a price of their own add none."""
        totals: dict[str, Total] = {}
        for listed in self.previews:
            price = listed.row.price
            if price.per_hour is not None and price.total is not None:
                one = totals.get(price.currency, Total(price.currency, 0, Decimal(0), Decimal(0)))
                totals[price.currency] = Total(
                    price.currency, one.previews + 1, one.per_hour + price.per_hour, one.per_lease + price.total
                )
        return tuple(totals[currency] for currency in sorted(totals))

    @cached_property
    def leaving(self) -> Mapping[Where, Phase]:
        """Previews that only the cluster still has, sorted."""
        entries = {(state.environment.name, record.name) for state in self.states for record in state.records}
        return {
            where: phase
            for where, phase in sorted((self.phases or {}).items())
            if where not in entries and self.wanted.shows_leaving(where[1], phase)
        }


def run(wanted: Filter, order: Order, *, repo: str | None, at: Options | None, output: Format) -> None:
    """Print the previews of the repository that are wanted; with a cluster (`at`), their phases."""
    ours = hub()
    now = ours.clock()
    reader = ours.cluster(at.context, at.kubeconfig) if at else None
    states = ours.read_states(ours.store(repo))
    names = [state.environment.name for state in states]
    for name in sorted(wanted.envs - set(names)):
        raise unknown_environment(name, names)
    states = tuple(state for state in states if wanted.shows_environment(state.environment.name))
    found = _phases(reader, states, now=now, named=bool(wanted.envs)) if reader else None
    shown = [one for one in listed_previews(states, now) if wanted.shows(one, (found or {}).get(one.where), now=now)]
    listing = Listing(states, order.sorted(shown), found, wanted)
    emit(_data(listing), output, lambda console: _tell(console, listing))


def _tell(console: Console, listing: Listing) -> None:
    from hub.commands.listing.table import tell

    tell(console, listing)


def listed_previews(states: tuple[EnvironmentState, ...], now: datetime) -> Iterator[Listed]:
    """All previews whose entry can be read."""
    for state in states:
        for record in state.records:
            if (preview := record.built()) is not None:
                key, lease = preview.key, preview.spec.lease
                removal = request_branch(state.environment.name, key) if record.name in state.removals else None
                row = preview_row(preview, state.environment, now=now)
                yield Listed(key, state, row, lease.requested_at, lease.office_hours, removal, record)


def _phases(
    reader: ClusterReader, states: tuple[EnvironmentState, ...], *, now: datetime, named: bool
) -> dict[Where, Phase]:
    """Phases of all previews, those without entry among them. Environments of other clusters have none, but `named`."""
    found: dict[Where, Phase] = {}
    for state in states:
        environment, reading = state.environment.name, read_environment(reader, state)
        if named or reading.has_set or reading.error:
            _, told = phases(reader, reading, reading.names, now=now)
            found |= {(environment, name): phase for name, phase in told.items()}
    return found


def _data(listing: Listing) -> dict[str, Any]:
    """The listing for machines; its previews are made one after the other."""
    found = listing.phases
    data: dict[str, Any] = {
        "previews": (
            {
                **describe_row(listed.row, preview),
                "removalRequested": listed.removal is not None,
                **({} if found is None else phase_data(found.get(listed.where))),
            }
            for listed in listing.previews
            if (preview := listed.record.built()) is not None
        ),
        "totals": {
            "previews": len(listing.previews),
            "prices": [
                {
                    "currency": total.currency,
                    "previews": total.previews,
                    "perHour": str(total.per_hour),
                    "perLease": str(total.per_lease),
                }
                for total in listing.totals
            ],
        },
        "unreadable": [{"file": str(r.path), "faults": [str(fault) for fault in r.faults]} for r in listing.unreadable],
        "queue": [describe_place(one) for one in listing.queue],
        "queueSetAside": [describe_set_aside(record) for record in listing.queue_set_aside],
    }
    if found is not None:
        data["leaving"] = [
            {"issue": name.upper(), "environment": environment, **phase_data(phase)}
            for (environment, name), phase in listing.leaving.items()
        ]
    return data
