"""Messages about previews in pull requests on a Gitea or Forgejo: implements `hub.adapters.pull_requests.places`.

Sources: `routers/api/v1/repo` of Gitea 1.26 (issue_comment.go, status.go): comments come all at once, a status is added
and never edited, and whoever may write code may add one. Gitea has neither deployments nor check runs: which commit a
build's preview is of is not noted anywhere, so that it is the newest of the pull request when it is first told of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from hub.adapters.gitea.answers import Part, Pull, Status, User
from hub.adapters.gitea.api import GiteaApi
from hub.adapters.http import Answer, Route
from hub.adapters.http.values import Method
from hub.adapters.pull_requests.places import At, environment_of
from reconcilers.messages.channels import Place
from reconcilers.ports.forge import same_login


class _Made(Part):
    id: int = Field(ge=1)


@dataclass(eq=False)
class GiteaCode:
    """Repositories of code on one server: `Requests`. `open`: one of them by its name. Safe for threads."""

    open: Callable[[str], GiteaApi]
    _me: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def comments(self, place: Place) -> list[tuple[int, str]] | None:
        """See `Requests`. Gitea answers 500 where there is no such request, so that it is looked for first."""
        at, what = At.of(place), "read the comments"
        if self._pull(at) is None:
            return None
        api = self.open(at.repository)
        answer = self._asked(api, "GET", api.at("issues/{}/comments", at.number), what)
        if answer is None:
            return None
        return [(one.id, one.body) for one in api.comments(answer, what) if self._is_ours(api, one.user)]

    def comment(self, place: Place, body: str) -> str | None:
        """See `Requests`. As for `comments`, it is looked first."""
        at, what = At.of(place), "comment on a pull request"
        if self._pull(at) is None:
            return None
        api = self.open(at.repository)
        answer = self._asked(api, "POST", api.at("issues/{}/comments", at.number), what, {"body": body})
        return None if answer is None else str(api.read(_Made, answer.data, what).id)

    def edit_comment(self, place: Place, comment: str, body: str) -> bool:
        """See `Requests`."""
        api = self.open(At.of(place).repository)
        route = api.at("issues/comments/{}", comment)
        return self._asked(api, "PATCH", route, "edit a comment", {"body": body}) is not None

    def remove_comment(self, place: Place, comment: str) -> None:
        """See `Requests`."""
        api = self.open(At.of(place).repository)
        self._asked(api, "DELETE", api.at("issues/comments/{}", comment), "remove a comment")

    def commit(self, place: Place) -> str | None:
        """See `Requests`."""
        pull = self._pull(At.of(place))
        return None if pull is None else pull.head.sha

    def newest_status(self, place: Place, commit: str) -> str | None:
        """See `Requests`."""
        api = self.open(At.of(place).repository)
        route, what = api.at("statuses/{}", commit), "read the statuses of a commit"
        found = api.every(Status, route, what, key="id", expected=(404,))
        ours = [one for one in found if one.context == environment_of(place) and self._is_ours(api, one.creator)]
        return max(ours, key=lambda one: one.id).status if ours else None

    def set_status(self, place: Place, commit: str, status: Mapping[str, str]) -> bool:
        """See `Requests`."""
        api = self.open(At.of(place).repository)
        return self._asked(api, "POST", api.at("statuses/{}", commit), "set a commit's status", status) is not None

    def _pull(self, at: At) -> Pull | None:
        api, what = self.open(at.repository), "read a pull request"
        answer = self._asked(api, "GET", api.at("pulls/{}", at.number), what)
        return None if answer is None else api.read(Pull, answer.data, what)

    def _is_ours(self, api: GiteaApi, user: User | None) -> bool:
        with self._lock:
            if not self._me:
                self._me = api.account().login
        return user is not None and same_login(user.login, self._me)

    @staticmethod
    def _asked(
        api: GiteaApi, method: Method, route: Route, what: str, body: Mapping[str, Any] | None = None
    ) -> Answer | None:
        """None: what is asked for is not there."""
        answer = api.ask(method, route, what, body=body, expected=(404,))
        return None if answer.status == 404 else answer
