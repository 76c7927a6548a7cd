"""Where code is reviewed, as the rules of projects need it: pull requests and branches of issues, read as they are now.

Every method raises, and an adapter translates into, what the port of forges does: `Stalled` (ForgeDenied, ForgeRefused,
RequestNotFound), `Waiting` (ForgeLimited), `Transient` (ForgeUnreachable).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from generator.values.naming import IssueKey

#: An issue's key that a part of a branch's name begins with, as in feature/RTB-123-login.
_KEY = re.compile(r"(?:^|/)(?P<key>[A-Z][A-Z0-9]{1,9}-[1-9][0-9]{0,8})(?=$|[-_./])")


@dataclass(frozen=True, slots=True)
class Work:
    """A branch of somebody's work, and its pull request where it has one (`number`).

    `is_open`: the request is, or there is none. `is_foreign`: the branch is another repository's.
    """

    repository: str
    branch: str
    commit: str
    number: int | None = None
    is_open: bool = True
    is_foreign: bool = False
    labels: frozenset[str] = frozenset()


class OpenWorks(Protocol):
    """Repositories of code, each by its name (`owner/name`), as far as messages in pull requests need them."""

    def open_works(self, repository: str) -> tuple[Work, ...]:
        """All open pull requests of the repository's own branches whose branch names an issue; the newest first."""


class Sources(OpenWorks, Protocol):
    """The same, with what rules of projects need."""

    def pull(self, repository: str, number: int) -> Work:
        """One pull request."""

    def branch(self, repository: str, name: str) -> Work | None:
        """A branch; None: there is none of that name."""

    def works(self, repository: str, key: IssueKey) -> tuple[Work, ...]:
        """The open pull requests, of the repository's own branches, whose branch names the issue; the newest first."""

    def passed(self, repository: str, commit: str) -> frozenset[str]:
        """The names of the checks of a commit that passed, whoever reported them."""


def key_in(branch: str) -> IssueKey | None:
    """The issue that a branch's name tells; None for none, or several."""
    found = {match["key"] for match in _KEY.finditer(branch)}
    return IssueKey.parse(found.pop()) if len(found) == 1 else None
