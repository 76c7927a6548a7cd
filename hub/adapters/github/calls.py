"""Calling GitHub's REST API: what its statuses and limits mean, pages, conditional requests, and errors in our words.

Sending is `hub.adapters.http`; answers come as plain JSON, because PyGithub's objects neither know conditional requests
nor ask again only where that is harmless (docs/adr/0028). What holds:

* A read is tried again, a write is not: whether a write without an answer happened, only `repeatedly` may find out.
* A limit that ends within `PATIENCE_SECONDS` is waited for; a longer one is `Waiting` (ForgeLimited). Sources: GitHub
  Docs, "Rate limits for the REST API" and "Best practices for using the REST API".
* A read that was answered before carries its ETag. "Not modified" costs nothing of the limit.
* A read that was moved is followed on the same server, to say what the repository is called now; a write never is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar, get_args

from generator.errors import Fault, Reason, Stalled, Transient
from hub.adapters.http import Answer as Raw
from hub.adapters.http import Limit, Peer, Request, Route, Sender, Unanswered
from hub.adapters.http.reading import count_of, pause_of, pause_until
from hub.adapters.http.token_ends import NO_END, TokenEnd, end_at
from hub.adapters.http.turns import Turns
from hub.adapters.http.values import Method
from hub.retrying import retried
from reconcilers.plan import one_line

PATIENCE_SECONDS = 30.0
#: GitHub Docs: a secondary limit that names no time lasts at least a minute.
SECONDARY_LIMIT_SECONDS = 60.0
MAX_PAGES = 200
KEPT_ANSWERS = 500
MEDIA_TYPE = "application/vnd.github+json"
_MOVED = (301, 302, 307, 308)
#: What else tells a limit from a right that is missing when GitHub says neither how long nor how many (its Docs).
_LIMITS = ("api rate limit exceeded", "you have exceeded a secondary rate limit")
_NEXT = re.compile(r'<([^<>]{1,2000})>\s*;[^<>,]{0,100}\brel="?next"?', re.IGNORECASE)
#: https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens/; also Enterprise Server.
_EXPIRATION = "github-authentication-token-expiration"
_ETAG = re.compile(r'(W/)?"[\x21\x23-\x7e]{1,200}"')

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status below 300 or one that the caller expected, its JSON (None: no content), the target of the next page.

    `token_end`: of the token that asked, which GitHub tells of personal access tokens.
    """

    status: int
    data: Any
    following: str | None = None
    token_end: TokenEnd = NO_END

    @property
    def message(self) -> str:
        """What GitHub says about a refusal, on one line, bounded."""
        if not isinstance(self.data, dict):
            return f"status {self.status}"
        errors = self.data.get("errors")
        parts = [self.data.get("message"), *map(_told, errors if isinstance(errors, list) else ())]
        return one_line("; ".join(str(part) for part in parts if part))[:300] or f"status {self.status}"


class Unsure(Transient):
    """A write whose answer was lost: it happened, or it did not."""


def limit_of(answer: Raw, now: datetime) -> Limit | None:
    """The rate limit that refused a request, primary or secondary, or None when it was none."""
    if answer.status not in (403, 429):
        return None
    after = answer.headers.get("retry-after")
    if (seconds := pause_of(after, now)) is not None:
        return Limit(seconds)
    if count_of(answer.headers.get("x-ratelimit-remaining")) == 0:
        seconds = pause_until(answer.headers.get("x-ratelimit-reset"), now)
        return Limit(SECONDARY_LIMIT_SECONDS if seconds is None else seconds)
    told = answer.data.get("message") if isinstance(answer.data, dict) else None
    is_limit = answer.status == 429 or after is not None or str(told).casefold().startswith(_LIMITS)
    return Limit(SECONDARY_LIMIT_SECONDS) if is_limit else None


PEER = Peer(
    "github",
    unreachable=Reason.FORGE_UNREACHABLE,
    refused=Reason.FORGE_REFUSED,
    limited=Reason.FORGE_LIMITED,
    limits=limit_of,
)


@dataclass
class GitHubCalls:
    """Calls by one account. `where` names the forge for people. `pause_seconds` lie between two writes."""

    sender: Sender
    where: str
    pause_seconds: float = 0.0
    timeout_seconds: float = 20.0
    most_kept: int = KEPT_ANSWERS
    _kept: dict[str, tuple[str, Answer]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Nothing is written yet."""
        self._turns = Turns.of(self.sender.parts)

    def get(self, route: Route, query: Mapping[str, object] | None = None, *, expected: tuple[int, ...] = ()) -> Answer:
        """Read `route`. A status of 300 and more that is not `expected` raises as the port's table says."""
        return self._read(self._request("GET", route, query), expected)

    def forget(self, route: Route) -> None:
        """Read `route` anew the next time, whatever its ETag."""
        self._kept.pop(route.path, None)

    def pages(
        self, route: Route, query: Mapping[str, object] | None = None, *, key: str | None = None
    ) -> Iterator[Any]:
        """The items of all pages, in order; `key` names the list within each page. Raises rather than end early."""
        answer = self.get(route, {"per_page": 100, **(query or {})})
        for _ in range(MAX_PAGES):
            items = answer.data if key is None else answer.data.get(key) if isinstance(answer.data, dict) else None
            if not isinstance(items, list):
                raise senseless(self.where, route.path)
            yield from items
            if answer.following is None:
                return
            answer = self._read(self._request("GET", replace(route, path=answer.following)), ())
        raise Stalled(Reason.FORGE_REFUSED, f"{route.path} of {self.where} has more than {MAX_PAGES} pages")

    def send(self, verb: str, route: Route, body: object = None, *, expected: tuple[int, ...] = ()) -> Answer:
        """Write, once. Raises `Unsure` when no answer came or a server's fault: only `repeatedly` may try again."""
        self._turns.wait("write", self.pause_seconds)
        request = self._request(verb, route, body=body)
        try:
            raw = self.sender.send(request)
        except Unanswered as err:
            if not err.may_have_acted:
                raise
            raise Unsure(err.reason, err.faults) from err
        if raw.status >= 500:
            raise Unsure(Reason.FORGE_UNREACHABLE, self._at_fault(raw.status))
        return self._checked(request, raw, expected)

    def repeatedly(self, act: Callable[[], T]) -> T:
        """`act` until its writes are answered. It must look before it writes: a lost answer may hide a write."""
        return retried(act, on=Unsure, backoff=self.sender.parts.backoff)

    def _request(
        self, verb: str, route: Route, query: Mapping[str, object] | None = None, *, body: object = None
    ) -> Request:
        method: Method = next(one for one in get_args(Method) if one == verb)
        return Request(
            route=route,
            purpose=f"{'read' if verb == 'GET' else 'write'} {route.path.partition('?')[0]} of {self.where}",
            method=method,
            query=tuple((name, str(value)) for name, value in (query or {}).items()),
            body=None if body is None else json.dumps(body).encode(),
            accept=MEDIA_TYPE,
            timeout_seconds=self.timeout_seconds,
            may_repeat=verb == "GET",
        )

    def _read(self, request: Request, expected: tuple[int, ...]) -> Answer:
        kept = self._kept.get(request.target)
        raw = self.sender.send(replace(request, headers=(("If-None-Match", kept[0]),)) if kept else request)
        if raw.status == 304 and kept:
            return kept[1]
        if raw.status in _MOVED and (target := self.sender.origin.target(raw.headers.get("location", ""))):
            raw = self.sender.send(replace(request, route=replace(request.route, path=target), query=()))
        if raw.status >= 500:
            raise Transient(Reason.FORGE_UNREACHABLE, self._at_fault(raw.status))
        answer = self._checked(request, raw, expected)
        etag = raw.headers.get("etag", "")
        if raw.status == 200 and self.most_kept and _ETAG.fullmatch(etag):
            while len(self._kept) >= self.most_kept:
                self._kept.pop(next(iter(self._kept)))
            self._kept[request.target] = (etag, answer)
        return answer

    def _checked(self, request: Request, raw: Raw, expected: tuple[int, ...]) -> Answer:
        end = end_at(raw.headers.get(_EXPIRATION))
        answer = Answer(raw.status, raw.data, self._following(request, raw), end)
        if answer.status < 300 or answer.status in expected:
            return answer
        raise self._refusal(request, answer)

    def _following(self, request: Request, raw: Raw) -> str | None:
        found = _NEXT.search(raw.headers.get("link", ""))
        if found is None:
            return None
        target = self.sender.origin.target(found[1])
        if target is None:  # to another host a key does not go
            raise senseless(self.where, request.route.path)
        return target

    def _at_fault(self, status: int) -> Fault:
        return Fault(f"{self.where} answers {status}", remedy="try again")

    def _refusal(self, request: Request, answer: Answer) -> Stalled:
        path = request.route.path.partition("?")[0]
        if answer.status < 400:
            message = f"{self.where} says that {path} has moved"
            return Stalled(Reason.FORGE_REFUSED, message, remedy="name the repository by its present address")
        if answer.status == 401:
            remedy = "give it a new one: this one is wrong, expired or revoked, or the App is not installed there"
            message = f"{self.where} does not accept the hub's key: {answer.message}"
            return Stalled(Reason.FORGE_DENIED, message, remedy=remedy)
        what = f"{request.method} {path}: {answer.message}"
        if answer.status == 403:
            remedy = "give the App or token the permission, or unarchive the repository"
            return Stalled(Reason.FORGE_DENIED, f"{self.where} does not allow {what}", remedy=remedy)
        remedy = "check the name, and that the App is installed there or the token may see it"
        return Stalled(Reason.FORGE_REFUSED, f"{self.where} refuses {what}", remedy=remedy)


def senseless(where: str, path: str) -> Transient:
    """The error for an answer that is not what GitHub's description says."""
    fault = Fault(f"{where} answers {path.partition('?')[0]} with what makes no sense", remedy="try again")
    return Transient(Reason.FORGE_UNREACHABLE, fault)


def _told(error: object) -> object:
    return error.get("message") or error.get("code") if isinstance(error, dict) else error
