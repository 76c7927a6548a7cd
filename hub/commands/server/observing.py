"""`rtb-hub status --watch` and `wait` through a server, by the cluster that it reads.

What is waited for is asked for again and again, and told as it is on a cluster: the server answers what it just read.
"""

from __future__ import annotations

from typing import cast, get_args

from generator.errors import Fault, HubError, Reason, Stalled
from generator.values.naming import IssueKey
from hub.actions.wait import Awaited, Goal, wait_by
from hub.commands.durations import seconds_of
from hub.commands.passing import PASSING
from hub.commands.server.calling import Api
from hub.commands.server.printing import emit, mapping
from hub.commands.server.reading import status_route
from hub.commands.status import status_data
from hub.commands.wait import say_nothing, tell_change, tell_end
from hub.output.formats import Format
from reconcilers.health.phase import Phase, PhaseName


def status(api: Api, at: tuple[str, str], *, timeout: str, output: Format) -> None:
    """Tell where the preview `at` (key, environment) stands, and each change, as `wait`.

    What is waited for is that it runs where it is wanted, else that it is gone.
    """
    issue, env = IssueKey.parse(at[0]), at[1]
    seconds = seconds_of(timeout)
    goal = api.call(*status_route(issue, env)).headers.get("x-rtb-goal")
    awaited = Awaited(issue, env, "removed" if goal == "removed" else "running", seconds)
    tell = tell_change if output.is_for_people else say_nothing
    done = wait_by(lambda: _phase(api, issue, env), awaited, changed=tell)
    if not output.is_for_people:
        emit(lambda: status_data(issue, env, done.phase) | {"seconds": round(done.seconds, 1)}, str, output)


def wait(api: Api, at: tuple[str, str], goal: Goal, *, timeout: str, output: Format) -> None:
    """Wait for the preview `at` (key, environment), telling each change.

    Raises `Stalled` (PreviewFailed), `Transient` (NotInTime), and what the server refuses with.
    """
    awaited = Awaited(IssueKey.parse(at[0]), at[1], goal, seconds_of(timeout))
    tell = tell_change if output.is_for_people else say_nothing
    done = wait_by(lambda: _phase(api, awaited.key, awaited.environment), awaited, changed=tell)
    tell_end(done, output)


def _phase(api: Api, issue: IssueKey, env: str) -> Phase:
    """Where a preview stands now; `unknown` while what passes by itself keeps it from being told."""
    route, asked = status_route(issue, env)
    try:
        told = mapping(api.call(route, asked).data, asked.purpose)
    except HubError as err:
        if err.reason not in PASSING:
            raise
        return Phase("unknown", err.faults[0].message, err.faults[0].remedy)
    name = told.get("phase")
    if name not in get_args(PhaseName):
        fault = Fault(f"cannot {asked.purpose}: the phase is not one that a hub of this release tells")
        raise Stalled(Reason.SERVER_REFUSED, fault)
    return Phase(cast("PhaseName", name), str(told.get("cause") or ""), str(told.get("remedy") or ""))
