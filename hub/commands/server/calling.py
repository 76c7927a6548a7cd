"""Asking the API of a hub, and what its refusals mean here: the same reasons, so the same exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.errors import ConfigError, Fault, HubError, Reason, Stalled
from generator.values.naming import IssueKey
from hub.adapters.http import Answer, Network, Origin, OriginError, Peer, Request, Route, Sender, SenderParts
from hub.adapters.http.values import Method
from hub.settings.server import URL, ServerSettings


def is_settled(answer: Answer) -> bool:
    """Whether the hub says why it cannot: it asked a cluster or a forge as often as is of use. A proxy says nothing.

    Its own database may be there again in a moment.
    """
    reason = _object(answer).get("reason")
    return isinstance(reason, str) and reason != Reason.DATABASE_UNREACHABLE.value


PEER = Peer(
    "rtb-hub",
    Reason.SERVER_UNREACHABLE,
    Reason.SERVER_REFUSED,
    remedy=f"check --server ({URL}) and whether it runs: its /healthz answers without signing in",
    settles=is_settled,
)
#: How long the server is asked to wait for the end of an operation, and how much longer than that for its answer.
WAIT_SECONDS, _MORE_SECONDS = 50, 15.0
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for. `purpose` goes on after "cannot". `key`: an Idempotency-Key, by which it may be repeated.

    `waits`: for the end of an operation, to be told all of it.
    """

    purpose: str
    method: Method = "GET"
    query: Query = ()
    body: Any = None
    key: str | None = None
    waits: bool = False
    accept: str = "application/json"


@dataclass(frozen=True)
class Api:
    """The API of one hub. `plain`: the same, as nobody."""

    sender: Sender = field(repr=False)
    plain: Api | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: ServerSettings, otherwise: Callable[[str, Api], str | None] | None = None) -> Api:
        """The API that the settings name; `otherwise` gives a token where they have none.

        Raises `ConfigError` (InvalidValue) for what is no address.
        """
        try:
            origin = Origin.parse(settings.url or "")
        except OriginError as err:
            remedy = "such as https://hub.example.com; http is for this machine alone"
            raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="--server", remedy=remedy)) from err

        parts = SenderParts(Network.of(settings.environ))
        plain = cls(Sender(PEER, origin, parts=parts))

        def authorization() -> str | None:
            token = settings.token()
            if token is None and otherwise is not None:
                token = otherwise(str(origin), plain)
            return f"Bearer {token}" if token else None

        return cls(Sender(PEER, origin, authorization, parts), plain)

    def call(self, route: Route, asked: Asked) -> Answer:
        """The answer, of a status below 300.

        Raises what the API refuses with, by its reason; `Unanswered` and `Stalled` (ServerUnreachable, ServerRefused).
        """
        headers: list[tuple[str, str]] = []
        if asked.waits:
            headers.append(("Prefer", f"wait={WAIT_SECONDS}, return=representation"))
        if asked.key is not None:
            headers.append(("Idempotency-Key", asked.key))
        answer = self.sender.send(
            Request(
                route=route,
                purpose=f"{asked.purpose} at {self.sender.origin}",
                method=asked.method,
                query=tuple(asked.query),
                headers=tuple(headers),
                body=json.dumps(asked.body).encode() if asked.body is not None else None,
                accept=asked.accept,
                timeout_seconds=WAIT_SECONDS + _MORE_SECONDS,
                may_repeat=asked.method == "GET" or asked.key is not None,
            )
        )
        if answer.status >= 300:
            raise refusal(answer, asked.purpose)
        return answer


def preview_route(env: str, issue: IssueKey, rest: str, *values: object) -> Route:
    """The route `rest` of a preview, with its `values`. Raises `ConfigError` (UnknownEnvironment) for no name."""
    if not env or "/" in env:
        raise ConfigError(Reason.UNKNOWN_ENVIRONMENT, Fault(f"there is no environment {env[:40]!r}"))
    return Route.of(f"/api/v1/previews/{{}}/{{}}/{rest}", env, issue, *values)


def refusal(answer: Answer, purpose: str) -> HubError:
    """What an answer of 300 and more refuses with: a problem's reason and faults (RFC 9457), else ServerRefused."""
    told = _object(answer)
    faults = [fault_told(one) for one in told.get("faults", ()) if isinstance(one, dict)] if told else []
    try:
        reason = Reason(str(told.get("reason")))
    except ValueError:
        known = f"cannot {purpose}: the server answers {answer.status}, and not as a hub of this release does"
        return Stalled(Reason.SERVER_REFUSED, Fault(known, remedy="check --server, and which release it runs"))
    if reason is Reason.NOT_SIGNED_IN:
        remedy = "sign in there ('login'), or give a service token of it: RTB_HUB_SERVER_TOKEN[_FILE]"
        faults = [Fault(fault.message, remedy=remedy) for fault in faults]
    return ConfigError(reason, faults or [Fault(f"cannot {purpose}: {reason.value}")])


def _object(answer: Answer) -> dict[str, Any]:
    data = answer.data
    if data is None and "json" in answer.headers.get("content-type", ""):
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            data = None
    return data if isinstance(data, dict) else {}


def fault_told(told: Mapping[str, Any]) -> Fault:
    """A fault as the API tells it."""
    text = {name: str(told.get(name) or "")[:2000] for name in ("message", "field", "allowed", "nearest", "remedy")}
    return Fault(text["message"], None, text["field"], text["allowed"], text["nearest"], text["remedy"])
