"""Approval: whether a request to change a gated environment is merged, waits (for what, in words) or is closed.

Pure: everything is read before, and what could not be read is a reason to wait, never to merge. The forge's own rules
say the same (`reconcilers.approval.protection`), so that neither alone can be talked round. What counts as an approval:

* by a present member of the approver team, a person, and not whoever asked, opened the request or wrote a commit of it;
* given on the commit that the request is at now, and not taken back or dismissed since: each person's latest counts;
* as long as nobody's request for changes stands, whoever that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from generator.errors import Fault
from generator.model.lifecycle import Approval
from generator.values.quantities import duration
from reconcilers.ports.forge import Actor, ChangeRequest, Check, Committer, Review, same_account, same_login

Kind = Literal["merge", "wait", "close"]
#: What a request waits for, one word each, for machines.
Need = Literal["unread", "foreign", "content", "conflict", "approvals", "changes-requested", "unknown-author", "checks"]


@dataclass(frozen=True, slots=True)
class Observed:
    """One open request as it was read.

    `requesters` are the logins of all who asked for what is in it, and `requester_ids` the ids of their accounts where
    the forge has some; `unknown_requesters` has a sentence for each who is no account there. `machines` are logins that
    the environment says are no people's, whatever the adapter was told. `members` are
    those of the approver team. `content` says what is wrong with what it would change, by our own examination, and
    `obsolete` why it can never be merged as it is. `unread` says what could not be read; then the others may be empty.
    `faults` are mistakes of rtb-hub itself.
    """

    request: ChangeRequest
    requesters: frozenset[str] = frozenset()
    requester_ids: frozenset[str] = frozenset()
    unknown_requesters: tuple[str, ...] = ()
    machines: frozenset[str] = frozenset()
    reviews: tuple[Review, ...] = ()
    committers: frozenset[Committer] = frozenset()
    members: frozenset[str] = frozenset()
    checks: tuple[Check, ...] = ()
    content: tuple[str, ...] = ()
    obsolete: str = ""
    unread: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing a request waits for."""

    need: Need
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a request. `approved_by` are those whose approval counts, sorted; `why` says it in a sentence.

    `waits` is empty exactly when it is merged. A request that is closed keeps what it waited for in vain. `not_counted`
    explains each approval that does not count.
    """

    kind: Kind
    why: str
    approved_by: tuple[str, ...] = ()
    waits: tuple[Wait, ...] = ()
    not_counted: tuple[str, ...] = ()


def judge(observed: Observed, policy: Approval, *, now: datetime) -> Verdict:
    """The verdict on one open request at `now` (aware)."""
    latest = latest_reviews(observed.reviews)
    reasons = {review: _why_not(review, observed, policy) for review in latest if review.state == "approved"}
    approved_by = tuple(sorted(review.author.login for review, reason in reasons.items() if not reason))
    waits = tuple(_waits(observed, policy, latest, approved_by))
    not_counted = tuple(f"{_name(review.author)} {reason}" for review, reason in reasons.items() if reason)
    if observed.obsolete and not observed.unread:
        waits = (Wait("content", observed.obsolete), *waits)
        return Verdict("close", observed.obsolete, approved_by, waits, not_counted)
    if now >= deadline_of(observed.request, policy) and not observed.unread:
        why = f"not merged within {policy.deadline}; {waits[0].words if waits else 'it may be asked for again'}"
        return Verdict("close", why, approved_by, waits, not_counted)
    if waits:
        return Verdict("wait", "; ".join(wait.words for wait in waits), approved_by, waits, not_counted)
    return Verdict("merge", f"approved by {', '.join(approved_by)}", approved_by, not_counted=not_counted)


def deadline_of(request: ChangeRequest, policy: Approval) -> datetime:
    """When a request is closed that was not merged by then."""
    return request.created_at + duration(policy.deadline)


def latest_reviews(reviews: Iterable[Review]) -> tuple[Review, ...]:
    """Each person's latest review that says yes or no; comments change nothing. Of unknown people each stands alone."""
    latest: dict[object, Review] = {}
    for number, review in enumerate(sorted(reviews, key=lambda review: review.at)):
        if review.state != "commented":
            latest[review.author.id or review.author.login.casefold() or number] = review
    return tuple(sorted(latest.values(), key=lambda review: (review.at, review.author.login)))


def _why_not(review: Review, observed: Observed, policy: Approval) -> str:
    """Why an approval does not count, after the person's name; empty when it does."""
    login = review.author.login
    if not review.author.is_known:
        return "approved, but the account is gone"
    if review.author.is_bot:
        return "is a bot"
    if any(same_login(login, machine) for machine in observed.machines):
        return "is a machine"
    asked = any(same_login(login, requester) for requester in observed.requesters)
    if asked or review.author.id in observed.requester_ids:
        return "asked for it"
    if same_account(review.author, observed.request.author):
        return "opened the request"
    if any(same_account(review.author, committer.actor) for committer in observed.committers):
        return "wrote a commit of it"
    if not any(same_login(login, member) for member in observed.members):
        return f"is not in {policy.team}"
    if review.commit != observed.request.head:
        return "approved an older commit"
    if review.is_elsewhere:
        return f"approved before it was aimed at {observed.request.base}"
    return ""


def _waits(
    observed: Observed, policy: Approval, latest: tuple[Review, ...], approved_by: tuple[str, ...]
) -> Iterator[Wait]:
    request = observed.request
    for words in observed.unread:
        yield Wait("unread", words)
    if request.is_foreign:
        yield Wait("foreign", "it comes from another repository: the hub only merges branches of its own")
    for words in observed.content:
        yield Wait("content", words)
    yield from _unknown(observed)
    for review in latest:
        if review.state == "changes-requested":
            yield Wait("changes-requested", f"{_name(review.author)} requested changes")
    if (missing := policy.required - len(approved_by)) > 0 and not observed.unread:
        yield Wait("approvals", f"{missing} more {'approval' if missing == 1 else 'approvals'} of {policy.team}")
    if not observed.unread:
        yield from _checks(observed.checks, policy)
    if request.mergeable is not True:
        words = "the forge has not said yet whether it can be merged"
        conflict = f"it conflicts with {request.base}, or is a draft: ask for it anew"
        yield Wait("conflict", words if request.mergeable is None else conflict)


def _unknown(observed: Observed) -> Iterator[Wait]:
    for words in observed.unknown_requesters:
        yield Wait("unknown-author", words)
    for unknown in sorted({f"{c.commit[:12]} by {c.name}" for c in observed.committers if not c.actor.is_known}):
        yield Wait("unknown-author", f"nobody can tell whether an approver wrote {unknown}: it maps to no account")


def _checks(checks: tuple[Check, ...], policy: Approval) -> Iterator[Wait]:
    reported = {check.name for check in checks}
    for name in policy.checks:
        if name not in reported:
            yield Wait("checks", f"check {name} has not reported")
    for check in checks:
        if check.state != "passed":
            yield Wait("checks", f"check {check.name} {'failed' if check.state == 'failed' else 'is still running'}")


def _name(actor: Actor) -> str:
    return actor.login or "somebody whose account is gone"
