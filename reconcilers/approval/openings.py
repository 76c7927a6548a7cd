"""Every way past what a forge enforces for a branch: what is open against what should be, how, what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from generator.errors import About, Remedy, RemedyKind, ToDo
from reconcilers.ports.forge import BranchProtection

OpeningName = Literal[
    "push-allowed",
    "approvals-missing",
    "anyone-approves",
    "code-owners-approve",
    "stale-approvals-count",
    "last-pusher-approves",
    "check-not-required",
    "force-push-allowed",
    "deletion-allowed",
    "unexpected-bypass",
    "expiry-not-let-past",
    "expiry-identity-unnamed",
    "hub-identity-unnamed",
    "anyone-merges",
    "hub-not-let-merge",
    "approvers-unclear",
    "conversations-left-open",
    "anyone-reports-check",
    "branch-reports-check",
    "outdated-request-merged",
    "squash-or-rebase",
    "history-rewriter",
    "rules-editable",
    "editors-untold",
    "forge-cannot-hold",
]
Severity = Literal["error", "warning"]
APPLY = Remedy(RemedyKind.PROTECT)
_SEVERITIES = ("error", "warning")
_ROLES = {
    "role:admin": "administrators of the repository",
    "role:organization-admin": "owners of the organisation",
    "role:deploy-key": "deploy keys with write access",
}


@dataclass(frozen=True, slots=True)
class Opening:
    """One way past the review of a branch, or past its history: what is open, how it could happen, what to do.

    `error`: an unreviewed change could reach a gated branch. `warning`: all else that a person should look at.
    """

    severity: Severity
    rule: OpeningName
    what: str
    how: str
    to_do: ToDo


def compare(wanted: BranchProtection, found: BranchProtection) -> tuple[Opening, ...]:
    """Every way that is open in `found` and not in `wanted`, the errors first; none: it is as wanted, or stricter."""
    openings = [*_of_history(wanted, found), *_of_bypass(wanted, found)]
    if wanted.requests_only:
        openings += [*_of_merges(wanted, found), *_of_reviews(wanted, found), *_of_checks(wanted, found)]
        openings += _of_rules(found)
        openings += [
            Opening("warning", "forge-cannot-hold", note, "the forge does not do it, whatever it is told", _WATCH)
            for note in found.not_expressed
        ]
    return tuple(sorted(openings, key=lambda one: (_SEVERITIES.index(one.severity), one.rule, one.what)))


_NAME_HUB = "set approval.hubIdentity in the environment's file, such as app:12345 or user:rtb-hub; then apply it"
_WATCH = "know of it; the hub itself is stricter, so let only the hub merge"


def after_applying(openings: tuple[Opening, ...]) -> tuple[Opening, ...]:
    """`openings` where the rules were applied: what applying was to close, the forge does not hold."""
    kinds = (RemedyKind.PROTECT, RemedyKind.PROTECT_OR_KNOW)
    return tuple(
        replace(one, to_do=Remedy(RemedyKind.CHANGE_FORGE))
        if isinstance(one.to_do, Remedy) and one.to_do.kind in kinds
        else one
        for one in openings
    )


def _of_history(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    severity: Severity = "error" if wanted.requests_only else "warning"
    if wanted.no_force_push and not found.no_force_push:
        what = "the branch can be moved back or rewritten"
        how = "a force push brings an older state: it removes previews, and brings removed ones back"
        yield Opening(severity, "force-push-allowed", what, how, APPLY)
    if wanted.no_deletion and not found.no_deletion:
        what = "the branch can be deleted"
        how = "it is deleted and pushed anew, with any content, by whoever may write"
        yield Opening(severity, "deletion-allowed", what, how, APPLY)
    for name in _unexpected(found.rewriters, wanted.rewriters):
        what = f"{_ROLES.get(name, name)} may move the branch back or delete it"
        how = "whoever has that key brings an older state, or any content, past all that is reviewed"
        yield Opening(severity, "history-rewriter", what, how, Remedy(RemedyKind.PROTECT_WITHOUT, About(name=name)))


def _of_merges(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    """Who presses merge: of what its requester approved, of a request from a fork, or once aimed elsewhere."""
    how = (
        "an approver asks for a preview through the hub, which opens the request: the forge takes the approver's own"
        " approval, and a merge by hand; so with a request from a fork, or one approved before it was aimed here"
    )
    if found.updaters is None and found.requests_only:
        what = "whoever may write may merge a request"
        if wanted.updaters is None:
            yield Opening("error", "hub-identity-unnamed", what, how, _NAME_HUB)
        else:
            yield Opening("error", "anyone-merges", what, how, APPLY)
    elif wanted.updaters is None:
        yield Opening("warning", "hub-identity-unnamed", "nobody is named who alone may merge", how, _NAME_HUB)
    expected = wanted.updaters if wanted.updaters is not None else found.updaters or frozenset()
    for name in _unexpected(found.updaters or frozenset(), expected):
        to_do = Remedy(RemedyKind.PROTECT_WITHOUT, About(name=name))
        yield Opening("error", "anyone-merges", f"{_ROLES.get(name, name)} may merge a request", how, to_do)
    if found.updaters is not None:
        for name in _unexpected(expected - wanted.bypass, found.updaters):
            what = f"{name}, which merges what was approved, may not"
            yield Opening("warning", "hub-not-let-merge", what, "no request is merged by itself", APPLY)
    if wanted.merge_commits_only and not found.merge_commits_only:
        what = "requests may be squashed or rebased"
        how = "the commits that were reviewed are not those that the branch gets, and nobody sees who wrote them"
        severity: Severity = "warning" if _only(wanted, found) else "error"
        yield Opening(severity, "squash-or-rebase", what, how, Remedy(RemedyKind.PROTECT_OR_KNOW))


def _only(wanted: BranchProtection, found: BranchProtection) -> bool:
    """Whether nobody merges but who is wanted to: the hub, which looks at everything once more."""
    if found.updaters is None or wanted.updaters is None:
        return False
    return not _unexpected(found.updaters, wanted.updaters)


def _unexpected(found: frozenset[str], expected: frozenset[str]) -> list[str]:
    known = {name.casefold() for name in expected}
    return sorted(name for name in found if name.casefold() not in known)


def _of_reviews(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    if not found.requests_only:
        how = "whoever may write, the hub with its own key or somebody with a stolen one, pushes a commit to it"
        yield Opening("error", "push-allowed", "the branch takes pushes without a request", how, APPLY)
    approvals = _of_wanted_team(wanted, found)
    if approvals < wanted.approvals:
        what = f"the forge asks for {approvals} of {wanted.approvals} approvals"
        how = "whoever may write opens a request and merges it" + (", with fewer reviews" if approvals else "")
        yield Opening("error", "approvals-missing", what, how, APPLY)
    elif not any(_same(team, wanted.approver_team) for team in (found.approver_team, *dict(found.further_teams))):
        yield _of_team(wanted, found)
    if wanted.dismiss_stale and not found.dismiss_stale:
        how = "a request is approved, then something else is pushed to its branch and merged"
        yield Opening("error", "stale-approvals-count", "a push does not void approvals", how, APPLY)
    if wanted.not_by_last_pusher and not found.not_by_last_pusher:
        what = "who pushed last to a request may approve it"
        how = "one approver pushes to somebody else's request, and approves that alone"
        yield Opening("warning", "last-pusher-approves", what, how, Remedy(RemedyKind.PROTECT_OR_KNOW))


def _of_wanted_team(wanted: BranchProtection, found: BranchProtection) -> int:
    """How many approvals are asked for of the team that is wanted, where it is one of several that must approve."""
    for team, count in found.further_teams:
        if _same(team, wanted.approver_team):
            return count
    return found.approvals


def _of_team(wanted: BranchProtection, found: BranchProtection) -> Opening:
    if any(_same(team, wanted.approver_team) for team in found.unclear_teams):
        what = f"whether {wanted.approver_team} must approve every file cannot be told"
        how = "the rule's file patterns are one thing by fnmatch and another by gitignore: a change may pass unread"
        return Opening("error", "approvers-unclear", what, how, APPLY)
    if found.approver_team is None and found.by_code_owners:
        what = f"CODEOWNERS on the branch says whose approvals count, not a rule for {wanted.approver_team}"
        how = "an approved change of CODEOWNERS lets others approve from then on"
        return Opening("warning", "code-owners-approve", what, how, Remedy(RemedyKind.KEEP_CODE_OWNERS))
    counts = found.approver_team or "anybody who may write"
    how = f"an approval of {counts}, a machine's too, is enough, without one of {wanted.approver_team}"
    return Opening("error", "anyone-approves", f"approvals of {counts} count", how, APPLY)


def _of_checks(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    alone = _only(wanted, found)
    severity: Severity = "warning" if alone else "error"
    sources, held = dict(wanted.check_sources), set(found.check_sources)
    for check in sorted(wanted.checks):
        if check not in found.checks:
            what = f"the check {check!r} need not pass"
            how = "manifests that were edited by hand are merged below an entry that reads well to its reviewers"
            yield Opening("error", "check-not-required", what, how, APPLY)
            continue
        others = sorted(source for name, source in held if name == check and source != sources.get(check))
        if check in sources and (check, sources[check]) not in held:
            by = ", ".join(others) or "anybody who may write"
            what, how = f"{by} may report the check {check!r}", "it is reported as passed, and never ran"
            yield Opening("error", "anyone-reports-check", what, how, APPLY)
        elif check not in sources and not others:
            what = f"anybody who may write may report the check {check!r}"
            how = "it is reported as passed, and never ran"
            yield Opening(severity, "anyone-reports-check", what, how, _NAME_REPORTER)
        else:
            what = f"a workflow on a request's own branch may report the check {check!r}"
            how = "a job of that name in another workflow passes as the same reporter does"
            yield Opening(severity, "branch-reports-check", what, how, _WATCH)
    if wanted.up_to_date and found.checks and not found.up_to_date:
        what = "a request need not hold all of the branch"
        how = "checks passed on what is not what a merge gives, such as room that another preview took meanwhile"
        yield Opening(severity, "outdated-request-merged", what, how, Remedy(RemedyKind.PROTECT_OR_KNOW))
    if wanted.talks_resolved and not found.talks_resolved:
        what, how = "a request may be merged with conversations left open", "what a reviewer asked is left unanswered"
        yield Opening("warning", "conversations-left-open", what, how, Remedy(RemedyKind.PROTECT_OR_KNOW))


_NAME_REPORTER = "set approval.checkIdentity in the environment's file to who runs it, such as app:15368; then apply it"


def _of_rules(found: BranchProtection) -> Iterator[Opening]:
    """Who may change the rules is past them all; somebody has to be able to."""
    if found.editors is None:
        what = "the forge does not tell who may change these rules"
        how = "whoever may takes them away, merges, and puts them back"
        yield Opening("warning", "editors-untold", what, how, "look at who administers the repository and its owner")
    elif found.editors:
        named = ", ".join(sorted(found.editors))
        what, how = f"{named} may change these rules", "they take them away, merge, and put them back"
        yield Opening("warning", "rules-editable", what, how, _FEW)


_FEW = "keep them few, none of them an approver or a machine, and have the forge's audit log read"


def _of_bypass(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    if not wanted.requests_only:
        return
    for name in _unexpected(found.bypass, wanted.bypass):
        who = _ROLES.get(name, name)
        how = f"{who}, or whoever has that key, pushes or merges without a review"
        to_do = Remedy(RemedyKind.PROTECT_WITHOUT, About(name=name))
        yield Opening("error", "unexpected-bypass", f"no rule holds for {who}", how, to_do)
    if not wanted.bypass:
        how = "leases of previews neither begin nor end by themselves, or somebody else is let past the review for it"
        name_it = "set approval.expiryIdentity in the environment's file, such as app:12345 or user:expiry-bot"
        yield Opening("warning", "expiry-identity-unnamed", "no identity is named that ends leases", how, name_it)
    for name in sorted(wanted.bypass):
        if found.requests_only and _unexpected(frozenset({name}), found.bypass & (found.updaters or found.bypass)):
            how = "its push is refused, so leases neither begin nor end"
            yield Opening("warning", "expiry-not-let-past", f"{name}, which ends leases, may not push", how, APPLY)


def _same(one: str | None, other: str | None) -> bool:
    return (one or "").casefold() == (other or "").casefold()
