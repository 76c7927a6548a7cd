"""What there is of previews, in all environments or some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from generator.errors import declared
from generator.values.naming import IssueKey
from hub.actions.cluster_phases import Clusters, read_each, read_environment
from hub.actions.repository import Repository
from hub.views.listing.listing import Listing
from hub.views.listing.model import Selection
from hub.views.listing.rows import Listed, Where
from hub.views.preview import outline_row
from reconcilers.health.phase import Phase
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.outlines import outlined


def list_previews(
    asked: Selection, *, repository: Repository, clusters: Clusters | None, clock: Callable[[], datetime]
) -> Listing:
    """The previews that are wanted; with `clusters`, their phases. Why environments cannot be read is beside them.

    Raises `ConfigError` (UnknownEnvironment), what keeps environments from being read when none can be, and what the
    store raises.
    """
    now, wanted = clock(), asked.wanted
    states, failures = repository.read().each(wanted.envs)
    if not states:
        for error in failures.values():
            raise error
    found = _phases(clusters, states, now=now, is_named=bool(wanted.envs)) if clusters else None
    unlisted: list[tuple[str, EntryRecord]] = []
    every = listed_previews(states, now, unlisted)
    rows = [one for one in every if wanted.shows(one, (found or {}).get(one.where), now=now)]
    return Listing(states, asked.order.sorted(rows), found, wanted, asked.order, asked.page, failures, tuple(unlisted))


def listed_previews(
    states: Iterable[EnvironmentState], now: datetime, unlisted: list[tuple[str, EntryRecord]]
) -> Iterator[Listed]:
    """All previews whose entry can be read. Those that a mistake of ours keeps out are added to `unlisted`."""
    for state in states:
        environment = state.environment
        for records, is_request in ((state.entries, False), (state.requests, True)):
            for record, outline in outlined(records):
                try:
                    key = IssueKey.parse(outline.issue)
                    removal = request_branch(environment.name, key) if record.name in state.removals else None
                    row = outline_row(outline, environment, now=now)
                    listed = Listed(key, state, row, outline, is_request, removal)
                except Exception as err:  # noqa: BLE001 - the border of an entry
                    faults = declared(f"{record.name} cannot be listed", err).faults
                    unlisted.append((environment.name, EntryRecord(record.path, record.snapshot, None, faults)))
                    continue
                yield listed


def _phases(
    clusters: Clusters, states: Sequence[EnvironmentState], *, now: datetime, is_named: bool
) -> dict[Where, Phase]:
    """Phases of all previews, also those without entry. Environments of other clusters have none unless named."""
    found: dict[Where, Phase] = {}
    for one in read_each(clusters, states, read_environment):
        reading = one.reading
        if clusters.is_own or is_named or reading.has_set or reading.error:
            _, told = one.phases(reading.names, now=now)
            found |= {(reading.state.environment.name, name): phase for name, phase in told.items()}
    return found
