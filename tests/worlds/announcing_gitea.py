"""Workers that tell of previews in pull requests of a test's Gitea; each may be killed anywhere. See `announcing`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hub.actions.telling.posting import Desk
from hub.actions.telling.pulls import OfBuilds, OfPulls, Pulls
from hub.actions.telling.teller import Teller
from hub.adapters.gitea.api import PEER, GiteaApi
from hub.adapters.gitea.messages import GiteaCode
from hub.adapters.gitea.sources import GiteaWorks
from hub.adapters.pull_requests.comments import PullComments
from hub.adapters.pull_requests.statuses import PullStatuses
from hub.views.messages.words import ENGLISH
from worlds.announcing import REPOSITORY, Announcing
from worlds.faulty import Faulty, Reply
from worlds.gitea_api import HEAD, pull, user
from worlds.late import Late
from worlds.mortal import Life, MortalDatabase

Kind = type[PullComments] | type[PullStatuses]
WEB = "/repos/acme/web"
_TOKENS = itertools.count(1)


@dataclass
class GiteaSite(Late):
    """acme/web with the open pull request 1 of RTB-123, as `routers/api/v1/repo` of Gitea 1.26 answers for it."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def answer(self, method: str, target: str, body: bytes | None) -> Reply:
        self.arrive()
        path, sent = target.partition("?")[0].removeprefix("/api/v1"), json.loads(body or b"{}")
        ours = user("rtb-hub", 7)
        request = pull(1, head={"label": "x", "ref": "feature/RTB-123-login", "sha": HEAD, "repo_id": 1})
        lists: dict[str, list[dict[str, Any]]] = {
            f"{WEB}/pulls": [request],
            f"{WEB}/issues/1/comments": self.comments,
            f"{WEB}/statuses/{HEAD}": self.statuses,
        }
        if method == "POST":
            made = {**sent, "id": next(self._ids)}
            made |= {"user": ours} if "comments" in path else {"creator": ours, "status": sent["state"]}
            lists[path].append(made)
            return 201, {}, made
        if method == "PATCH":
            (found,) = (one for one in self.comments if path == f"{WEB}/issues/comments/{one['id']}")
            found["body"] = sent["body"]
            return 200, {}, found
        assert method == "GET", method
        if path in lists:
            return 200, {"x-total-count": str(len(lists[path]))}, lists[path]
        return 200, {}, {f"{WEB}/pulls/1": request, "/user": ours, "/settings/api": {"max_response_items": 50}}[path]


@dataclass
class GiteaAnnouncing(Announcing):
    """A Gitea, and the workers of Jira's world."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.site = GiteaSite(clock=self.clock)

    def worker(self, kind: Kind = PullComments, life: Life | None = None) -> Teller:  # type: ignore[override]
        """A process that begins anew: it knows nothing but what is in the database."""
        life = life or Life()
        sender, calm = Faulty(PEER, site=self.site, faults=self._fault, die=life.end), Faulty(PEER, site=self.site)

        def opened(by: Faulty) -> Callable[[str], GiteaApi]:
            return lambda name: GiteaApi("https://git.example.com", name, by)

        requests, pulls = GiteaCode(opened(sender)), Pulls(GiteaWorks(opened(calm)), self.clock)
        is_status = kind is PullStatuses
        spread = OfBuilds(pulls, is_seen_only=True) if is_status else OfPulls(pulls, pulls.left)
        channel = kind(requests, ENGLISH, "gitea-status" if is_status else "gitea-comment")
        database = MortalDatabase(self.url, self.clock, life)
        desk = Desk(channel, database, REPOSITORY, self.clock, f"gitea-{next(_TOKENS)}", self.refusals.append)
        return Teller(desk, spread=spread)
