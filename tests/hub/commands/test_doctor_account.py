"""`rtb-hub doctor --account`: what an account lacks, of those that the credentials are for."""

from __future__ import annotations

import re
from typing import Any
from unittest import mock

import pytest

from generator.errors import Fault, Reason, Stalled
from hub.adapters.account.access import Access
from hub.output.exit_codes import UNHEALTHY
from worlds.accounts import INT, STG
from worlds.commands import rtb_hub
from worlds.places import ROOT
from worlds.repositories import state_repository


@pytest.fixture
def found(tmp_path: Any) -> Any:
    """What the command says, where AWS answers so. By default there is nothing in the account."""
    repo = state_repository(tmp_path / "state")

    def run(*envs: str, account: Any = INT, ask: Any = None) -> dict[str, Any]:
        told = [word for env in envs for word in ("--env", env)]
        whose = {"side_effect": account} if isinstance(account, Exception) else {"return_value": account}
        with (
            mock.patch.object(Access, "account", **whose),
            mock.patch.object(Access, "ask", side_effect=ask, return_value=None),
            mock.patch.object(Access, "all", return_value=[]),
        ):
            ran = rtb_hub("doctor", *told, "--account", "--repo", repo, "--output", "json")
        assert ran.code == UNHEALTHY
        return dict(ran.json())

    return run


def of_account(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in told["findings"] if one["rule"].startswith("account-")]


def test_what_an_account_lacks_is_told_with_what_makes_it(found: Any) -> None:
    told = found()
    assert {one["rule"] for one in of_account(told)} == {"account-missing", "account-unread"}
    role = next(one for one in of_account(told) if "Role rtb-preview-pods" in one["message"])
    assert f"AWS account {INT}, int" in str(role)
    assert "aws cloudformation deploy --stack-name rtb-preview-int" in str(role)
    (line,) = [one for one in told["checked"] if "AWS account" in one]
    assert re.fullmatch(rf"int: \d+ objects of AWS account {INT}", line)


def test_credentials_of_another_account_look_at_its_environment_alone(found: Any) -> None:
    assert all("stg" in str(one) for one in of_account(found(account=STG)))
    (other,) = of_account(found("int", account=STG))
    assert other["rule"] == "account-unread"
    assert f"these credentials are of account {STG}; int is in {INT}" in other["message"]


def test_an_account_that_cannot_be_asked_is_a_finding(found: Any) -> None:
    fault = Fault("sts:GetCallerIdentity: there are no credentials of AWS", remedy="sign in to the account")
    (told,) = of_account(found(account=Stalled(Reason.CLUSTER_REFUSED, fault)))
    assert (told["rule"], "no credentials" in told["message"]) == ("account-unread", True)
    refused = Stalled(Reason.CLUSTER_REFUSED, "AccessDenied")
    unread = of_account(found("int", ask=refused))
    assert {one["rule"] for one in unread if " Role " in f" {one['message']}"} == {"account-unread"}


def test_the_list_for_the_first_time_has_thirty_lines() -> None:
    lines = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "FIRST_TIME.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert lines == [str(number) for number in range(1, 31)]
