"""One preview, followed until it is running or removed: its phase whenever that changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from generator.bootstrap.argocd import project_name
from generator.errors import Transient
from generator.values.naming import IssueKey
from hub.actions.repository import Repository
from hub.actions.wait import Awaited, Goal, Stopwatch, Waited, observations
from hub.actions.why import answered
from hub.adapters.kubernetes.cluster import Recorded
from reconcilers.health.phase import Phase


class Follows(Protocol):
    """What is there of one preview now, and when it changes."""

    is_asked: bool

    def recorded(self) -> Recorded:
        """What is there now."""

    def wait(self, seconds: float) -> None:
        """Until something changes, at most so long."""


def goal_of(key: IssueKey, environment: str, *, repository: Repository) -> Goal:
    """What one waits for of a preview: to run when it is wanted, else to be gone."""
    return "running" if repository.state(environment).entry(key) else "removed"


def applications_of(environment: str, *, repository: Repository) -> tuple[str, str]:
    """The namespace of Argo CD, and the ApplicationSet of an environment."""
    return repository.state(environment).environment.spec.argocd.namespace, project_name(environment)


def follow(
    awaited: Awaited,
    *,
    repository: Repository,
    followed: Follows,
    clock: Callable[[], datetime],
    changed: Callable[[Phase, timedelta], None] = lambda *_: None,
) -> Waited:
    """Tell each change (`changed`, with the time since the beginning) until the goal is reached.

    Git is read anew when the cluster is read anew. Raises as `hub.actions.wait.observations`, and `Stalled` when the
    cluster refuses to be read.
    """

    def look() -> Phase:
        try:
            state = repository.state(awaited.environment)
            followed.is_asked = state.entry(awaited.key) is not None
            return answered(awaited.key, state, followed.recorded(), now=clock()).phase
        except Transient as err:
            return Phase("unknown", err.faults[0].message, err.faults[0].remedy)

    seconds = time.monotonic
    begin, shown = seconds(), Phase("unknown")
    stopwatch = Stopwatch(seconds, followed.wait)
    for phase in observations(look, awaited.goal, awaited.seconds, stopwatch):
        if phase != shown:
            changed(phase, timedelta(seconds=seconds() - begin))
        shown = phase
    return Waited(awaited, shown, seconds() - begin)
