"""One preview, whole: its entry, its place among those who wait, or what a cluster has left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from generator.errors import ConfigError, Fault, Reason
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.model.queued import QueuedPreview
from generator.objects.manifest import Manifest
from generator.values.naming import IssueKey
from hub.actions.cluster_phases import phases, read_environment
from hub.actions.repository import Repository
from hub.views.queue import QueuePosition, queue_positions
from reconcilers.health.phase import Phase
from reconcilers.lifecycle.stop import preview_not_found
from reconcilers.ports.git import ClusterReader
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.queue_files import QueuedRecord


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """A preview that has an entry, at `at` (aware). `removal`: the request branch that asks for its removal.

    `branch`: where the entry is, its environment's own or a request branch. `phase` None: no cluster was asked.
    """

    preview: Preview
    environment: Environment
    branch: str
    manifests: tuple[Manifest, ...]
    at: datetime
    removal: str | None = None
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class ShownQueued:
    """A request that waits for room, with its place of `length`; None: today's policy sets it aside for `faults`."""

    queued: QueuedPreview
    place: QueuePosition | None
    length: int
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownRemains:
    """A preview without an entry that can be read, by what the cluster has of it."""

    key: IssueKey
    environment: str
    phase: Phase


Shown = ShownPreview | ShownQueued | ShownRemains


def show(
    key: IssueKey,
    environment: str,
    *,
    repository: Repository,
    cluster: ClusterReader | None,
    clock: Callable[[], datetime],
) -> Shown:
    """What there is of a preview, with its phase when `cluster` is given.

    Raises `ConfigError`: UnknownEnvironment; without a cluster PreviewNotFound, or UnreadableEntry with every fault.
    """
    return show_in(repository.state(environment), key, cluster=cluster, clock=clock)


def show_in(
    state: EnvironmentState, key: IssueKey, *, cluster: ClusterReader | None, clock: Callable[[], datetime]
) -> Shown:
    """As `show`, in an environment that was read."""
    environment = state.environment.name
    record = state.entry(key) or state.request(key)
    waits = state.in_queue(key)
    if record is None and waits is not None:
        return _queued(state, waits)
    now = clock()
    phase = _phase(key, state, cluster, now) if cluster else None
    if phase is not None and (record is None or record.preview is None):
        return ShownRemains(key, environment, phase)
    if record is None:
        raise preview_not_found(key, state)
    if record.preview is None:
        raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
    return ShownPreview(
        preview=record.preview,
        environment=state.environment,
        branch=record.snapshot.branch,
        manifests=state.manifests_of(record),
        at=now,
        removal=request_branch(environment, key) if key.name in state.removals else None,
        phase=phase,
    )


def _phase(key: IssueKey, state: EnvironmentState, cluster: ClusterReader, now: datetime) -> Phase:
    reading = read_environment(cluster, state, preview=key.namespace)
    _, told = phases(cluster, reading, [key.name], now=now, always=True)
    return told[key.name]


def _queued(state: EnvironmentState, record: QueuedRecord) -> ShownQueued:
    """Raises `ConfigError` (UnreadableEntry) when its file cannot be read."""
    queued = record.queued
    if queued is None:
        raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
    place = next((one for one in queue_positions(state) if one.queued.key == queued.key), None)
    aside = (one for one in state.queue.set_aside if place is None and one.name == record.name)
    return ShownQueued(queued, place, len(state.queue.waiting), tuple(fault for one in aside for fault in one.faults))
