"""Reading the pull requests of a repository on Gitea: one, all against a branch, and what a merge made of one.

Every method raises what the table of `reconcilers.ports.forge` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from generator.errors import Moved, Reason, Stalled
from hub.adapters.gitea import objects
from hub.adapters.gitea.answers import Branch, Event, Merge, Pull
from hub.adapters.gitea.api import MAX_PAGES, GiteaApi
from reconcilers.ports.forge import ChangeRequest, Identity

#: A timeline's word for a pull request that is aimed at another branch.
RETARGETED = "change_target_branch"


@dataclass(frozen=True)
class GiteaRequests:
    """The requests that the account of `api` sees. `machines`: logins in lower case that it was told are no people."""

    api: GiteaApi
    machines: frozenset[str]

    def identity(self) -> Identity:
        """The account, asked anew."""
        return objects.identity(self.api.account())

    @cached_property
    def me(self) -> str:
        """The login of the hub's own account, asked once."""
        return self.identity().actor.login

    @cached_property
    def bots(self) -> frozenset[str]:
        """Logins in lower case of accounts that are no people."""
        return self.machines | {self.me.casefold()}

    def look(self, number: int) -> Pull:
        """A pull request as Gitea shows it. Raises `Stalled` (RequestNotFound)."""
        what = f"read request {number}"
        answer = self.api.ask("GET", self.api.at("pulls/{}", number), what, expected=(404,))
        if answer.status != 404:
            return self.api.read(Pull, answer.data, what)
        self.api.ask("GET", self.api.at(), "read the repository")
        raise Stalled(Reason.REQUEST_NOT_FOUND, f"{self.api.location} has no request {number}")

    def look_to_write(self, number: int, what: str) -> Pull:
        """As `look`, before a write that Gitea would take in an archived repository. Raises `Stalled` (ForgeDenied)."""
        pull = self.look(number)
        if pull.base.repo is None:
            raise self.api.unreachable(what, "its answer makes no sense")
        if pull.base.repo.archived:
            raise self.api.archived(what)
        return pull

    def retargeted_at(self, number: int, comments: int) -> datetime | None:
        """When a request was last aimed at another branch; for all time where the server has no timeline.

        `comments`: how many its reviews have on lines.

        Gitea cuts the pages of a timeline first and then leaves those comments out, so an empty page need not be the
        last (`ListIssueCommentsAndTimeline`, 1.26).
        """
        what, size = f"read what happened to request {number}", 50
        left, last = comments // size + 1, None
        for page in range(1, MAX_PAGES + 1):
            query = {"page": str(page), "limit": str(size)}
            answer = self.api.ask("GET", self.api.at("issues/{}/timeline", number), what, query=query, expected=(404,))
            if answer.status == 404:
                return datetime.max.replace(tzinfo=UTC)
            rows = answer.data or []
            if not isinstance(rows, list):
                raise self.api.unreachable(what, "its answer is no list")
            found = [self.api.read(Event, row, what) for row in rows]
            last = max((one.created_at for one in found if one.type == RETARGETED), default=last)
            left -= not rows
            if not left:
                return last
        raise self.api.refused(what, f"more than {MAX_PAGES} pages of it", remedy="ask for it anew")

    def shown(self, pull: Pull) -> ChangeRequest:
        """A pull request in the port's words."""
        return self.api.made("read a request", lambda: objects.request(pull, self.bots))

    def standing(self, branch: str, base: str) -> ChangeRequest | None:
        """The open request to merge one branch of the repository into another."""
        found = map(self.shown, self.open_ones(base))
        return next((one for one in found if (one.branch, one.base, one.is_foreign) == (branch, base, False)), None)

    def open_ones(self, base: str) -> list[Pull]:
        """The open pull requests against `base`, as Gitea shows them."""
        query = {"state": "open", "base_branch": base, "sort": "oldest"}
        what = f"list the requests against {base}"
        return self.api.every(Pull, self.api.at("pulls"), what, query=query, key="number")

    def ended_ones(self, base: str, since: datetime) -> list[Pull]:
        """Those that ended at or after `since`. An end is a change, and what changed last comes first."""
        what = f"list the requests against {base}"

        def enough(pulls: Sequence[Pull]) -> bool:
            return bool(pulls) and pulls[-1].updated_at < since

        query = {"state": "closed", "base_branch": base, "sort": "recentupdate"}
        pulls = self.api.every(Pull, self.api.at("pulls"), what, query=query, key="number", enough=enough)
        return self.api.made(what, lambda: [pull for pull in pulls if objects.ended_at(pull) >= since])

    def branch(self, name: str, what: str) -> Branch | None:
        """A branch as Gitea shows it, None when the repository has none of that name."""
        answer = self.api.ask("GET", self.api.at("branches/{+}", name), what, expected=(404,))
        if answer.status != 404:
            return self.api.read(Branch, answer.data, what)
        self.api.ask("GET", self.api.at(), what)
        return None

    def merged_at(self, found: ChangeRequest, head: str) -> str:
        """The merge commit of a merged request, when it merged `head`: a branch may have moved since."""
        commit = found.merge_commit
        if not commit:
            raise self.api.unreachable(f"merge request {found.number}", "it says merged, and shows it open")
        what = f"read the merge of request {found.number}"
        answer = self.api.ask("GET", self.api.at("git/commits/{}", commit), what)
        parents = self.api.read(Merge, answer.data, what).parents
        if head not in (commit, *(parent.sha for parent in parents[1:])):
            raise Moved(Reason.BRANCH_MOVED, f"request {found.number} was merged at another commit than {head[:12]}")
        return commit
