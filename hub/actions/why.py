"""Why a preview does not come up, or does not go away: from a cluster, or from what was recorded of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from generator.bootstrap.argocd import project_name
from generator.values.formats import parse_time
from generator.values.naming import IssueKey, preview_host
from generator.values.quantities import duration
from hub.actions.removed import is_unnoticed, removed_at
from hub.actions.repository import Repository
from hub.adapters.kubernetes.cluster import Recorded
from hub.adapters.kubernetes.recording import Recording
from reconcilers.causes.exposure import Reached
from reconcilers.health.phase import UP, Asked, Phase, phase_of
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState

#: A recording knows nothing of a lease.
_NO_WARNING = timedelta(0)


class Recorder(Protocol):
    """What reads the objects of one preview from a cluster."""

    def record(self, argocd: str, preview: str, *, applications: str, is_asked: bool) -> Recorded:
        """See `hub.adapters.kubernetes.cluster.Cluster`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A preview's phase with its causes, and what could not be read: kinds (`plural.group`) with the reason.

    `name`: its namespace; `recording`: what it was answered from.
    """

    name: str
    phase: Phase
    recording: Recording

    @property
    def unread(self) -> Mapping[str, str]:
        """Kinds that could not be read, with the reason."""
        return self.recording.unread


def why_recorded(recording: Recording, key: IssueKey | None = None) -> Answer:
    """The answer from a recording: of the preview that `key` names, or of the one that it is about."""
    name = key.namespace if key else recording.target
    phase = phase_of(recording.seen(name), now=recording.now, warn_before=_NO_WARNING)
    return Answer(name, phase, recording)


def why(  # noqa: PLR0913 - what there is to look at
    key: IssueKey,
    environment: str,
    *,
    repository: Repository,
    cluster: Recorder,
    clock: Callable[[], datetime],
    reach: Callable[[str], Reached] | None = None,
) -> Answer:
    """The answer from a cluster, read after Git. `reach` asks the address of one that runs; None: it is not asked.

    Raises `ConfigError` (UnknownEnvironment), `Transient` (ClusterUnreachable) and `Stalled` (ClusterRefused).
    """
    state = repository.state(environment)
    answer = why_in(state, key, cluster=cluster, clock=clock, store=repository.store)
    if reach is None or answer.phase.name not in UP:
        return answer
    reached = reach(preview_host(key.name, state.environment.spec.domain))
    return _judged(key, state, replace(answer.recording, reached=reached))


def why_in(
    state: EnvironmentState,
    key: IssueKey,
    *,
    cluster: Recorder,
    clock: Callable[[], datetime],
    store: GitStore | None = None,
) -> Answer:
    """As `why`, in an environment that was read. Without its `store` nothing tells since when the entry is gone."""
    argocd, applications = state.environment.spec.argocd.namespace, project_name(state.environment.name)
    is_asked = state.entry(key) is not None
    read = cluster.record(argocd, key.namespace, applications=applications, is_asked=is_asked)
    return answered(key, state, read, now=clock(), store=store)


def answered(
    key: IssueKey, state: EnvironmentState, read: Recorded, *, now: datetime, store: GitStore | None = None
) -> Answer:
    """The answer from what was read of a cluster."""
    asked = _asked(key, state)
    recording = Recording(
        now=now,
        environment=state.environment.name,
        compute=asked.compute if asked else "",
        is_asked=asked is not None,
        asked_since=parse_time(asked.begun) if asked and asked.begun else None,
        objects=read.objects,
        unread=read.unread,
        targets=None if state.in_queue(key) else read.targets,
    )
    if store is not None and is_unnoticed(recording.seen(key.namespace)):
        recording = replace(recording, removed_at=removed_at(key.name, state, store, now=now))
    return _judged(key, state, recording)


def _asked(key: IssueKey, state: EnvironmentState) -> Asked | None:
    record = state.entry(key)
    return Asked.of(record) if record else None


def _judged(key: IssueKey, state: EnvironmentState, recording: Recording) -> Answer:
    request, spec = state.request(key), state.environment.spec
    seen = replace(recording.seen(key.namespace, _asked(key, state)), request=request)
    phase = phase_of(seen, now=recording.now, warn_before=duration(spec.lease.warn_before))
    if phase.name == "removed" and state.in_queue(key) is not None:
        phase = replace(phase, cause="it has not started: it is queued, and waits for room")
    return Answer(key.namespace, phase, recording)
