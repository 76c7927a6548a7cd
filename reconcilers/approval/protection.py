"""What a forge should enforce for a branch that environments live on, and what is enforced in words. Pure.

A forge's rule is one for a whole branch, so environments that share one must want the same. The rule of a branch that
changes by review is written for the case that everything else failed: the hub's key is stolen, or the hub is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.errors import ConfigError, Fault, Reason
from generator.model.environment import Environment
from reconcilers.ports.forge import BranchProtection


def by_branch(environments: Sequence[Environment]) -> Mapping[str, tuple[Environment, ...]]:
    """The environments of each branch, by name; branches sorted."""
    branches: dict[str, list[Environment]] = {}
    for environment in sorted(environments, key=lambda one: (one.spec.branch, one.name)):
        branches.setdefault(environment.spec.branch, []).append(environment)
    return {branch: tuple(on_it) for branch, on_it in branches.items()}


def wanted_protection(on_branch: Sequence[Environment], *, reporter: str | None = None) -> BranchProtection:
    """What the forge should enforce for the branch that all of `on_branch` live on.

    `reporter`: who the forge's own CI reports checks as, where the environments name nobody else.
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
    if len({(one.team, one.expiry_identity, one.hub_identity, one.check_identity) for one in policies}) > 1:
        names = " and ".join(one.name for one in gated)
        fault = Fault(
            f"{names} share the branch {gated[0].spec.branch}, and name different approvers or identities",
            field="approval",
            remedy="a forge's rule is one for a branch: name the same, or give each a branch of its own",
        )
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    bypass = frozenset({policy.expiry_identity} if policy.expiry_identity else ())
    checks = frozenset(check for one in policies for check in one.checks)
    source = policy.check_identity or reporter
    return BranchProtection(
        requests_only=True,
        updaters=bypass | {policy.hub_identity} if policy.hub_identity else None,
        approvals=max(one.required for one in policies),
        approver_team=policy.team,
        dismiss_stale=True,
        not_by_last_pusher=True,
        talks_resolved=True,
        checks=checks,
        check_sources=frozenset((check, source) for check in checks if source),
        up_to_date=bool(checks),
        merge_commits_only=True,
        by_code_owners=True,
        no_force_push=True,
        no_deletion=True,
        bypass=bypass,
    )


def rows(protection: BranchProtection) -> Mapping[str, str]:
    """What is enforced, in words, in the order it is shown."""
    return {
        "by requests only": _yes(protection.requests_only),
        "who alone merges": "anybody who may write"
        if protection.updaters is None
        else ", ".join(sorted(protection.updaters)) or "nobody",
        "merge commits only": _yes(protection.merge_commits_only),
        "approvals": str(protection.approvals),
        "whose approvals count": ", ".join(
            filter(None, (protection.approver_team, *sorted(dict(protection.further_teams))))
        )
        or ("code owners" if protection.by_code_owners else "anybody's"),
        "a push voids approvals": _yes(protection.dismiss_stale),
        "not by who pushed last": _yes(protection.not_by_last_pusher),
        "no conversation left open": _yes(protection.talks_resolved),
        "checks that must pass": ", ".join(_checks(protection)) or "none",
        "on all of the branch": _yes(protection.up_to_date),
        "force pushes": "refused" if protection.no_force_push else "taken",
        "deletion": "refused" if protection.no_deletion else "taken",
        "who may rewrite it": ", ".join(sorted(protection.rewriters)) or "nobody",
        "who may bypass": ", ".join(sorted(protection.bypass)) or "nobody",
    }


def _checks(protection: BranchProtection) -> list[str]:
    sources = dict(sorted(protection.check_sources))
    return [f"{name} by {sources[name]}" if name in sources else name for name in sorted(protection.checks)]


def _yes(claim: bool) -> str:
    return "yes" if claim else "no"
