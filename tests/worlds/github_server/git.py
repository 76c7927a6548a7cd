"""The bare repository below the test server: real heads, real histories, real merges and conflicts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"], "LC_ALL": "C"}


T = TypeVar("T")


@dataclass
class Repository:
    path: Path
    #: What was asked of commits by their ids, which never changes.
    _known: dict[tuple[str, str, str], object] = field(default_factory=dict, repr=False)

    def run(self, *arguments: str, stdin: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
        command = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(command, env={**QUIET, **extra}, input=stdin, capture_output=True, text=True, check=False)

    def must(self, *arguments: str, stdin: str = "", **extra: str) -> str:
        done = self.run(*arguments, stdin=stdin, **extra)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def head(self, branch: str) -> str | None:
        return self.must("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}") or None

    def heads(self) -> dict[str, str]:
        listing = self.must("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads").splitlines()
        return dict(line.rsplit(" ", 1) for line in listing)

    def has(self, commit: str) -> bool:
        return self.run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0

    def _once(self, ask: Callable[[str, str], T], one: str, other: str) -> T:
        asked = (ask.__name__, one, other)
        if asked not in self._known:
            self._known[asked] = ask(one, other)
        return self._known[asked]  # type: ignore[return-value]

    def contains(self, commit: str, other: str) -> bool:
        return self._once(self._contains, commit, other)

    def _contains(self, commit: str, other: str) -> bool:
        return self.run("merge-base", "--is-ancestor", other, commit).returncode == 0

    def merged_tree(self, base: str, head: str) -> str | None:
        """The tree of both commits together; None when they conflict."""
        return self._once(self._merged_tree, base, head)

    def _merged_tree(self, base: str, head: str) -> str | None:
        done = self.run("merge-tree", "--write-tree", "--no-messages", base, head)
        return done.stdout.split()[0] if done.returncode == 0 else None

    def merge(self, branch: str, head: str, message: str, name: str, email: str) -> str | None:
        """Merge `head` into `branch`; None when the branch moved meanwhile."""
        base = self.head(branch)
        tree = self.merged_tree(base, head) if base else None
        assert base is not None
        assert tree is not None
        who = {f"GIT_{role}_{f}": v for role in ("AUTHOR", "COMMITTER") for f, v in (("NAME", name), ("EMAIL", email))}
        commit = self.must("commit-tree", tree, "-p", base, "-p", head, stdin=message, **who)
        return commit if self.run("update-ref", f"refs/heads/{branch}", commit, base).returncode == 0 else None

    def commits(self, base: str, head: str) -> list[list[str]]:
        """Of each commit, oldest first: id, tree, parents, author and committer (name, e-mail, date), message."""
        return self._once(self._commits, base, head)

    def _commits(self, base: str, head: str) -> list[list[str]]:
        fields = "%x1f".join(("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"))
        out = self.must("log", "--reverse", f"--format={fields}%x1e", f"{base}..{head}")
        return [record.strip("\n").split("\x1f") for record in out.split("\x1e") if record.strip()]

    def text(self, branch: str, path: str) -> str:
        done = self.run("show", f"refs/heads/{branch}:{path}")
        return done.stdout if done.returncode == 0 else ""
