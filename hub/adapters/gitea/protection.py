"""Gitea's branch protection in the port's words, and back.

Gitea applies to a branch the first rule that matches it and no other: the rule whose name is the branch's is the
hub's, and what is read is what the branch itself says is effective.
"""

from __future__ import annotations

from typing import Any

from hub.adapters.gitea.answers import Rule
from reconcilers.ports.forge import BranchProtection

ADMINISTRATORS = "role:admin"
DEPLOY_KEYS = "role:deploy-key"
LAST_PUSHER = "Gitea does not keep the last pusher from approving; the hub does not count a committer's approval"
_NO_STANDING = "a standing request for changes does not stop a merge"
_UNPROTECTED = "some files may be pushed without a review: {}"
_APPROVERS = "approvals of others than one team count too: {}"
_NOBODY = "approvals count from an empty list only: no approval can count"
_SOURCES = "a rule names checks, not who may report them; the hub reads who reported each"
_METHODS = "a rule does not say how requests are merged: allow merge commits only, in the repository's settings"
_OUTDATED = "the hub does not have requests brought up to date there: it judges what merging gives"
_INCOMPLETE = "Gitea cannot exempt {} from it"


def protection_of(rule: Rule, owner: str) -> BranchProtection:
    """What a rule holds, never more. `owner` is the organisation whose teams it names."""
    pushers = _listed(rule.push_whitelist_usernames, rule.push_whitelist_teams, owner)
    if rule.push_whitelist_deploy_keys:
        pushers |= {DEPLOY_KEYS}
    is_open = rule.enable_push and not rule.enable_push_whitelist
    loose = rule.unprotected_file_patterns.strip()
    approvers = _listed(rule.approvals_whitelist_username, rule.approvals_whitelist_teams, owner)
    team, notes = _approver_team(rule, approvers)
    if loose:
        notes.append(_UNPROTECTED.format(loose))
    if not rule.block_on_rejected_reviews:
        notes.append(_NO_STANDING)
    return BranchProtection(
        requests_only=not is_open and not loose,
        updaters=_updaters(rule, pushers, owner),
        up_to_date=rule.block_on_outdated_branch,
        approvals=rule.required_approvals,
        approver_team=team,
        dismiss_stale=rule.dismiss_stale_approvals or rule.ignore_stale_approvals,
        not_by_last_pusher=False,
        checks=frozenset(rule.status_check_contexts or ()) if rule.enable_status_check else frozenset(),
        no_force_push=not (rule.enable_push and rule.enable_force_push),
        no_deletion=True,  # of a protected branch, whatever else the rule says
        bypass=frozenset(
            (pushers if rule.enable_push and rule.enable_push_whitelist else set())
            | (set() if rule.block_admin_merge_override else {ADMINISTRATORS})
        ),
        not_expressed=(LAST_PUSHER, _SOURCES, _METHODS, _OUTDATED, *notes),
    )


def rule_of(wanted: BranchProtection, owner: str) -> dict[str, Any]:
    """The fields of a rule that holds `wanted`, or more where Gitea knows no less.

    Raises `ValueError`, saying which, for a team that is not one of `owner`.
    """
    users = sorted(name.removeprefix("user:") for name in wanted.bypass if name.startswith("user:"))
    teams = sorted(_name(name.removeprefix("team:"), owner) for name in wanted.bypass if name.startswith("team:"))
    keys = DEPLOY_KEYS in wanted.bypass
    has_pushers = bool(users or teams or keys)
    mergers = None
    if wanted.updaters is not None:
        alone = wanted.updaters - wanted.bypass
        mergers = sorted(name.removeprefix("user:") for name in alone if name.startswith("user:"))
    return {
        "enable_push": has_pushers or not wanted.requests_only,
        "enable_push_whitelist": wanted.requests_only,
        "push_whitelist_usernames": users,
        "push_whitelist_teams": teams,
        "push_whitelist_deploy_keys": keys,
        "enable_force_push": not wanted.no_force_push,
        "enable_force_push_allowlist": False,
        "enable_status_check": bool(wanted.checks),
        "status_check_contexts": sorted(wanted.checks),
        "required_approvals": wanted.approvals,
        "enable_approvals_whitelist": wanted.approver_team is not None,
        "approvals_whitelist_username": [],
        "approvals_whitelist_teams": [_name(wanted.approver_team, owner)] if wanted.approver_team else [],
        "enable_merge_whitelist": mergers is not None,
        "merge_whitelist_usernames": mergers or [],
        "merge_whitelist_teams": [],
        "block_on_outdated_branch": False,
        "block_on_rejected_reviews": True,
        "dismiss_stale_approvals": wanted.dismiss_stale,
        "ignore_stale_approvals": wanted.dismiss_stale,
        "unprotected_file_patterns": "",
        "block_admin_merge_override": ADMINISTRATORS not in wanted.bypass,
    }


def _updaters(rule: Rule, pushers: set[str], owner: str) -> frozenset[str] | None:
    """Who may merge, and who may push besides; None: whoever may write merges."""
    if not rule.enable_merge_whitelist:
        return None
    mergers = _listed(rule.merge_whitelist_usernames, rule.merge_whitelist_teams, owner)
    return frozenset(mergers | (pushers if rule.enable_push else set()))


def left_out(wanted: BranchProtection) -> tuple[str, ...]:
    """Sentences on the identities of `wanted.bypass` that no rule of Gitea can name: it holds for them too."""
    known = ("user:", "team:")
    past = wanted.bypass | (wanted.updaters or frozenset())
    names = sorted(n for n in past if not n.startswith(known) and n not in (ADMINISTRATORS, DEPLOY_KEYS))
    return tuple(_INCOMPLETE.format(name) for name in names)


def _approver_team(rule: Rule, approvers: set[str]) -> tuple[str | None, list[str]]:
    if not rule.enable_approvals_whitelist:
        return None, []
    if not approvers:
        return None, [_NOBODY]
    if len(approvers) == 1 and (only := min(approvers)).startswith("team:"):
        return only.removeprefix("team:"), []
    return None, [_APPROVERS.format(", ".join(sorted(approvers)))]


def _listed(users: tuple[str, ...] | None, teams: tuple[str, ...] | None, owner: str) -> set[str]:
    return {f"user:{name}" for name in users or ()} | {f"team:{owner}/{name}" for name in teams or ()}


def _name(team: str, owner: str) -> str:
    """The bare name of a team of `owner`."""
    organisation, _, name = team.rpartition("/")
    if organisation.casefold() != owner.casefold() or not name:
        raise ValueError(f"{team} is no team of {owner}")
    return name
