"""What the forge is to enforce for a branch, every way past what it does, and `protect` and `doctor` telling them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError
from reconcilers.approval.openings import compare
from reconcilers.approval.protection import wanted_protection
from reconcilers.ports.forge import BranchProtection
from worlds.approving import POLICY, TEAM, laid_out
from worlds.builders import environment
from worlds.commands import Ran, commit_file, git, rtb_hub
from worlds.github_server.state import Ruleset
from worlds.github_world import GitHubWorld
from worlds.repositories import state_repository

APPROVAL = {"team": TEAM, "required": 2, "deadline": "72h", "hubIdentity": "app:6", "expiryIdentity": "app:7"}
PRD = environment("prd", approval=APPROVAL)
WANTED = wanted_protection([PRD], reporter="app:15368")
#: What is left where all is as wanted: workflows of a branch report as the CI does, and administrators administer.
LEFT = {"branch-reports-check", "rules-editable"}
HELD = replace(WANTED, editors=frozenset({"user:root"}))


def test_a_gated_branch_wants_the_review_and_lets_the_expiry_identity_alone_past() -> None:
    assert BranchProtection(
        requests_only=True, approvals=2, approver_team=TEAM, dismiss_stale=True, not_by_last_pusher=True,
        checks=frozenset({"guard"}), no_force_push=True, no_deletion=True, bypass=frozenset({"app:7"}),
        updaters=frozenset({"app:6", "app:7"}), check_sources=frozenset({("guard", "app:15368")}), up_to_date=True,
        merge_commits_only=True, talks_resolved=True, by_code_owners=True,
    ) == WANTED  # fmt: skip
    assert [(one.rule, one.severity) for one in compare(WANTED, HELD)] == [
        ("branch-reports-check", "warning"),
        ("rules-editable", "warning"),
    ]
    assert wanted_protection([environment("int")]) == BranchProtection(no_force_push=True, no_deletion=True)


@pytest.mark.parametrize(
    ("weaker", "rule", "severity"),
    [
        ({"requests_only": False}, "push-allowed", "error"),
        ({"approvals": 1}, "approvals-missing", "error"),
        ({"approver_team": None, "by_code_owners": False}, "anyone-approves", "error"),
        ({"approver_team": None}, "code-owners-approve", "warning"),
        ({"approver_team": "acme/others"}, "anyone-approves", "error"),
        ({"dismiss_stale": False}, "stale-approvals-count", "error"),
        ({"not_by_last_pusher": False}, "last-pusher-approves", "warning"),
        ({"checks": frozenset()}, "check-not-required", "error"),
        ({"no_force_push": False}, "force-push-allowed", "error"),
        ({"no_deletion": False}, "deletion-allowed", "error"),
        ({"bypass": frozenset({"app:7", "role:admin"})}, "unexpected-bypass", "error"),
        ({"bypass": frozenset()}, "expiry-not-let-past", "warning"),
        ({"not_expressed": ("it sleeps",)}, "forge-cannot-hold", "warning"),
        ({"updaters": None}, "anyone-merges", "error"),
        ({"updaters": frozenset({"app:6", "app:7", "role:write"})}, "anyone-merges", "error"),
        ({"updaters": frozenset({"app:7"})}, "hub-not-let-merge", "warning"),
        ({"check_sources": frozenset()}, "anyone-reports-check", "error"),
        ({"check_sources": frozenset({("guard", "app:99")})}, "anyone-reports-check", "error"),
        ({"up_to_date": False}, "outdated-request-merged", "warning"),
        ({"up_to_date": False, "updaters": None}, "outdated-request-merged", "error"),
        ({"merge_commits_only": False}, "squash-or-rebase", "warning"),
        ({"merge_commits_only": False, "updaters": None}, "squash-or-rebase", "error"),
        ({"talks_resolved": False}, "conversations-left-open", "warning"),
        ({"rewriters": frozenset({"app:7"})}, "history-rewriter", "error"),
        ({"unclear_teams": frozenset({TEAM}), "approver_team": None}, "approvers-unclear", "error"),
        ({"approver_team": "acme/others", "further_teams": frozenset({(TEAM, 1)})}, "approvals-missing", "error"),
        ({"editors": None}, "editors-untold", "warning"),
    ],
)
def test_each_way_past_it_is_told_with_how_and_what_to_do(weaker: dict[str, Any], rule: str, severity: str) -> None:
    left = LEFT - ({"branch-reports-check"} if rule in ("check-not-required", "anyone-reports-check") else set())
    left -= {"rules-editable"} if rule == "editors-untold" else set()
    left |= {"anyone-merges"} if weaker.get("updaters", 0) is None and rule != "anyone-merges" else set()
    found = compare(WANTED, replace(HELD, **weaker))
    (one,) = (opening for opening in found if opening.rule == rule)
    assert {opening.rule for opening in found} - {rule} == left
    assert one.severity == severity
    assert one.what
    assert one.how
    assert one.to_do


def test_more_than_is_wanted_is_no_way_past_it() -> None:
    more = {"approvals": 3, "checks": WANTED.checks | {"lint"}, "further_teams": frozenset({("acme/platform", 1)})}
    assert {one.rule for one in compare(WANTED, replace(HELD, **more))} == LEFT
    second = {"approver_team": "acme/platform", "further_teams": frozenset({(TEAM.upper(), 2)})}
    assert {one.rule for one in compare(WANTED, replace(HELD, **second))} == LEFT


def test_where_nobody_is_named_who_merges_that_is_a_way_past_it() -> None:
    wanted = wanted_protection([environment("prd", approval={**APPROVAL, "hubIdentity": None})])
    found = {one.rule: one.severity for one in compare(wanted, replace(HELD, updaters=None))}
    assert found["hub-identity-unnamed"] == "error"
    assert {one.rule: one.severity for one in compare(wanted, HELD)}["hub-identity-unnamed"] == "warning"


def test_where_nobody_is_named_who_reports_a_check_that_is_told() -> None:
    wanted = wanted_protection([PRD])
    found = {one.rule: one.severity for one in compare(wanted, replace(HELD, check_sources=frozenset()))}
    assert found["anyone-reports-check"] == "warning"
    found = {one.rule: one.severity for one in compare(wanted, replace(HELD, check_sources=frozenset(), updaters=None))}
    assert found["anyone-reports-check"] == "error"


def test_a_gated_environment_that_names_nobody_and_two_that_disagree_are_refused() -> None:
    nobody = environment("prd", approval=None)
    with pytest.raises(ConfigError, match="nobody is named to review"):
        wanted_protection([nobody])
    other = environment("prd", approval={**APPROVAL, "team": "acme/others"})
    with pytest.raises(ConfigError, match="share the branch prd"):
        wanted_protection([PRD, other])


@pytest.mark.parametrize("name", ["app:x", "bob", "role:admin", "user:", "app:0"])
def test_an_expiry_identity_that_names_no_account_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expiryIdentity"):
        environment("prd", approval={**APPROVAL, "expiryIdentity": name})


@pytest.mark.parametrize("hub", ["app:7", "APP:7", "bob", "role:admin"])
def test_a_hub_identity_that_is_the_other_ones_or_no_account_is_refused(hub: str) -> None:
    with pytest.raises(ValueError, match="hubIdentity"):
        environment("prd", approval={**APPROVAL, "hubIdentity": hub})


@contextmanager
def hosted(path: Path) -> Iterator[GitHubWorld]:
    """The state repository at `path`, its prd reviewed at a server that answers as GitHub does."""
    laid_out(path, "{kind: github, repository: acme/state}")
    with GitHubWorld(path) as world:
        text = git(path, "show", f"prd:{POLICY}").replace("acme/state}", f'acme/state, url: "{world.server.api}"}}')
        commit_file(path, POLICY, text, "prd")
        yield world


#: What an administrator made of the rules that `protect --apply` wrote, by the ways from there to prd that are named.
#: Each changes the rulesets by name: reviews "", "history" and "updates".
WEAKER: dict[str, tuple[Callable[[dict[str, Ruleset]], object], set[str]]] = {
    "as written": (lambda rules: None, set()),
    "anybody presses merge: after approving what they asked for, from a fork, or once retargeted": (
        lambda rules: rules["updates"].rules.clear(), {"anyone-merges"},
    ),
    "the rule of who merges is only evaluated": (
        lambda rules: setattr(rules["updates"], "enforcement", "evaluate"), {"anyone-merges"},
    ),
    "a person may merge, too": (
        lambda rules: rules["updates"].bypass.append(let_past("RepositoryRole", 4, "pull_request")), {"anyone-merges"},
    ),
    "anybody posts the check": (
        lambda rules: parameters(rules, "required_status_checks")["required_status_checks"][0].pop("integration_id"),
        {"anyone-reports-check"},
    ),
    "another App posts the check": (
        lambda rules: parameters(rules, "required_status_checks")["required_status_checks"][0].update(integration_id=5),
        {"anyone-reports-check"},
    ),
    "no check": (
        lambda rules: parameters(rules, "required_status_checks").update(required_status_checks=[]),
        {"check-not-required"},
    ),
    "the check need not hold all of the branch": (
        lambda rules: parameters(rules, "required_status_checks").update(strict_required_status_checks_policy=False),
        {"outdated-request-merged"},
    ),
    "squash": (
        lambda rules: parameters(rules, "pull_request").update(allowed_merge_methods=["merge", "squash"]),
        {"squash-or-rebase"},
    ),
    "rebase": (
        lambda rules: parameters(rules, "pull_request").update(allowed_merge_methods=["rebase"]), {"squash-or-rebase"},
    ),
    "any way of merging": (
        lambda rules: parameters(rules, "pull_request").pop("allowed_merge_methods"), {"squash-or-rebase"},
    ),
    "administrators bypass reviews": (
        lambda rules: rules[""].bypass.append(let_past("RepositoryRole", 5, "always")), {"unexpected-bypass"},
    ),
    "administrators bypass reviews of requests": (
        lambda rules: rules[""].bypass.append(let_past("RepositoryRole", 5, "pull_request")), {"unexpected-bypass"},
    ),
    "owners are exempt from reviews": (
        lambda rules: rules[""].bypass.append(let_past("OrganizationAdmin", 1, "exempt")), {"unexpected-bypass"},
    ),
    "a deploy key bypasses reviews": (
        lambda rules: rules[""].bypass.append(let_past("DeployKey", None, "always")), {"unexpected-bypass"},
    ),
    "force pushes": (
        lambda rules: rules["history"].rules.remove({"type": "non_fast_forward"}), {"force-push-allowed"},
    ),
    "deletion": (lambda rules: rules["history"].rules.remove({"type": "deletion"}), {"deletion-allowed"}),
    "somebody rewrites": (
        lambda rules: rules["history"].bypass.append(let_past("RepositoryRole", 5, "always")), {"history-rewriter"},
    ),
    "somebody bypasses history on requests, where there is none to rewrite": (
        lambda rules: rules["history"].bypass.append(let_past("RepositoryRole", 5, "pull_request")), set(),
    ),
    "pushes without a request": (
        lambda rules: rules[""].rules.remove(next(r for r in rules[""].rules if r["type"] == "pull_request")),
        {"push-allowed", "approvals-missing", "stale-approvals-count", "last-pusher-approves", "squash-or-rebase",
         "conversations-left-open"},
    ),
    "approvals of anybody": (
        lambda rules: parameters(rules, "pull_request").pop("required_reviewers"),
        {"code-owners-approve", "forge-cannot-hold"},
    ),
    "approvals of a team for some files": (
        lambda rules: reviewers(rules)[0].update(file_patterns=["docs/**"]), {"code-owners-approve"},
    ),
    "approvals of a team for all files but prd's": (
        lambda rules: reviewers(rules)[0].update(file_patterns=["*", "**/*", "!environments/prd/**"]),
        {"approvers-unclear"},
    ),
    "a second team approves, too": (
        lambda rules: reviewers(rules).append(
            {"file_patterns": ["*", "**/*"], "minimum_approvals": 3, "reviewer": {"id": 78, "type": "Team"}}
        ),
        set(),
    ),
    "old approvals": (
        lambda rules: parameters(rules, "pull_request").update(dismiss_stale_reviews_on_push=False),
        {"stale-approvals-count"},
    ),
}  # fmt: skip


def let_past(kind: str, actor: int | None, mode: str) -> dict[str, Any]:
    return {"actor_type": kind, "actor_id": actor, "bypass_mode": mode}


def parameters(rules: dict[str, Ruleset], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(rule for rule in rules[""].rules if rule["type"] == kind)["parameters"]
    return found


def reviewers(rules: dict[str, Ruleset]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = parameters(rules, "pull_request")["required_reviewers"]
    return found


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GitHubWorld, BranchProtection]]:
    """A branch that is protected as a gated one should be."""
    with GitHubWorld(tmp_path_factory.mktemp("protected") / "state.git") as world:
        world.server.state.teams["platform"] = (78, {"dave"})
        named = {**APPROVAL, "hubIdentity": f"app:{world.app.id}"}
        wanted = wanted_protection([environment("prd", approval=named)], reporter=world.forge.check_reporter())
        assert world.forge.protect("prd", wanted) == wanted
        yield world, wanted


@pytest.mark.parametrize("case", WEAKER)
def test_every_way_past_the_rules_is_named(protected: tuple[GitHubWorld, BranchProtection], case: str) -> None:
    world, wanted = protected
    weaken, ways = WEAKER[case]
    kept = deepcopy(world.server.state.rulesets)
    try:
        weaken({one.name.partition(": ")[2]: one for one in world.server.state.rulesets.values()})
        found = {one.rule for one in compare(wanted, world.forge.protection("prd"))}
    finally:
        world.server.state.rulesets = kept
    assert "rules-editable" in found
    assert found - LEFT == ways


class TestOnGitHub:
    def command(self, path: Path, world: GitHubWorld, *words: str, token: str = "token-of-root") -> Ran:
        ran = rtb_hub(*words, "--env", "prd", "--repo", path, "-o", "json", RTB_HUB_FORGE_TOKEN=token)
        assert token not in ran.out + ran.err
        return ran

    def test_it_is_planned_applied_read_back_and_then_as_wanted(self, tmp_path: Path) -> None:
        path = tmp_path / "state.git"
        with hosted(path) as world:
            (plan,) = self.command(path, world, "protect", "--plan").json()["branches"]
            assert plan["enforced"] == plan["before"]
            assert {"push-allowed", "approvals-missing"} <= {one["rule"] for one in plan["openings"]}
            assert world.server.state.rulesets == {}
            told = {one["rule"] for one in self.command(path, world, "doctor").json()["findings"]}
            assert "push-allowed" in told

            (done,) = self.command(path, world, "protect", "--apply").json()["branches"]
            assert done["enforced"] == done["wanted"]
            # Nobody is named who alone merges: alice asks, approves and presses merge.
            errors = {one["rule"] for one in done["openings"] if one["severity"] == "error"}
            assert errors == {"hub-identity-unnamed", "branch-reports-check"}
            text = git(path, "show", f"prd:{POLICY}")
            named = text.replace("  approval:\n", f"  approval:\n    hubIdentity: app:{world.app.id}\n")
            commit_file(path, POLICY, named, "prd")
            ran = self.command(path, world, "protect", "--apply")
            (done,) = ran.json()["branches"]
            assert (ran.code, done["enforced"]) == (0, done["wanted"])
            assert [one["rule"] for one in done["openings"] if one["severity"] == "error"] == []
            (again,) = self.command(path, world, "protect", "--apply").json()["branches"]
            assert again["before"] == again["enforced"]
            told = {one["rule"] for one in self.command(path, world, "doctor").json()["findings"]}
            assert not {"push-allowed", "hub-edits-rules"} & told
            ran = rtb_hub("doctor", "--env", "prd", "--repo", path, "-o", "json", RTB_HUB_FORGE_TOKEN="token-of-root", RTB_HUB_IDENTITY="hub")  # fmt: skip
            assert "hub-edits-rules" in {one["rule"] for one in ran.json()["findings"]}
            assert "expiry-identity-unnamed" in told

    def test_a_key_without_rights_changes_nothing_and_says_so(self, tmp_path: Path) -> None:
        path = tmp_path / "state.git"
        with hosted(path) as world:
            ran = self.command(path, world, "protect", "--apply", token="token-of-bob")
            assert ran.code >= 60
            assert world.server.state.rulesets == {}


def test_beside_a_bare_repository_it_says_what_nobody_holds(tmp_path: Path) -> None:
    laid_out(tmp_path / "state.git", "{kind: local}")
    ran = rtb_hub("protect", "--env", "prd", "--apply", "--repo", tmp_path / "state.git")
    assert ran.code == 4
    assert "not by this forge: a bare repository authenticates no user" in ran.out
    told = [line for line in ran.out.splitlines() if line.strip().startswith("to do:")]
    assert any("production needs GitHub" in line for line in told)
    assert not any("protect --apply" in line for line in told)


def test_without_a_forge_it_says_what_to_set(tmp_path: Path) -> None:
    state_repository(tmp_path / "state.git")
    ran = rtb_hub("protect", "--env", "prd", "--repo", tmp_path / "state.git")
    assert "names no forge, so nothing can be protected" in ran.err
    assert "set forge in its environment.yaml" in ran.err


def test_a_folder_as_a_forge_is_never_told_to_be_protected_by_applying(tmp_path: Path) -> None:
    """Its branch is as open after it, so the plan leads to a forge that holds reviews instead."""
    laid_out(tmp_path / "state.git", "{kind: local}")
    ran = rtb_hub("protect", "--repo", tmp_path / "state.git")
    assert (ran.code, "--apply" in ran.out, "production needs GitHub" in ran.out) == (0, False, True), ran.out
    told = rtb_hub("protect", "--repo", tmp_path / "state.git", "-o", "json").json()["branches"]
    assert [o["rule"] for one in told for o in one["openings"] if "--apply" in o["remedy"]] == []
