"""One preview, followed until it is running or removed: its phase whenever that changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from generator.bootstrap.argocd import project_name
from generator.errors import Fault, Reason, Stalled, Transient
from generator.values.naming import IssueKey
from hub.actions.repository import Repository
from hub.actions.wait import Awaited, Goal, Page, Stopwatch, Waited, wait_by
from hub.actions.why import answered
from hub.adapters.kubernetes.cluster import Recorded
from reconcilers.health.phase import Phase

#: How often Git is read: whether the preview is still wanted, and how.
GIT_SECONDS = 10.0


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


def follow(  # noqa: PLR0913 - what is followed, by what, and who is told
    awaited: Awaited,
    *,
    repository: Repository,
    followed: Follows,
    clock: Callable[[], datetime],
    changed: Callable[[Phase, timedelta], None] = lambda *_: None,
    page: Page | None = None,
    seconds: Callable[[], float] = time.monotonic,
) -> Waited:
    """Tell each change (`changed`, with the time since the beginning) until the goal is reached.

    Of the cluster a change is told at once, and Git is read every `GIT_SECONDS`. With `page` it runs once that answers.
    Raises as `hub.actions.wait.observations`, and `Stalled` when the cluster refuses to be read.
    """
    state, read_at = repository.state(awaited.environment), seconds()

    def look() -> Phase:
        nonlocal state, read_at
        try:
            if seconds() - read_at >= GIT_SECONDS:
                state, read_at = repository.state(awaited.environment), seconds()
            followed.is_asked = state.entry(awaited.key) is not None
            recorded = followed.recorded()
            phase = answered(awaited.key, state, recorded, now=clock(), store=repository.store).phase
        except Transient as err:
            return Phase("unknown", err.faults[0].message, err.faults[0].remedy)
        if recorded.targets is not None and recorded.targets.is_refused and phase.name == "unknown":
            raise Stalled(Reason.CLUSTER_REFUSED, Fault(phase.cause, remedy=phase.remedy))
        return page.told(awaited.key, state, phase) if page else phase

    return wait_by(look, awaited, Stopwatch(seconds, followed.wait), changed)
