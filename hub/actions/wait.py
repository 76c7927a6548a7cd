"""Waiting until a preview is running or removed, by what its cluster says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from generator.errors import Fault, Reason, Stalled, Transient
from generator.values.naming import IssueKey, preview_host
from reconcilers.health.phase import UP, Phase, PhaseName
from reconcilers.state.environment import EnvironmentState

Goal = Literal["running", "removed"]
EVERY_SECONDS = 2.0
#: A failure counts when it stands this long: Argo CD may just be applying the repair.
SURE_SECONDS = 15.0
_REACHED: dict[Goal, frozenset[PhaseName]] = {
    "running": UP,
    "removed": frozenset({"removed"}),
}


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Seconds that only go forward, and sleeping."""

    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Awaited:
    """Which preview is waited for, until when: the phase, and at most so many seconds."""

    key: IssueKey
    environment: str
    goal: Goal = "running"
    seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Waited:
    """The phase that was reached, after so many seconds."""

    awaited: Awaited
    phase: Phase
    seconds: float


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a preview that runs. `ask` is given host and path, and says why it is not the preview's yet."""

    ask: Callable[[str, str], str]

    def told(self, key: IssueKey, state: EnvironmentState, phase: Phase) -> Phase:
        """The phase, which is starting as long as the page of one that runs does not answer."""
        record = state.entry(key)
        preview = record.preview if record and phase.name in UP else None
        paths = sorted((c.path for c in preview.spec.components.values() if c.path), key=len) if preview else []
        if not paths:
            return phase
        why = self.ask(preview_host(key.name, state.environment.spec.domain), paths[0])
        remedy = "check from here that the name leads to the load balancer, and that its targets are healthy"
        return Phase("starting", f"it runs, and its page does not answer: {why}", remedy) if why else phase


def wait_by(
    look: Callable[[], Phase],
    awaited: Awaited,
    stopwatch: Stopwatch = Stopwatch(),
    changed: Callable[[Phase, timedelta], None] = lambda *_: None,
) -> Waited:
    """Look until the goal is reached; `changed` is called with each new phase and the time since the beginning.

    Raises as `observations`, and what looking raises.
    """
    begin, shown = stopwatch.seconds(), Phase("unknown")
    for phase in observations(look, awaited.goal, awaited.seconds, stopwatch):
        if phase != shown:
            changed(phase, timedelta(seconds=stopwatch.seconds() - begin))
        shown = phase
    return Waited(awaited, shown, stopwatch.seconds() - begin)


def observations(look: Callable[[], Phase], goal: Goal, seconds: float, stopwatch: Stopwatch) -> Iterator[Phase]:
    """Phases one after the other until `goal` is reached.

    Raises `Stalled` (PreviewFailed) when it stays failed or is gone while it should run, `Transient` (NotInTime).
    """
    begin = stopwatch.seconds()
    failing_since: float | None = None
    while True:
        phase = look()
        yield phase
        now = stopwatch.seconds()
        if phase.name in _REACHED[goal]:
            return
        if goal == "running" and phase.name in ("failed", "stuck", "removed", "stopping", "sleeping"):
            failing_since = now if failing_since is None else failing_since
            if now - failing_since >= SURE_SECONDS:
                raise Stalled(Reason.PREVIEW_FAILED, _fault(f"it is {phase.name}", phase))
        else:
            failing_since = None
        if now - begin >= seconds:
            raise Transient(Reason.NOT_IN_TIME, _fault(f"not {goal} in time: it is {phase.name}", phase))
        stopwatch.sleep(EVERY_SECONDS)


def _fault(what: str, phase: Phase) -> Fault:
    return Fault(f"{what}: {phase.cause}" if phase.cause else what, remedy=phase.remedy)
