"""The phases of previews: what Git says and what a cluster shows, the cluster read after Git."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from generator.bootstrap.argocd import project_name
from generator.errors import ConfigError, HubError, Stalled, Transient
from generator.model.environment import Environment
from generator.values.naming import NAMESPACE_PREFIX
from generator.values.quantities import duration
from hub.actions.removed import with_removals
from reconcilers.health.phase import Phase, Seen, needs_details, phase_of
from reconcilers.ports.cluster import ClusterState
from reconcilers.ports.git import ClusterReader, GitStore
from reconcilers.ports.target_groups import TargetGroup
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True)
class Reading:
    """One environment's cluster as read, or the error that kept it from being read."""

    state: EnvironmentState
    cluster: ClusterState = field(default_factory=lambda: ClusterState(""))
    error: HubError | None = None

    @cached_property
    def entries(self) -> Mapping[str, EntryRecord]:
        """The environment's entries by preview name; of two with one name, the first."""
        return {record.name: record for record in reversed(self.state.entries)}

    @cached_property
    def requests(self) -> Mapping[str, EntryRecord]:
        """The requests by preview name."""
        return {record.name: record for record in reversed(self.state.requests)}

    @property
    def has_set(self) -> bool:
        """True when the environment's ApplicationSet is in this cluster."""
        return project_name(self.state.environment.name) in self.cluster.sets

    @property
    def names(self) -> list[str]:
        """The previews (`rtb-123`) that Git or the cluster has anything of, sorted."""
        environment = self.state.environment.name
        applications = (a.name for a in self.cluster.applications.values() if a.project == project_name(environment))
        namespaces = (n.name for n in self.cluster.namespaces.values() if n.environment == environment)
        found = (*applications, *namespaces)
        there = {name.removeprefix(NAMESPACE_PREFIX) for name in found if name.startswith(NAMESPACE_PREFIX)}
        return sorted(there | {record.name for record in self.state.records})

    def seen(self, name: str) -> Seen:
        """What was read of one preview by its name (`rtb-123`)."""
        environment, target = self.state.environment.name, NAMESPACE_PREFIX + name
        application, namespace = self.cluster.applications.get(target), self.cluster.namespaces.get(target)
        entry = self.entries.get(name)
        return Seen(
            entry=entry,
            request=self.requests.get(name),
            application=application if application and application.project == project_name(environment) else None,
            namespace=namespace if namespace and namespace.environment in ("", environment) else None,
            applications=self.cluster.sets.get(project_name(environment)),
            keeps_data=entry is not None
            and entry.preview is not None
            and entry.preview.spec.blueprint in self._with_database,
            unread=self.error.faults[0].message if self.error else "",
            unread_remedy=self.error.faults[0].remedy if self.error else "",
        )

    @cached_property
    def _with_database(self) -> frozenset[str]:
        library, found = self.state.library, set()
        for name in library.blueprint_names():
            with suppress(ConfigError):  # a broken blueprint is told where it is rendered
                if library.blueprint(name).has_database:
                    found.add(name)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which cluster an environment's previews are in. `of` raises what opening it raises.

    `is_own`: each environment has its own; else one was named, and environments may be in others.
    """

    of: Callable[[Environment], ClusterReader]
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """An environment as its cluster was read. `cluster` None: it cannot be opened, as `reading` tells."""

    cluster: ClusterReader | None
    reading: Reading

    @property
    def context(self) -> str:
        """The cluster's name."""
        return self.cluster.context if self.cluster else self.reading.state.environment.spec.cluster.name

    def phases(self, names: Iterable[str], *, now: datetime) -> tuple[Mapping[str, Seen], Mapping[str, Phase]]:
        """As `phases`, unknown where the cluster cannot be opened."""
        return phases(self.cluster, self.reading, names, now=now)


Reads = Callable[[ClusterReader, EnvironmentState], Reading]


def read_each(clusters: Clusters, states: Sequence[EnvironmentState], read: Reads) -> tuple[Placed, ...]:
    """Read the cluster of each environment by `read`, several at once. One that is away makes its own unread only.

    Environments of one cluster are read one after the other; once it does not answer it is not asked again.
    """
    opened: list[tuple[ClusterReader | None, Reading | None]] = []
    for state in states:
        try:
            opened.append((clusters.of(state.environment), None))
        except HubError as err:
            opened.append((None, Reading(state, error=err)))
    places: dict[int, list[int]] = {}
    for place, (reader, _) in enumerate(opened):
        if reader is not None:
            places.setdefault(id(reader), []).append(place)

    def read_one(mine: list[int]) -> list[tuple[int, Reading]]:
        found: list[tuple[int, Reading]] = []
        error: HubError | None = None
        for place in mine:
            reader = opened[place][0]
            assert reader is not None  # noqa: S101 - it has a place
            reading = Reading(states[place], error=error) if error else read(reader, states[place])
            error = reading.error
            found.append((place, reading))
        return found

    with ThreadPoolExecutor(max_workers=max(1, min(8, len(places)))) as threads:
        told = dict(one for found in threads.map(read_one, places.values()) for one in found)
    return tuple(
        Placed(reader, told[place] if unopened is None else unopened) for place, (reader, unopened) in enumerate(opened)
    )


def read_environment(reader: ClusterReader, state: EnvironmentState, *, preview: str | None = None) -> Reading:
    """Read the cluster for one environment. What cannot be read comes back as an error, never as an empty cluster."""
    argocd = state.environment.spec.argocd.namespace
    is_asked = any(NAMESPACE_PREFIX + record.name == preview for record in state.entries)
    try:
        return Reading(state, reader.observe(argocd, preview=preview, with_set=not is_asked))
    except (Transient, Stalled) as err:
        return Reading(state, error=err)


def inspect_environment(reader: ClusterReader, state: EnvironmentState) -> Reading:
    """As `read_environment`, with what an administrator installs."""
    try:
        return Reading(state, reader.inspect(state.environment.spec.argocd.namespace))
    except (Transient, Stalled) as err:
        return Reading(state, error=err)


def phases(  # noqa: PLR0913 - what is read, and by what
    reader: ClusterReader | None,
    reading: Reading,
    names: Iterable[str],
    *,
    now: datetime,
    always: bool = False,
    store: GitStore | None = None,
) -> tuple[Mapping[str, Seen], Mapping[str, Phase]]:
    """What was seen, and phases, by preview name. Details are read where they tell a cause; of all with `always`.

    Without the `store` nothing tells since when an entry is gone.
    """
    seen = _with_targets(reader, reading.state, {name: reading.seen(name) for name in names})
    if store is not None:
        seen = with_removals(seen, reading.state, store, now=now)
    asked = [
        name
        for name, one in seen.items()
        if not one.unread and (needs_details(one) or (always and one.application is not None))
    ]
    seen |= _with_details(reader, seen, asked) if reader else {}
    warn_before = duration(reading.state.environment.spec.lease.warn_before)
    return seen, {name: phase_of(one, now=now, warn_before=warn_before) for name, one in seen.items()}


def _with_targets(reader: ClusterReader | None, state: EnvironmentState, seen: Mapping[str, Seen]) -> dict[str, Seen]:
    """What AWS has of those that are gone: it is asked once, however many they are. One that waits for room is not."""
    to_come = {record.name for record in state.queued}
    gone = [name for name, one in seen.items() if one.is_gone and one.request is None and name not in to_come]
    if reader is None or not gone:
        return dict(seen)
    told = reader.targets(NAMESPACE_PREFIX + gone[0] if len(gone) == 1 else "")
    if told is None:
        return dict(seen)
    of: dict[str, list[TargetGroup]] = {}
    for group in told.found:
        of.setdefault(group.namespace, []).append(group)
    mine = {name: replace(told, found=tuple(of.get(NAMESPACE_PREFIX + name, ()))) for name in gone}
    return {name: replace(one, targets=mine.get(name)) for name, one in seen.items()}


def _with_details(reader: ClusterReader, seen: Mapping[str, Seen], names: Sequence[str]) -> dict[str, Seen]:
    if not names:
        return {}
    try:
        found = reader.details([NAMESPACE_PREFIX + name for name in names])
    except (Transient, Stalled) as err:
        fault = err.faults[0]
        return {name: replace(seen[name], unread=fault.message, unread_remedy=fault.remedy) for name in names}
    return {name: replace(seen[name], details=found[NAMESPACE_PREFIX + name]) for name in names}
