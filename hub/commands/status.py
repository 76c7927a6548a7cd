"""`rtb-hub status`: a preview's phase in one line, and each change of it with --watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.values.naming import IssueKey
from hub.actions.status import applications_of, follow, goal_of
from hub.actions.wait import Awaited
from hub.actions.why import why
from hub.adapters.kubernetes.watching import Followed
from hub.commands.cluster_options import Options, open_for
from hub.commands.durations import seconds_of
from hub.commands.wait import say_nothing, tell_change
from hub.output.console import Format, emit, printable
from hub.views.phases import STYLES, phase_data
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.health.phase import Phase


def run(  # noqa: PLR0913 - the options that there are
    key: str, env: str, *, watch: bool, timeout: str, repo: str | None, at: Options, output: Format
) -> None:
    """Tell it, and with `watch` each change until it is running or removed.

    Raises as `why`, and with `watch` `Stalled` (PreviewFailed) and `Transient` (NotInTime) as `wait`.
    """
    issue = IssueKey.parse(key)
    ours = hub()
    cluster, repository = open_for(ours, at, env, repo), ours.repository(repo)
    if not watch:
        phase = why(issue, env, repository=repository, cluster=cluster, clock=ours.clock).phase
        emit(status_data(issue, env, phase), output, lambda out: tell(out, phase))
        return
    awaited = Awaited(issue, env, goal_of(issue, env, repository=repository), seconds_of(timeout))
    argocd, applications = applications_of(env, repository=repository)
    changed = tell_change if output.is_for_people else say_nothing
    with Followed(cluster, argocd, issue.namespace, applications) as followed:
        done = follow(awaited, repository=repository, followed=followed, clock=ours.clock, changed=changed)
    emit(status_data(issue, env, done.phase) | {"seconds": round(done.seconds, 1)}, output, lambda _: None)


def status_data(issue: IssueKey, env: str, phase: Phase) -> dict[str, Any]:
    """Where a preview stands, for machines."""
    return {"issue": str(issue), "environment": env, **phase_data(phase)}


def tell(console: Console, phase: Phase) -> None:
    """Where a preview stands, in one line."""
    from rich.text import Text

    console.print(Text.assemble((phase.name, STYLES[phase.name]), f": {printable(phase.cause)}" if phase.cause else ""))
