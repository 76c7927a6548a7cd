"""A `git` on the PATH that notes what it is asked, so that a test counts processes."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

#: The line of a shell script in the place of `git` that says which one it is, as each process asks once.
VERSION = '[ "$1" = --version ] && echo git version 2.50.0 && exit'


@dataclass(frozen=True)
class CountedGit:
    """Notes each git that is started by `path`, its options first."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        wrapper = self.folder / "git"
        wrapper.write_text(f'#!/bin/sh\necho "$*" >> {self.folder / "log"}\nexec {shutil.which("git")} "$@"\n')
        wrapper.chmod(0o755)

    @property
    def path(self) -> str:
        """The PATH to look it up by."""
        return f"{self.folder}{os.pathsep}{os.environ['PATH']}"

    def taken(self) -> list[str]:
        """The commands so far (`fetch`), which are then forgotten."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [_command(line.split()) for line in lines if line != "--version"]  # asked once a process


def _command(words: list[str]) -> str:
    """The first word that is neither an option nor what belongs to one."""
    while words[0].startswith("-"):
        words = words[2 if words[0] in ("-C", "-c", "--git-dir") else 1 :]
    return words[0]
