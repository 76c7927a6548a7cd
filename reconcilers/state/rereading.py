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
from reconcilers.state.environment import LAYOUT_FILE, EnvironmentState
from reconcilers.state.queue_files import QueuedRecord
from reconcilers.state.reading import (
    is_policy,
    observed_on,
    own_snapshots,
    queue_files,
    read_queued,
    requested_on,
    with_requests,
)

Changes = Mapping[str, str | None]


class StateReader:
    """Reads all environments of one repository. Threads may share one: each reads on from what was read last."""

    def __init__(self, location: str, library: TemplateLibrary, cache: EntryCache = NOTHING_KEPT) -> None:
        """`location` is the repository's, for people."""
        self._location, self._library, self._cache = location, library, cache
        self._last: tuple[Mapping[str, Snapshot], tuple[EnvironmentState, ...]] | None = None

    @property
    def gated(self) -> frozenset[str]:
        """The environments that were gated when they were read last."""
        states = self._last[1] if self._last else ()
        return frozenset(state.environment.name for state in states if state.environment.spec.gated)

    def read(self, branches: Mapping[str, Snapshot]) -> tuple[EnvironmentState, ...]:
        """All environments on `branches`, sorted by name; raises what `read_states` raises."""
        own, last = own_snapshots(branches), self._last
        changes = _changes(last[0], own) if last else None
        if last is None or changes is None:
            found = observed_on(branches, self._location, self._library)
            states = tuple(one.state(self._cache) for one in found)
        else:
            states = tuple(self._reread(one, own[one.snapshot.branch], changes, branches) for one in last[1])
        self._last = own, states
        return states

    def _reread(
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
    known = vars(state)  # properties that are cached live in the object's own dictionary
    if not entries:
        vars(changed).update({cached: known[cached] for cached in ("by_name", "usage") if cached in known})
    elif "usage" in known and _is_plain(state) and _is_plain(changed):
        vars(changed)["usage"] = state.usage_after(changed, {preview_name(file) for file in entries})
    if not entries and not queued and "queue" in known:
        vars(changed)["queue"] = state.queue
    return changed


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
