"""`rtb-hub wait`: until a preview is running or removed, by what its cluster says, with the cause while it is not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.errors import Fault, Reason, Stalled
from generator.values.naming import IssueKey
from hub.actions.status import applications_of, follow
from hub.actions.wait import Awaited, Goal, Page, Waited
from hub.adapters.kubernetes.watching import Followed
from hub.commands.cluster_options import Options, open_for
from hub.commands.durations import seconds_of
from hub.output.console import Format, console, emit, printable
from hub.views.phases import STYLES, phase_data
from hub.wiring import hub
from reconcilers.health.lengths import for_how_long
from reconcilers.health.phase import Phase
from reconcilers.state.environment import REQUEST_PREFIX

if TYPE_CHECKING:
    from hub.adapters.kubernetes.cluster import Cluster
    from hub.wiring import Hub


def run(  # noqa: PLR0913
    key: str, env: str, goal: Goal, *, timeout: str, repo: str | None, at: Options, output: Format, url: bool = False
) -> None:
    """Wait, telling each change. Raises `Stalled` (PreviewFailed), `Transient` (NotInTime)."""
    awaited = awaited_of(key, env, goal, timeout)
    ours = hub()
    cluster = open_for(ours, at, env, repo)
    page = Page(ours.ask_page) if url else None
    tell_end(waited(ours, awaited, cluster=cluster, repo=repo, output=output, page=page), output)


def awaited_of(key: str, env: str, goal: Goal, timeout: str) -> Awaited:
    """What is waited for, by the options. Raises `ConfigError` (InvalidIssueKey, InvalidValue)."""
    return Awaited(IssueKey.parse(key), env, goal, seconds_of(timeout))


def waited(  # noqa: PLR0913
    ours: Hub, awaited: Awaited, *, cluster: Cluster, repo: str | None, output: Format, page: Page | None = None
) -> Waited:
    """Wait, telling people each change. Raises as `run`."""
    repository = ours.repository(repo)
    tell = tell_change if output.is_for_people else say_nothing
    argocd, applications = applications_of(awaited.environment, repository=repository)
    with Followed(cluster, argocd, awaited.key.namespace, applications) as followed:
        return follow(awaited, repository=repository, followed=followed, clock=ours.clock, changed=tell, page=page)


def check_is_awaited(started: Mapping[str, Any]) -> None:
    """Raise `Stalled` (NotInTime) for a start, as data, that goes on when others let it: for room, or a review."""
    if started["change"] in ("queued", "updated in line", "waits already"):
        remedy = "it starts when its turn comes: 'rtb-hub show' tells its place"
        raise Stalled(Reason.NOT_IN_TIME, Fault("it is queued, and is not waited for", remedy=remedy))
    if started.get("request") or str(started.get("onBranch") or "").startswith(REQUEST_PREFIX):
        remedy = "once it is approved and merged, 'rtb-hub wait' waits for it"
        raise Stalled(Reason.NOT_IN_TIME, Fault("it awaits a review, and is not waited for", remedy=remedy))


def tell_end(done: Waited, output: Format, before: Mapping[str, Any] | None = None) -> None:
    """Tell which phase was reached, and when; machines what was done `before`, too."""
    key, env, phase = done.awaited.key, done.awaited.environment, done.phase
    data = {
        "issue": str(key),
        "environment": env,
        **(before or {}),
        **phase_data(phase),
        "seconds": round(done.seconds, 1),
    }
    emit(data, output, lambda out: out.print(f"{key} in {env} is {phase.name} after {done.seconds:.0f} s"))


def tell_change(phase: Phase, after: timedelta) -> None:
    """A change of phase for people, with the time since the beginning."""
    from rich.text import Text

    line = Text.assemble((f"{for_how_long(after):>4}  ", "dim"), (phase.name, STYLES[phase.name]))
    console().print(Text.assemble(line, f": {printable(phase.cause)}" if phase.cause else ""))


def say_nothing(phase: Phase, after: timedelta) -> None:
    """Machines are told once, at the end."""
