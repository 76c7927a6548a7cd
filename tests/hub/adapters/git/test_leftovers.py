"""What a full disk leaves in a repository is removed by the next commit, unless somebody may still write it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.adapters.git.leftovers import remove_leftovers
from worlds.acting import Acting
from worlds.commands import git

REPORT, PACK, OBJECT = "fast_import_crash_4711", "objects/pack/tmp_pack_aB3dE6", "objects/0f/tmp_obj_aB3dE6"


def left(repository: Path, name: str, *, at: float) -> Path:
    path = repository / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PACK")
    os.utime(path, (at, at))
    return path


@pytest.mark.parametrize(
    ("name", "seconds", "is_removed"),
    [
        (REPORT, 59, False),
        (REPORT, 61, True),
        (PACK, 3599, False),
        (PACK, 3601, True),
        ("objects/pack/tmp_idx_aB3dE6", 3601, True),
        (OBJECT, 3599, False),
        (OBJECT, 3601, True),
        ("objects/0f/" + "a" * 38, 10**6, False),
        ("objects/pack/pack-0f.pack", 10**6, False),
        ("config", 10**6, False),
        (PACK, -10, False),
    ],
)
def test_only_what_nobody_writes_any_more_is_removed(tmp_path: Path, name: str, seconds: int, is_removed: bool) -> None:
    path = left(tmp_path, name, at=10.0**9)
    assert (remove_leftovers(tmp_path, now=10.0**9 + seconds), path.exists()) == (int(is_removed), not is_removed)


def test_links_and_folders_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    (tmp_path / REPORT).symlink_to(tmp_path / "mine")
    (tmp_path / PACK).mkdir(parents=True)
    assert remove_leftovers(tmp_path, now=10.0**12) == 0
    assert (tmp_path / "mine").read_text() == "x"


def test_the_next_commit_removes_them(tmp_path: Path) -> None:
    acting = Acting(tmp_path / "state.git")
    paths = [left(acting.path, name, at=0.0) for name in (REPORT, PACK, OBJECT)]
    acting.start()
    assert [path for path in paths if path.exists()] == []
    git(acting.path, "fsck", "--strict")
