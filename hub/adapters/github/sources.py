"""Repositories of code on GitHub, read with the hub's keys: implements `reconcilers.ports.sources`.

Each is opened when it is first asked for, and knows what it has read: "not modified" costs nothing of GitHub's limit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from generator.errors import Reason, Stalled
from generator.values.naming import IssueKey
from hub.adapters.github.answers import Branch, Pull, read
from hub.adapters.github.forge import GitHubForge
from hub.adapters.http import Route
from reconcilers.ports.sources import Work, key_in

_MOST_OPEN = 200


@dataclass(eq=False)
class OpenForges:
    """Repositories of one GitHub, each opened by its name when it is first asked for. For one thread at a time."""

    open: Callable[[str], GitHubForge]
    _forges: dict[str, GitHubForge] = field(default_factory=dict, repr=False)

    def __call__(self, repository: str) -> GitHubForge:
        """One of them, whatever case its name is in. Raises what opening raises."""
        name = repository.casefold()
        if name not in self._forges:
            while len(self._forges) >= _MOST_OPEN:
                self._forges.pop(next(iter(self._forges)))
            self._forges[name] = self.open(repository)
        return self._forges[name]


@dataclass(eq=False)
class GitHubSources:
    """Repositories of one GitHub. `open`: by its name. Safe for threads: one asks at a time."""

    open: Callable[[str], GitHubForge]
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        """None is opened yet."""
        self._forge = OpenForges(self.open)

    def pull(self, repository: str, number: int) -> Work:
        """See the port."""
        with self._lock:
            found = self._forge(repository).request(number)
        return Work(
            repository, found.branch, found.head, found.number, found.state == "open", found.is_foreign, found.labels
        )

    def branch(self, repository: str, name: str) -> Work | None:
        """See the port."""
        with self._lock:
            calls = self._forge(repository).calls
            answer = calls.get(Route.of("/repos/{+}/branches/{}", repository, name), expected=(404,))
        if answer.status == 404:
            return None
        return Work(repository, name, read(Branch, answer.data, where=calls.where).commit.sha)

    def works(self, repository: str, key: IssueKey) -> tuple[Work, ...]:
        """See the port."""
        return tuple(work for work in self.open_works(repository) if key_in(work.branch) == key)

    def open_works(self, repository: str) -> tuple[Work, ...]:
        """See the port."""
        with self._lock:
            found = [pull for pull in self._open_pulls(repository) if key_in(pull.head.ref) is not None]
        newest_first = sorted(found, key=lambda one: one.number, reverse=True)
        return tuple(_work(repository, pull) for pull in newest_first if not _is_foreign(pull))

    def passed(self, repository: str, commit: str) -> frozenset[str]:
        """See the port."""
        with self._lock:
            checks = self._forge(repository).checks(commit)
        return frozenset(one.name for one in checks) - {one.name for one in checks if one.state != "passed"}

    def _open_pulls(self, repository: str) -> Iterator[Pull]:
        calls = self._forge(repository).calls
        query = {"state": "open", "sort": "created", "direction": "desc"}
        for item in calls.pages(Route.of("/repos/{+}/pulls", repository), query):
            pull = read(Pull, item, where=calls.where)
            base = pull.base.repo.full_name if pull.base.repo else ""
            if base.casefold() != repository.casefold():
                message = f"{calls.where} is called {base or 'nothing'} now"
                raise Stalled(Reason.FORGE_REFUSED, message, remedy="name the repository by its present name")
            yield pull


def _work(repository: str, pull: Pull) -> Work:
    labels = frozenset(one.name for one in pull.labels)
    return Work(repository, pull.head.ref, pull.head.sha, pull.number, labels=labels)


def _is_foreign(pull: Pull) -> bool:
    head, base = pull.head.repo, pull.base.repo
    return head is None or base is None or head.full_name.casefold() != base.full_name.casefold()
