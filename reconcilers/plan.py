"""A plan: an ordered, comparable, printable list of file changes, with the commit it was planned against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class FileChange:
    """Write `content` at `path` (relative to the repository's root), or remove the file when `content` is None."""

    path: PurePosixPath
    content: bytes | None
    why: str

    def __str__(self) -> str:
        return f"{'remove' if self.content is None else 'write'} {self.path}: {one_line(self.why)}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to commit, on which branch, on top of which commit.

    `branch` is the branch that moves and `expected` the commit it must still be at (None: it must not exist). `base` is
    the new commit's parent and tree (None: an empty tree, a first commit). Both are the same commit except for a
    request to a gated environment, whose branch is made new on top of the gated one.
    """

    branch: str
    base: str | None
    expected: str | None
    subject: str
    changes: tuple[FileChange, ...] = ()
    trailers: tuple[tuple[str, str], ...] = field(default=())

    @property
    def is_converged(self) -> bool:
        """True when there is nothing to do."""
        return not self.changes

    def message(self) -> str:
        """The commit message: subject, blank line, trailers (git-interpret-trailers(1))."""
        trailers = "\n".join(f"{name}: {one_line(value)}" for name, value in self.trailers)
        return f"{self.subject}\n\n{trailers}\n" if trailers else f"{self.subject}\n"

    def lines(self) -> Sequence[str]:
        """One line a change, for people."""
        return [str(change) for change in self.changes]


def combined(plans: Sequence[Plan], subject: str) -> Plan:
    """One plan that does what `plans` do, which stand on the same commit and touch different files.

    One alone stays as it is, with its own subject. The trailers follow one another in one paragraph, as
    git-interpret-trailers(1) reads them: each `Preview` trailer begins the block of one preview. Raises `ValueError`
    for plans that cannot be one.
    """
    first = plans[0]
    if len(plans) == 1:
        return first
    if any((plan.branch, plan.base, plan.expected) != (first.branch, first.base, first.expected) for plan in plans):
        raise ValueError("plans for different commits cannot be one")
    changes = tuple(change for plan in plans for change in plan.changes)
    if len({change.path for change in changes}) != len(changes):
        raise ValueError("plans that touch the same file cannot be one")
    trailers = tuple(trailer for plan in plans for trailer in plan.trailers)
    return replace(first, subject=subject, changes=changes, trailers=trailers)


def one_line(text: str) -> str:
    """`text` as a trailer's value: no line breaks or control characters, so that no value can add a trailer."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
