"""Repositories of code on a Gitea, as far as messages need them: the open pull requests whose branch names an issue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.adapters.gitea.answers import Pull
from hub.adapters.gitea.api import GiteaApi
from reconcilers.ports.sources import Work, key_in


@dataclass(frozen=True)
class GiteaWorks:
    """Implements `reconcilers.ports.sources.OpenWorks`. `open`: a repository by its name. Safe for threads."""

    open: Callable[[str], GiteaApi]

    def open_works(self, repository: str) -> tuple[Work, ...]:
        """See the port."""
        api = self.open(repository)
        what = "list the open pull requests"
        found = api.every(Pull, api.at("pulls"), what, key="number", query={"state": "open", "sort": "oldest"})
        works = [
            Work(repository, one.head.ref, one.head.sha, one.number)
            for one in found
            if key_in(one.head.ref) is not None and one.head.repo_id == one.base.repo_id
        ]
        return tuple(sorted(works, key=lambda one: one.number or 0, reverse=True))
