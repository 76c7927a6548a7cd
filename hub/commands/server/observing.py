"""`rtb-hub status --watch` and `wait` through a server, by the cluster that it reads.

What is waited for is asked for again and again, and told as it is on a cluster: the server answers what it just read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from generator.errors import Fault, HubError, Reason, Stalled
from generator.values.naming import IssueKey
from hub.actions.wait import Awaited, Goal, Waited, wait_by
from hub.commands.durations import seconds_of
from hub.commands.passing import PASSING
from hub.commands.server import changing
from hub.commands.server.calling import Api
from hub.commands.server.printing import emit, mapping
from hub.commands.server.reading import status_route
from hub.commands.status import status_data
from hub.commands.wait import awaited_of, check_is_awaited, say_nothing, tell_change, tell_end
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
    tell_end(_waited(api, awaited_of(*at, goal, timeout), output), output)


def start(api: Api, body: Mapping[str, Any], *, timeout: str, output: Format) -> None:
    """Start a preview, and tell each change until it runs.

    Machines get all of it at the end, or what was started where it does not run. Raises as `wait`, and `Stalled`
    (NotInTime) where it is queued or awaits a review, which is not waited for.
    """
    awaited = awaited_of(body["issue"], body["environment"], "running", timeout)
    status_route(awaited.key, awaited.environment)
    told = changing.started(api, body)
    data = changing.details(told)
    if output.is_for_people:
        emit(lambda: data, lambda: changing.text(told), output)
    try:
        check_is_awaited(data)
        done = _waited(api, awaited, output)
    except HubError:
        if not output.is_for_people:
            emit(lambda: data, str, output)
        raise
    tell_end(done, output, data)


def _waited(api: Api, awaited: Awaited, output: Format) -> Waited:
    tell = tell_change if output.is_for_people else say_nothing
    return wait_by(lambda: _phase(api, awaited.key, awaited.environment), awaited, changed=tell)


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
