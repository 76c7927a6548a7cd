"""`init` and `demo` write nothing into what is somebody else's, and push nothing from there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from worlds.commands import commit_file, git, must, rtb_hub, state_of
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
