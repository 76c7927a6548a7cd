"""Branch protection on Gitea: what a rule of it is in the port's words, and what is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from generator.errors import Reason, Stalled, Transient
from hub.adapters.gitea.answers import Rule
from hub.adapters.gitea.forge import GiteaForge
from hub.adapters.gitea.protection import left_out, protection_of, rule_of
from reconcilers.ports.forge import BranchProtection
from worlds.gitea_api import GiteaApi, Reply, open_gitea_forge

RULE: dict[str, Any] = {
    "rule_name": "prd", "enable_push": False, "enable_push_whitelist": False, "push_whitelist_usernames": [],
    "push_whitelist_teams": [], "push_whitelist_deploy_keys": False, "enable_force_push": False,
    "enable_status_check": True, "status_check_contexts": ["guard"], "required_approvals": 1,
    "enable_approvals_whitelist": True, "approvals_whitelist_username": [], "approvals_whitelist_teams": ["approvers"],
    "block_on_rejected_reviews": True, "dismiss_stale_approvals": True, "ignore_stale_approvals": False,
    "unprotected_file_patterns": "", "block_admin_merge_override": True,
}  # fmt: skip
HELD = BranchProtection(
    requests_only=True,
    approvals=1,
    approver_team="acme/approvers",
    dismiss_stale=True,
    checks=frozenset({"guard"}),
    no_force_push=True,
    no_deletion=True,
)


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({}, {}),
        ({"enable_push": True}, {"requests_only": False}),
        (
            {"enable_push": True, "enable_push_whitelist": True, "push_whitelist_usernames": ["expiry"]},
            {"bypass": frozenset({"user:expiry"})},
        ),
        (
            {"enable_push": True, "enable_push_whitelist": True, "push_whitelist_deploy_keys": True},
            {"bypass": frozenset({"role:deploy-key"})},
        ),
        ({"enable_push": True, "enable_force_push": True}, {"requests_only": False, "no_force_push": False}),
        ({"unprotected_file_patterns": "*.md"}, {"requests_only": False}),
        ({"block_admin_merge_override": False}, {"bypass": frozenset({"role:admin"})}),
        ({"enable_status_check": False}, {"checks": frozenset()}),
        ({"approvals_whitelist_username": ["eve"]}, {"approver_team": None}),
        ({"approvals_whitelist_teams": ["approvers", "others"]}, {"approver_team": None}),
        ({"approvals_whitelist_teams": []}, {"approver_team": None}),
        ({"enable_approvals_whitelist": False}, {"approver_team": None}),
        ({"dismiss_stale_approvals": False}, {"dismiss_stale": False}),
        (
            {
                "enable_merge_whitelist": True,
                "merge_whitelist_usernames": ["rtb-hub"],
                "merge_whitelist_teams": ["ops"],
            },
            {"updaters": frozenset({"user:rtb-hub", "team:acme/ops"})},
        ),
        ({"enable_merge_whitelist": False, "merge_whitelist_usernames": ["rtb-hub"]}, {"updaters": None}),
        ({"block_on_outdated_branch": True}, {"up_to_date": True}),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, dict) else "",
)
def test_a_rule_is_told_as_it_holds(fields: dict[str, Any], changes: dict[str, Any]) -> None:
    found = protection_of(Rule(**RULE | fields), "acme")
    assert replace(found, not_expressed=()) == replace(HELD, **changes)
    assert any("last pusher" in note for note in found.not_expressed)


@pytest.mark.parametrize(
    "wanted",
    [
        HELD,
        BranchProtection(no_deletion=True),
        replace(HELD, bypass=frozenset({"user:expiry", "team:acme/robots", "role:deploy-key", "role:admin"})),
        replace(HELD, approver_team=None, dismiss_stale=False, checks=frozenset()),
        replace(HELD, requests_only=False, no_force_push=False),
        replace(HELD, updaters=frozenset({"user:rtb-hub", "user:expiry"}), bypass=frozenset({"user:expiry"})),
        replace(HELD, updaters=frozenset({"user:rtb-hub"})),
    ],
    ids=["all", "nothing", "with bypass", "less", "open", "merged by the hub", "merged by the hub alone"],
)
def test_a_rule_that_is_written_reads_back_as_wanted(wanted: BranchProtection) -> None:
    written = Rule(rule_name="prd", **rule_of(wanted, "acme"))
    assert replace(protection_of(written, "acme"), not_expressed=()) == wanted


def test_who_cannot_be_let_past_is_told_and_not_let() -> None:
    wanted = replace(HELD, bypass=frozenset({"app:4242", "role:maintain"}))
    assert rule_of(wanted, "acme")["enable_push"] is False
    assert [note.split()[-3] for note in left_out(wanted)] == ["app:4242", "role:maintain"]


@pytest.fixture
def api() -> Iterator[GiteaApi]:
    with GiteaApi() as server:
        yield server


@pytest.fixture
def forge(api: GiteaApi) -> GiteaForge:
    return open_gitea_forge(f"{api.url}/acme/state", token="0123456789abcdef", sleep=lambda _: None)


def test_a_team_of_another_organisation_is_refused(forge: GiteaForge) -> None:
    wanted = replace(HELD, approver_team="other/approvers")
    with pytest.raises(Stalled, match="no team of acme") as caught:
        forge.protect("prd", wanted)
    assert caught.value.reason == Reason.FORGE_REFUSED


def test_the_rule_that_gitea_applies_is_the_one_that_is_told(api: GiteaApi, forge: GiteaForge) -> None:
    loose = RULE | {"rule_name": "p*", "required_approvals": 0}
    api.on("GET branch_protections", Reply([RULE, loose]))
    api.on("GET branches/prd", Reply({"protected": True, "effective_branch_protection_name": "p*"}))
    assert forge.protection("prd").approvals == 0
    api.on("GET branches/prd", Reply({"protected": True, "effective_branch_protection_name": ""}))
    with pytest.raises(Transient):
        forge.protection("prd")
    api.on("GET branches/prd", Reply({"protected": False}))
    assert forge.protection("prd") == BranchProtection()
    api.replies.pop("GET /api/v1/repos/acme/state/branches/prd")
    assert "no branch" in str(forge.protection("prd").not_expressed)
