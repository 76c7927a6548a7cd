"""`rtb-hub status`, `wait` and `logs` through a server, by the cluster that it reads.

What is waited for is asked for again and again, and told as it is on a cluster: the server answers what it just read.
"""

from __future__ import annotations

from typing import Any, cast, get_args

from generator.errors import ConfigError, Fault, HubError, Reason, Stalled
from generator.values.naming import IssueKey
from hub.actions.logs import Wish
from hub.actions.wait import Awaited, Goal, wait_by
from hub.adapters.http import Route
from hub.commands.logs import heading, told_line
from hub.commands.server.calling import Api, Asked, preview_route
from hub.commands.server.printing import emit, mapping
from hub.commands.server.reading import shown
from hub.commands.status import status_data
from hub.commands.wait import say_nothing, seconds_of, tell_change, tell_end
from hub.output.console import console, printable
from hub.output.formats import Format
from reconcilers.health.phase import Phase, PhaseName

#: Until when nothing is known of a preview, and asking goes on: what passes by itself.
_PASSES = frozenset({
    Reason.SERVER_UNREACHABLE, Reason.CLUSTER_UNREACHABLE, Reason.REPOSITORY_UNREACHABLE, Reason.DATABASE_UNREACHABLE,
    Reason.TOO_MANY_REQUESTS, Reason.NOT_IN_TIME,
})  # fmt: skip


def status(api: Api, at: tuple[str, str], *, watch: bool, timeout: str, output: Format) -> None:
    """Tell where the preview `at` (key, environment) stands, and with `watch` each change, as `wait`.

    What is waited for is that it runs where it is wanted, else that it is gone.
    """
    issue, env = IssueKey.parse(at[0]), at[1]
    if not watch:
        shown(api, *_asked(issue, env), output)
        return
    seconds = seconds_of(timeout)
    goal = api.call(*_asked(issue, env)).headers.get("x-rtb-goal")
    awaited = Awaited(issue, env, "removed" if goal == "removed" else "running", seconds)
    tell = tell_change if output is Format.TABLE else say_nothing
    done = wait_by(lambda: _phase(api, issue, env), awaited, changed=tell)
    if output is not Format.TABLE:
        emit(lambda: status_data(issue, env, done.phase) | {"seconds": round(done.seconds, 1)}, str, output)


def wait(api: Api, at: tuple[str, str], goal: Goal, *, timeout: str, output: Format) -> None:
    """Wait for the preview `at` (key, environment), telling each change.

    Raises `Stalled` (PreviewFailed), `Transient` (NotInTime), and what the server refuses with.
    """
    awaited = Awaited(IssueKey.parse(at[0]), at[1], goal, seconds_of(timeout))
    tell = tell_change if output is Format.TABLE else say_nothing
    done = wait_by(lambda: _phase(api, awaited.key, awaited.environment), awaited, changed=tell)
    tell_end(done, output)


def logs(api: Api, at: tuple[str, str], wish: Wish, output: Format) -> None:
    """Print the log of a component of the preview `at` (key, environment)."""
    told = log(api, at, wish)
    if output is Format.TABLE:
        which = heading(str(told.get("container")), str(told.get("pod")), is_previous=bool(told.get("previous")))
        console(stderr=True).print(printable(which), markup=False)
    emit(lambda: told, lambda: "".join(map(told_line, told["lines"])), output)


def log(api: Api, at: tuple[str, str], wish: Wish) -> dict[str, Any]:
    """The log of a component of the preview `at` (key, environment), as `hub.commands.logs.log_data` has it."""
    issue, env = IssueKey.parse(at[0]), at[1]
    if not wish.component or "/" in wish.component:
        fault = Fault(f"{wish.component[:80]!r} has no pod in {issue.namespace}", field="COMPONENT")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    route = preview_route(env, issue, "logs/{}", wish.component)
    query = [("tail", str(wish.tail))]
    if wish.previous is not None:
        query.append(("previous", str(wish.previous).lower()))
    if wish.since_seconds is not None:
        query.append(("sinceSeconds", str(wish.since_seconds)))
    purpose = f"read the log of {wish.component} of {issue} in {env}"
    told = mapping(api.call(route, Asked(purpose=purpose, query=query)).data, purpose)
    lines = told.get("lines")
    return {**told, "lines": [str(line) for line in lines] if isinstance(lines, list) else []}


def _asked(issue: IssueKey, env: str) -> tuple[Route, Asked]:
    route = preview_route(env, issue, "status")
    return route, Asked(purpose=f"tell where {issue} in {env} stands")


def _phase(api: Api, issue: IssueKey, env: str) -> Phase:
    """Where a preview stands now; `unknown` while what passes by itself keeps it from being told."""
    route, asked = _asked(issue, env)
    try:
        told = mapping(api.call(route, asked).data, asked.purpose)
    except HubError as err:
        if err.reason not in _PASSES:
            raise
        return Phase("unknown", err.faults[0].message, err.faults[0].remedy)
    name = told.get("phase")
    if name not in get_args(PhaseName):
        fault = Fault(f"cannot {asked.purpose}: the phase is not one that a hub of this release tells")
        raise Stalled(Reason.SERVER_REFUSED, fault)
    return Phase(cast("PhaseName", name), str(told.get("cause") or ""), str(told.get("remedy") or ""))
