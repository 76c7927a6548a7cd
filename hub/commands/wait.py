"""`rtb-hub wait`: until a preview is running or removed, by what its cluster says, with the cause while it is not."""

from __future__ import annotations

from datetime import timedelta

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


def run(  # noqa: PLR0913
    key: str, env: str, goal: Goal, *, timeout: str, repo: str | None, at: Options, output: Format, url: bool = False
) -> None:
    """Wait, telling each change. Raises `Stalled` (PreviewFailed), `Transient` (NotInTime)."""
    awaited = Awaited(IssueKey.parse(key), env, goal, seconds_of(timeout))
    ours = hub()
    cluster, repository = open_for(ours, at, env, repo), ours.repository(repo)
    tell = tell_change if output.is_for_people else say_nothing
    page = Page(ours.ask_page) if url else None
    argocd, applications = applications_of(env, repository=repository)
    with Followed(cluster, argocd, awaited.key.namespace, applications) as followed:
        done = follow(awaited, repository=repository, followed=followed, clock=ours.clock, changed=tell, page=page)
    tell_end(done, output)


def tell_end(done: Waited, output: Format) -> None:
    """Tell which phase was reached, and when."""
    key, env, phase = done.awaited.key, done.awaited.environment, done.phase
    data = {"issue": str(key), "environment": env, **phase_data(phase), "seconds": round(done.seconds, 1)}
    emit(data, output, lambda out: out.print(f"{key} in {env} is {phase.name} after {done.seconds:.0f} s"))


def tell_change(phase: Phase, after: timedelta) -> None:
    """A change of phase for people, with the time since the beginning."""
    from rich.text import Text

    line = Text.assemble((f"{for_how_long(after):>4}  ", "dim"), (phase.name, STYLES[phase.name]))
    console().print(Text.assemble(line, f": {printable(phase.cause)}" if phase.cause else ""))


def say_nothing(phase: Phase, after: timedelta) -> None:
    """Machines are told once, at the end."""
