"""Rulesets as GitHub enforces them, on merges and on pushes (GitHub Docs, "Available rules for rulesets")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from worlds.github_server.git import Repository
from worlds.github_server.state import Account, App, Key, Pull, Ruleset, State


def bypasses(ruleset: Ruleset, key: Key, state: State, *, pushes: bool = False) -> bool:
    """Whether a key is past a ruleset. `pushes`: by a push, which the mode pull_request does not let."""
    for actor in ruleset.bypass:
        kind, number = actor["actor_type"], actor.get("actor_id")
        if pushes and actor.get("bypass_mode") == "pull_request":
            continue
        if kind == "Integration" and key.app and key.app.id == number:
            return True
        if key.app:
            continue
        if kind == "User" and key.account.id == number:
            return True
        if kind == "RepositoryRole" and key.account.role == {4: "write", 5: "admin"}.get(number):
            return True
        if kind == "Team" and any(i == number and key.account.login in who for i, who in state.teams.values()):
            return True
    return False


def rules_for(
    state: State, branch: str, key: Key | None = None, *, pushes: bool = False
) -> list[tuple[Ruleset, dict[str, Any]]]:
    """The active rules of a branch, but for those that `key` may bypass."""
    return [
        (ruleset, rule)
        for ruleset in state.rulesets.values()
        if ruleset.holds_for(branch) and not (key and bypasses(ruleset, key, state, pushes=pushes))
        for rule in ruleset.rules
    ]


def latest(pull: Pull) -> dict[str, str]:
    """Each person's standing verdict, by login."""
    found: dict[str, str] = {}
    for review in pull.reviews:
        if review.user is not None and review.state != "COMMENTED":
            found[review.user.login] = review.state
    return {login: verdict for login, verdict in found.items() if verdict != "DISMISSED"}


def approvers(state: State, pull: Pull) -> set[str]:
    """Whose approvals count: who may write, and did not ask."""
    return {login for login, verdict in latest(pull).items() if verdict == "APPROVED" and _may_write(state, login)} - {
        pull.user.login
    }


def objections(state: State, git: Repository, pull: Pull, key: Key, method: str) -> Iterator[str]:
    """What forbids this merge, in GitHub's manner."""
    for _, rule in rules_for(state, pull.base, key):
        parameters = rule.get("parameters", {})
        if rule["type"] == "pull_request":
            yield from _of_reviews(state, git, pull, parameters)
            if method not in parameters.get("allowed_merge_methods", [method]):
                yield f"Merge method {method} is not allowed"
        if rule["type"] == "update":
            yield "Cannot update this protected ref."
        if rule["type"] == "required_status_checks":
            if parameters["strict_required_status_checks_policy"] and is_behind(state, git, pull, key):
                yield "Required status checks are strict: the head branch is not up to date with the base branch."
            for check in parameters["required_status_checks"]:
                if not passed(state, pull.seen, check["context"], check.get("integration_id")):
                    yield f'Required status check "{check["context"]}" is expected.'


def _of_reviews(state: State, git: Repository, pull: Pull, parameters: dict[str, Any]) -> Iterator[str]:
    approved = approvers(state, pull)
    needed = parameters["required_approving_review_count"]
    if len(approved) < needed:
        yield f"At least {needed} approving review is required by reviewers with write access."
    if needed and any(v == "CHANGES_REQUESTED" and _may_write(state, n) for n, v in latest(pull).items()):
        yield "Changes were requested."
    if parameters["require_last_push_approval"] and not approved - {pull.pushed_by}:
        yield "New changes require approval from someone other than the last pusher."
    for one in parameters.get("required_reviewers", ()):
        members = next(who for number, who in state.teams.values() if number == one["reviewer"]["id"])
        if len(approved & members) < one["minimum_approvals"]:
            yield "Waiting on a review of a required team."
    if parameters["require_code_owner_review"]:
        owners = _owners(state, git.text(pull.base, ".github/CODEOWNERS"))
        if owners and not approved & owners:
            yield "Waiting on code owner review."


def is_behind(state: State, git: Repository, pull: Pull, key: Key) -> bool:
    """Whether a strict check keeps a request back whose head lacks commits of its base."""
    strict = any(
        rule["type"] == "required_status_checks" and rule["parameters"]["strict_required_status_checks_policy"]
        for _, rule in rules_for(state, pull.base, key)
    )
    base = git.head(pull.base)
    return strict and base is not None and not git.contains(pull.seen, base)


def passed(state: State, commit: str, context: str, source: int | None = None) -> bool:
    """Whether a check has passed; where it is bound to an App, by that App alone."""
    runs = {
        run.app.id: run.conclusion
        for run in state.runs
        if (run.commit, run.name) == (commit, context) and source in (None, run.app.id)
    }
    statuses = [one.state for one in state.statuses if (one.commit, one.context) == (commit, context) and not source]
    good = [conclusion in ("success", "neutral", "skipped") for conclusion in runs.values()]
    good += [statuses[-1] == "success"] if statuses else []
    return bool(good) and all(good)


def pushed(state: State, git: Repository, by: Account | App, branch: str) -> None:
    """What a push does to the pull requests of its branch: approvals go, where a rule says so."""
    login = by.bot.login if isinstance(by, App) else by.login
    for pull in state.pulls.values():
        head = git.head(branch)
        if pull.branch != branch or pull.state != "open" or head in (None, pull.seen):
            continue
        pull.pushed_by = login
        if any(
            rule["type"] == "pull_request" and rule["parameters"]["dismiss_stale_reviews_on_push"]
            for _, rule in rules_for(state, pull.base)
        ):
            for review in pull.reviews:
                if review.state == "APPROVED":
                    review.state = "DISMISSED"


def denied_pushes(state: State, key: Key) -> dict[str, list[str]]:
    """What the update hook refuses a key: all pushes, rewriting, or deletion of a branch."""
    kinds = {"pull_request": "push", "update": "push", "non_fast_forward": "rewrite", "deletion": "delete"}
    denied: dict[str, list[str]] = {kind: [] for kind in kinds.values()}
    for branch in {ref for one in state.rulesets.values() for ref in one.conditions["ref_name"]["include"]}:
        for _, rule in rules_for(state, branch.removeprefix("refs/heads/"), key, pushes=True):
            if rule["type"] in kinds:
                denied[kinds[rule["type"]]].append(branch)
    return denied


def _may_write(state: State, login: str) -> bool:
    account = state.accounts[login]
    return account.role in ("write", "admin") or account.type == "Bot"


def _owners(state: State, text: str) -> set[str]:
    """The people who own every file."""
    found: set[str] = set()
    for line in text.splitlines():
        pattern, *owners = line.split()
        if pattern == "*":
            slugs = {owner.rpartition("/")[2] for owner in owners}
            found = {login for slug, (_, who) in state.teams.items() if slug in slugs for login in who}
    return found
