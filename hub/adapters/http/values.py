"""A request, an answer and the record of a call, as frozen values. Secrets are in none of their texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
#: Why there is no answer: no connection, no whole answer in time, a connection that broke, TLS that does not come
#: about, more than is taken, a body that is not what was asked for, or nothing was sent because there was no key.
Failure = Literal["no-connection", "timeout", "broken", "tls", "too-large", "unreadable", "no-credentials"]

#: A key, asked for whenever it is used: the file that holds it may have been changed since.
Secret = Callable[[], str]

JSON = "application/json"
TIMEOUT_SECONDS = 20.0
LIMIT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Route:
    """A path, quoted, and the template that it was made from: a constant of the code, which names the operation."""

    template: str
    path: str

    @classmethod
    def of(cls, template: str, *values: object) -> Route:
        """`template` with each `{}` a value, quoted whole, and each `{+}` one whose '/' stay."""
        pieces, rest = [], template
        for value in values:
            before, sign, rest = _next(rest)
            pieces += [before, _quoted(str(value), "/" if sign == "{+}" else "")]
        if "{" in rest:
            raise ValueError(f"a value is missing for {template}")
        return cls(template, "".join([*pieces, rest]))

    def below(self, template: str, *values: object) -> Route:
        """The route of `template`, with values as in `of`, below this one."""
        rest = Route.of(f"/{template}", *values)
        return Route(self.template + rest.template, self.path + rest.path)


def _quoted(value: str, safe: str) -> str:
    """A value as it stands in a path. `.` and `..` between slashes would lead elsewhere (RFC 3986, section 5.2.4)."""
    parts = quote(value, safe=safe).split("/")
    return "/".join(part.replace(".", "%2E") if part in (".", "..") else part for part in parts)


def _next(template: str) -> tuple[str, str, str]:
    before, _, rest = template.partition("{")
    sign, _, after = rest.partition("}")
    if sign not in ("", "+") or "{" not in template:
        raise ValueError(f"no place for a value in {template!r}")
    return before, "{" + sign + "}", after


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a server.

    `purpose` goes on after "cannot" in a message for people, such as "list the requests on git.example.com".
    `may_repeat`: sending it again does no harm when nobody knows whether it had its effect. `timeout_seconds` bound one
    answer, from the connection to its last byte. `limit_bytes` bound its body, decoded.
    """

    route: Route
    purpose: str
    method: Method = "GET"
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    accept: str = JSON
    timeout_seconds: float = TIMEOUT_SECONDS
    limit_bytes: int = LIMIT_BYTES
    may_repeat: bool = False

    def __post_init__(self) -> None:
        if not self.route.path.startswith("/"):
            raise ValueError(f"a path begins with '/': {self.route.template}")

    @property
    def target(self) -> str:
        """Path and query. For sending only: a query is never printed."""
        return self.route.path + (f"?{urlencode(self.query)}" if self.query else "")

    @property
    def is_json(self) -> bool:
        """Whether the body of an answer has to be JSON."""
        return self.accept.endswith("json")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: a status, headers by their names in lower case, the body, and its JSON.

    `data` is None where there is no body, and where a status of 300 and more came with something that is no JSON.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    data: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Limit:
    """A server's word that it takes no more requests for `seconds`. `is_named`: it said how long."""

    seconds: float
    is_named: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One call, for whoever counts. Nothing in it is chosen by an outsider, but the status.

    `system` is github, gitea, kubernetes, jira, registry or ecr; `operation` the template of the route. `outcome`: the
    status of the last answer in three digits, or a `Failure`. `seconds`: all of it, `waited_seconds` of them between
    attempts.
    `remaining`: how many requests the server says are left to this key until its limit is renewed.
    """

    system: str
    operation: str
    method: Method
    outcome: str
    seconds: float
    waited_seconds: float
    attempts: int
    sent_bytes: int
    received_bytes: int
    remaining: int | None = None


def unobserved(call: Call) -> None:
    """Count nothing."""
