"""The port of issues: what decides about an issue's previews, read where the issues are. Pure.

Every method raises, and an adapter translates into these (kind, reason):

| kind | reason | when |
|---|---|---|
| `Stalled` | JiraRefused | wrong or expired key, no rights, an address that moved, a question that is refused |
| `Waiting` | JiraLimited | a rate limit that ends later than an adapter waits; `retry_after_seconds` says when |
| `Transient` | JiraUnreachable | no connection, a time-out, a server's fault, an answer that makes no sense |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from generator.values.naming import IssueKey


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it is now. `key` is another than the one asked for where it was moved to another project.

    `is_done`: its status is of the category that Jira counts as done. `assignee`: the id of an account.
    """

    key: IssueKey
    status_id: str
    is_done: bool
    labels: frozenset[str]
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class IssueChange:
    """A change of an issue, and what it had before; None: that did not change."""

    at: datetime
    status_id: str | None = None
    labels: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class IssueHistory:
    """How an issue came to be as it is: changes of status and labels since `since`, the newest first. Times are aware.

    `since`: when it was made; where that is longer ago than the site tells, the oldest moment that it tells of.
    """

    since: datetime
    changes: tuple[IssueChange, ...] = ()


class Issues(Protocol):
    """Where issues are read."""

    def read(self, key: IssueKey) -> Issue | None:
        """An issue. None: there is none, or this account may not see it; the two look alike."""

    def history(self, key: IssueKey) -> IssueHistory | None:
        """How an issue came to be as it is. None as of `read`."""

    def changed(
        self, projects: Collection[str], within: timedelta, *, until: timedelta = timedelta()
    ) -> tuple[IssueKey, ...]:
        """The issues of these projects (`RTB`) that changed between `within` and `until` before now, sorted.

        To the minute, and rather more than less; by the site's clock.
        """
