"""Gitea's HTTP API as one account sees it: what its statuses mean, whole lists, answers as what they have to be.

What is Gitea's stands in https://docs.gitea.com/api (Forgejo speaks the same). Sending is `hub.adapters.http`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from generator.errors import Fault, Reason, Stalled, Transient
from hub.adapters.gitea.answers import Account, Comment, Limits, Part, SenselessError
from hub.adapters.http import Answer, Peer, Request, Route, Sender
from hub.adapters.http.reading import count_of
from hub.adapters.http.values import Method
from hub.retrying import Backoff, retried
from reconcilers.plan import one_line

#: For one answer, to its last byte.
TIMEOUT_SECONDS = 30.0
#: What a request may be repeated for: everything but a POST reaches a state that it names.
_REPEATABLE: tuple[Method, ...] = ("GET", "PUT", "PATCH", "DELETE")
_PAGE = 50
#: More rows than this are not a list that anybody reads.
MAX_PAGES = 400
_REPOSITORY = re.compile(r"/repos/([A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100})(?:/|$)")
_REMEDY = "check the network and the server; nothing is lost, the next run goes on"
PEER = Peer(
    "gitea",
    unreachable=Reason.FORGE_UNREACHABLE,
    refused=Reason.FORGE_REFUSED,
    limited=Reason.FORGE_LIMITED,
    remedy=_REMEDY,
)
_T = TypeVar("_T")
_Model = TypeVar("_Model", bound=Part)


class Page(NamedTuple):
    """Some rows of a list, and how many it has in all."""

    rows: list[Any]
    total: int


class _Changed(Transient):
    """A list changed while it was read."""


@dataclass(frozen=True)
class GiteaApi:
    """One repository on one server with one token. Safe for threads.

    `server` is the address below which `/api/v1` lies, which `sender` sends to; `repository` is OWNER/NAME.
    """

    server: str
    repository: str
    sender: Sender

    @property
    def owner(self) -> str:
        """The organisation or account that owns the repository."""
        return self.repository.partition("/")[0]

    @property
    def location(self) -> str:
        """The repository's address for people."""
        return f"{self.server}/{self.repository}"

    @property
    def looks(self) -> Backoff:
        """How often, and how far apart, to look at what Gitea computes behind a call: three seconds in all."""
        sleep = self.sender.parts.backoff.sleep
        return Backoff(tries=6, first_seconds=0.1, most_seconds=1.5, sleep=sleep, random=lambda: 1.0)

    def at(self, template: str = "", *values: object) -> Route:
        """The route of something in the repository; empty: of the repository."""
        root = Route.of("/repos/{+}", self.repository)
        return root.below(template, *values) if template else root

    def ask(  # noqa: PLR0913 - a request has these parts
        self,
        method: Method,
        route: Route,
        what: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """One call. `what` says in words what is attempted.

        A status of `expected` is returned like 2xx, any other one raises what the port's table says. A POST whose
        answer is lost is not sent again: it may have worked.
        """
        answer = self.sender.send(
            Request(
                route=route,
                purpose=f"{what} on {self.location}",
                method=method,
                query=tuple((query or {}).items()),
                body=None if body is None else json.dumps(body).encode(),
                timeout_seconds=TIMEOUT_SECONDS,
                may_repeat=method in _REPEATABLE,
            )
        )
        if answer.status < 300 or answer.status in expected:
            return answer
        if answer.status < 400:
            raise self._moved(answer.headers.get("location", ""), what)
        if answer.status >= 500:
            raise self.unreachable(what, f"it answers {answer.status}")
        raise self._refused(answer.status, said(answer.data), what, route)

    def every(  # noqa: PLR0913 - a list has these sides
        self,
        model: type[_Model],
        route: Route,
        what: str,
        *,
        key: str,
        query: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
        may_hide: bool = False,
        enough: Callable[[Sequence[_Model]], bool] = lambda _: False,
    ) -> list[_Model]:
        """All rows of a list, over all pages. A list that changes while it is read is begun again, never stitched.

        `key` names a row. A status of `expected` says that there are none. `may_hide`: the server counts rows that it
        does not show to everybody. `enough` is asked of the rows of each page whether those so far will do.
        """

        def whole() -> list[_Model]:
            pages: list[Page] = []
            for page in self._pages(route, what, query or {}, key, expected):
                pages.append(page)
                if enough([self.read(model, row, what) for row in page.rows]):
                    break
            if len(pages) > 1:  # a row that moved forward meanwhile is in none of them, but changes the first
                again = next(self._pages(route, what, query or {}, key, expected))
                if [row[key] for row in again.rows] != [row[key] for row in pages[0].rows]:
                    raise self._changed(what)
                pages[0] = again
            found = {row[key]: row for one in pages for row in one.rows}
            totals = {page.total for page in pages}
            wanted = min(max(totals), len(pages) * self._page_size)
            if len(totals) > 1 or not (may_hide or len(found) == wanted):
                raise self._changed(what)
            return [self.read(model, row, what) for row in found.values()]

        return retried(whole, on=_Changed, backoff=replace(self.looks, tries=3))

    def account(self) -> Account:
        """The account of the token, asked anew."""
        what = "read the hub's own account"
        return self.read(Account, self.ask("GET", Route.of("/user"), what).data, what)

    def comments(self, answer: Answer, what: str) -> list[Comment]:
        """Those of a pull request, which Gitea gives all at once. Raises `Transient` for an answer that lacks some."""
        total = count_of(answer.headers.get("x-total-count"))
        if not isinstance(answer.data, list) or len(answer.data) != total:
            raise self.unreachable(what, "it does not list all comments")
        return [self.read(Comment, row, what) for row in answer.data]

    def read(self, model: type[_Model], data: object, what: str) -> _Model:
        """An answer as a `model`. Raises `Transient` (ForgeUnreachable) when it is none."""
        try:
            return model.model_validate(data)
        except ValidationError as err:
            raise self._senseless(what) from err

    def made(self, what: str, make: Callable[[], _T]) -> _T:
        """What `make` makes of an answer. Parts of it that do not go together raise `Transient`; nothing else does."""
        try:
            return make()
        except SenselessError as err:
            raise self._senseless(what) from err

    def unreachable(self, what: str, why: str) -> Transient:
        """The error for a server that does not answer as it should."""
        fault = Fault(f"cannot {what} on {self.location}: {one_line(why)}", remedy=_REMEDY)
        return Transient(Reason.FORGE_UNREACHABLE, fault)

    def denied(self, what: str, why: str, *, remedy: str) -> Stalled:
        """The error for what this account may not do."""
        return Stalled(Reason.FORGE_DENIED, Fault(f"cannot {what} on {self.location}: {why}", remedy=remedy))

    def archived(self, what: str) -> Stalled:
        """The error for a write to an archived repository."""
        return self.denied(what, "the repository is archived", remedy="unarchive it, or name another")

    def refused(self, what: str, why: str, *, remedy: str = "") -> Stalled:
        """The error for what the server refuses for good."""
        return Stalled(Reason.FORGE_REFUSED, Fault(f"cannot {what} on {self.location}: {why}", remedy=remedy))

    def _pages(
        self, route: Route, what: str, query: Mapping[str, str], key: str, expected: Collection[int]
    ) -> Iterator[Page]:
        for number in range(1, MAX_PAGES + 1):
            asked = {**query, "page": str(number), "limit": str(self._page_size)}
            answer = self.ask("GET", route, what, query=asked, expected=expected)
            if answer.status in expected:
                yield Page([], 0)
                return
            rows, total = answer.data, count_of(answer.headers.get("x-total-count"))
            is_list = isinstance(rows, list) and all(
                isinstance(row, dict) and isinstance(row.get(key), int | str) for row in rows
            )
            if not is_list or total is None:
                raise self.unreachable(what, "its answer is no list")
            yield Page(rows, total)
            if number * self._page_size >= total:
                return
        raise self.refused(what, f"the list has more than {MAX_PAGES} pages")

    @cached_property
    def _page_size(self) -> int:
        """What this server gives at most: one that is asked for more gives fewer, silently."""
        what = "read the settings"
        told = self.ask("GET", Route.of("/settings/api"), what).data
        return min(_PAGE, self.read(Limits, told, what).max_response_items)

    def _changed(self, what: str) -> _Changed:
        return _Changed(Reason.FORGE_UNREACHABLE, f"cannot {what} on {self.location}: it changed while it was read")

    def _senseless(self, what: str) -> Transient:
        return self.unreachable(what, "its answer makes no sense")

    def _refused(self, status: int, why: str, what: str, route: Route) -> Stalled:
        if status == 401:
            remedy = "make a new token on the server and give it to the hub"
            return self.denied(what, "the hub's token is not, or no longer, accepted", remedy=remedy)
        if status == 403:
            remedy = "give the hub's account the right, or its token the scope"
            return self.denied(what, why or "the account may not", remedy=remedy)
        if status == 423:
            return self.archived(what)
        if status == 404 and not self._is_there(route):
            remedy = "check its name, and that the hub's account may read it"
            return self.refused(what, "there is no such repository, or this account may not see it", remedy=remedy)
        return self.refused(what, why or f"it answers {status}")

    def _is_there(self, route: Route) -> bool:
        """Whether a 404 is about something in the repository and not about all of it."""
        if route == self.at():
            return False
        return self.ask("GET", self.at(), "read the repository", expected=(404,)).status != 404

    def _moved(self, where: str, what: str) -> Stalled:
        found = _REPOSITORY.search(where)
        to = f"it is {self.server}/{found[1]} now" if found else "it was renamed"
        return self.refused(what, f"the repository was moved: {to}", remedy="name the new one in the settings")


def said(tree: Any) -> str:
    """The `message` of a refusal on one line, shortened; empty when there is none."""
    message = tree.get("message") if isinstance(tree, dict) else None
    return one_line(message)[:200] if isinstance(message, str) else ""
