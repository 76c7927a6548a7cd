"""Reading the state repository again and again, at the cost of what changed: for a process that stays.

What comes of it equals what `reconcilers.state.reading` reads. Anything that is not plainly a change of some entries or
of queues (policies, templates, the layout, other branches, a rewritten history) is read as if for the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from generator.errors import HubError
from generator.model.blueprint import TemplateLibrary
from reconcilers.ports.git import EntryCache, Snapshot
from reconcilers.state.entries import NOTHING_KEPT, EntryRecord, entry_files, preview_name, read_entries
from reconcilers.state.environment import LAYOUT_FILE, Counts, EnvironmentState
from reconcilers.state.policies import (
    Environments,
    Observed,
    find_environments,
    is_policy,
    own_snapshots,
)
from reconcilers.state.queue_files import QueuedRecord
from reconcilers.state.reading import Reading, queue_files, read_queued, requested_on, with_requests

Changes = Mapping[str, str | None]


class StateReader:
    """Reads environments of one repository. Threads may share one: each reads on from what was read last."""

    def __init__(self, location: str, library: TemplateLibrary, cache: EntryCache = NOTHING_KEPT) -> None:
        """`location` is the repository's, for people."""
        self._location, self._library, self._cache = location, library, cache
        self._last: tuple[Mapping[str, Snapshot], Reading] | None = None

    @property
    def gated(self) -> frozenset[str]:
        """The environments that were gated when they were read last."""
        found = self._last[1].environments.found if self._last else {}
        return frozenset(name for name, one in found.items() if isinstance(one, Observed) and _is_gated(one))

    def read(self, branches: Mapping[str, Snapshot]) -> Reading:
        """The environments on `branches`, each read when it is first asked for. Raises as `read_repository` does."""
        own, last = own_snapshots(branches), self._last
        changes = _changes(last[0], own) if last else None
        reading = None if last is None or changes is None else self._reread(last[1], own, changes, branches)
        if reading is None:
            reading = Reading(find_environments(branches, self._location, self._library), self._cache)
        self._last = own, reading
        return reading

    def _reread(
        self,
        last: Reading,
        own: Mapping[str, Snapshot],
        changes: Mapping[str, Changes],
        branches: Mapping[str, Snapshot],
    ) -> Reading | None:
        """What was read last, with what changed since; None when something could not be read then or now."""
        observed = {name: one for name, one in last.environments.found.items() if isinstance(one, Observed)}
        if len(observed) < len(last.environments.found) or last.environments.unreadable or last.has_failed:
            return None
        try:
            found = {name: _observed(one, own, changes, branches) for name, one in observed.items()}
            known = {
                name: self._state(one, own[one.snapshot.branch], changes, branches) for name, one in last.known.items()
            }
        except HubError:
            return None  # reading everything says which
        return Reading(Environments(found, {}), self._cache, known)

    def _state(
        self,
        state: EnvironmentState,
        snapshot: Snapshot,
        changes: Mapping[str, Changes],
        branches: Mapping[str, Snapshot],
    ) -> EnvironmentState:
        requested = requested_on(branches, state.environment)
        heads = {name: one.commit for name, one in requested.items()}
        if snapshot.commit == state.snapshot.commit and heads == state.request_heads:
            return state
        changed = _changed_state(state, snapshot, changes[snapshot.branch], self._cache)
        return with_requests(changed, requested, self._cache)


def _is_gated(one: Observed) -> bool:
    return one.environment.spec.gated


def _observed(
    one: Observed, own: Mapping[str, Snapshot], changes: Mapping[str, Changes], branches: Mapping[str, Snapshot]
) -> Observed:
    """The same environment on what its branch and the others are now."""
    branch = one.snapshot.branch
    return replace(one, snapshot=own[branch], listing=None if changes[branch] else one.listing, branches=branches)


def _changes(before: Mapping[str, Snapshot], own: Mapping[str, Snapshot]) -> Mapping[str, Changes] | None:
    """What changed on each branch; None when it is more than entries and queues, or nobody can tell."""
    if before.keys() != own.keys():
        return None
    changes: dict[str, Changes] = {}
    for branch, snapshot in own.items():
        try:
            same = snapshot.commit == before[branch].commit
            changes[branch] = {} if same else snapshot.changed(before[branch], PurePosixPath())
        except HubError:
            return None  # what was read last is not there any more; if that is not all, reading everything says so
        if any(file == str(LAYOUT_FILE) or is_policy(file) for file in changes[branch]):
            return None
    return changes


def _changed_state(
    state: EnvironmentState, snapshot: Snapshot, changes: Changes, cache: EntryCache
) -> EnvironmentState:
    """`state` at `snapshot`, where `changes` (path → content id, None: it is gone) were made. Its requests stay.

    Raises what reading the changed entries raises.
    """
    name = state.environment.name
    entries = entry_files(changes, name)
    queued = {PurePosixPath(file): changes[file] for file in queue_files(changes, name)}
    changed = replace(
        state,
        snapshot=snapshot,
        entries=_entries(state, snapshot, entries, cache) if entries else state.entries,
        queued=_queued(state, snapshot, queued) if queued else state.queued,
    )
    known = state.counts
    counts = Counts()
    if not entries:
        counts = Counts(known.by_name, known.usage)
    elif known.usage is not None and _is_plain(state) and _is_plain(changed):
        names = {preview_name(file) for file in entries}
        counts = Counts(changed.by_name, state.usage_after(changed, names))
    if not entries and not queued:
        counts.queue = known.queue
    return replace(changed, known=counts)


def _entries(
    state: EnvironmentState, snapshot: Snapshot, changed: Changes, cache: EntryCache
) -> tuple[EntryRecord, ...]:
    records = {record.file: record for record in state.entries if record.file not in changed}
    there = {file: content for file, content in changed.items() if content is not None}
    records |= {record.file: record for record in read_entries(snapshot, state.environment.name, there, cache)}
    return tuple(records[file] for file in sorted(records))


def _queued(
    state: EnvironmentState, snapshot: Snapshot, changed: Mapping[PurePosixPath, str | None]
) -> tuple[QueuedRecord, ...]:
    kept = [record for record in state.queued if record.path not in changed]
    there = [str(path) for path, content in changed.items() if content is not None]
    return tuple(sorted([*kept, *read_queued(snapshot, state.environment.name, there)], key=lambda record: record.path))


def _is_plain(state: EnvironmentState) -> bool:
    """Whether each name has one entry, so that what one takes is what its entry takes."""
    return len(state.by_name) == len(state.entries)
