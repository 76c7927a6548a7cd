"""`rtb-hub list`: what there is of previews. How people see it is in `listing_table`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from generator.entry import Preview
from generator.overlay import unknown_environment
from hub.cli.output import Format, emit
from hub.commands.observing import Options, phase_data, phases, read_environment
from hub.commands.view import Row, describe, preview_row
from hub.wiring import hub
from reconcilers.phase import Phase
from reconcilers.state import EntryRecord, EnvironmentState, request_branch

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.ports import ClusterReader

#: A preview by environment and name: `("int", "rtb-123")`.
Where = tuple[str, str]
Sort = Literal["key", "ends", "price"]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which previews, in which order. `env` and `owner` None: all."""

    env: str | None
    owner: str | None
    sort: Sort


@dataclass(frozen=True, slots=True)
class Listed:
    """One preview whose entry can be read. `removal`: the request branch that asks for its removal."""

    preview: Preview
    state: EnvironmentState
    row: Row
    removal: str | None

    @property
    def where(self) -> Where:
        """The environment's name and the preview's."""
        return self.row.environment, self.preview.key.name


@dataclass(frozen=True)
class Listing:
    """All that was found. `phases`: of what was looked for in the cluster, None without one."""

    states: tuple[EnvironmentState, ...]
    previews: tuple[Listed, ...]
    phases: Mapping[Where, Phase] | None

    @property
    def unreadable(self) -> Iterator[EntryRecord]:
        """Entries that cannot be read, of whomever."""
        return (record for state in self.states for record in state.records if record.faults)

    @cached_property
    def leaving(self) -> Mapping[Where, Phase]:
        """Previews that only the cluster still has, sorted."""
        entries = {(state.environment.name, record.name) for state in self.states for record in state.records}
        return {where: phase for where, phase in sorted((self.phases or {}).items()) if where not in entries}


def run(wanted: Filter, *, repo: str | None, at: Options | None, output: Format) -> None:
    """Print all previews of the repository, or of one environment; with a cluster (`at`), their phases."""
    ours = hub()
    now = ours.clock()
    reader = ours.cluster(at.context, at.kubeconfig) if at else None
    states = ours.read_states(ours.store(repo))
    if wanted.env is not None and wanted.env not in (names := [state.environment.name for state in states]):
        raise unknown_environment(wanted.env, names)
    states = tuple(state for state in states if wanted.env in (None, state.environment.name))
    found = _phases(reader, states, now=now, named=wanted.env is not None) if reader else None
    shown = (listed for listed in _listed(states, now) if wanted.owner in (None, listed.row.owner))
    listing = Listing(states, tuple(sorted(shown, key=lambda listed: _order(listed.row, wanted.sort))), found)
    emit(_data(listing, now), output, lambda console: _tell(console, listing))


def _tell(console: Console, listing: Listing) -> None:
    from hub.commands.listing_table import tell

    tell(console, listing)


def _listed(states: tuple[EnvironmentState, ...], now: datetime) -> Iterator[Listed]:
    for state in states:
        for record in state.records:
            if (preview := record.preview) is not None:
                name = state.environment.name
                removal = request_branch(name, preview.key) if record.name in state.removals else None
                yield Listed(preview, state, preview_row(preview, state.environment, now=now), removal)


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


def _order(row: Row, sort: Sort) -> tuple[object, ...]:
    project, _, number = row.key.partition("-")
    by_key = (project, int(number), row.environment)
    match sort:
        case "ends":
            return (row.ends or "9999", *by_key)
        case "price":
            return (-(row.price.per_hour or 0), *by_key)
        case _:
            return by_key


def _data(listing: Listing, now: datetime) -> dict[str, Any]:
    """The listing for machines."""
    found = listing.phases
    data: dict[str, Any] = {
        "previews": [
            {
                **describe(listed.preview, listed.state.environment, now=now),
                "removalRequested": listed.removal is not None,
                **({} if found is None else phase_data(found.get(listed.where))),
            }
            for listed in listing.previews
        ],
        "unreadable": [{"file": str(r.path), "faults": [str(fault) for fault in r.faults]} for r in listing.unreadable],
    }
    if found is not None:
        data["leaving"] = [
            {"issue": name.upper(), "environment": environment, **phase_data(phase)}
            for (environment, name), phase in listing.leaving.items()
        ]
    return data
