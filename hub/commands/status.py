"""`rtb-hub status`: a preview's phase in one line, and each change of it with --watch."""

from __future__ import annotations

from generator.values.naming import IssueKey
from hub.actions.status import applications_of, follow, goal_of
from hub.actions.wait import Awaited
from hub.actions.why import why
from hub.adapters.kubernetes.watching import Followed
from hub.commands.cluster_options import Options, open_for
from hub.commands.wait import say_nothing, seconds_of, tell_change
from hub.output.console import Format, emit, printable
from hub.views.phases import STYLES, phase_data
from hub.wiring import hub


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
        data = {"issue": str(issue), "environment": env, **phase_data(phase)}
        emit(data, output, lambda out: out.print(_line(phase.name, phase.cause)))
        return
    awaited = Awaited(issue, env, goal_of(issue, env, repository=repository), seconds_of(timeout))
    argocd, applications = applications_of(env, repository=repository)
    tell = tell_change if output is Format.TABLE else say_nothing
    with Followed(cluster, argocd, issue.namespace, applications) as followed:
        done = follow(awaited, repository=repository, followed=followed, clock=ours.clock, changed=tell)
    data = {"issue": str(issue), "environment": env, **phase_data(done.phase), "seconds": round(done.seconds, 1)}
    emit(data, output, lambda _: None)


def _line(name: str, cause: str) -> object:
    from rich.text import Text

    return Text.assemble((name, STYLES[name]), f": {printable(cause)}" if cause else "")
