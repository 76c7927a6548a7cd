"""Running the real command in a process of its own, and looking at a repository from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worlds.builders import image
from worlds.places import ROOT

IMAGES = ("--image", f"web={image('web')}", "--image", f"api={image('api')}")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def rtb_hub(*arguments: object, cwd: Path | None = None, **environ: str) -> Ran:
    """Run `rtb-hub` and return what it did."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "hub.cli.main", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def must(*arguments: object, cwd: Path | None = None, **environ: str) -> Ran:
    """Run `rtb-hub` and expect success."""
    ran = rtb_hub(*arguments, cwd=cwd, **environ)
    assert ran.code == 0, ran.err
    return ran


def git(repository: Path, *arguments: str) -> str:
    """What git says in a repository."""
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True, text=True).stdout


def state_of(repository: Path) -> str:
    """All refs, and the work tree's state where there is one: what a refused command must leave as it was."""
    bare = git(repository, "rev-parse", "--is-bare-repository").strip() == "true"
    return git(repository, "for-each-ref") + ("" if bare else git(repository, "status", "--porcelain"))


def commit_file(repository: Path, path: str, text: str, branch: str = "main") -> None:
    """Commit a file past the hub, as a person or another tool would."""
    blob = subprocess.run(
        ["git", "-C", repository, "hash-object", "-w", "--stdin"],
        input=text,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    index = {**os.environ, "GIT_INDEX_FILE": str(repository / "test-index")}
    for arguments in (["read-tree", branch], ["update-index", "--add", "--cacheinfo", f"100644,{blob},{path}"]):
        subprocess.run(["git", "-C", repository, *arguments], check=True, env=index)
    tree = subprocess.run(
        ["git", "-C", repository, "write-tree"], check=True, env=index, capture_output=True, text=True
    ).stdout.strip()
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    made = git(repository, *who, "commit-tree", tree, "-p", branch, "-m", "by hand").strip()
    git(repository, "update-ref", f"refs/heads/{branch}", made)
    (repository / "test-index").unlink()
