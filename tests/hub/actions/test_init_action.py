"""Laying out a state repository, as a value: what each branch got, and which of its rules are held."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generator.errors import ConfigError, HubError, Reason
from hub import __version__, assets
from hub.actions.init import InitParts, InitRequest, init
from hub.actions.laid_out_files import LaidOutFiles
from hub.adapters.git.opening import open_store
from hub.adapters.git.store import Identity
from reconcilers.ports.git import GitStore
from worlds.acting import VALIDATOR
from worlds.builders import LIBRARY, NOW
from worlds.commands import git, must, state_of
from worlds.local_world import QUIET

BASE, INT = "base/environment.yaml", "int/environment.yaml"


@pytest.fixture
def parts(tmp_path: Path) -> InitParts:
    def opened(location: str) -> GitStore:
        identity = Identity("rtb-hub", "rtb-hub@example.com")
        return open_store(location, cache=tmp_path / "cache", environ=QUIET, identity=identity)

    return InitParts(LaidOutFiles(LIBRARY, VALIDATOR), opened, QUIET, lambda: NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Environments of one's own: int alone."""
    shipped = assets.environment_files()
    for name in (BASE, INT):
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True)
        path.write_text(shipped[f"environments/{name}"], encoding="utf-8")
    return tmp_path / "own"


def commits(path: Path) -> dict[str, str]:
    return dict(
        line.split() for line in git(path, "for-each-ref", "--format=%(refname:short) %(objectname)").splitlines()
    )


def test_a_new_folder_gets_each_branch_in_one_commit_and_its_rules_held(tmp_path: Path, parts: InitParts) -> None:
    path = tmp_path / "state.git"
    found = init(InitRequest(path), parts=parts)
    assert found.repository == str(path)
    assert {plan.branch: commit for plan, commit in found.branches} == commits(path)
    assert set(found.layout.environments) == {"int", "prd", "stg"}
    assert found.held
    assert found.held.hook == "ours"
    held = {(rule.branch, rule.name): found.held.held_by(rule.name, rule.branch) for rule in found.rules}
    assert held["main", "no-rewriting"] == "hook"
    assert __version__ in git(path, "show", "main:.github/workflows/guard.yaml")


def test_again_it_changes_nothing_and_says_so(tmp_path: Path, parts: InitParts) -> None:
    path = tmp_path / "state.git"
    first = init(InitRequest(path), parts=parts)
    again = init(InitRequest(path), parts=parts)
    assert all(plan.is_converged for plan, _ in again.branches)
    assert {commit for _, commit in again.branches} == {commit for _, commit in first.branches}


def test_what_differs_of_the_environments_is_shown_and_comments_stay(tmp_path: Path, folder: Path) -> None:
    path, file = tmp_path / "state.git", folder / "int" / "environment.yaml"
    must("init", path, "--environments", folder)
    file.write_text("# ours\n" + file.read_text().replace("  domain:", "  # where previews are\n  domain:"))
    ran = must("init", path, "--environments", folder)
    shown = [line.strip() for line in ran.out.splitlines()]
    assert {"+# ours", "+  # where previews are", "+++ b/environments/int/environment.yaml"} <= {*shown}
    assert not any(line.startswith("-") and not line.startswith("---") for line in shown)
    assert git(path, "show", "main:environments/int/environment.yaml") == file.read_text()
    again = must("init", path, "--environments", folder, "-o", "json").json()
    assert [one["diff"] for one in again["branches"]] == [""]


def test_its_own_environments_stay_where_none_are_named(tmp_path: Path, parts: InitParts, folder: Path) -> None:
    path = tmp_path / "state.git"
    assert set(init(InitRequest(path, environments=folder), parts=parts).layout.environments) == {"int"}
    before = state_of(path)
    assert set(init(InitRequest(path), parts=parts).layout.environments) == {"int"}
    assert state_of(path) == before


def test_it_is_published_where_it_is_told(tmp_path: Path, parts: InitParts) -> None:
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "far.git")
    found = init(InitRequest(tmp_path / "here.git", str(tmp_path / "far.git")), parts=parts)
    assert {plan.branch: commit for plan, commit in found.branches} == commits(tmp_path / "far.git")


def test_with_a_work_tree_there_are_files_to_look_at(tmp_path: Path, parts: InitParts) -> None:
    init(InitRequest(tmp_path / "here", has_work_tree=True), parts=parts)
    assert (tmp_path / "here" / "rtb-hub.yaml").is_file()
    assert git(tmp_path / "here", "status", "--porcelain") == ""


def _wrong(folder: Path) -> None:
    (folder / INT).write_text("kind: [\n", encoding="utf-8")


def _without_names(folder: Path) -> None:
    (folder / INT).unlink()


@pytest.mark.parametrize("spoil", [_wrong, _without_names], ids=["a file that is no YAML", "no environment"])
def test_environments_that_are_wrong_leave_nothing_behind(
    tmp_path: Path, parts: InitParts, folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(folder)
    with pytest.raises(ConfigError) as caught:
        init(InitRequest(tmp_path / "state.git", environments=folder), parts=parts)
    assert caught.value.reason is Reason.INVALID_ENVIRONMENT
    assert not (tmp_path / "state.git").exists()


def test_a_folder_of_something_else_is_left_as_it_is(tmp_path: Path, parts: InitParts) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(HubError):
        init(InitRequest(tmp_path / "mine"), parts=parts)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
