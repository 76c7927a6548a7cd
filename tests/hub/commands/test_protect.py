"""What the forge is to enforce for a branch, every way past what it does, and `protect` and `doctor` telling them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError
from reconcilers.approval.protection import compare, wanted_protection
from reconcilers.ports.forge import BranchProtection
from worlds.approving import POLICY, TEAM, laid_out
from worlds.builders import environment
from worlds.commands import Ran, commit_file, git, rtb_hub
from worlds.github_world import GitHubWorld
from worlds.repositories import state_repository

APPROVAL = {"team": TEAM, "required": 2, "deadline": "72h", "expiryIdentity": "app:7"}
PRD = environment("prd", approval=APPROVAL)
WANTED = wanted_protection([PRD])


def test_a_gated_branch_wants_the_review_and_lets_the_expiry_identity_alone_past() -> None:
    assert BranchProtection(
        requests_only=True, approvals=2, approver_team=TEAM, dismiss_stale=True, not_by_last_pusher=True,
        checks=frozenset({"guard"}), no_force_push=True, no_deletion=True, bypass=frozenset({"app:7"}),
    ) == WANTED  # fmt: skip
    assert compare(WANTED, WANTED) == ()
    assert wanted_protection([environment("int")]) == BranchProtection(no_force_push=True, no_deletion=True)


@pytest.mark.parametrize(
    ("weaker", "rule", "severity"),
    [
        ({"requests_only": False}, "push-allowed", "error"),
        ({"approvals": 1}, "approvals-missing", "error"),
        ({"approver_team": None}, "anyone-approves", "error"),
        ({"approver_team": "acme/others"}, "anyone-approves", "error"),
        ({"dismiss_stale": False}, "stale-approvals-count", "error"),
        ({"not_by_last_pusher": False}, "last-pusher-approves", "warning"),
        ({"checks": frozenset()}, "check-not-required", "error"),
        ({"no_force_push": False}, "force-push-allowed", "error"),
        ({"no_deletion": False}, "deletion-allowed", "error"),
        ({"bypass": frozenset({"app:7", "role:admin"})}, "unexpected-bypass", "error"),
        ({"bypass": frozenset()}, "expiry-not-let-past", "warning"),
        ({"not_expressed": ("it sleeps",)}, "forge-cannot-hold", "warning"),
    ],
)
def test_each_way_past_it_is_told_with_how_and_what_to_do(weaker: dict[str, Any], rule: str, severity: str) -> None:
    (one,) = compare(WANTED, replace(WANTED, **weaker))
    assert (one.rule, one.severity) == (rule, severity)
    assert one.what
    assert one.how
    assert one.to_do


def test_more_than_is_wanted_is_no_way_past_it() -> None:
    assert compare(WANTED, replace(WANTED, approvals=3, checks=WANTED.checks | {"lint"})) == ()


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


@contextmanager
def hosted(path: Path) -> Iterator[GitHubWorld]:
    """The state repository at `path`, its prd reviewed at a server that answers as GitHub does."""
    laid_out(path, "{kind: github, repository: acme/state}")
    with GitHubWorld(path) as world:
        text = git(path, "show", f"prd:{POLICY}").replace("acme/state}", f'acme/state, url: "{world.server.api}"}}')
        commit_file(path, POLICY, text, "prd")
        yield world


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
            assert [one["rule"] for one in done["openings"] if one["severity"] == "error"] == []
            (again,) = self.command(path, world, "protect", "--apply").json()["branches"]
            assert again["before"] == again["enforced"]
            told = {one["rule"] for one in self.command(path, world, "doctor").json()["findings"]}
            assert "push-allowed" not in told
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
    assert "not by this forge: a bare repository asks nobody who they are" in ran.out


def test_without_a_forge_it_says_what_to_set(tmp_path: Path) -> None:
    state_repository(tmp_path / "state.git")
    ran = rtb_hub("protect", "--env", "prd", "--repo", tmp_path / "state.git")
    assert "names no forge, so nothing can be protected" in ran.err
    assert "set forge in its environment.yaml" in ran.err
