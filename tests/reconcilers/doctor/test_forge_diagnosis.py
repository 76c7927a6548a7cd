"""What doctor says of the people, accounts and files around a forge's protection: each finding once, with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason, Transient
from reconcilers.approval.repository_files import CODEOWNERS
from reconcilers.doctor.forge import (
    both_identities,
    diagnose_account,
    diagnose_branch_files,
    diagnose_own_rights,
    diagnose_protection,
    diagnose_team,
    unread,
)
from reconcilers.doctor.repository import Diagnosis
from reconcilers.plan import Plan
from reconcilers.ports.forge import Actor, BranchProtection, Identity
from worlds.approving import POLICY, TEAM, laid_out
from worlds.builders import NOW, environment
from worlds.commands import commit_file, git, must, rtb_hub
from worlds.memory_store import MemoryStore
from worlds.planning import put

HUB = Identity(Actor("rtb-hub", is_bot=True), "rtb-hub", "hub@example.com")
WHERE = "acme/state"


def only(findings: Iterator[Diagnosis]) -> Diagnosis:
    (one,) = findings
    assert one.remedy
    return one


def prd(required: int, **forge: Any) -> Any:
    approval = {"team": TEAM, "required": required, "expiryIdentity": "user:expiry-bot"}
    return environment("prd", approval=approval, forge={"kind": "github", "repository": WHERE, **forge})


@pytest.mark.parametrize(
    ("members", "severity"),
    [
        ({"alice"}, "error"),
        ({"alice", "rtb-hub", "Expiry-Bot", "robot"}, "error"),
        ({"alice", "bob"}, "warning"),
        ({"alice", "bob", "robot"}, "warning"),
    ],
)
def test_a_team_in_which_too_few_people_could_approve(members: set[str], severity: str) -> None:
    one = only(diagnose_team(prd(2, machines=["robot"]), WHERE, members, HUB))
    assert (one.rule, one.severity) == ("team-too-small", severity)


def test_a_team_with_people_to_spare_is_nothing_to_tell() -> None:
    assert list(diagnose_team(prd(2), WHERE, {"alice", "bob", "carol"}, HUB)) == []
    assert list(diagnose_team(environment("int"), WHERE, set(), HUB)) == []


@pytest.mark.parametrize(("is_identity", "severity"), [(True, "error"), (False, "warning")])
def test_commits_that_the_forge_takes_for_nobodys(is_identity: bool, severity: str) -> None:
    one = only(diagnose_account(WHERE, HUB, "rtb-hub@rtb-ai-hub.invalid", is_identity=is_identity))
    assert (one.rule, one.severity) == ("commits-unmapped", severity)
    assert "RTB_HUB_GIT_EMAIL=hub@example.com" in one.remedy[0]
    assert list(diagnose_account(WHERE, HUB, "HUB@example.com", is_identity=True)) == []


def test_files_that_guard_a_branch_and_are_not_as_init_writes_them() -> None:
    store = MemoryStore()
    store.commit(Plan("prd", None, None, "First"), at=NOW)
    put(store, "rtb-hub.yaml", b"x", "prd")
    wanted = {CODEOWNERS: "* @acme/prd-approvers\n", ".github/workflows/guard.yaml": "on: push\n"}

    def told(*, gated: bool) -> list[tuple[str, str]]:
        found = diagnose_branch_files(store.snapshots()["prd"], wanted, gated=gated)
        return [(one.rule, one.severity) for one in found]

    assert told(gated=True) == [("guard-file-missing", "error")] * 2
    assert told(gated=False) == [("guard-file-missing", "warning")] * 2
    for path in wanted:
        put(store, path, b"# another\n", "prd")
    assert told(gated=True) == [("guard-file-differs", "error"), ("guard-file-differs", "warning")]
    for path, text in wanted.items():
        put(store, path, text.encode(), "prd")
    assert told(gated=True) == []


def test_code_owners_in_place_of_a_team_are_told() -> None:
    wanted = BranchProtection(requests_only=True, approvals=1, approver_team=TEAM)
    found = BranchProtection(requests_only=True, approvals=1, by_code_owners=True)
    rules = [one.rule for one in diagnose_protection("prd", WHERE, wanted, found)]
    assert "code-owners-approve" in rules
    assert "anyone-approves" not in rules


def test_a_hub_that_may_change_the_rules_is_told() -> None:
    one = diagnose_own_rights(WHERE, HUB)
    assert (one.rule, one.severity) == ("hub-edits-rules", "error")
    assert "rtb-hub, as which the hub runs" in one.message


def test_what_could_not_be_read_is_told_as_that() -> None:
    one = unread(WHERE, "the approvers' team", Transient(Reason.FORGE_UNREACHABLE, "it is down", remedy="try again"))
    assert (one.rule, one.severity, one.remedy) == ("forge-unread", "warning", ("try again",))
    assert "nothing is known of it: it is down" in one.message


def test_doctor_tells_of_both_identities_keys_and_of_a_forge_without_a_key(tmp_path: Path) -> None:
    path = tmp_path / "state.git"
    laid_out(path, "{kind: github, repository: acme/state}")
    assert "kind: github" in git(path, "show", f"prd:{POLICY}")
    found = rtb_hub("doctor", "--repo", path, "-o", "json").json()["findings"]
    assert [one["severity"] for one in found if one["rule"] == "forge-not-asked"] == ["note"]
    keys = {"RTB_HUB_FORGE_TOKEN": "a-token-of-one", "RTB_EXPIRY_FORGE_TOKEN": "a-token-of-another"}
    ran = rtb_hub("doctor", "--repo", path, "-o", "json", **keys)
    assert [one["severity"] for one in ran.json()["findings"] if one["rule"] == "both-identities"] == ["error"]
    assert "a-token" not in ran.out + ran.err
    assert both_identities().remedy


def test_doctor_tells_of_a_forge_that_does_not_answer(tmp_path: Path) -> None:
    path = tmp_path / "state.git"
    laid_out(path, "{kind: github, repository: acme/state}")
    text = git(path, "show", f"prd:{POLICY}").replace("acme/state}", 'acme/state, url: "http://127.0.0.1:9"}')
    commit_file(path, POLICY, text, "prd")
    ran = rtb_hub("doctor", "--env", "prd", "--repo", path, "-o", "json", RTB_HUB_FORGE_TOKEN="a-token")
    assert "forge-unread" in {one["rule"] for one in ran.json()["findings"]}
    must("list", "--repo", path)
