"""What a forge should enforce for a branch that environments live on, and every way past what it does enforce. Pure.

A forge's rule is one for a whole branch, so environments that share one must want the same. The rule of a branch that
changes by review is written for the case that everything else failed: the hub's key is stolen, or the hub is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from generator.errors import About, ConfigError, Fault, Reason, Remedy, RemedyKind, ToDo
from generator.model.environment import Environment
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
    "forge-cannot-hold",
]
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

    severity: Literal["error", "warning"]
    rule: OpeningName
    what: str
    how: str
    to_do: ToDo


def by_branch(environments: Sequence[Environment]) -> Mapping[str, tuple[Environment, ...]]:
    """The environments of each branch, by name; branches sorted."""
    branches: dict[str, list[Environment]] = {}
    for environment in sorted(environments, key=lambda one: (one.spec.branch, one.name)):
        branches.setdefault(environment.spec.branch, []).append(environment)
    return {branch: tuple(on_it) for branch, on_it in branches.items()}


def wanted_protection(on_branch: Sequence[Environment]) -> BranchProtection:
    """What the forge should enforce for the branch that all of `on_branch` live on.

    Raises `ConfigError` (InvalidEnvironment) for a gated environment that names no approvers, and for two of one branch
    that name different ones.
    """
    gated = [one for one in on_branch if one.spec.gated]
    if not gated:
        return BranchProtection(no_force_push=True, no_deletion=True)
    policies = [one.spec.approval for one in gated if one.spec.approval is not None]
    if len(policies) < len(gated):
        lacking = next(one.name for one in gated if one.spec.approval is None)
        fault = Fault(
            f"{lacking} changes by review only, and nobody is named to review", field="approval", remedy="set its team"
        )
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    policy = policies[0]
    if len({(one.team, one.expiry_identity) for one in policies}) > 1:
        names = " and ".join(one.name for one in gated)
        fault = Fault(
            f"{names} share the branch {gated[0].spec.branch}, and name different approvers or expiry identities",
            field="approval",
            remedy="a forge's rule is one for a branch: name the same, or give each a branch of its own",
        )
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    return BranchProtection(
        requests_only=True,
        approvals=max(one.required for one in policies),
        approver_team=policy.team,
        dismiss_stale=True,
        not_by_last_pusher=True,
        checks=frozenset(check for one in policies for check in one.checks),
        no_force_push=True,
        no_deletion=True,
        bypass=frozenset({policy.expiry_identity} if policy.expiry_identity else ()),
    )


def compare(wanted: BranchProtection, found: BranchProtection) -> tuple[Opening, ...]:
    """Every way that is open in `found` and not in `wanted`, the errors first; none: it is as wanted, or stricter."""
    openings = [*_of_history(wanted, found), *_of_bypass(wanted, found)]
    if wanted.requests_only:
        openings += [*_of_reviews(wanted, found), *_of_checks(wanted, found)]
        openings += [
            Opening("warning", "forge-cannot-hold", note, "the forge does not do it, whatever it is told", _WATCH)
            for note in found.not_expressed
        ]
    return tuple(sorted(openings, key=lambda one: (_SEVERITIES.index(one.severity), one.rule, one.what)))


_WATCH = "know of it; the hub itself is stricter, so let nobody but the hub merge"


def _of_history(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    severity: Literal["error", "warning"] = "error" if wanted.requests_only else "warning"
    if wanted.no_force_push and not found.no_force_push:
        what = "the branch can be moved back or rewritten"
        how = "a force push brings an older state: it removes previews, and brings removed ones back"
        yield Opening(severity, "force-push-allowed", what, how, APPLY)
    if wanted.no_deletion and not found.no_deletion:
        what = "the branch can be deleted"
        how = "it is deleted and pushed anew, with any content, by whoever may write"
        yield Opening(severity, "deletion-allowed", what, how, APPLY)


def _of_reviews(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    if not found.requests_only:
        how = "whoever may write, the hub with its own key or somebody with a stolen one, pushes a commit to it"
        yield Opening("error", "push-allowed", "the branch takes pushes without a request", how, APPLY)
    if found.approvals < wanted.approvals:
        what = f"the forge asks for {found.approvals} of {wanted.approvals} approvals"
        how = "whoever may write opens a request and merges it" + (", with fewer reviews" if found.approvals else "")
        yield Opening("error", "approvals-missing", what, how, APPLY)
    elif not _same(found.approver_team, wanted.approver_team):
        yield _of_team(wanted, found)
    if wanted.dismiss_stale and not found.dismiss_stale:
        how = "a request is approved, then something else is pushed to its branch and merged"
        yield Opening("error", "stale-approvals-count", "a push does not void approvals", how, APPLY)
    if wanted.not_by_last_pusher and not found.not_by_last_pusher:
        what = "who pushed last to a request may approve it"
        how = "one approver pushes to somebody else's request, and approves that alone"
        yield Opening("warning", "last-pusher-approves", what, how, Remedy(RemedyKind.PROTECT_OR_KNOW))


def _of_team(wanted: BranchProtection, found: BranchProtection) -> Opening:
    if found.approver_team is None and found.by_code_owners:
        what = f"CODEOWNERS on the branch says whose approvals count, not a rule for {wanted.approver_team}"
        how = "an approved change of CODEOWNERS lets others approve from then on"
        return Opening("warning", "code-owners-approve", what, how, Remedy(RemedyKind.KEEP_CODE_OWNERS))
    counts = found.approver_team or "anybody who may write"
    how = f"an approval of {counts}, a machine's too, is enough, without one of {wanted.approver_team}"
    return Opening("error", "anyone-approves", f"approvals of {counts} count", how, APPLY)


def _of_checks(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    for check in sorted(wanted.checks - found.checks):
        what = f"the check {check!r} need not pass"
        how = "manifests that were edited by hand are merged below an entry that reads well to its reviewers"
        yield Opening("error", "check-not-required", what, how, APPLY)


def _of_bypass(wanted: BranchProtection, found: BranchProtection) -> Iterator[Opening]:
    if not wanted.requests_only:
        return
    expected = {name.casefold() for name in wanted.bypass}
    for name in sorted(found.bypass):
        if name.casefold() in expected:
            continue
        who = _ROLES.get(name, name)
        how = f"{who}, or whoever has that key, pushes or merges without a review"
        to_do = Remedy(RemedyKind.PROTECT_WITHOUT, About(name=name))
        yield Opening("error", "unexpected-bypass", f"no rule holds for {who}", how, to_do)
    if not wanted.bypass:
        how = "leases of previews neither begin nor end by themselves, or somebody else is let past the review for it"
        name_it = "set approval.expiryIdentity in the environment's file, such as app:12345 or user:expiry-bot"
        yield Opening("warning", "expiry-identity-unnamed", "no identity is named that ends leases", how, name_it)
    for name in sorted(wanted.bypass):
        if found.requests_only and name.casefold() not in {one.casefold() for one in found.bypass}:
            how = "its push is refused, so leases neither begin nor end"
            yield Opening("warning", "expiry-not-let-past", f"{name}, which ends leases, may not push", how, APPLY)


def rows(protection: BranchProtection) -> Mapping[str, str]:
    """What is enforced, in words, in the order it is shown."""
    return {
        "by requests only": _yes(protection.requests_only),
        "approvals": str(protection.approvals),
        "whose approvals count": protection.approver_team
        or ("code owners" if protection.by_code_owners else "anybody's"),
        "a push voids approvals": _yes(protection.dismiss_stale),
        "not by who pushed last": _yes(protection.not_by_last_pusher),
        "checks that must pass": ", ".join(sorted(protection.checks)) or "none",
        "force pushes": "refused" if protection.no_force_push else "taken",
        "deletion": "refused" if protection.no_deletion else "taken",
        "who may bypass": ", ".join(sorted(protection.bypass)) or "nobody",
    }


def _yes(claim: bool) -> str:
    return "yes" if claim else "no"


def _same(one: str | None, other: str | None) -> bool:
    return (one or "").casefold() == (other or "").casefold()
