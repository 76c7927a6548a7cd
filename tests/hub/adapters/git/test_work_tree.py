"""Publishing into a repository with checked-out files: done when the branch moved, whatever dies when."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from itertools import product
from pathlib import Path

import pytest
from test_git_store import WHO, A, B, C, opened, put, remove, write

from generator.errors import HubError, Reason, Stalled
from hub.adapters.git.opening import create_repository, open_store
from hub.telemetry import events
from worlds.commands import git
from worlds.telling import Told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_repository(tmp_path / "r", bare=False, remote=None, environ=os.environ)
    put(opened(tmp_path / "r", tmp_path), write(A, "one"), write(B, "one"))
    return tmp_path / "r"


def must_follow(folder: Path, tmp_path: Path) -> None:
    """The next commit is made, and brings the files along."""
    commit = put(opened(folder, tmp_path), write(C, "last"))
    assert git(folder, "rev-parse", "main").strip() == commit
    assert git(folder, "status", "--porcelain") == ""
    assert (folder / C).read_text() == "last"


def test_a_stale_lock_of_the_index_does_not_deny_a_commit(folder: Path, tmp_path: Path) -> None:
    lock, log = folder / ".git" / "index.lock", Told()
    lock.touch()
    for text in ("two", "three"):
        store = open_store(str(folder), cache=tmp_path, environ=os.environ, identity=WHO, telemetry=log.telemetry)
        commit = put(store, write(A, text))
        assert git(folder, "rev-parse", "main").strip() == commit
        told = log.of(events.WORK_TREE_BEHIND)[-1]
        assert (told["commit"], "index.lock" in told["why"], told["level"]) == (commit, True, "error")
    lock.unlink()
    must_follow(folder, tmp_path)


@pytest.mark.parametrize("kind", ["bare", "another branch", "none"])
def test_files_that_are_checked_out_elsewhere_follow(folder: Path, tmp_path: Path, kind: str) -> None:
    """As git-worktree(1) adds them: left behind, their next commit would take back what was written."""
    there = tmp_path / "there"
    if kind == "bare":
        git(tmp_path, "clone", "-q", "--bare", str(folder), "r.git")
        git(tmp_path / "r.git", "remote", "remove", "origin")
        folder = tmp_path / "r.git"
    else:
        git(folder, "checkout", "-q", *(["-b", "side"] if kind == "another branch" else ["--detach"]))
    git(folder, "worktree", "add", "-q", str(there), "main")
    put(opened(folder, tmp_path), write(A, "two"))
    assert ((there / A).read_text(), git(there, "status", "--porcelain")) == ("two", "")
    (there / "mine").write_text("mine")
    head = git(folder, "rev-parse", "main")
    with pytest.raises(Stalled, match=r"there has changes of its own: mine"):
        put(opened(folder, tmp_path), write(A, "three"))
    assert git(folder, "rev-parse", "main") == head
    shutil.rmtree(there)
    put(opened(folder, tmp_path), write(A, "three"))


STATES = [*product(("old", "new"), repeat=3)]


@pytest.mark.parametrize("files", STATES, ids=["-".join(files) for files in STATES])
@pytest.mark.parametrize("is_locked", [False, True], ids=["without a lock", "with its lock"])
def test_files_on_their_way_are_brought_to_the_branch(
    folder: Path, tmp_path: Path, files: tuple[str, ...], is_locked: bool
) -> None:
    """What a `read-tree` leaves that was killed: the index of before, and some of the files of after."""
    index = (folder / ".git" / "index").read_bytes()
    put(opened(folder, tmp_path), write(A, "two"), remove(B), write(C, "new"))
    (folder / ".git" / "index").write_bytes(index)
    for path, state, old in zip((A, B, C), files, ("one", "one", None), strict=True):
        if state == "old" and old:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(old)
        elif state == "old":
            (folder / path).unlink()
    if is_locked:
        (folder / ".git" / "index.lock").touch()
        put(opened(folder, tmp_path), write(A, "three"))
        (folder / ".git" / "index.lock").unlink()
    must_follow(folder, tmp_path)


@pytest.mark.parametrize("dirt", ["changed", "staged", "untracked", "a link"])
def test_ones_own_changes_in_one_that_was_left_behind_are_kept(folder: Path, tmp_path: Path, dirt: str) -> None:
    index = (folder / ".git" / "index").read_bytes()
    head = put(opened(folder, tmp_path), write(A, "two"))
    (folder / ".git" / "index").write_bytes(index)
    path = folder / ("mine" if dirt == "untracked" else A)
    path.unlink(missing_ok=True)
    path.symlink_to("two") if dirt == "a link" else path.write_text("mine")
    if dirt == "staged":
        git(folder, "add", "-A")
    with pytest.raises(Stalled, match=path.name) as caught:
        put(opened(folder, tmp_path), write(C, "x"))
    assert caught.value.reason is Reason.REPOSITORY_DIRTY
    assert git(folder, "rev-parse", "main").strip() == head
    assert path.is_symlink() if dirt == "a link" else path.read_text() == "mine"


def test_the_first_commit_of_all_is_followed_later(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    create_repository(folder, bare=False, remote=None, environ=os.environ)
    put(opened(folder, tmp_path), write(A, "one"))
    (folder / ".git" / "index").unlink()
    (folder / A).unlink()
    must_follow(folder, tmp_path)


def test_a_file_that_was_only_touched_does_not_keep_it_behind(folder: Path, tmp_path: Path) -> None:
    os.utime(folder / A, (1, 1))
    put(opened(folder, tmp_path), write(A, "two"))
    assert ((folder / A).read_text(), git(folder, "status", "--porcelain")) == ("two", "")


@pytest.mark.parametrize("when", ["before", "after"])
def test_dying_at_any_call_leaves_what_the_next_run_goes_on_with(folder: Path, tmp_path: Path, when: str) -> None:
    """A `git` that dies (-9) at the n-th call, before or after it took effect, for every n of a commit."""
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    wrapper, count = tmp_path / "bin" / "git", tmp_path / "count"
    wrapper.parent.mkdir()
    fail = "kill -9 $$" if when == "before" else f'"{real}" "$@"; kill -9 $$'
    wrapper.write_text(
        f'#!/bin/sh\nn=$(cat "{count}"); echo $((n-1)) > "{count}"\n[ "$n" = 1 ] && {{ {fail}; }}\nexec "{real}" "$@"\n'
    )
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    behind = 0
    for n in range(1, 20):
        count.write_text(str(n))
        before = git(folder, "rev-parse", "main")
        try:
            put(
                opened(folder, tmp_path, PATH=f"{wrapper.parent}:{os.environ['PATH']}"),
                write(A, str(n)),
                write(C, str(n)),
            )
        except (HubError, ValueError):
            pass
        else:
            assert git(folder, "rev-parse", "main") != before, "told as done, it is"
        behind += git(folder, "status", "--porcelain") != ""
        put(opened(folder, tmp_path), write(B, str(n)))
        assert git(folder, "status", "--porcelain") == ""
        assert (folder / B).read_text() == str(n)
        git(folder, "fsck", "--strict")
    assert behind >= 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_whole_at_any_step_the_next_run_goes_on(folder: Path, tmp_path: Path, when: str) -> None:
    """The process and the `git` that it has just started are killed (-9) at the n-th call, for every n of a commit."""
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    wrapper, count = tmp_path / "bin" / "git", tmp_path / "count"
    wrapper.parent.mkdir()
    both = "kill -9 $PPID $$"
    fail = both if when == "before" else f'"{real}" "$@"; {both}'
    wrapper.write_text(
        f'#!/bin/sh\nn=$(cat "{count}"); echo $((n-1)) > "{count}"\n[ "$n" = 1 ] && {{ {fail}; }}\nexec "{real}" "$@"\n'
    )
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    behind = killed = 0
    for n in range(1, 30):
        count.write_text(str(n))
        child = os.fork()
        if child == 0:
            try:
                store = opened(folder, tmp_path, PATH=f"{wrapper.parent}:{os.environ['PATH']}")
                put(store, write(A, str(n)), write(C, str(n)))
                os._exit(0)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        assert os.WTERMSIG(status) == signal.SIGKILL
        killed += 1
        behind += git(folder, "status", "--porcelain") != ""
        put(opened(folder, tmp_path), write(B, str(n)))
        assert git(folder, "status", "--porcelain") == ""
        assert (folder / B).read_text() == str(n)
    assert killed >= 5
    assert behind >= 1
    git(folder, "fsck", "--strict")
