"""From Gitea's answers to the port's types. What does not go together raises `SenselessError`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from hub.adapters.gitea.answers import Account, Commit, Named, Pull, SenselessError, Status, User
from hub.adapters.gitea.answers import Review as ReviewRow
from reconcilers.ports.forge import (
    Actor,
    ChangeRequest,
    Check,
    CheckState,
    Committer,
    Identity,
    RequestState,
    Review,
    ReviewState,
)

_GHOST, _ACTIONS = -1, -2
_REVIEWS: Mapping[str, ReviewState] = {
    "APPROVED": "approved",
    "REQUEST_CHANGES": "changes-requested",
    "COMMENT": "commented",
}
#: Neither is a submitted review.
_NO_REVIEWS = ("PENDING", "REQUEST_REVIEW")
#: A warning is no success: Gitea's own rule may take it for one.
_CHECKS: Mapping[str, CheckState] = {
    "success": "passed",
    "skipped": "passed",
    "pending": "pending",
    "warning": "failed",
    "failure": "failed",
    "error": "failed",
}


def actor(user: User | None, machines: Collection[str]) -> Actor:
    """The account of a user object. Null and the ghost, who stands for deleted accounts, are nobody."""
    if user is None or user.id == _GHOST:
        return Actor("")
    return Actor(user.login, user.id == _ACTIONS or user.login.casefold() in machines, str(user.id))


def identity(user: Account) -> Identity:
    """The hub's own account, a machine's. Commits of its name and e-mail are mapped to it."""
    return Identity(Actor(user.login, True, str(user.id)), user.full_name or user.login, user.email)


def request(pull: Pull, machines: Collection[str]) -> ChangeRequest:
    """One pull request. `mergeable` is True, or None: Gitea has one word for a conflict and for not knowing yet."""
    state: RequestState = "merged" if pull.merged else "open" if pull.state == "open" else "closed"
    if pull.merged and (pull.merged_at is None or pull.merge_commit_sha is None):
        raise SenselessError("merged, and it does not say when or as what")
    return ChangeRequest(
        number=pull.number,
        url=pull.html_url,
        title=pull.title,
        body=pull.body,
        branch=pull.head.label or pull.head.ref,
        head=pull.head.sha,
        base=pull.base.ref,
        author=actor(pull.user, machines),
        state=state,
        created_at=pull.created_at,
        merged_at=pull.merged_at if pull.merged else None,
        merge_commit=pull.merge_commit_sha if pull.merged else None,
        labels=frozenset(label.name for label in pull.labels),
        mergeable=_mergeable(pull) if state == "open" else None,
        is_foreign=pull.head.repo_id != pull.base.repo_id,
    )


def ended_at(pull: Pull) -> datetime:
    """When a pull request that is not open was closed or merged."""
    at = pull.closed_at or pull.merged_at
    if at is None:
        raise SenselessError("ended, and it does not say when")
    return at


def labels(found: Iterable[Named]) -> dict[str, int]:
    """The number of each label by its name. Of two of one name, the first."""
    known: dict[str, int] = {}
    for label in found:
        known.setdefault(label.name, label.id)
    return known


def asked_teams(pull: Pull) -> frozenset[str]:
    """The names, in lower case, of the teams whose review of a request is asked for."""
    return frozenset(team.name.casefold() for team in pull.requested_reviewers_teams or ())


def reviews(
    rows: Sequence[ReviewRow], machines: Collection[str], *, aimed_at: datetime | None = None
) -> tuple[Review, ...]:
    """All submitted ones, in the order given, oldest first. `aimed_at`: when the request's base was last changed.

    Gitea marks a person's earlier verdicts as dismissed when there is a new one. A request for changes is told as what
    it was then, for nobody dismissed it; an approval stays dismissed.
    """
    found: list[Review] = []
    judged: set[str] = set()
    for row in reversed([row for row in rows if row.state not in _NO_REVIEWS]):
        if row.state not in _REVIEWS or row.submitted_at is None:
            raise SenselessError("a review of a kind that is not known")
        who, state = actor(row.user, machines), _REVIEWS[row.state]
        is_superseded = state == "changes-requested" and who.login in judged
        told = "dismissed" if row.dismissed and not is_superseded else state
        is_elsewhere = aimed_at is not None and row.submitted_at <= aimed_at
        found.append(Review(who, told, row.commit_id, row.submitted_at, is_elsewhere))
        if state != "commented":
            judged.add(who.login)
    return tuple(reversed(found))


def committers(rows: Iterable[Commit], machines: Collection[str]) -> frozenset[Committer]:
    """Author and committer of each commit."""
    return frozenset(one for row in rows for one in (_by("author", row, machines), _by("committer", row, machines)))


def checks(rows: Iterable[Status]) -> tuple[Check, ...]:
    """The latest of each name and source."""
    latest: dict[tuple[str, str], Check] = {}
    for row in sorted(rows, key=lambda row: row.id):
        source = actor(row.creator, ()).login
        latest[row.context, source] = Check(row.context, _CHECKS[row.status], source)
    return tuple(latest[key] for key in sorted(latest))


def _by(role: Literal["author", "committer"], row: Commit, machines: Collection[str]) -> Committer:
    who, account = (row.commit.author, row.author) if role == "author" else (row.commit.committer, row.committer)
    return Committer(row.sha, actor(account, machines), role, who.name, who.email)


def _mergeable(pull: Pull) -> bool | None:
    if pull.draft:
        return False
    return True if pull.mergeable else None
