"""`rtb-hub list`: what there is of previews. How people see it is in `listing_table`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from generator.model.overlay import unknown_environment
from generator.values.naming import IssueKey
from hub.actions.cluster_phases import phases, read_environment
from hub.commands.cluster_options import Options
from hub.commands.listing.listing import Listing
from hub.commands.listing.model import Filter, Order, Page
from hub.commands.listing.rows import Listed, Where
from hub.output.console import Format, emit
from hub.output.remedies import fault_line
from hub.views.phases import phase_data
from hub.views.preview import describe_row, outline_row
from hub.views.queue import describe_place, describe_set_aside
from hub.wiring import hub
from reconcilers.health.phase import Phase
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.outlines import outlined

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.ports.git import ClusterReader


def run(  # noqa: PLR0913 - the command's options
    wanted: Filter, order: Order, page: Page, *, repo: str | None, at: Options | None, output: Format
) -> None:
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
    listing = Listing(states, order.sorted(shown), found, wanted, order, page)
    emit(_data(listing), output, lambda console: _tell(console, listing))


def _tell(console: Console, listing: Listing) -> None:
    from hub.commands.listing.table import tell

    tell(console, listing)


def listed_previews(states: tuple[EnvironmentState, ...], now: datetime) -> Iterator[Listed]:
    """All previews whose entry can be read."""
    for state in states:
        environment = state.environment
        for records, is_request in ((state.entries, False), (state.requests, True)):
            for record, outline in outlined(records):
                key = IssueKey.parse(outline.issue)
                removal = request_branch(environment.name, key) if record.name in state.removals else None
                row = outline_row(outline, environment, now=now)
                yield Listed(key, state, row, outline, is_request, removal)


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
                **describe_row(listed.row, listed.outline),
                "removalRequested": listed.removal is not None,
                **({} if found is None else phase_data(found.get(listed.where))),
            }
            for listed in listing.shown
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
        "unreadable": [{"file": str(r.path), "faults": list(map(fault_line, r.faults))} for r in listing.unreadable],
        "queue": [describe_place(one) for one in listing.queue],
        "queueSetAside": [describe_set_aside(record) for record in listing.queue_set_aside],
    }
    if found is not None:
        data["leaving"] = [
            {"issue": name.upper(), "environment": environment, **phase_data(phase)}
            for (environment, name), phase in listing.leaving.items()
        ]
    if listing.page.is_asked:
        after = listing.next_after(listing.shown)
        data["next"] = str(after) if after else None
    return data
