"""`start`, `approvals`, `approve` and `reconcile` as people run them in prd; and keys and forges that are not right."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from hub.settings import load_settings
from worlds.approving import BRANCH, POLICY, TEAM, laid_out
from worlds.builders import image
from worlds.commands import Ran, commit_file, git, must, rtb_hub
from worlds.counted_git import CountedGit
from worlds.forking import Forks
from worlds.github_world import GitHubWorld
from worlds.places import ROOT
from worlds.repositories import state_repository

ASK = ("start", "RTB-123", "--env", "prd", "--blueprint", "web", "--image", f"web={image('web')}")
SECRET = "ghp_thisIsNobodysToken"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    laid_out(tmp_path / "state.git", "{kind: local}")
    path = tmp_path / "state.git"
    commit_file(
        path, POLICY, git(path, "show", f"prd:{POLICY}").replace("required: 1", "required: 1\n    checks: []"), "prd"
    )
    git(path, "config", "--add", "rtb-hub.member", f"{TEAM} bob")
    git(path, "config", "--add", "rtb-hub.account", "alice alice@example.com")
    return path


def test_from_asking_to_the_end_on_a_bare_repository(state: Path) -> None:
    run: Callable[..., Ran] = lambda *arguments, **environ: must(*arguments, "--repo", state, **environ)  # noqa: E731
    assert f"request {state}#1" in run(*ASK).out
    told = run("approvals", "--env", "prd").out
    assert "RTB-123 in prd" in told
    assert f"waits for: 1 more approval of {TEAM}" in told
    refused = rtb_hub("approve", "RTB-124", "--env", "prd", "--repo", state, RTB_HUB_ACTOR="bob")
    assert (refused.code, "nothing of RTB-124 awaits a review" in refused.err) == (
        CODES[Reason.REQUEST_NOT_FOUND],
        True,
    )
    own = run("approve", "RTB-123", "--env", "prd").out
    assert "it does not count: alice asked for it" in own
    assert f"waits for: 1 more approval of {TEAM}" in own
    assert "not counted: alice asked for it" in run("approvals").out
    run("approve", "RTB-123", "--env", "prd", "--request-changes", RTB_HUB_ACTOR="bob")
    assert "waits for: bob requested changes" in run("approvals").out
    told = run("approve", "RTB-123", "--env", "prd", RTB_HUB_ACTOR="bob").out
    assert ("bob approved request 1" in told, "the next reconcile merges it" in told) == (True, True)
    (found,) = run("approvals", "-o", "json").json()["requests"]
    (one,) = found["open"]
    assert (one["issue"], one["decision"], one["approvedBy"], one["waits"]) == ("RTB-123", "merge", ["bob"], [])
    assert one["notCounted"] == ["alice asked for it"]
    ahead = run("reconcile", "--env", "prd", "--dry-run").out
    assert "prd approval: would be done at the forge: merge 1" in ahead
    told = run("reconcile", "--env", "prd").out
    assert "prd approval: done at the forge: merge 1" in told
    assert "merge prd/rtb-123: request 1: approved by bob" in told
    assert "stamp prd/rtb-123" in told
    assert "nothing awaits a review in prd" in run("approvals").out
    assert run("show", "RTB-123", "--env", "prd", "-o", "json").json()["lease"]["expiresAt"]


def test_how_many_gits_a_start_takes(state: Path, tmp_path: Path) -> None:
    """One reading of the refs and one of the configuration a call to the forge, one write, and what merging gives."""
    counted = CountedGit(tmp_path / "bin")

    def gits(*more: str) -> list[str]:
        assert must(*ASK, *more, "--repo", state, PATH=counted.path).out.count(f"request {state}#1") == 1
        return sorted(counted.taken())

    writing = ["rev-parse", "config", "for-each-ref", "cat-file", "ls-tree", "ls-tree", "fast-import", "update-ref"]
    judging = ["merge-base", "rev-list", "diff-tree", "ls-tree", "cat-file", "cat-file"]
    asking = ["for-each-ref", "log", "config", "for-each-ref", "merge-base", "hash-object", "update-ref"]
    who = ["config", "config"]
    everything = sorted([*writing, *judging, *asking, *who])
    assert gits() == everything
    assert len(everything) == 23
    assert gits("--set", "web.cpu=500m") == everything, "an update"
    assert len(gits("--set", "web.cpu=500m")) < 23, "nothing to write"


def test_where_no_forge_is_named(tmp_path: Path) -> None:
    state_repository(tmp_path / "state.git")
    told = must("approvals", "--repo", tmp_path / "state.git")
    assert "prd names no forge in its file" in told.out
    assert must("approvals", "--repo", tmp_path / "state.git", "-o", "json").json() == {"requests": [], "withoutForge": ["prd"], "unreadable": []}  # fmt: skip
    refused = rtb_hub("approvals", "--env", "prd", "--repo", tmp_path / "state.git")
    assert (refused.code, "set forge in its environment.yaml" in refused.err) == (
        CODES[Reason.INVALID_ENVIRONMENT],
        True,
    )
    refused = rtb_hub("approve", "RTB-123", "--env", "prd", "--repo", tmp_path / "state.git")
    assert refused.code == CODES[Reason.INVALID_FORGE]


def test_two_keys_in_one_process_refuse(state: Path) -> None:
    keys = {"RTB_HUB_FORGE_TOKEN": SECRET, "RTB_EXPIRY_FORGE_TOKEN": SECRET + "2"}
    for identity in ("hub", "expiry"):
        ran = rtb_hub("reconcile", "--env", "prd", "--repo", state, RTB_HUB_IDENTITY=identity, **keys)
        assert (ran.code, "keys of both identities" in ran.err) == (CODES[Reason.INVALID_FORGE], True)
        assert SECRET not in ran.out + ran.err


def test_an_identity_sees_its_own_key_only_and_git_sees_none() -> None:
    for identity, prefix, other in (("hub", "RTB_HUB_FORGE_", "RTB_EXPIRY_FORGE_"), ("expiry", "RTB_EXPIRY_FORGE_", "RTB_HUB_FORGE_")):  # fmt: skip
        own = load_settings({"RTB_HUB_IDENTITY": identity, f"{prefix}TOKEN": SECRET})
        assert (own.forge.read().token, own.forge.is_mixed) == (SECRET, False)
        assert SECRET not in repr(own)
        assert SECRET not in str(own.environ)
        foreign = load_settings({"RTB_HUB_IDENTITY": identity, f"{other}TOKEN": SECRET})
        assert (foreign.forge.read().token, foreign.forge.is_mixed) == (None, True)
        assert SECRET not in str(foreign.environ)


def test_keys_come_from_files_too(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n", encoding="utf-8")
    assert load_settings({"RTB_HUB_FORGE_TOKEN_FILE": str(tmp_path / "token")}).forge.read().token == SECRET
    ran = rtb_hub("env", "list", RTB_HUB_FORGE_TOKEN_FILE=str(tmp_path / "none"))
    assert (ran.code, "name the file that holds the key" in ran.err) == (CODES[Reason.INVALID_FORGE], True)
    ran = rtb_hub("env", "list", RTB_HUB_IDENTITY="root")
    assert (ran.code, "hub, expiry" in ran.err) == (CODES[Reason.INVALID_VALUE], True)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubWorld]:
    path = tmp_path / "state.git"
    laid_out(path, "{kind: github, repository: acme/state, url: 'http://127.0.0.1:1'}")
    with GitHubWorld(path) as world:
        text = git(path, "show", f"prd:{POLICY}").replace("http://127.0.0.1:1", world.server.api)
        commit_file(path, POLICY, text, "prd")
        world.server.state.add_account("hubot", "write", token=SECRET)
        yield world


def revoked(world: GitHubWorld) -> None:
    del world.server.state.keys[SECRET]


def renamed(world: GitHubWorld) -> None:
    world.server.state.old_name, world.server.state.repo = "acme/state", "state-2"


def no_rights(world: GitHubWorld) -> None:
    world.server.state.accounts["hubot"].role = "none"


def archived(world: GitHubWorld) -> None:
    world.server.state.is_archived = True


def limited(world: GitHubWorld) -> None:
    world.server.limited = [{"retry-after": "3600"}] * 50


def down(world: GitHubWorld) -> None:
    text = git(world.path, "show", f"prd:{POLICY}").replace(world.server.api, "http://127.0.0.1:1")
    commit_file(world.path, POLICY, text, "prd")


BAD: dict[str, tuple[Callable[[GitHubWorld], object], dict[str, str], Reason, str]] = {
    "no key": (lambda _: None, {}, Reason.INVALID_FORGE, "no key to GitHub"),
    "a key that is none": (lambda _: None, {"RTB_HUB_FORGE_APP_ID": "1", "RTB_HUB_FORGE_APP_KEY": SECRET}, Reason.INVALID_FORGE, "private key is none"),
    "an App's id that is none": (lambda _: None, {"RTB_HUB_FORGE_APP_ID": "me", "RTB_HUB_FORGE_APP_KEY": SECRET}, Reason.INVALID_FORGE, "the App's id is not a number"),
    "a wrong key": (lambda _: None, {"RTB_HUB_FORGE_TOKEN": SECRET + "x"}, Reason.FORGE_DENIED, ""),
    "a revoked key": (revoked, {"RTB_HUB_FORGE_TOKEN": SECRET}, Reason.FORGE_DENIED, ""),
    "no rights": (no_rights, {"RTB_HUB_FORGE_TOKEN": SECRET}, Reason.FORGE_REFUSED, "the token may see it"),
    "renamed": (renamed, {"RTB_HUB_FORGE_TOKEN": SECRET}, Reason.FORGE_REFUSED, "is called"),
    "archived": (archived, {"RTB_HUB_FORGE_TOKEN": SECRET}, Reason.FORGE_DENIED, ""),
    "rate-limited for an hour": (limited, {"RTB_HUB_FORGE_TOKEN": SECRET}, Reason.FORGE_LIMITED, ""),
    "down": (down, {"RTB_HUB_FORGE_TOKEN": SECRET}, Reason.FORGE_UNREACHABLE, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_forge_that_cannot_be_told_loses_nothing(github: GitHubWorld, case: str) -> None:
    """The request's branch is written, the error says why, and the next run with the cause gone opens the request."""
    happens, environ, reason, words = BAD[case]
    happens(github)
    for arguments in (ASK, ("reconcile", "--env", "prd", "--only", "approval"), ("approvals", "--env", "prd")):
        if case == "archived" and arguments[0] == "approvals":
            continue  # it can be read
        ran = rtb_hub(*arguments, "--repo", github.path, **environ)
        assert ran.code == CODES[reason], ran.err + ran.out
        assert words in ran.out + ran.err
        assert SECRET not in ran.out + ran.err
        assert "Traceback" not in ran.err
    assert github.head(BRANCH)


def test_once_its_cause_is_gone_the_request_is_opened(github: GitHubWorld) -> None:
    assert rtb_hub(*ASK, "--repo", github.path).code == CODES[Reason.INVALID_FORGE]
    told = must("reconcile", "--env", "prd", "--only", "approval", "--repo", github.path, RTB_HUB_FORGE_TOKEN=SECRET)
    assert "open prd/rtb-123: its branch has no request yet" in told.out
    assert [one.branch for one in github.forge.requests("prd", prefix=BRANCH, closed_since=github.begin)] == [BRANCH]


def test_trying_it_without_a_forge_works_as_written(tmp_path: Path, forked_hub: Forks) -> None:
    text = (ROOT / "docs" / "FORGES.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"## Trying it without a forge\n.*?```sh\n(.*?)```", text, re.DOTALL)
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    (tmp_path / "bin").mkdir()
    tool = forked_hub.tool(tmp_path / "bin" / "rtb-hub")
    environ = {**os.environ, "PATH": f"{tool.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-e", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "approved by bob" in done.stdout
    assert "stamp prd/rtb-123" in done.stdout
