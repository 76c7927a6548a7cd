"""What `doctor` says of the store: locks, checked-out files, and what on a branch stops Argo CD."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from generator.errors import Stalled
from hub.actions.doctor import Diagnosed, doctor
from hub.actions.doctor_forge import Guards
from hub.actions.repository import Repository
from hub.adapters.git.opening import open_store
from hub.adapters.git.store import GitRepository, Identity
from reconcilers.doctor.store import leaves
from reconcilers.plan import FileChange, Plan
from reconcilers.state.entries import NOTHING_KEPT
from worlds.acting import Acting
from worlds.builders import LIBRARY, NOW
from worlds.commands import git, must
from worlds.local_world import QUIET

UNGUARDED = Guards(push_rules=lambda: None, forge=lambda _: None, lacking=lambda _: None, email="hub@example.com")


def opened(location: Path | str, cache: Path) -> GitRepository:
    return open_store(str(location), cache=cache, environ=QUIET, identity=Identity("hub", "hub@example.com"))


def diagnosed(store: GitRepository) -> Diagnosed:
    repository = Repository(store, LIBRARY, NOTHING_KEPT)
    return doctor((), repository=repository, guards=UNGUARDED, clusters=None, clock=lambda: NOW)


def of(found: Diagnosed, rule: str) -> list[tuple[str, str]]:
    return [(one.severity, one.where.file) for one in found.findings if one.rule == rule]


def with_special(repository: Path, path: str, target: str | None, branch: str = "main") -> None:
    """Commit a symbolic link to `target`, or a submodule (None), past the hub."""
    index = {**os.environ, "GIT_INDEX_FILE": str(repository / "test-index")}
    run = ["git", "-C", repository]
    if target is None:
        what = f"160000,{git(repository, 'rev-parse', branch).strip()},{path}"
    else:
        made = subprocess.run([*run, "hash-object", "-w", "--stdin"], input=target, text=True, capture_output=True, check=True)  # fmt: skip
        what = f"120000,{made.stdout.strip()},{path}"
    subprocess.run([*run, "read-tree", branch], check=True, env=index)
    subprocess.run([*run, "update-index", "--add", "--replace", "--cacheinfo", what], check=True, env=index)
    tree = subprocess.run([*run, "write-tree"], check=True, env=index, capture_output=True, text=True).stdout.strip()
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    git(repository, "update-ref", f"refs/heads/{branch}", git(repository, *who, "commit-tree", tree, "-p", branch, "-m", "x").strip())  # fmt: skip


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    made = Acting(tmp_path / "state.git")
    made.start()
    return made


class TestLocks:
    @pytest.mark.parametrize("name", ["refs/heads/main.lock", "packed-refs.lock", "refs/heads/preview/prd/rtb-1.lock"])
    def test_a_lock_is_named_with_its_whole_path(self, acting: Acting, tmp_path: Path, name: str) -> None:
        lock = acting.path / name
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        assert of(diagnosed(acting.store), "stale-lock") == [("error", str(lock))]
        far = opened(f"file://{acting.path}", tmp_path / "cache")
        assert of(diagnosed(far), "stale-lock") == [("error", str(lock))], "where pushes arrive"

    def test_a_write_that_meets_one_names_it_whole(self, tmp_path: Path) -> None:
        acting = Acting(tmp_path / ("long-" * 40) / ("name-" * 40) / "state.git")
        lock = acting.path / "refs" / "heads" / "main.lock"
        lock.touch()
        for store in (acting.store, opened(f"file://{acting.path}", tmp_path / "cache")):
            head = store.snapshots()["main"].commit
            with pytest.raises(Stalled) as caught:
                store.commit(Plan("main", head, head, "x", (FileChange(PurePosixPath("x"), b"x", "x"),)), at=NOW)
            assert f"remove {lock}" in str(caught.value.faults[0].remedy)

    def test_none_is_told_of_a_repository_without(self, acting: Acting) -> None:
        assert of(diagnosed(acting.store), "stale-lock") == []


class TestWorkTree:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        must("init", tmp_path / "r", "--work-tree")
        return tmp_path / "r"

    def test_one_that_is_behind_is_named_with_the_lock(self, folder: Path, tmp_path: Path) -> None:
        lock = folder / ".git" / "index.lock"
        store = opened(folder, tmp_path)
        assert of(diagnosed(store), "work-tree-behind") == []
        head = git(folder, "rev-parse", "main").strip()
        tree = git(folder, "rev-parse", "main^{tree}").strip()
        (folder / "x").write_text("x")
        git(folder, "add", "x")
        moved = git(folder, "write-tree").strip()
        git(folder, "rm", "-qf", "x")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        git(folder, "update-ref", "refs/heads/main", git(folder, *who, "commit-tree", moved, "-p", head, "-m", "x").strip())  # fmt: skip
        lock.touch()
        found = diagnosed(store)
        assert of(found, "work-tree-behind") == [("warning", str(folder))]
        assert of(found, "stale-lock") == [("warning", str(lock))]
        lock.unlink()
        assert tree != moved

    def test_ones_own_changes_that_would_be_refused_are_an_error(self, folder: Path, tmp_path: Path) -> None:
        (folder / "mine").write_text("mine")
        found = diagnosed(opened(folder, tmp_path))
        assert of(found, "work-tree-changed") == [("error", str(folder))]


@pytest.mark.parametrize(
    ("path", "target", "out"),
    [
        ("docs/x", "/etc/passwd", True),
        ("docs/x", "/", True),
        ("docs/x", "../../x", True),
        ("x", "..", True),
        ("docs/x", "../../state/docs/y", True),
        ("a/b/x", "../../../r/a", True),
        ("a/b/x", "../..", False),
        ("docs/x", "y", False),
        ("docs/x", "../README.md", False),
        ("docs/x", "./../docs/./y", False),
        ("docs/x", "..x/y", False),
        ("docs/x", "missing", False),
        ("docs/x", "", False),
    ],
)
def test_a_link_leaves_as_argo_cd_judges_it(path: str, target: str, out: bool) -> None:
    assert leaves(path, target) is out


class TestWhatStopsArgoCD:
    @pytest.mark.parametrize("branch", ["main", "prd"])
    def test_a_link_that_leaves_the_repository(self, acting: Acting, branch: str) -> None:
        with_special(acting.path, "docs/deep/x", "../../../etc", branch)
        with_special(acting.path, "docs/y", "deep/z", branch)
        assert of(diagnosed(acting.store), "link-leaves-repository") == [("error", "docs/deep/x")]

    @pytest.mark.parametrize(
        ("path", "rule"),
        [
            ("environments/int/previews/rtb/100", "submodule-in-previews"),
            ("environments/stg/previews", "submodule-in-previews"),
            ("environments/int/previews/rtb/900/rtb-901", "submodule-in-previews"),
            ("docs/other", "submodule"),
            ("environments/int/previews-of-others", "submodule"),
        ],
    )
    def test_a_submodule(self, acting: Acting, path: str, rule: str) -> None:
        with_special(acting.path, path, None)
        assert of(diagnosed(acting.store), rule) == [("warning" if rule == "submodule" else "error", path)]


@pytest.mark.parametrize("branch", ["main", "prd", "feature"])
def test_a_work_tree_that_was_added_is_looked_at_where_the_hub_commits(tmp_path: Path, branch: str) -> None:
    must("init", tmp_path / "r.git")
    git(tmp_path / "r.git", "branch", "feature", "main")
    git(tmp_path / "r.git", "worktree", "add", "-q", tmp_path / "tree", branch)
    store = opened(tmp_path / "r.git", tmp_path)
    assert of(diagnosed(store), "work-tree-changed") == []
    (tmp_path / "tree" / "rtb-hub.yaml").write_text("mine\n")
    found = diagnosed(store)
    told = [one.message for one in found.findings if one.rule == "work-tree-changed"]
    assert [str(tmp_path / "tree") in message for message in told] == ([] if branch == "feature" else [True])
    git(tmp_path / "tree", "checkout", "-q", ".")
    (tmp_path / "tree" / "note").write_text("mine\n")
    assert len(of(diagnosed(store), "work-tree-changed")) == (branch != "feature")
    (tmp_path / "tree" / "note").unlink()
    git(tmp_path / "tree", "read-tree", "-u", "--reset", f"{branch}~0")
    lock = Path(git(tmp_path / "tree", "rev-parse", "--absolute-git-dir").strip()) / "index.lock"
    lock.touch()
    assert of(diagnosed(store), "stale-lock") == [("warning", str(lock))]
