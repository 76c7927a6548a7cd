"""`init` and `demo` write nothing into what is somebody else's, and push nothing from there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from worlds.commands import IMAGES, commit_file, git, must, rtb_hub, state_of
from worlds.places import ROOT
from worlds.repositories import state_repository

WHO = ("-c", "user.name=a", "-c", "user.email=a@example.com")
NOT_OURS = 38


def bare(path: Path, branch: str = "main") -> Path:
    subprocess.run(["git", "init", "-q", "--bare", "-b", branch, path], check=True)
    return path


def application(path: Path, branch: str = "main") -> Path:
    """A repository of an application, with one commit, and its clone's remote."""
    bare(path, branch)
    clone = path.parent / f"{path.name}-clone"
    subprocess.run(["git", "clone", "-q", path, clone], check=True, capture_output=True)
    git(clone, "checkout", "-q", "-b", branch)
    (clone / "README.md").write_text("# my app\n")
    git(clone, "add", ".")
    git(clone, *WHO, "commit", "-q", "-m", "app")
    git(clone, "push", "-q", "origin", branch)
    return clone


@pytest.mark.parametrize("branch", ["main", "master", "prd"])
@pytest.mark.parametrize("form", ["clone", "bare", "below the top", "its remote", "another's mark"])
def test_init_leaves_a_repository_of_something_else_alone(tmp_path: Path, branch: str, form: str) -> None:
    clone = application(tmp_path / "app.git", branch)
    (clone / "docs").mkdir()
    (clone / "docs" / "x").write_text("x")
    if form == "another's mark":
        commit_file(tmp_path / "app.git", "rtb-hub.yaml", "kind: Something\n", branch)
    before = state_of(tmp_path / "app.git"), git(clone, "for-each-ref", "refs/heads")
    asked = {
        "clone": (clone,),
        "bare": (tmp_path / "app.git",),
        "below the top": (clone / "docs",),
        "its remote": (tmp_path / "new.git", "--remote", tmp_path / "app.git"),
        "another's mark": (tmp_path / "app.git",),
    }[form]
    ran = rtb_hub("init", *asked)
    assert (ran.code, "[TargetNotEmpty]" in ran.err) == (NOT_OURS, True), ran.err
    assert (state_of(tmp_path / "app.git"), git(clone, "for-each-ref", "refs/heads")) == before
    assert not (tmp_path / "new.git").exists()
    assert (clone / "README.md").read_text() == "# my app\n"


def test_init_leaves_what_was_never_committed_or_pushed_alone(tmp_path: Path) -> None:
    bare(tmp_path / "empty.git")
    for name, commits in (("files", False), ("commits", True)):
        clone = tmp_path / name
        subprocess.run(["git", "clone", "-q", tmp_path / "empty.git", clone], check=True, capture_output=True)
        (clone / "main.py").write_text("x")
        if commits:
            git(clone, "add", ".")
            git(clone, *WHO, "commit", "-q", "-m", "mine")
        assert rtb_hub("init", clone).code == NOT_OURS
    assert git(tmp_path / "empty.git", "for-each-ref") == ""


@pytest.mark.parametrize("ref", ["refs/tags/v1", "refs/notes/commits", "refs/pull/1/head", "HEAD"])
@pytest.mark.parametrize("form", ["itself", "its clone", "its remote"])
def test_init_leaves_a_history_without_branches_alone(tmp_path: Path, ref: str, form: str) -> None:
    """Such as a work tree of a release, or where only tags were pushed to."""
    source = bare(tmp_path / "source.git")
    tree = subprocess.run(["git", "-C", source, "mktree"], input=b"", check=True, capture_output=True).stdout.decode()
    git(
        source,
        "update-ref",
        *(["--no-deref"] * (ref == "HEAD")),
        ref,
        git(source, *WHO, "commit-tree", tree.strip(), "-m", "x").strip(),
    )
    clone = bare(tmp_path / "clone.git")
    git(clone, "remote", "add", "origin", str(source))
    asked = {"itself": (source,), "its clone": (clone,), "its remote": (tmp_path / "new.git", "--remote", source)}
    ran = rtb_hub("init", *asked[form])
    assert (ran.code, git(source, "for-each-ref", "refs/heads"), (tmp_path / "new.git").exists()) == (
        NOT_OURS,
        "",
        False,
    ), ran.err


def test_a_folder_and_a_file_of_something_else_have_the_same_code(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    for path in (tmp_path / "mine", tmp_path / "mine" / "notes.txt"):
        assert rtb_hub("init", path).code == NOT_OURS


def test_one_branch_of_somebodys_own_among_ours_is_not_written(tmp_path: Path) -> None:
    path = state_repository(tmp_path / "state.git")
    git(path, "update-ref", "refs/heads/mine", "main")
    must("init", path)
    tree = git(path, "rev-parse", "main:docs").strip()
    git(path, "update-ref", "refs/heads/prd", git(path, *WHO, "commit-tree", tree, "-m", "x").strip())
    before = state_of(path)
    ran = rtb_hub("init", path, "--environments", ROOT / "environments")
    assert (ran.code, "prd" in ran.err, state_of(path)) == (NOT_OURS, True, before)


def test_a_mark_that_went_is_to_be_brought_back(tmp_path: Path) -> None:
    path = state_repository(tmp_path / "state.git")
    commit_file(path, "rtb-hub.yaml", "{}", "main")
    ran = rtb_hub("init", path)
    assert (ran.code, "bring rtb-hub.yaml back" in ran.err) == (NOT_OURS, True)


def test_empty_ones_and_ours_are_laid_out(tmp_path: Path) -> None:
    bare(tmp_path / "empty.git")
    must("init", tmp_path / "empty.git")
    must("init", tmp_path / "empty.git")
    bare(tmp_path / "far.git")
    must("init", tmp_path / "here.git", "--remote", tmp_path / "far.git")
    must("init", tmp_path / "other.git", "--remote", tmp_path / "far.git")


@pytest.mark.parametrize("form", ["a state repository", "its clone", "a folder", "a file"])
def test_a_demo_is_shown_in_a_folder_that_it_makes(tmp_path: Path, form: str) -> None:
    path = state_repository(tmp_path / "state.git")
    where = path
    if form == "its clone":
        where = tmp_path / "clone.git"
        subprocess.run(["git", "clone", "-q", "--bare", path, where], check=True)
        git(where, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    elif form != "a state repository":
        where = tmp_path / "mine"
        where.mkdir() if form == "a folder" else where.write_text("x")
        if form == "a folder":
            (where / "x").write_text("x")
    before = state_of(path)
    assert (rtb_hub("demo", where).code, state_of(path)) == (NOT_OURS, before)


@pytest.mark.parametrize("is_remote", [False, True], ids=["the folder", "the remote"])
@pytest.mark.parametrize(
    "form",
    [".git", ".git/refs", "app.git/refs", "tree", "tree/.git", ".git/worktrees/tree", "link", "link/.git", "link.git"],
)
def test_init_knows_a_repository_by_any_path_into_it(tmp_path: Path, form: str, *, is_remote: bool) -> None:
    clone = application(tmp_path / "app.git")
    git(clone, "worktree", "add", "-q", tmp_path / "tree", "-b", "other")
    (tmp_path / "link").symlink_to(clone)
    (tmp_path / "link.git").symlink_to(tmp_path / "app.git")
    path = clone / form if form.startswith(".git") else tmp_path / form
    before = state_of(clone), state_of(tmp_path / "app.git"), sorted(tmp_path.rglob("*"))
    ran = rtb_hub("init", *((tmp_path / "new.git", "--remote", path) if is_remote else (path,)))
    assert (ran.code, "[TargetNotEmpty]" in ran.err) == (NOT_OURS, True), ran.err
    assert (state_of(clone), state_of(tmp_path / "app.git"), sorted(tmp_path.rglob("*"))) == before


@pytest.mark.parametrize("command", ["init", "demo"])
@pytest.mark.parametrize("form", ["clone/.git/new", "clone/.git/refs/a/b", "app.git/new", "nowhere"])
def test_no_repository_is_made_inside_another_or_behind_a_link_to_nothing(
    tmp_path: Path, form: str, command: str
) -> None:
    application(tmp_path / "app.git").rename(tmp_path / "clone")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    before = sorted(tmp_path.rglob("*"))
    ran = rtb_hub(command, tmp_path / form)
    assert (ran.code, sorted(tmp_path.rglob("*"))) == (NOT_OURS, before), ran.err


def test_a_git_directory_that_is_named_stands_for_its_work_tree(tmp_path: Path) -> None:
    must("init", tmp_path / "state", "--work-tree")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", tmp_path / "state" / ".git")
    assert git(tmp_path / "state", "status", "--porcelain") == ""
    assert "RTB-1" in must("list", "--repo", tmp_path / "state" / ".git").out


def test_a_git_directory_without_a_work_tree_is_told_as_one(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path / "a"], check=True)
    (tmp_path / "a" / ".git").rename(tmp_path / "b")
    ran = rtb_hub("list", "--repo", tmp_path / "b")
    assert (ran.code, "name the work tree itself" in ran.err) == (35, True), ran.err


def test_a_bare_repository_that_is_named_is_used_where_git_takes_none_that_it_comes_upon(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[safe]\n\tbareRepository = explicit\n")
    strict = {"GIT_CONFIG_GLOBAL": str(tmp_path / "config")}
    state = tmp_path / "state.git"
    must("init", state, **strict)
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", state, **strict)
    must("init", tmp_path / "clone.git", "--remote", state, **strict)
    for where in (state, tmp_path / "clone.git", f"file://{state}"):
        assert "RTB-1" in must("list", "--repo", where, **strict).out
    assert rtb_hub("doctor", "--repo", state, **strict).code == 0
    app = application(tmp_path / "app.git") and tmp_path / "app.git"
    assert rtb_hub("init", app, **strict).code == NOT_OURS
    assert rtb_hub("list", "--repo", state / "refs", **strict).code != 0
