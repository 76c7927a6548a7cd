"""Calling GitHub's REST API: limits, retries, pages, conditional requests, and errors in our words.

PyGithub brings connections, App keys and installation tokens that renew themselves; answers come as plain JSON, because
its objects neither know conditional requests nor ask again only where that is harmless. What holds:

* A read is tried again, a write is not: whether a write without an answer happened, only `repeatedly` may find out.
* A limit that ends within `patience_seconds` is waited for; a longer one is `Waiting` (ForgeLimited). Sources: GitHub
  Docs, "Rate limits for the REST API" and "Best practices for using the REST API".
* A read that was answered before carries its ETag. "Not modified" costs nothing of the limit.
* A redirect is refused: a repository that was renamed is asked for by its new name, or by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import JSONDecodeError, dumps, loads
from typing import Any, TypeVar

import jwt
import requests
from github import BadAttributeException, GithubException
from github.Requester import Requester
from requests.utils import parse_header_links

from generator.errors import ConfigError, Fault, Reason, Stalled, Transient, Waiting
from reconcilers.plan import one_line
from reconcilers.ports.forge import Rate

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
#: GitHub Docs: a secondary limit that names no time lasts at least a minute.
UNNAMED_LIMIT_SECONDS = 60.0
MAX_PAGES = 200
KEPT_ANSWERS = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status below 300 or one that the caller expected, its JSON (None: no content), the address of the next page."""

    status: int
    data: Any
    following: str | None = None

    @property
    def message(self) -> str:
        """What GitHub says about a refusal, on one line, bounded."""
        if not isinstance(self.data, dict):
            return f"status {self.status}"
        parts = [self.data.get("message"), *(_told(error) for error in self.data.get("errors") or ())]
        return one_line("; ".join(str(part) for part in parts if part))[:300] or f"status {self.status}"


class Unsure(Transient):
    """A write whose answer was lost: it happened, or it did not."""


@dataclass
class GitHubCalls:
    """Calls by one account. `where` names the forge for people."""

    requester: Requester
    where: str
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    patience_seconds: float = 30.0
    rate: Rate | None = None
    _kept: dict[str, tuple[str, Answer]] = field(default_factory=dict, repr=False)

    def get(self, path: str, query: Mapping[str, object] | None = None, *, expected: tuple[int, ...] = ()) -> Answer:
        """Read `path`. A status of 300 and more that is not `expected` raises as the port's table says."""
        address = Requester.add_parameters_to_url(path, dict(query or {}))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._once("GET", address, None, expected)
            except Transient:
                if attempt == ATTEMPTS:
                    raise
                self.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        raise AssertionError("not reached")

    def forget(self, path: str) -> None:
        """Read `path` anew the next time, whatever its ETag."""
        self._kept.pop(path, None)

    def pages(self, path: str, query: Mapping[str, object] | None = None, *, key: str | None = None) -> Iterator[Any]:
        """The items of all pages, in order; `key` names the list within each page. Raises rather than end early."""
        answer = self.get(path, {"per_page": 100, **(query or {})})
        for _ in range(MAX_PAGES):
            items = answer.data if key is None else answer.data.get(key) if isinstance(answer.data, dict) else None
            if not isinstance(items, list):
                raise senseless(self.where, path)
            yield from items
            if answer.following is None:
                return
            answer = self.get(answer.following)
        raise Stalled(Reason.FORGE_REFUSED, f"{path} of {self.where} has more than {MAX_PAGES} pages")

    def send(self, verb: str, path: str, body: object = None, *, expected: tuple[int, ...] = ()) -> Answer:
        """Write, once. Raises `Unsure` when no answer came or a server's fault: only `repeatedly` may try again."""
        return self._once(verb, path, body, expected)

    def repeatedly(self, act: Callable[[], T]) -> T:
        """`act` until its writes are answered. It must look before it writes: a lost answer may hide a done deed."""
        for attempt in range(1, ATTEMPTS):
            try:
                return act()
            except Unsure:
                self.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
        return act()

    def _once(self, verb: str, address: str, body: object, expected: tuple[int, ...]) -> Answer:
        for attempt in range(1, ATTEMPTS + 1):
            raw = self._exchange(verb, address, body)
            delay = self._limited_seconds(*raw)
            if delay is None:
                answer = self._read(verb, address, *raw)
                if answer.status >= 300 and answer.status not in expected:
                    raise self._refusal(verb, address, answer)
                return answer
            if delay > self.patience_seconds or attempt == ATTEMPTS:
                fault = Fault(f"{self.where} limits the hub for another {delay:.0f} s", remedy="it goes on by itself")
                raise Waiting(Reason.FORGE_LIMITED, fault, retry_after_seconds=delay)
            self.sleep(delay)
        raise AssertionError("not reached")

    def _exchange(self, verb: str, address: str, body: object) -> tuple[int, Mapping[str, Any], str]:
        kept = self._kept.get(address) if verb == "GET" else None
        try:
            # A dict of its own: PyGithub puts the token into it.
            conditional = {"If-None-Match": kept[0]} if kept else {}
            return self.requester.requestJson(verb, address, headers=conditional, input=body)
        except requests.RequestException as err:
            kind = Transient if verb == "GET" else Unsure
            fault = Fault(f"{self.where} does not answer: {type(err).__name__}", remedy="try again")
            raise kind(Reason.FORGE_UNREACHABLE, fault) from err
        except GithubException as err:  # no installation token could be had; not found: no such installation
            return 401 if err.status == 404 else err.status, err.headers or {}, dumps(err.data) if err.data else ""
        except jwt.PyJWTError as err:
            remedy = "name the file that GitHub gave you: an RSA key in PEM form"
            raise ConfigError(
                Reason.INVALID_FORGE, Fault("the App's private key cannot be used", remedy=remedy)
            ) from err
        except RuntimeError as err:  # PyGithub's word for a redirect to another host
            raise self._moved(address) from err
        except (BadAttributeException, ValueError, TypeError, AttributeError, KeyError, AssertionError) as err:
            # PyGithub's words for an installation token's answer that it cannot read.
            raise senseless(self.where, "access_tokens") from err

    def _limited_seconds(self, status: int, headers: Mapping[str, Any], text: str) -> float | None:
        """How long a rate limit lasts, or None when it was not one that refused."""
        limit, left, reset = (_number(headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining", "reset"))
        if limit is not None and left is not None and reset is not None:
            self.rate = Rate(int(limit), int(left), datetime.fromtimestamp(reset, UTC))
        if status not in (403, 429):
            return None
        if (after := _number(headers.get("retry-after"))) is not None:
            return max(after, 1.0)
        if left == 0 and reset is not None:
            return max(reset - self.clock().timestamp(), 1.0)
        if status == 429 or "retry-after" in headers or Requester.isRateLimitError(_message(text)):
            return UNNAMED_LIMIT_SECONDS
        return None

    def _read(self, verb: str, address: str, status: int, headers: Mapping[str, Any], text: str) -> Answer:
        if status == 304 and address in self._kept:
            return self._kept[address][1]
        kind = Transient if verb == "GET" else Unsure
        if status >= 500:
            raise kind(Reason.FORGE_UNREACHABLE, Fault(f"{self.where} answers {status}", remedy="try again"))
        try:
            answer = Answer(status, loads(text) if text else None, _following(headers))
        except JSONDecodeError as err:
            raise kind(Reason.FORGE_UNREACHABLE, senseless(self.where, address).faults) from err
        if verb == "GET" and status == 200 and (etag := headers.get("etag")):
            while len(self._kept) >= KEPT_ANSWERS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[address] = (str(etag), answer)
        return answer

    def _refusal(self, verb: str, address: str, answer: Answer) -> Stalled:
        what = f"{verb} {address.partition('?')[0]}"
        if answer.status < 400:
            return self._moved(address)
        if answer.status == 401:
            remedy = "give it a new one: this one is wrong, expired or revoked, or the App is not installed there"
            message = f"{self.where} does not accept the hub's key: {answer.message}"
            return Stalled(Reason.FORGE_DENIED, message, remedy=remedy)
        if answer.status == 403:
            remedy = "give the App or token the permission, or unarchive the repository"
            return Stalled(Reason.FORGE_DENIED, f"{self.where} does not allow {what}: {answer.message}", remedy=remedy)
        remedy = "check the name, and that the App is installed there or the token may see it"
        return Stalled(Reason.FORGE_REFUSED, f"{self.where} refuses {what}: {answer.message}", remedy=remedy)

    def _moved(self, address: str) -> Stalled:
        message = f"{self.where} says that {address.partition('?')[0]} has moved"
        return Stalled(Reason.FORGE_REFUSED, message, remedy="name the repository by its present address")


def senseless(where: str, path: str) -> Transient:
    """The error for an answer that is not what GitHub's description says."""
    fault = Fault(f"{where} answers {path.partition('?')[0]} with what makes no sense", remedy="try again")
    return Transient(Reason.FORGE_UNREACHABLE, fault)


def _following(headers: Mapping[str, Any]) -> str | None:
    links = parse_header_links(str(headers.get("link", "")))
    return next((str(link["url"]) for link in links if link.get("rel") == "next"), None)


def _number(text: object) -> float | None:
    """A header's number, or None for none: a date, or what a proxy made of it. Bounded, so that it is also a time."""
    try:
        return min(max(float(str(text)), 0.0), 1e10)
    except ValueError:
        return None


def _message(text: str) -> str:
    try:
        data = loads(text)
    except JSONDecodeError:
        return ""
    return str(data.get("message", "")) if isinstance(data, dict) else ""


def _told(error: object) -> object:
    return error.get("message") or error.get("code") if isinstance(error, dict) else error
