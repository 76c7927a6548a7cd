"""An environment that was there a moment ago is missed aloud, on real Git, whoever looks next."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from generator.errors import HubError, Reason
from hub.settings import load_settings
from hub.wiring import Hub
from worlds.commands import IMAGES, git, must, rtb_hub
from worlds.repositories import state_repository


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state.git"
    state_repository(path)
    must("start", "RTB-1", "--env", "int", "--blueprint", "web-api", *IMAGES, "--repo", path)
    must("list", "--repo", path)
    return path


def ours(path: Path) -> Hub:
    return Hub(load_settings({**os.environ, "RTB_HUB_CACHE": str(path.parent / "cache")}))


def without(state: Path, *paths: str) -> None:
    """Commit to main without these files or folders."""
    tree = git(state, "ls-tree", "-r", "main").splitlines()
    kept = [line for line in tree if not line.split("\t")[1].startswith(paths)]
    (state / "other-index").unlink(missing_ok=True)
    index = {**os.environ, "GIT_INDEX_FILE": str(state / "other-index")}
    subprocess.run(["git", "-C", state, "update-index", "--add", "--index-info"], input="\n".join(kept) + "\n", text=True, env=index, check=True)  # fmt: skip
    made = subprocess.run(["git", "-C", state, "write-tree"], env=index, check=True, capture_output=True, text=True)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    commit = git(state, *who, "commit-tree", made.stdout.strip(), "-p", "main", "-m", "by hand").strip()
    git(state, "update-ref", "refs/heads/main", commit)


def missed_by_name(hub: Hub, state: Path) -> dict[str, Reason]:
    return {name: err.reason for name, err in hub.reading(hub.store(str(state))).each()[1].items()}


def test_a_deleted_branch_is_missed_with_its_commit_and_comes_back(state: Path) -> None:
    hub, head = ours(state), git(state, "rev-parse", "main").strip()
    assert missed_by_name(hub, state) == {}
    git(state, "update-ref", "-d", "refs/heads/main")
    assert missed_by_name(hub, state) == {"int": Reason.ENVIRONMENT_MISSING, "stg": Reason.ENVIRONMENT_MISSING}
    with pytest.raises(HubError, match=head) as raised:
        ours(state).reading(hub.store(str(state))).state("int")
    assert "with 1 preview," in raised.value.faults[0].message
    git(state, "update-ref", "refs/heads/main", head)
    assert missed_by_name(ours(state), state) == {}


@pytest.mark.parametrize("paths", [("environments/int/",), ("environments/int/environment.yaml",), ("rtb-hub.yaml",)])
def test_what_went_from_its_branch_is_missed(state: Path, paths: tuple[str, ...]) -> None:
    missed_by_name(ours(state), state)
    without(state, *paths)
    for _ in range(2):  # a process of its own each time, and no end to it
        assert "int" in missed_by_name(ours(state), state)


def test_an_environment_without_previews_may_go(state: Path) -> None:
    missed_by_name(ours(state), state)
    without(state, "environments/stg/")
    assert missed_by_name(ours(state), state) == {"stg": Reason.ENVIRONMENT_MISSING}
    without(state, "argocd/stg/")
    assert missed_by_name(ours(state), state) == {}


@pytest.mark.parametrize(
    "gone", [("environments/int/",), ("environments/int/environment.yaml", "argocd/int/")], ids=" ".join
)
def test_what_is_left_of_one_tells_of_it_where_nobody_read_before(state: Path, gone: tuple[str, ...]) -> None:
    without(state, *gone)
    new = {"RTB_HUB_CACHE": str(state.parent / "another cache")}
    for _ in range(2):
        ran = rtb_hub("reconcile", "--repo", state, **new)
        assert (ran.code, "is not there any more" in " ".join((ran.out + ran.err).split())) == (6, True), ran.out
    listed = rtb_hub("env", "list", "--repo", state, "-o", "json", **new)
    assert (listed.code, [one["metadata"]["name"] for one in listed.json()["environments"]]) == (6, ["prd", "stg"])
    assert [one["environment"] for one in listed.json()["unreadable"]] == ["int"]
    found = rtb_hub("doctor", "--repo", state, "-o", "json", **new).json()["findings"]
    assert "environment-missing" in {one["rule"] for one in found}


def test_requests_tell_of_an_environment_whose_branch_went(state: Path) -> None:
    must("start", "RTB-5", "--env", "prd", "--blueprint", "web-api", *IMAGES, "--repo", state)
    git(state, "update-ref", "-d", "refs/heads/prd")
    ran = rtb_hub("reconcile", "--repo", state, RTB_HUB_CACHE=str(state.parent / "another cache"))
    assert (ran.code, "preview/prd/rtb-5" in ran.out + ran.err) == (6, True), ran.out


def test_copies_of_a_branch_tell_of_nothing(state: Path) -> None:
    git(state, "branch", "other", "main")
    without(state, "environments/int/previews/")
    hub = Hub(load_settings({**os.environ, "RTB_HUB_CACHE": str(state.parent / "another cache")}))
    assert missed_by_name(hub, state) == {}


def test_a_damaged_memory_is_done_without(state: Path) -> None:
    missed_by_name(ours(state), state)
    (kept,) = (state.parent / "cache" / "environments").iterdir()
    for text in ("nonsense", "[1]", '{"int": [1]}', "[" * 10_000, ""):
        kept.write_text(text)
        assert missed_by_name(ours(state), state) == {}
    kept.unlink()
    kept.mkdir()
    assert missed_by_name(ours(state), state) == {}


def test_reconcile_exits_with_6_and_names_the_way_back(state: Path) -> None:
    git(state, "update-ref", "-d", "refs/heads/main")
    ran = rtb_hub("reconcile", "--repo", state)
    assert ran.code == 6, ran.err + ran.out
    assert "git push" in ran.out + ran.err
    assert rtb_hub("reconcile", "--env", "int", "--repo", state).code == 6
