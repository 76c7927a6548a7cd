"""The rules that we write on GitHub, as its API takes them (GitHub Docs, REST "Rules"). Pure."""

from __future__ import annotations

from reconcilers.ports.forge import BranchProtection

#: GitHub's descriptions call these patterns fnmatch's and gitignore's; by both they are every file together.
EVERY_FILE = ("*", "**/*")


def history_rules(wanted: BranchProtection) -> list[dict[str, object]]:
    """What keeps a branch from being moved back or deleted."""
    kinds = (("deletion", wanted.no_deletion), ("non_fast_forward", wanted.no_force_push))
    return [{"type": kind} for kind, is_wanted in kinds if is_wanted]


def update_rules() -> list[dict[str, object]]:
    """That nobody moves the branch, by a merge neither, but who may bypass the ruleset."""
    return [{"type": "update"}]


def review_rules(wanted: BranchProtection, team: int | None, *, by_code_owner: bool = False) -> list[dict[str, object]]:
    """Pull requests and checks. `team`: the id of the one that must approve. `by_code_owner`: whatever is wanted."""
    rules: list[dict[str, object]] = []
    if wanted.requests_only or wanted.approvals:
        parameters = _requests(wanted, team, by_code_owner=by_code_owner or wanted.by_code_owners)
        rules.append({"type": "pull_request", "parameters": parameters})
    if wanted.checks:
        rules.append({"type": "required_status_checks", "parameters": _checks(wanted)})
    return rules


def _requests(wanted: BranchProtection, team: int | None, *, by_code_owner: bool) -> dict[str, object]:
    reviewer = {
        "file_patterns": list(EVERY_FILE),
        "minimum_approvals": wanted.approvals,
        "reviewer": {"id": team, "type": "Team"},
    }
    return {
        **({"allowed_merge_methods": ["merge"]} if wanted.merge_commits_only else {}),
        "dismiss_stale_reviews_on_push": wanted.dismiss_stale,
        "require_code_owner_review": by_code_owner,
        "require_last_push_approval": wanted.not_by_last_pusher,
        "required_approving_review_count": wanted.approvals,
        "required_review_thread_resolution": wanted.talks_resolved,
        **({"required_reviewers": [reviewer]} if team is not None else {}),
    }


def _checks(wanted: BranchProtection) -> dict[str, object]:
    sources = {name: int(source.removeprefix("app:")) for name, source in sorted(wanted.check_sources)}
    bound = [
        {"context": name, **({"integration_id": sources[name]} if name in sources else {})}
        for name in sorted(wanted.checks)
    ]
    return {"strict_required_status_checks_policy": wanted.up_to_date, "required_status_checks": bound}
