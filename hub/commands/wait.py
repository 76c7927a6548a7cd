"""`rtb-hub wait`: until a preview is running or removed, by what its cluster says, with the cause while it is not."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from generator.errors import ConfigError, Fault, Reason, Stalled, Transient
from generator.values.naming import IssueKey
from generator.values.quantities import duration
from hub.output.console import Format, console, emit, printable
from hub.views.phases import STYLES, Options, phase_data, phases, read_environment
from hub.wiring import Hub, hub
from reconcilers.health.causes import for_how_long
from reconcilers.health.phase import Phase

if TYPE_CHECKING:
    from reconcilers.ports.git import ClusterReader, GitStore

Goal = Literal["running", "removed"]
_SECONDS = re.compile(r"[1-9][0-9]{0,5}s")
EVERY_SECONDS = 2.0
#: A failure counts when it stands this long: Argo CD may just be applying the repair.
SURE_SECONDS = 15.0
_REACHED: dict[Goal, frozenset[str]] = {
    "running": frozenset({"running", "expiring soon"}),
    "removed": frozenset({"removed"}),
}


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that only go forward, and sleeping; replaced in tests."""

    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def run(key: str, env: str, goal: Goal, *, timeout: str, repo: str | None, at: Options, output: Format) -> None:  # noqa: PLR0913
    """Wait, telling each change. Raises `Stalled` (PreviewFailed), `Transient` (NotInTime)."""
    issue = IssueKey.parse(key)
    seconds = _seconds(timeout)
    ours = hub()
    reader, store = ours.cluster(at.context, at.kubeconfig), ours.store(repo)
    clock = Clock()
    begin, shown = clock.seconds(), Phase("unknown")
    for phase in observations(lambda: _phase(ours, store, reader, issue, env), goal, seconds, clock):
        if phase != shown and output is Format.TABLE:
            _tell(phase, for_how_long(timedelta(seconds=clock.seconds() - begin)))
        shown = phase
    took = round(clock.seconds() - begin, 1)
    data = {"issue": str(issue), "environment": env, **phase_data(shown), "seconds": took}
    emit(data, output, lambda out: out.print(f"{issue} in {env} is {shown.name} after {took:.0f} s"))


def _seconds(text: str) -> float:
    """A length of time as elsewhere, or in seconds: a script may not want to wait a minute."""
    if _SECONDS.fullmatch(text):
        return float(text.removesuffix("s"))
    try:
        return duration(text).total_seconds()
    except ValueError as err:
        fault = Fault(f"{text[:80]!r} is not a length of time", field="--timeout", allowed="such as 90s, 10m or 1h30m")
        raise ConfigError(Reason.INVALID_VALUE, fault) from err


def observations(look: Callable[[], Phase], goal: Goal, seconds: float, clock: Clock) -> Iterator[Phase]:
    """Phases one after the other until `goal` is reached.

    Raises `Stalled` (PreviewFailed) when it stays failed or is gone while it should run, `Transient` (NotInTime).
    """
    begin = clock.seconds()
    failing_since: float | None = None
    while True:
        phase = look()
        yield phase
        now = clock.seconds()
        if phase.name in _REACHED[goal]:
            return
        if goal == "running" and phase.name in ("failed", "stuck", "removed", "stopping"):
            failing_since = now if failing_since is None else failing_since
            if now - failing_since >= SURE_SECONDS:
                raise Stalled(Reason.PREVIEW_FAILED, _fault(f"it is {phase.name}", phase))
        else:
            failing_since = None
        if now - begin >= seconds:
            raise Transient(Reason.NOT_IN_TIME, _fault(f"not {goal} in time: it is {phase.name}", phase))
        clock.sleep(EVERY_SECONDS)


def _phase(ours: Hub, store: GitStore, reader: ClusterReader, issue: IssueKey, env: str) -> Phase:
    """One observation: Git, then the cluster. What cannot be read now may be read the next time."""
    try:
        state = ours.read_state(store, env)
    except Transient as err:
        return Phase("unknown", err.faults[0].message, err.faults[0].remedy)
    reading = read_environment(reader, state, preview=issue.namespace)
    if isinstance(reading.error, Stalled):
        raise reading.error
    _, told = phases(reader, reading, [issue.name], now=ours.clock(), always=True)
    return told[issue.name]


def _fault(what: str, phase: Phase) -> Fault:
    return Fault(f"{what}: {phase.cause}" if phase.cause else what, remedy=phase.remedy)


def _tell(phase: Phase, after: str) -> None:
    from rich.text import Text

    line = Text.assemble((f"{after:>4}  ", "dim"), (phase.name, STYLES[phase.name]))
    console().print(Text.assemble(line, f": {printable(phase.cause)}" if phase.cause else ""))
