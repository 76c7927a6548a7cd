"""Environments of one account whose previews could read one another's secrets: what reads none goes on as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, Ran, commit_file, git, must, rtb_hub, state_of
from worlds.repositories import state_repository

SECRET = ("--set", "web.secrets.K=preview/{}/app/k")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """stg is in int's account, and its previews may name what begins with `preview/`."""
    path = state_repository(tmp_path / "state.git")
    shared(path, "stg", "main")
    return path


def shared(state: Path, env: str, branch: str) -> None:
    policy = f"environments/{env}/environment.yaml"
    text, account = git(state, "show", f"{branch}:{policy}"), {"int": "1", "stg": "2", "prd": "3"}[env] * 12
    commit_file(state, policy, text.replace(account, "1" * 12).replace(f"[preview/{env}/app/]", "[preview/]"), branch)


def start(state: Path, env: str, *more: str) -> Ran:
    return rtb_hub("start", "RTB-1", "--env", env, *IMAGES, *more, "--repo", state)


@pytest.mark.parametrize("env", ["int", "stg"])
def test_what_reads_secrets_is_not_started_where_they_may_be_anothers(state: Path, env: str) -> None:
    before = state_of(state)
    ran = start(state, env, SECRET[0], SECRET[1].format(env))
    assert (ran.code, state_of(state)) == (CODES[Reason.INVALID_ENVIRONMENT], before), ran.err
    assert "could read preview/int/app/*, which previews of both may name" in ran.err
    assert start(state, env).code == 0
    must("extend", "RTB-1", "--env", env, "--by", "1h", "--repo", state)
    findings = rtb_hub("doctor", "--repo", state, "-o", "json").json()["findings"]
    assert "shared-secrets" in {one["rule"] for one in findings}


def test_what_was_started_before_is_not_revived_and_can_be_stopped(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    assert start(state, "int", SECRET[0], SECRET[1].format("int")).code == 0
    shared(state, "stg", "main")
    must("stop", "RTB-1", "--env", "int", "--repo", state)
    ran = rtb_hub("revive", "RTB-1", "--env", "int", "--repo", state)
    assert (ran.code, "give the previews of each secrets.prefixes of its own" in ran.err) == (CODES[Reason.INVALID_ENVIRONMENT], True)  # fmt: skip


def test_what_is_reviewed_goes_on_and_what_could_read_its_secrets_does_not(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    shared(state, "prd", "prd")
    assert start(state, "prd", SECRET[0], SECRET[1].format("prd")).code == 0
    assert start(state, "int", SECRET[0], SECRET[1].format("int")).code == CODES[Reason.INVALID_ENVIRONMENT]
