"""Repositories of code that messages are written to: one request at a time, and writes no quicker than GitHub allows.

Sources: GitHub Docs, "Best practices for using the REST API" (no requests at once; a second between two writes) and
"Rate limits for the REST API" (at most 500 requests an hour that make content, over all ways that an account has).
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pydantic import Field

from generator.errors import Fault, Reason, Stalled, Waiting
from hub.adapters.github.answers import Comment, End, Part, Repository, Status, User, read, read_all
from hub.adapters.github.calls import Answer, GitHubCalls
from hub.adapters.github.forge import GitHubForge
from hub.adapters.github.keys import NotInstalledError
from hub.adapters.github.sources import OpenForges
from hub.adapters.http import Route
from hub.adapters.http.turns import Turns
from hub.adapters.pull_requests.places import AT, PREVIEW, At, environment_of
from reconcilers.messages.channels import Place
from reconcilers.ports.forge import same_login

#: What is left of GitHub's 500 is for what the hub writes besides, such as requests for review.
CONTENT_AN_HOUR: Final = 450
_HOUR: Final = 3600.0
WRITES_APART_SECONDS: Final = 1.0
#: An answer to who asks for what is not there, any more or for them.
GONE: Final = (404, 410)


class Pull(Part):
    """What is read of a pull request."""

    number: int
    head: End


class Made(Part):
    """What was made, by its number."""

    id: int = Field(ge=1)


class _Deployment(Made):
    sha: str = Field(pattern=r"^[0-9a-f]{40,64}$")
    payload: Any = None
    creator: User | None = None


@dataclass(eq=False)
class Pace:
    """When an account may write next."""

    turns: Turns
    _content: deque[float] = field(default_factory=deque)
    _resumes: float | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Ask nothing while GitHub limits the account, whoever found out. Raises `Waiting` (ForgeLimited)."""
        if self._resumes is not None and (left := self._resumes - self.turns.seconds()) > 0:
            told = Fault("GitHub limits the hub's requests, and is left alone until it takes them again")
            raise Waiting(Reason.FORGE_LIMITED, told, retry_after_seconds=left)
        try:
            yield
        except Waiting as err:
            self._resumes = self.turns.seconds() + err.retry_after_seconds
            raise

    def take(self, *, is_content: bool) -> None:
        """Wait for the turn of a write. Raises `Waiting` (ForgeLimited) where an hour's content is written."""
        now = self.turns.seconds()
        while self._content and self._content[0] <= now - _HOUR:
            self._content.popleft()
        if is_content and len(self._content) >= CONTENT_AN_HOUR:
            left = self._content[0] + _HOUR - now
            told = f"GitHub takes no more than 500 comments an hour, and {CONTENT_AN_HOUR} are written"
            raise Waiting(Reason.FORGE_LIMITED, Fault(told), retry_after_seconds=left)
        self.turns.wait("write", WRITES_APART_SECONDS)
        if is_content:
            self._content.append(self.turns.seconds())


@dataclass(eq=False)
class Code:
    """Repositories of one GitHub, written to by the hub's key: `Requests`, and what GitHub has beside.

    Safe for threads: one asks at a time.
    """

    open: Callable[[str], GitHubForge]
    pace: Pace
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        """None is opened yet."""
        self._forge = OpenForges(self.open)
        self._names: dict[str, str] = {}

    def at(self, place: Place) -> At:
        """Where a message stands, by the name that the repository has now: a write to an old one is not followed."""
        at = At.of(place)
        with self._lock, self.pace.kept():
            if at.repository not in self._names:
                calls = self._calls(at)
                answer = calls.get(Route.of("/repos/{+}", at.repository), expected=GONE) if calls is not None else None
                if answer is None or answer.status in GONE:
                    return at
                self._names[at.repository] = read(Repository, answer.data, where=self.where(at)).full_name.casefold()
            return replace(at, repository=self._names[at.repository])

    def account(self, at: At) -> str:
        """The login of the hub's own account."""
        with self._lock, self.pace.kept():
            return self._forge(at.repository).whoami().actor.login

    def is_ours(self, at: At, user: User | None) -> bool:
        """Whether it is the hub's own account."""
        return user is not None and same_login(user.login, self.account(at))

    def get(self, at: At, route: Route, query: dict[str, object] | None = None) -> Any:
        """What is there; None: nothing is."""
        with self._lock, self.pace.kept():
            calls = self._calls(at)
            answer = calls.get(route, query, expected=GONE) if calls is not None else None
        return None if answer is None or answer.status in GONE else answer.data

    def listed(self, at: At, route: Route, query: dict[str, object], *, key: str | None = None) -> list[Any]:
        """The items of all pages."""
        with self._lock, self.pace.kept():
            calls = self._calls(at)
            return [*calls.pages(route, query, key=key)] if calls is not None else []

    def write(self, at: At, verb: str, route: Route, body: object = None, *, is_content: bool = False) -> Answer | None:
        """Written once; None: what it is to be written to is not there."""
        with self._lock:
            with self.pace.kept():
                calls = self._calls(at)
            if calls is None:
                return None
            self.pace.take(is_content=is_content)
            try:
                with self.pace.kept():
                    answer = calls.send(verb, route, body, expected=GONE)
            except Stalled:
                self._names.clear()  # it may be called otherwise by now
                raise
        return None if answer.status in GONE else answer

    def where(self, at: At) -> str:
        """The repository, for people."""
        return f"{at.repository} on GitHub"

    def pull(self, at: At) -> Pull | None:
        """The pull request; None: it or its repository is not there."""
        data = self.get(at, at.route("pulls/{}", at.number))
        return None if data is None else read(Pull, data, where=self.where(at))

    def commit(self, place: Place) -> str | None:
        """Which commit a build's preview was first seen to be of: its deployment's, else the newest of the request."""
        at = self.at(place)
        pull = self.pull(at)
        if pull is None:
            return None
        try:
            deployments = self.deployments(place, pull)
        except Stalled:  # the key may not read deployments, which the channel of deployments tells of
            deployments = []
        return deployments[0].sha if deployments else pull.head.sha

    def deployments(self, place: Place, pull: Pull) -> list[_Deployment]:
        """Those that we made for this place, the oldest first."""
        at = self.at(place)
        query: dict[str, object] = {"ref": pull.head.ref, "environment": environment_of(place)}
        items = self.listed(at, at.route("deployments"), query)
        found = read_all(_Deployment, items, where=self.where(at))
        wanted = payload_of(place)
        ours = [one for one in found if _tree(one.payload) == wanted and self.is_ours(at, one.creator)]
        return sorted(ours, key=lambda one: one.id)

    def comments(self, place: Place) -> list[tuple[int, str]] | None:
        """See `Requests`: https://docs.github.com/en/rest/issues/comments."""
        at = self.at(place)
        if self.pull(at) is None:
            return None
        items = self.listed(at, at.route("issues/{}/comments", at.number), {})
        found = read_all(Comment, items, where=self.where(at))
        return [(one.id, one.body) for one in found if self.is_ours(at, one.user)]

    def comment(self, place: Place, body: str) -> str | None:
        """See `Requests`."""
        at = self.at(place)
        answer = self.write(at, "POST", at.route("issues/{}/comments", at.number), {"body": body}, is_content=True)
        return None if answer is None else str(read(Made, answer.data, where=self.where(at)).id)

    def edit_comment(self, place: Place, comment: str, body: str) -> bool:
        """See `Requests`."""
        at = self.at(place)
        route = at.route("issues/comments/{}", comment)
        return self.write(at, "PATCH", route, {"body": body}, is_content=True) is not None

    def remove_comment(self, place: Place, comment: str) -> None:
        """See `Requests`."""
        at = self.at(place)
        self.write(at, "DELETE", at.route("issues/comments/{}", comment))

    def newest_status(self, place: Place, commit: str) -> str | None:
        """See `Requests`: https://docs.github.com/en/rest/commits/statuses. GitHub lists the newest first."""
        at = self.at(place)
        items = self.listed(at, at.route("commits/{}/statuses", commit), {})
        for one in read_all(Status, items, where=self.where(at)):
            if one.context == environment_of(place) and self.is_ours(at, one.creator):
                return one.state
        return None

    def set_status(self, place: Place, commit: str, status: Mapping[str, str]) -> bool:
        """See `Requests`."""
        at = self.at(place)
        return self.write(at, "POST", at.route("statuses/{}", commit), status) is not None

    def left(self, repository: str, environment: str) -> dict[str, set[str]]:
        """Where the newest hundred deployments of an environment's previews stand, by issue: `Place.at` of each."""
        at, query = At(repository.casefold(), 0), {"environment": f"{PREVIEW}/{environment}", "per_page": 100}
        data = self.get(at, at.route("deployments"), query)
        found: dict[str, set[str]] = {}
        for one in read_all(_Deployment, data or [], where=self.where(at)):
            told = _told_in(one.payload)
            if told is not None and self.is_ours(at, one.creator):
                found.setdefault(told[0], set()).add(told[1])
        return found

    def _calls(self, at: At) -> GitHubCalls | None:
        """None: what is gone for the hub, since its App sees nothing of that name (any more)."""
        try:
            return self._forge(at.repository).calls
        except NotInstalledError:
            return None


def _tree(payload: Any) -> Any:
    """A payload as it was sent: GitHub describes it as an object or a text."""
    try:
        return json.loads(payload) if isinstance(payload, str) else payload
    except (ValueError, RecursionError):
        return None


def _told_in(payload: Any) -> tuple[str, str] | None:
    """The issue and the place that a payload of ours tells."""
    tree = _tree(payload)
    told = tree.get("rtb-hub") if isinstance(tree, Mapping) else None
    found = (told.get("issue"), told.get("at")) if isinstance(told, Mapping) else ("", "")
    issue, at = (one if isinstance(one, str) else "" for one in found)
    return (issue, at) if issue and AT.fullmatch(at) else None


def payload_of(place: Place) -> dict[str, Any]:
    """By which a deployment is found again."""
    told = {"repository": place.repository, "environment": place.environment, "issue": str(place.issue)}
    return {"rtb-hub": {**told, "at": place.at}}
