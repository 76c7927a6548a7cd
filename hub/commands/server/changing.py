"""`rtb-hub start`, `stop`, `extend` and `revive` through a server: asked for as operations, and waited for.

Each run has an Idempotency-Key of its own, so what is sent again after a broken connection is done once.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from generator.errors import ConfigError, Fault, HubError, Reason, Stalled
from generator.values.naming import IssueKey
from hub.adapters.http import Route
from hub.commands.pairs import pairs, settings_of
from hub.commands.server.calling import Api, Asked, fault_told, preview_route
from hub.commands.server.printing import emit, mapping
from hub.output.console import error_data, report
from hub.output.exit_codes import CODES, NOT_AS_SEEN
from hub.output.formats import Format

#: Waits of one request, one after the other, before it is left to go on by itself: five minutes.
_WAITS = 6


def change(api: Api, route: Route, body: Mapping[str, Any], purpose: str, output: Format) -> None:
    """Have something done, and print what the command line prints of it."""
    told = done(api, route, body, purpose)
    emit(lambda: details(told), lambda: text(told), output)


def start_body(at: tuple[str, str], image: Sequence[str], settings: Sequence[str], **said: Any) -> dict[str, Any]:
    """The body of a start `at` (key, environment), by its options. Raises `ConfigError` for what is not NAME=VALUE."""
    images, pairs_of = pairs("image", [*image]), settings_of([*settings])
    return {"issue": at[0], "environment": at[1], "images": images, "settings": pairs_of, **said}


def start(api: Api, body: Mapping[str, Any], output: Format) -> None:
    """Start a preview or update it."""
    told = started(api, body)
    emit(lambda: details(told), lambda: text(told), output)


def started(api: Api, body: Mapping[str, Any]) -> dict[str, Any]:
    """The operation of a start, as `done`."""
    issue = IssueKey.parse(body["issue"])
    said = {name: value for name, value in body.items() if value is not None} | {"issue": str(issue)}
    return done(api, Route.of("/api/v1/previews"), said, f"start {issue} in {body['environment']}")


def act(api: Api, action: str, at: tuple[str, str], body: Mapping[str, Any], output: Format) -> None:
    """Do what is said of the preview `at` (key, environment), and print it."""
    issue, env = IssueKey.parse(at[0]), at[1]
    said = {name: value for name, value in body.items() if value is not None}
    change(api, preview_route(env, issue, action), said, f"{action} {issue} in {env}", output)


def extend(api: Api, at: tuple[str, str], body: Mapping[str, Any], output: Format) -> None:
    """Extend the preview `at` (key, environment); exits with `NOT_AS_SEEN` where it ends otherwise than `ifEnds`."""
    issue, env = IssueKey.parse(at[0]), at[1]
    said = {name: value for name, value in body.items() if value is not None}
    told = done(api, preview_route(env, issue, "extend"), said, f"extend {issue} in {env}")
    emit(lambda: details(told), lambda: text(told), output)
    found = details(told)
    if "ifEnds" in said and found.get("change") == "unchanged" and found.get("extension") is None:
        sys.exit(NOT_AS_SEEN)


def stop(api: Api, at: tuple[str, str], *, reason: str, ignore_not_found: bool, output: Format) -> None:
    """Stop the preview `at` (key, environment)."""
    key, env = at
    try:
        act(api, "stop", at, {"reason": reason}, output)
    except ConfigError as err:
        if err.reason is not Reason.PREVIEW_NOT_FOUND or not ignore_not_found:
            raise
        nothing = {"change": "none", "issue": key, "environment": env}
        emit(lambda: nothing, lambda: f"no preview of {key} in {env}; nothing changed\n", output)


def stop_all(api: Api, key: str, *, reason: str, ignore_not_found: bool, output: Format) -> None:
    """Stop what there is of an issue in every environment, and tell each. Ends as the first that failed."""
    issue = IssueKey.parse(key)
    purpose = f"list what there is of {issue}"
    asked = Asked(purpose=purpose, query=[("issue", str(issue)), ("limit", "0")])
    listing = mapping(api.call(Route.of("/api/v1/listing"), asked).data, purpose)
    places = sorted({one["environment"] for name in ("previews", "queue") for one in listing[name]})
    stopped: list[dict[str, Any]] = []
    failed: dict[str, HubError] = {}
    for env in places:
        try:
            told = done(api, preview_route(env, issue, "stop"), {"reason": reason}, f"stop {issue} in {env}")
        except HubError as err:
            failed[env] = err
        else:
            stopped.append(told)
    if not places and not ignore_not_found:
        raise ConfigError(Reason.PREVIEW_NOT_FOUND, Fault(f"there is no preview of {issue} in any environment"))
    data = {
        "issue": key,
        "stopped": [details(one) for one in stopped],
        "failed": [{"environment": name, "error": error_data(error)} for name, error in failed.items()],
    }
    words = "".join(map(text, stopped)) or f"no preview of {issue} in any environment; nothing changed\n"
    emit(lambda: data, lambda: "" if failed and not stopped else words, output)
    if output.is_for_people:
        for error in failed.values():
            report(error)
    for error in failed.values():
        sys.exit(CODES[error.reason])


def done(api: Api, route: Route, body: Mapping[str, Any], purpose: str) -> dict[str, Any]:
    """The operation, once it has ended well. Raises what it failed with, and `Stalled` (NotInTime) while it goes on."""
    asked = Asked(purpose=purpose, method="POST", body=dict(body), key=secrets.token_hex(16), waits=True)
    told = mapping(api.call(route, asked).data, purpose)
    for _ in range(_WAITS):
        if told.get("state") not in ("queued", "running", "waiting"):
            break
        asked = Asked(purpose=purpose, waits=True)
        told = mapping(api.call(Route.of("/api/v1/operations/{}", told["id"]), asked).data, purpose)
    if told.get("state") == "done":
        return told
    error = told.get("error")
    if told.get("state") == "failed" and isinstance(error, dict):
        raise failure(error)
    what = f"{purpose} is {told.get('state')}: operation {told.get('id')}"
    raise Stalled(Reason.NOT_IN_TIME, Fault(what, remedy="the server goes on with it; look with 'rtb-hub list'"))


def failure(told: Mapping[str, Any]) -> HubError:
    """The error that an operation came to."""
    known = {one.value: one for one in Reason}
    faults = [fault_told(one) for one in told["faults"]]
    return ConfigError(known.get(str(told["reason"]), Reason.SERVER_REFUSED), faults)


def details(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the command line gives machines of an operation that was done."""
    result = told.get("result") or {}
    found = dict(result.get("details") or {name: value for name, value in result.items() if name != "text"})
    return {**found, "request": told["request"]} if told.get("request") else found


def text(told: Mapping[str, Any]) -> str:
    """What the command line tells people of an operation that was done."""
    result, request = told.get("result") or {}, told.get("request") or {}
    where = f"{told.get('issue')} in {told.get('environment')}"
    words = result.get("text") or f"✓ {where}: {result.get('change')}, commit {result.get('commit')}\n"
    return f"{words}  request {request['url']}\n" if request.get("url") else str(words)
