"""Merging two commits in the object database, as a forge does: no work tree, no index, no branch moves here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from generator.errors import Reason, Stalled
from hub.adapters.git.objects import bounded_time
from hub.adapters.git.process import Git, said

#: Pairs of commits that are remembered.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Signature:
    """Who makes a commit, and when."""

    name: str
    email: str
    at: datetime

    def environ(self) -> Mapping[str, str]:
        """What git-commit-tree(1) reads."""
        date = f"{int(self.at.astimezone(UTC).timestamp())} +0000"
        return {
            f"GIT_{role}_{field}": value
            for role in ("AUTHOR", "COMMITTER")
            for field, value in (("NAME", self.name), ("EMAIL", self.email), ("DATE", date))
        }


def contains(git: Git, commit: str, other: str) -> bool:
    """Whether `other` is `commit` or in its history."""
    return git.ask("merge-base", "--is-ancestor", other, commit).code == 0


@dataclass(frozen=True, slots=True)
class Merged:
    """What merging makes: the id of a tree, or else the paths that conflict."""

    tree: str | None
    conflicts: tuple[str, ...] = ()


def merged(git: Git, base: str, head: str) -> Merged:
    """What `head` merged into `base` gives; no tree for unrelated ones. Raises `Stalled` when git cannot tell."""
    result = git.run("merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", base, head)
    if result.code not in (0, 1):
        if git.ask("merge-base", base, head).code == 1:
            return Merged(None)  # unrelated histories
        remedy = "merging without a server needs git 2.38 or later ('git --version' tells)"
        raise Stalled(Reason.REPOSITORY_REFUSED, f"git merge-tree failed: {said(result)}", remedy=remedy)
    tree, *conflicts = result.out.decode("utf-8", "surrogateescape").split("\0")
    return Merged(tree) if result.code == 0 else Merged(None, tuple(filter(None, conflicts)))


def merged_tree(git: Git, base: str, head: str) -> str | None:
    """The tree of `head` merged into `base`, or None when they conflict. Raises as `merged` does."""
    return merged(git, base, head).tree


def merge_commit(git: Git, tree: str, parents: tuple[str, str], message: str, by: Signature) -> str:
    """Make the merge commit and return its id."""
    named = [word for parent in parents for word in ("-p", parent)]
    return git.must("commit-tree", tree, *named, stdin=message.encode(), extra=by.environ()).text


def merged_by(git: Git, base: str, head: str) -> tuple[str, datetime]:
    """The commit by which `base`, which contains `head`, got it, and when that commit was made.

    It is the first one on the base's own line that has `head` in its history; `head` itself when that was taken over as
    it is.
    """
    line = git.must("log", "--first-parent", "--ancestry-path", "--format=%H %ct", f"{head}..{base}").text.splitlines()
    found = line[-1] if line else git.must("log", "-1", "--format=%H %ct", head).text
    commit, _, seconds = found.partition(" ")
    return commit, bounded_time(seconds)


class Comparisons:
    """What is so of two commits, which never changes: git is asked once for each two."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._contained: dict[tuple[str, str], bool] = {}
        self._mergeable: dict[tuple[str, str], bool] = {}

    def contains(self, commit: str, other: str) -> bool:
        """See `contains`."""
        return _remembered(self._contained, (commit, other), lambda: contains(self._git, commit, other))

    def is_mergeable(self, base: str, head: str) -> bool:
        """Whether `head` can be merged into `base` without a conflict. Raises as `merged_tree` does."""
        return _remembered(self._mergeable, (base, head), lambda: merged_tree(self._git, base, head) is not None)


def _remembered(known: dict[tuple[str, str], bool], two: tuple[str, str], ask: Callable[[], bool]) -> bool:
    if two not in known:
        if len(known) >= _REMEMBERED:
            known.clear()
        known[two] = ask()
    return known[two]
