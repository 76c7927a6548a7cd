"""What the test server knows beside Git: accounts, keys, teams, pull requests, reviews, checks, rulesets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Role = Literal["none", "read", "write", "admin"]
LEVELS = ("none", "read", "write", "admin")


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def stamp(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


@dataclass
class Account:
    """A person or a bot; `emails` are those of commits that GitHub maps to it, `profile_email` is shown to all."""

    id: int
    login: str
    type: str = "User"
    role: Role = "none"
    emails: set[str] = field(default_factory=set)
    profile_email: str = ""


@dataclass
class App:
    """A GitHub App with one installation; `permissions` such as {"contents": "write"}."""

    id: int
    slug: str
    public_key: str
    permissions: dict[str, str]
    installation: int
    bot: Account
    is_installed: bool = True


@dataclass
class Key:
    """A token, by whom it acts. An installation's has permissions; a person's has the role of the account.

    `end`: of a personal access token, as it is told.
    """

    account: Account
    app: App | None = None
    end: str = ""

    def may(self, permission: str, level: str) -> bool:
        if self.app:
            return LEVELS.index({"metadata": "read", **self.app.permissions}.get(permission, "none")) >= LEVELS.index(
                level
            )
        wanted = "admin" if (permission, level) == ("administration", "write") else level
        return LEVELS.index(self.account.role) >= LEVELS.index(wanted)


@dataclass
class Review:
    id: int
    user: Account | None
    state: str
    commit: str
    body: str
    at: datetime


@dataclass
class Comment:
    id: int
    user: Account
    body: str
    at: datetime


@dataclass
class Pull:
    """A pull request. `head_repo` is another name for one from a fork; `seen` is the head as it was last looked at."""

    number: int
    title: str
    body: str | None
    user: Account
    branch: str
    base: str
    base_at: str
    seen: str
    created: datetime
    updated: datetime
    state: Literal["open", "closed"] = "open"
    draft: bool = False
    head_repo: str = ""
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    merge_commit: str | None = None
    pushed_by: str = ""
    labels: list[str] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    #: Name and time of what happened to it.
    events: list[tuple[str, datetime]] = field(default_factory=list)
    #: How many more looks answer that mergeability is still being computed.
    computing: int = 0


@dataclass
class CheckRun:
    id: int
    name: str
    commit: str
    status: str
    conclusion: str | None
    app: App
    external_id: str = ""
    output: dict[str, str] = field(default_factory=dict)
    details_url: str | None = None


@dataclass
class Status:
    id: int
    context: str
    commit: str
    state: str
    creator: Account
    at: datetime
    description: str = ""
    target_url: str = ""


@dataclass
class Deployment:
    """One, of a commit; `statuses` as they were asked for, the oldest first."""

    id: int
    ref: str
    commit: str
    creator: Account
    asked: dict[str, Any]
    statuses: list[dict[str, Any]] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.statuses[-1]["state"]) if self.statuses else ""


@dataclass
class Ruleset:
    id: int
    name: str
    enforcement: str
    conditions: dict[str, Any]
    bypass: list[dict[str, Any]]
    rules: list[dict[str, Any]]

    def holds_for(self, branch: str) -> bool:
        return self.enforcement == "active" and f"refs/heads/{branch}" in self.conditions["ref_name"]["include"]


@dataclass
class Delivered:
    """One try to deliver something to an App's webhook. `app` is its id."""

    id: int
    app: int
    guid: str
    at: datetime
    status: int
    event: str = "pull_request"


@dataclass
class State:
    """One organisation with one repository."""

    owner: str = "acme"
    repo: str = "state"
    id: int = 9001
    accounts: dict[str, Account] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    #: Slug to id and logins.
    teams: dict[str, tuple[int, set[str]]] = field(default_factory=dict)
    #: Members of the organisation who may not see the repository.
    members: set[str] = field(default_factory=set)
    pulls: dict[int, Pull] = field(default_factory=dict)
    runs: list[CheckRun] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    deployments: dict[int, Deployment] = field(default_factory=dict)
    rulesets: dict[int, Ruleset] = field(default_factory=dict)
    #: The oldest first.
    delivered: list[Delivered] = field(default_factory=list)
    #: Delivers again; gives the status that was answered.
    redeliver: Callable[[Delivered], int] = field(default=lambda _: 0)
    is_archived: bool = False
    #: The name it had, which redirects.
    old_name: str = ""
    #: Whether this GitHub takes teams as required reviewers (Enterprise Server does not).
    takes_required_reviewers: bool = True
    _last_id: int = 1000

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.repo}"

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def add_account(self, login: str, role: Role = "none", kind: str = "User", token: str = "") -> Account:
        number = self.next_id()
        emails = {f"{login}@example.com", f"{number}+{login}@users.noreply.127.0.0.1"}
        account = self.accounts[login] = Account(number, login, kind, role, emails)
        if token:
            self.keys[token] = Key(account)
        return account

    def named(self, login: str) -> Account | None:
        """GitHub compares names without case."""
        return next((one for one in self.accounts.values() if one.login.casefold() == login.casefold()), None)

    def rename(self, login: str, to: str) -> None:
        """An account gets another name; the old one is free, and leads nowhere."""
        account = self.accounts[to] = self.accounts.pop(login)
        account.login = to
        for _, who in self.teams.values():
            if login in who:
                who.symmetric_difference_update({login, to})

    def by_email(self, email: str) -> Account | None:
        return next((account for account in self.accounts.values() if email in account.emails), None)
