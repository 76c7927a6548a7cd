"""Reading the pull requests of a repository on Gitea: one, all against a branch, and what a merge made of one.

Every method raises what the table of `reconcilers.ports.forge` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from generator.errors import Moved, Reason, Stalled
from hub.adapters.gitea import objects
from hub.adapters.gitea.api import GiteaApi
from reconcilers.ports.forge import ChangeRequest, Identity


@dataclass(frozen=True)
class GiteaRequests:
    """The requests that the account of `api` sees. `machines`: logins in lower case that it was told are no people."""

    api: GiteaApi
    machines: frozenset[str]

    def identity(self) -> Identity:
        """The account, asked anew."""
        what = "read the hub's own account"
        tree = self.api.ask("GET", "/user", what).body
        return self.api.made(what, lambda: objects.identity(tree))

    @cached_property
    def me(self) -> str:
        """The login of the hub's own account, asked once."""
        return self.identity().actor.login

    @cached_property
    def bots(self) -> frozenset[str]:
        """Logins in lower case of accounts that are no people."""
        return self.machines | {self.me.casefold()}

    def look(self, number: int) -> Any:
        """A pull request as Gitea shows it. Raises `Stalled` (RequestNotFound)."""
        answer = self.api.ask("GET", f"pulls/{number}", f"read request {number}", expected=(404,))
        if answer.status != 404:
            return answer.body
        self.api.ask("GET", "", "read the repository")
        raise Stalled(Reason.REQUEST_NOT_FOUND, f"{self.api.location} has no request {number}")

    def look_to_write(self, number: int, what: str) -> Any:
        """As `look`, before a write that Gitea would take in an archived repository. Raises `Stalled` (ForgeDenied)."""
        tree = self.look(number)
        if self.api.made(what, lambda: bool(tree["base"]["repo"]["archived"])):
            raise self.api.archived(what)
        return tree

    def shown(self, tree: Any) -> ChangeRequest:
        """A pull request in the port's words."""
        return self.api.made("read a request", lambda: objects.request(tree, self.bots))

    def standing(self, branch: str, base: str) -> ChangeRequest | None:
        """The open request to merge one branch of the repository into another."""
        found = map(self.shown, self.open_ones(base))
        return next((one for one in found if (one.branch, one.base, one.is_foreign) == (branch, base, False)), None)

    def open_ones(self, base: str) -> list[Any]:
        """The open pull requests against `base`, as Gitea shows them."""
        query = {"state": "open", "base_branch": base, "sort": "oldest"}
        return self.api.every("pulls", f"list the requests against {base}", query=query, key="number")

    def ended_ones(self, base: str, since: datetime) -> list[Any]:
        """Those that ended at or after `since`. An end is a change, and what changed last comes first."""
        what = f"list the requests against {base}"

        def enough(trees: Sequence[Any]) -> bool:
            return bool(trees) and self.api.made(what, lambda: objects.changed_at(trees[-1])) < since

        query = {"state": "closed", "base_branch": base, "sort": "recentupdate"}
        trees = self.api.every("pulls", what, query=query, key="number", enough=enough)
        return [tree for tree in trees if self.api.made(what, lambda tree=tree: objects.ended_at(tree)) >= since]  # type: ignore[misc]

    def branch(self, name: str, what: str) -> Any:
        """A branch as Gitea shows it, None when the repository has none of that name."""
        answer = self.api.ask("GET", f"branches/{path_of(name)}", what, expected=(404,))
        if answer.status != 404:
            return answer.body
        self.api.ask("GET", "", what)
        return None

    def merged_at(self, found: ChangeRequest, head: str) -> str:
        """The merge commit of a merged request, when it merged `head`: a branch may have moved since."""
        commit = found.merge_commit
        if not commit:
            raise self.api.unreachable(f"merge request {found.number}", "it says merged, and shows it open")
        tree = self.api.ask("GET", f"git/commits/{commit}", f"read the merge of request {found.number}").body
        merged = self.api.made("read a commit", lambda: [parent["sha"] for parent in tree["parents"][1:]])
        if head not in (commit, *merged):
            raise Moved(Reason.BRANCH_MOVED, f"request {found.number} was merged at another commit than {head[:12]}")
        return commit


def path_of(branch: str) -> str:
    """A branch's name in a path."""
    return quote(branch, safe="/")
