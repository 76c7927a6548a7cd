"""`rtb-hub list`, `show`, `history`, `diff`, `why`, `status` through a server. It words them, by the same views."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from generator.errors import Fault, Reason, Stalled
from generator.values.naming import IssueKey
from hub.adapters.http import Answer, Route
from hub.commands.server.calling import Api, Asked, preview_route
from hub.commands.server.printing import emit, is_terminal, mapping
from hub.output.exit_codes import CODES, DIFFERENT
from hub.output.formats import Format

_WIDEST = 1000
_LISTING = Route.of("/api/v1/listing")


Options = Mapping[str, str | bool | int | Sequence[str] | None]


def list_previews(api: Api, options: Options, output: Format) -> None:
    """Print the previews that the options ask for; exits with the code of what kept an environment from being read."""
    _exit_incomplete(shown(api, _LISTING, _list_asked(options), output))


def watch_previews(api: Api, options: Options, *, seconds: float, output: Format) -> None:
    """Tell what the list is, and each change of it, until somebody interrupts."""
    from hub.commands import list_watch

    asked = _list_asked(options)

    def data() -> Mapping[str, Any]:
        return mapping(api.call(_LISTING, asked).data, asked.purpose)

    def draw() -> None:
        shown(api, _LISTING, asked, Format.TABLE)

    list_watch.watch(list_watch.Source(data, draw), seconds=seconds, output=output)


def _list_asked(options: Options) -> Asked:
    query: list[tuple[str, str]] = []
    for name, value in options.items():
        if isinstance(value, bool):
            query += [(name, "true")] if value else []
        elif isinstance(value, str | int):
            query.append((name, str(value)))
        else:
            query += [(name, one) for one in value or ()]
    return Asked(purpose="list previews", query=query)


def show(api: Api, key: str, env: str, output: Format) -> None:
    """Print one preview."""
    issue = IssueKey.parse(key)
    route = preview_route(env, issue, "shown")
    shown(api, route, Asked(purpose=f"show {issue} in {env}"), output)


def history(api: Api, key: str | None, options: Mapping[str, str | int | None], output: Format) -> None:
    """Print what happened; exits with the code of what kept an environment from being read."""
    issue = IssueKey.parse(key) if key else None
    told = {"key": None if issue is None else str(issue), **options}
    query = [(name, str(value)) for name, value in told.items() if value is not None]
    _exit_incomplete(shown(api, Route.of("/api/v1/history"), Asked(purpose="show the history", query=query), output))


def diff(api: Api, body: Mapping[str, Any], output: Format) -> None:
    """Print what a start would change; exits with `DIFFERENT` when there is something."""
    issue = IssueKey.parse(body["issue"])
    said = {name: value for name, value in body.items() if value is not None} | {"issue": str(issue)}
    purpose = f"show what a start of {issue} in {body['environment']} would change"
    asked = Asked(purpose=purpose, method="POST", body=said)
    answer = shown(api, Route.of("/api/v1/previews/plan/shown"), asked, output)
    if answer.headers.get("x-rtb-change") != "unchanged":
        sys.exit(DIFFERENT)


def why(api: Api, at: tuple[str, str], *, is_whole: bool, check: bool, output: Format) -> None:
    """Print why the preview `at` (key, environment) is where it is.

    Raises, when asked to `check`, `Stalled` (PreviewFailed).
    """
    issue, env = IssueKey.parse(at[0]), at[1]
    route = preview_route(env, issue, "why")
    query = [("all", "true")] if is_whole else []
    asked = Asked(purpose=f"tell why {issue} in {env} is where it is", query=query)
    phase = shown(api, route, asked, output).headers.get("x-rtb-phase")
    if check and phase in {"failed", "stuck"}:
        raise Stalled(Reason.PREVIEW_FAILED, Fault(f"it is {phase}"))


def status(api: Api, at: tuple[str, str], output: Format) -> None:
    """Tell where the preview `at` (key, environment) stands now."""
    shown(api, *status_route(IssueKey.parse(at[0]), at[1]), output)


def status_route(issue: IssueKey, env: str) -> tuple[Route, Asked]:
    """What tells where a preview stands. Raises as `preview_route`."""
    route = preview_route(env, issue, "status")
    return route, Asked(purpose=f"tell where {issue} in {env} stands")


def _exit_incomplete(answer: Answer) -> None:
    reason = answer.headers.get("x-rtb-incomplete")
    if reason:
        known = reason in {one.value for one in Reason}
        sys.exit(CODES[Reason(reason) if known else Reason.SERVER_REFUSED])


def shown(api: Api, route: Route, asked: Asked, output: Format) -> Answer:
    """Print what a route tells, as data or in its own words. Raises as `Api.call`."""
    if not output.is_for_people:
        answer = api.call(route, asked)
        emit(lambda: mapping(answer.data, asked.purpose), str, output)
        return answer
    form = [("width", str(_WIDEST)), ("terminal", "false")]
    if is_terminal():
        from shutil import get_terminal_size

        form = [("width", str(min(_WIDEST, max(20, get_terminal_size().columns)))), ("terminal", "true")]
    answer = api.call(route, replace(asked, query=[*asked.query, *form], accept="text/plain"))
    emit(dict, lambda: answer.body.decode("utf-8", "replace"), output)
    return answer
