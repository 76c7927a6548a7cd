"""From Gitea's JSON to the port's types. What is missing or wrong raises `KeyError`, `TypeError` or `ValueError`.

Sources: `modules/structs` and `services/convert` of Gitea 1.26.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

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


def actor(user: Any, machines: Collection[str]) -> Actor:
    """The account of a user object. Null and the ghost, who stands for deleted accounts, are nobody."""
    if user is None or user["id"] == _GHOST:
        return Actor("")
    login = _text(user["login"])
    return Actor(login, user["id"] == _ACTIONS or login.casefold() in machines)


def identity(user: Mapping[str, Any]) -> Identity:
    """The hub's own account, a machine's. Commits of its name and e-mail are mapped to it."""
    login = _text(user["login"])
    return Identity(Actor(login, is_bot=True), _text(user["full_name"]) or login, _text(user["email"]))


def request(tree: Mapping[str, Any], machines: Collection[str]) -> ChangeRequest:
    """One pull request. `mergeable` is True, or None: Gitea has one word for a conflict and for not knowing yet."""
    head, base = tree["head"], tree["base"]
    state: RequestState = "merged" if tree["merged"] else "open" if tree["state"] == "open" else "closed"
    return ChangeRequest(
        number=int(tree["number"]),
        url=_text(tree["html_url"]),
        title=_text(tree["title"]),
        body=_text(tree["body"]),
        branch=head["label"] or head["ref"],
        head=_commit(head["sha"]),
        base=_text(base["ref"]),
        author=actor(tree["user"], machines),
        state=state,
        created_at=_time(tree["created_at"]),
        merged_at=_time(tree["merged_at"]) if state == "merged" else None,
        merge_commit=_commit(tree["merge_commit_sha"]) if state == "merged" else None,
        labels=frozenset(_text(label["name"]) for label in tree["labels"]),
        mergeable=_mergeable(tree) if state == "open" else None,
        is_foreign=head["repo_id"] != base["repo_id"],
    )


def ended_at(tree: Mapping[str, Any]) -> datetime:
    """When a pull request that is not open was closed or merged."""
    return _time(tree["closed_at"] or tree["merged_at"])


def changed_at(tree: Mapping[str, Any]) -> datetime:
    """When anything of a pull request changed last."""
    return _time(tree["updated_at"])


def labels(trees: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The number of each label by its name. Of two of one name, the first."""
    found: dict[str, int] = {}
    for tree in trees:
        found.setdefault(_text(tree["name"]), int(tree["id"]))
    return found


def asked_teams(tree: Mapping[str, Any]) -> frozenset[str]:
    """The names, in lower case, of the teams whose review of a request is asked for."""
    return frozenset(_text(team["name"]).casefold() for team in tree["requested_reviewers_teams"] or ())


def reviews(trees: Sequence[Mapping[str, Any]], machines: Collection[str]) -> tuple[Review, ...]:
    """All submitted ones, in the order given, oldest first.

    Gitea marks a person's earlier verdicts as dismissed when there is a new one. A request for changes is told as what
    it was then, for nobody dismissed it; an approval stays dismissed.
    """
    found: list[Review] = []
    judged: set[str] = set()
    for tree in reversed([tree for tree in trees if tree["state"] not in _NO_REVIEWS]):
        who, state = actor(tree["user"], machines), _REVIEWS[tree["state"]]
        is_superseded = state == "changes-requested" and who.login in judged
        told = "dismissed" if tree["dismissed"] and not is_superseded else state
        found.append(Review(who, told, _text(tree["commit_id"]), _time(tree["submitted_at"])))
        if state != "commented":
            judged.add(who.login)
    return tuple(reversed(found))


def committers(trees: Iterable[Mapping[str, Any]], machines: Collection[str]) -> frozenset[Committer]:
    """Author and committer of each commit."""
    return frozenset(one for tree in trees for one in (_by("author", tree, machines), _by("committer", tree, machines)))


def checks(trees: Iterable[Mapping[str, Any]]) -> tuple[Check, ...]:
    """The latest of each name and source. `id` counts the reports of a commit."""
    latest: dict[tuple[str, str], Check] = {}
    for tree in sorted(trees, key=lambda tree: int(tree["id"])):
        name, source = _text(tree["context"]), actor(tree["creator"], ()).login
        latest[name, source] = Check(name, _CHECKS[tree["status"]], source)
    return tuple(latest[key] for key in sorted(latest))


def _by(role: Literal["author", "committer"], tree: Mapping[str, Any], machines: Collection[str]) -> Committer:
    who = tree["commit"][role]
    return Committer(_commit(tree["sha"]), actor(tree[role], machines), role, _text(who["name"]), _text(who["email"]))


def _mergeable(tree: Mapping[str, Any]) -> bool | None:
    if tree["draft"]:
        return False
    return True if tree["mergeable"] is True else None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {type(value).__name__}")
    return value


def _commit(value: Any) -> str:
    text = _text(value)
    if len(text) != 40 or not set(text) <= set("0123456789abcdef"):
        raise ValueError("no commit")
    return text


def _time(value: Any) -> datetime:
    at = datetime.fromisoformat(_text(value))
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return at
