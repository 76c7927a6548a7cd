"""A store in memory behind the same port, held to the same contract as the real one; for tests of plans."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from generator.errors import Moved, Reason
from reconcilers.plan import Plan

Tree = Mapping[PurePosixPath, bytes]


@dataclass(frozen=True)
class MemorySnapshot:
    branch: str
    commit: str
    tree: Tree

    def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
        return tuple(sorted(path for path in self.tree if path.is_relative_to(below)))

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        return {path: self.tree[path] for path in paths if path in self.tree}


@dataclass
class MemoryStore:
    heads: dict[str, str] = field(default_factory=dict)
    trees: dict[str, Tree] = field(default_factory=dict)
    location: str = "memory"

    def snapshots(self) -> Mapping[str, MemorySnapshot]:
        return {branch: MemorySnapshot(branch, head, self.trees[head]) for branch, head in sorted(self.heads.items())}

    def commit(self, plan: Plan, *, at: datetime) -> str:
        if plan.is_converged:
            return plan.base or ""
        self._must_be_at(plan.branch, plan.expected)
        tree = dict(self.trees[plan.base]) if plan.base else {}
        for change in plan.changes:
            if change.content is None:
                tree.pop(change.path, None)
            else:
                tree[change.path] = change.content
        commit = hashlib.sha1(repr((plan, at)).encode(), usedforsecurity=False).hexdigest()
        self.trees[commit] = tree
        self.heads[plan.branch] = commit
        return commit

    def delete_branch(self, branch: str, *, expected: str) -> None:
        self._must_be_at(branch, expected)
        del self.heads[branch]

    def _must_be_at(self, branch: str, expected: str | None) -> None:
        if self.heads.get(branch) != expected:
            raise Moved(Reason.BRANCH_MOVED, f"{branch} moved")
