"""Repositories that many tests begin with: each is made once in a process of tests, and copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from worlds.commands import git, must

_MADE: dict[str, Path] = {}


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="repositories-"))
    atexit.register(shutil.rmtree, folder)
    return folder


def copied(name: str, make: Callable[[Path], object], path: Path) -> Path:
    """A copy at `path` of what `make` makes at the path it is given. It must hold no path, and nothing of the caller's."""
    if name not in _MADE:
        home = _folder() / f"{len(_MADE)}.git"
        make(home)
        packed(home)
        _MADE[name] = home
    shutil.copytree(_MADE[name], path)
    return path


def packed(repository: Path) -> None:
    """Lay a repository's objects and refs into few files, which are quick to copy and to remove."""
    git(repository, "repack", "-a", "-d", "-q")
    git(repository, "pack-refs", "--all")


def state_repository(path: Path) -> Path:
    """What `rtb-hub init` makes at `path` with the shipped environments."""
    return copied("init", lambda home: must("init", home), path)
