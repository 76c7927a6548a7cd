"""Reading the state repository: environments, entries, queues and requests of its branches at one commit each.

A bad entry never hides the others: it comes back as a record with its faults. Nor does a bad environment: it comes back
as the error that keeps it from being read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from generator.errors import HubError, declared
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.model.overlay import unknown_environment
from generator.values.naming import ENTRY_FILE, previews_folder, queue_folder
from reconcilers.ports.git import EntryCache, GitStore, Snapshot
from reconcilers.state.apart import not_apart
from reconcilers.state.entries import NOTHING_KEPT, EntryRecord, entry_files, read_entries, read_listed
from reconcilers.state.environment import REQUEST_PREFIX, EnvironmentState
from reconcilers.state.policies import Environments, Observed, find_environments
from reconcilers.state.queue_files import QueuedRecord, queued_record


class Reading:
    """The environments of one repository as they were found, at one commit a branch.

    An environment's entries are read when it is first asked for, and what is wrong with it keeps nobody from another.
    """

    def __init__(
        self, environments: Environments, cache: EntryCache, known: Mapping[str, EnvironmentState] | None = None
    ) -> None:
        """`known` are states that need not be read."""
        self.environments, self._cache = environments, cache
        self._read: dict[str, EnvironmentState | HubError] = dict(known or {})

    @property
    def names(self) -> tuple[str, ...]:
        """The environments, sorted, those that cannot be read included."""
        return tuple(self.environments.found)

    @property
    def known(self) -> Mapping[str, EnvironmentState]:
        """The environments that were read, by name."""
        return {name: one for name, one in self._read.items() if isinstance(one, EnvironmentState)}

    @property
    def has_failed(self) -> bool:
        """Whether one that was asked for could not be read."""
        return any(isinstance(one, HubError) for one in self._read.values())

    def state(self, name: str) -> EnvironmentState:
        """One environment. Raises what keeps it from being read, and `ConfigError` (UnknownEnvironment)."""
        found = self._found(name)
        if isinstance(found, HubError):
            raise found
        return found

    def states(self) -> tuple[EnvironmentState, ...]:
        """All environments, sorted by name. Raises the first error met."""
        states, failures = self.each()
        for err in failures.values():
            raise err
        return states

    def each(self, names: Collection[str] = ()) -> tuple[tuple[EnvironmentState, ...], Mapping[str, HubError]]:
        """The environments that can be read, sorted by name, and why others cannot, by their name (or their branch's).

        `names`: only these, where not empty, and branches that nothing can be read of, since they may be there. Raises
        `ConfigError` (UnknownEnvironment) for one of them that is not there while everything can be read.
        """
        wanted = sorted(names) if names else self.names
        found = {
            name: self._found(name)
            for name in wanted
            if name in self.environments.found or not self.environments.unreadable
        }
        failures = {name: one for name, one in found.items() if isinstance(one, HubError)}
        is_whole = not names or all(name in found for name in wanted)
        failures |= self.environments.unreadable if not names or not is_whole else {}
        states = (one for one in found.values() if isinstance(one, EnvironmentState))
        return tuple(states), {name: failures[name] for name in sorted(failures)}

    def _found(self, name: str) -> EnvironmentState | HubError:
        if name not in self._read:
            self._read[name] = self._looked_up(name)
        return self._read[name]

    def _looked_up(self, name: str) -> EnvironmentState | HubError:
        one = self.environments.found.get(name)
        if isinstance(one, HubError):
            return one
        if one is None:
            for err in self.environments.unreadable.values():
                return err  # it may be there
            raise unknown_environment(name, self.names)
        try:
            others = (each.environment for each in self.environments.found.values() if isinstance(each, Observed))
            return replace(_state(one, self._cache), shared=not_apart(one.environment, others))
        except Exception as err:  # noqa: BLE001 - the border of an environment
            return declared(f"{name} cannot be read", err)


def read_repository(store: GitStore, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT) -> Reading:
    """The environments of a repository. Raises what the store raises, and `Stalled` (NotAStateRepository)."""
    return Reading(find_environments(store.snapshots(), store.location, library), cache)


def read_states(
    store: GitStore, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT
) -> tuple[EnvironmentState, ...]:
    """All environments of a repository, sorted by name; raises the first error met. See `Reading`."""
    return read_repository(store, library, cache=cache).states()


def read_state(
    store: GitStore, environment: str, library: TemplateLibrary, *, cache: EntryCache = NOTHING_KEPT
) -> EnvironmentState:
    """One environment of a repository, whatever is wrong with others. See `Reading`."""
    return read_repository(store, library, cache=cache).state(environment)


def _state(one: Observed, cache: EntryCache) -> EnvironmentState:
    """The environment with its entries and, when it is gated, its requests."""
    name, files = one.environment.name, one.files()
    entries = read_entries(one.snapshot, name, entry_files(files, name), cache)
    queued = read_queued(one.snapshot, name, files)
    state = EnvironmentState(one.environment, one.snapshot, one.library, entries, queued=queued)
    return with_requests(state, requested_on(one.branches, one.environment), cache)


def read_queued(snapshot: Snapshot, environment: str, listing: Iterable[str]) -> tuple[QueuedRecord, ...]:
    """All files of an environment's queue among those of `listing`, sorted by name."""
    paths = sorted(map(PurePosixPath, queue_files(listing, environment)))
    texts = read_listed(snapshot, paths)
    return tuple(queued_record(path, texts[path], environment) for path in paths)


def queue_files(files: Iterable[str], environment: str) -> list[str]:
    """The files of an environment's queue among `files`."""
    prefix = f"{queue_folder(environment)}/"
    return [file for file in files if file.startswith(prefix) and file.endswith(".yaml")]


def requested_on(branches: Mapping[str, Snapshot], environment: Environment) -> Mapping[str, Snapshot]:
    """The request branches of an environment by preview; none when it is not gated."""
    prefix = f"{REQUEST_PREFIX}{environment.name}/"
    found = {branch.removeprefix(prefix): s for branch, s in branches.items() if branch.startswith(prefix)}
    return found if environment.spec.gated else {}


def with_requests(state: EnvironmentState, asked: Mapping[str, Snapshot], cache: EntryCache) -> EnvironmentState:
    """The state with what its request branches, by preview, ask for."""
    if not asked and not state.request_snapshots:
        return state
    environment, below = state.environment.name, previews_folder(state.environment.name)
    standing: dict[str, list[EntryRecord]] = {name: [] for name in asked}
    for record in state.entries:
        if record.name in standing:
            standing[record.name].append(record)
    requests: list[EntryRecord] = []
    removals: set[str] = set()
    for name, snapshot in asked.items():
        changed = snapshot.changed(state.snapshot, below)
        files = {file: content for file, content in changed.items() if file.endswith(f"/{name}/{ENTRY_FILE}")}
        there = {file: content for file, content in files.items() if content is not None}
        own = {record.path: record.preview for record in standing[name]}
        found = read_entries(snapshot, environment, there, cache)
        requests += [r for r in found if r.preview is None or r.preview != own.get(r.path)]
        if own and not there and all(str(path) in files for path in own):
            removals.add(name)
    return replace(state, requests=tuple(requests), request_snapshots=asked, removals=frozenset(removals))
