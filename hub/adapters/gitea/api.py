"""Gitea's HTTP API as one account sees it: tries within bounds, whole lists, refusals in the hub's kinds.

What is Gitea's stands in https://docs.gitea.com/api (Forgejo speaks the same). Redirects are not followed: a token goes
to the server that was named and nowhere else. No message holds it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

from generator.errors import ConfigError, Fault, Reason, Stalled, Transient, Waiting
from reconcilers.plan import one_line

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
#: Seconds before the second, third and fourth try.
DELAYS_SECONDS = (0.5, 1.0, 2.0)
#: A server that asks for more patience than this is not waited for.
PATIENCE_SECONDS = 10.0
_PAGE = 50
_RESTARTS = 3
_LIMITED_SECONDS = 60.0
_REPOSITORY = re.compile(r"/repos/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)(?:/|$)")
_NAME = re.compile(r"\A(?!\.{1,2}\Z)[A-Za-z0-9_.-]{1,100}\Z")
_TOKEN = re.compile(r"\A[\x21-\x7e]{8,200}\Z")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_T = TypeVar("_T")
_REPEATABLE = ("GET", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the parsed JSON body (None when there is none), and how many a list has in all when it says so."""

    status: int
    body: Any
    total: int | None


class Page(NamedTuple):
    """Some rows of a list, and how many it has in all."""

    rows: list[Any]
    total: int


@dataclass(frozen=True)
class GiteaApi:
    """One repository on one server with one token. Safe for threads.

    `server` is the address below which `/api/v1` lies, `repository` is OWNER/NAME, `pool` a `urllib3.PoolManager`.
    """

    server: str
    repository: str
    token: str = field(repr=False)
    pool: Any = field(repr=False)
    sleep: Callable[[float], None] = field(repr=False)

    @property
    def owner(self) -> str:
        """The organisation or account that owns the repository."""
        return self.repository.partition("/")[0]

    @property
    def location(self) -> str:
        """The repository's address for people."""
        return f"{self.server}/{self.repository}"

    def ask(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """One call. `path` is below the repository when it begins with no '/', else below `/api/v1`.

        `what` says in words what is attempted. A status of `expected` is returned like 2xx, any other one raises what
        the port's table says. A POST whose answer is lost is not sent again: it may have worked.
        """
        from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

        full = path if path.startswith("/") else f"/repos/{self.repository}/{path}".rstrip("/")
        url = f"{self.server}/api/v1{full}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", "User-Agent": "rtb-hub", "Authorization": f"token {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        for delay in (*DELAYS_SECONDS, None):
            try:
                answer = self.pool.request(method, url, body=data, headers=headers, retries=False, redirect=False)
            except SSLError as err:
                remedy = "let this machine trust its certificate authority (SSL_CERT_FILE), or check the address"
                fault = Fault(f"cannot {what} on {self.location}: its certificate is not accepted", remedy=remedy)
                raise Stalled(Reason.FORGE_REFUSED, fault) from err
            except HTTPError as err:
                if delay is None or (method not in _REPEATABLE and not isinstance(err, NewConnectionError)):
                    raise self.unreachable(what, type(err).__name__) from err
                self.sleep(delay)
                continue
            if answer.status == 429:
                self._wait_for_room(answer.headers, what, delay)
                continue
            if answer.status >= 500 and method in _REPEATABLE and delay is not None:
                self.sleep(delay)
                continue
            break
        return self._checked(answer, what, expected, full)

    def every(  # noqa: PLR0913 - a list has these sides
        self,
        path: str,
        what: str,
        *,
        query: Mapping[str, str],
        key: str,
        may_hide: bool = False,
        enough: Callable[[Sequence[Any]], bool] = lambda _: False,
    ) -> list[Any]:
        """All rows of a list, over all pages. A list that changes while it is read is begun again, never stitched.

        `key` names a row. `may_hide`: the server counts rows that it does not show to everybody. `enough` is asked
        after each page whether the rows so far will do.
        """
        for _ in range(_RESTARTS):
            pages: list[Page] = []
            for page in self._pages(path, what, query, key):
                pages.append(page)
                if enough([row for one in pages for row in one.rows]):
                    break
            if len(pages) > 1:  # a row that moved forward meanwhile is in none of them, but changes the first
                pages.append(next(self._pages(path, what, query, key)))
            found = {row[key]: row for one in pages for row in one.rows}
            if len(pages) > 1 and [row[key] for row in pages.pop().rows] != [row[key] for row in pages[0].rows]:
                continue
            totals = {page.total for page in pages}
            wanted = min(max(totals), len(pages) * self._page_size)
            if len(totals) == 1 and (may_hide or len(found) == wanted):
                return [*found.values()]
        raise Transient(Reason.FORGE_UNREACHABLE, f"cannot {what} on {self.location}: it changed while it was read")

    def _pages(self, path: str, what: str, query: Mapping[str, str], key: str) -> Iterator[Page]:
        page = 1
        while True:
            wanted = {**query, "page": str(page), "limit": str(self._page_size)}
            answer = self.ask("GET", path, what, query=wanted)
            rows = answer.body
            if (
                not isinstance(rows, list)
                or answer.total is None
                or not all(isinstance(r, dict) and key in r for r in rows)
            ):
                raise self.unreachable(what, "its answer is no list")
            yield Page(rows, answer.total)
            if page * self._page_size >= answer.total:
                return
            page += 1

    @cached_property
    def _page_size(self) -> int:
        """What this server gives at most: one that is asked for more gives fewer, silently."""
        told = self.ask("GET", "/settings/api", "read the settings").body
        most = told.get("max_response_items") if isinstance(told, dict) else None
        if not isinstance(most, int) or most < 1:
            raise self.unreachable("read the settings", "they do not say how long a page is")
        return min(_PAGE, most)

    def made(self, what: str, make: Callable[[], _T]) -> _T:
        """What `make` makes of an answer. An answer that has not what it should raises `Transient`."""
        try:
            return make()
        except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as err:
            raise self.unreachable(what, f"its answer makes no sense ({type(err).__name__})") from err

    def unreachable(self, what: str, why: str) -> Transient:
        """The error for a server that does not answer as it should."""
        remedy = "check the network and the server; nothing is lost, the next run goes on"
        return Transient(
            Reason.FORGE_UNREACHABLE, Fault(f"cannot {what} on {self.location}: {one_line(why)}", remedy=remedy)
        )

    def denied(self, what: str, why: str, *, remedy: str) -> Stalled:
        """The error for what this account may not do."""
        return Stalled(Reason.FORGE_DENIED, Fault(f"cannot {what} on {self.location}: {why}", remedy=remedy))

    def archived(self, what: str) -> Stalled:
        """The error for a write to an archived repository."""
        return self.denied(what, "the repository is archived", remedy="unarchive it, or name another")

    def refused(self, what: str, why: str, *, remedy: str = "") -> Stalled:
        """The error for what the server refuses for good."""
        return Stalled(Reason.FORGE_REFUSED, Fault(f"cannot {what} on {self.location}: {why}", remedy=remedy))

    def _wait_for_room(self, headers: Mapping[str, str], what: str, delay: float | None) -> None:
        told = headers.get("Retry-After", "")
        wanted = float(told) if re.fullmatch(r"\d{1,6}", told) else None
        if delay is None or (wanted or 0.0) > PATIENCE_SECONDS:
            seconds = wanted or _LIMITED_SECONDS
            message = f"cannot {what} on {self.location}: it limits requests for another {seconds:.0f} s"
            raise Waiting(Reason.FORGE_LIMITED, message, retry_after_seconds=seconds)
        self.sleep(wanted or delay)

    def _checked(self, answer: Any, what: str, expected: Collection[int], path: str) -> Answer:
        status = answer.status
        if 200 <= status < 300 or status in expected:
            total = answer.headers.get("X-Total-Count", "")
            body = _parsed(answer.data)
            if body is None and answer.data and status not in expected:
                raise self.unreachable(what, "its answer is no JSON")
            return Answer(status, body, int(total) if re.fullmatch(r"\d{1,9}", total) else None)
        if 300 <= status < 400:
            raise self._moved(answer.headers.get("Location", ""), what)
        if status >= 500:
            raise self.unreachable(what, f"it answers {status}")
        raise self._refused(status, said(_parsed(answer.data)), what, path)

    def _refused(self, status: int, why: str, what: str, path: str) -> Stalled:
        if status == 401:
            remedy = "make a new token on the server and give it to the hub"
            return self.denied(what, "the hub's token is not, or no longer, accepted", remedy=remedy)
        if status == 403:
            remedy = "give the hub's account the right, or its token the scope"
            return self.denied(what, why or "the account may not", remedy=remedy)
        if status == 423:
            return self.archived(what)
        if status == 404 and not self._is_there(path):
            remedy = "check its name, and that the hub's account may read it"
            return self.refused(what, "there is no such repository, or this account may not see it", remedy=remedy)
        return self.refused(what, why or f"it answers {status}")

    def _is_there(self, path: str) -> bool:
        """Whether a 404 is about something in the repository and not about all of it."""
        if path == f"/repos/{self.repository}":
            return False
        return self.ask("GET", "", "read the repository", expected=(404,)).status != 404

    def _moved(self, where: str, what: str) -> Stalled:
        found = _REPOSITORY.search(where)
        to = f"it is {self.server}/{found[1]} now" if found else "it was renamed"
        return self.refused(what, f"the repository was moved: {to}", remedy="name the new one in the settings")


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def said(tree: Any) -> str:
    """The `message` of a refusal on one line, shortened; empty when there is none."""
    message = tree.get("message") if isinstance(tree, dict) else None
    return one_line(message)[:200] if isinstance(message, str) else ""


def connect(url: str, token: str, sleep: Callable[[float], None]) -> GiteaApi:
    """The API of the repository at `url`, which has the server's address and ends with OWNER/NAME.

    Raises `ConfigError` (InvalidForge): an address that is none, one that would send the token in clear, no token.
    """
    import urllib3

    parts = urlsplit(url)
    head, _, tail = parts.path.strip("/").removesuffix(".git").rpartition("/")
    base, _, owner = head.rpartition("/")
    allowed = "https://HOST[:PORT][/PREFIX]/OWNER/NAME; http only to this machine"
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if not (is_safe and is_plain and parts.hostname and _NAME.match(owner) and _NAME.match(tail)):
        shown = f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else "it"
        fault = Fault(f"{shown} is not the address of a repository on Gitea", allowed=allowed)
        raise ConfigError(Reason.INVALID_FORGE, fault)
    if not _TOKEN.match(token):
        remedy = "make one on the server, under Settings, Applications"
        raise ConfigError(Reason.INVALID_FORGE, Fault("the token for Gitea is empty or no token", remedy=remedy))
    pool = urllib3.PoolManager(
        maxsize=8, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS), retries=False
    )
    server = f"{parts.scheme}://{parts.netloc}" + (f"/{base}" if base else "")
    return GiteaApi(server, f"{owner}/{tail}", token, pool, sleep)
