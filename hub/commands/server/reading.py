"""`rtb-hub list` and `rtb-hub show` through a server. The server words them, by the same views."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from generator.errors import Reason
from generator.values.naming import IssueKey
from hub.adapters.http import Answer, Route
from hub.commands.server.calling import Api, Asked, Query
from hub.commands.server.printing import emit, is_terminal, mapping
from hub.output.exit_codes import CODES
from hub.output.formats import Format

_WIDEST = 1000


def list_previews(api: Api, options: Mapping[str, str | bool | int | Sequence[str] | None], output: Format) -> None:
    """Print the previews that the options ask for; exits with the code of what kept an environment from being read."""
    query: list[tuple[str, str]] = []
    for name, value in options.items():
        if isinstance(value, bool):
            query += [(name, "true")] if value else []
        elif isinstance(value, str | int):
            query.append((name, str(value)))
        else:
            query += [(name, one) for one in value or ()]
    answer = _shown(api, Route.of("/api/v1/listing"), "list previews", query, output)
    reason = answer.headers.get("x-rtb-incomplete")
    if reason:
        known = reason in {one.value for one in Reason}
        sys.exit(CODES[Reason(reason) if known else Reason.SERVER_REFUSED])


def show(api: Api, key: str, env: str, output: Format) -> None:
    """Print one preview."""
    issue = IssueKey.parse(key)
    _shown(api, Route.of("/api/v1/previews/{}/{}/shown", env, issue), f"show {issue} in {env}", [], output)


def _shown(api: Api, route: Route, purpose: str, query: Query, output: Format) -> Answer:
    if output is not Format.TABLE:
        answer = api.call(route, Asked(purpose=purpose, query=query))
        emit(lambda: mapping(answer.data, purpose), str, output)
        return answer
    form = [("width", str(_WIDEST)), ("terminal", "false")]
    if is_terminal():
        from shutil import get_terminal_size

        form = [("width", str(min(_WIDEST, max(20, get_terminal_size().columns)))), ("terminal", "true")]
    answer = api.call(route, Asked(purpose=purpose, query=[*query, *form], accept="text/plain"))
    emit(dict, lambda: answer.body.decode("utf-8", "replace"), output)
    return answer
