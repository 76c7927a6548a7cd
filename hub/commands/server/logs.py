"""`rtb-hub logs` through a server, by the cluster that it reads."""

from __future__ import annotations

import sys
from typing import Any

from generator.errors import ConfigError, Fault, Reason
from generator.values.naming import IssueKey
from hub.actions.log_wish import Wish
from hub.commands.log_lines import heading, told_line
from hub.commands.server.calling import Api, Asked, preview_route
from hub.commands.server.printing import emit, mapping
from hub.output.console import printable
from hub.output.formats import Format


def logs(api: Api, at: tuple[str, str], wish: Wish, output: Format) -> None:
    """Print the log of a component of the preview `at` (key, environment)."""
    told = log(api, at, wish)
    if output.is_for_people:
        which = heading(str(told.get("container")), str(told.get("pod")), is_previous=bool(told.get("previous")))
        sys.stderr.write(f"{printable(which)}\n")
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
