"""A store in memory behind the same port, held to the same contract as the real one; for tests of plans."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath

from generator.errors import Moved, Reason, Stalled
from reconcilers.plan import Plan, one_line
from reconcilers.ports.git import Kept, LoggedCommit, Pair, Snapshot

Tree = Mapping[PurePosixPath, bytes]


def content_id(content: bytes) -> str:
    """As Git names a file's content."""
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


@dataclass
class MemoryCache:
    """Keeps what was made of entries; `parsed` counts them."""

    kept: dict[str, Kept] = field(default_factory=dict)
    parsed: int = 0

    def summaries(self, content_ids: Collection[str]) -> Mapping[str, str]:
        return {name: self.kept[name].summary for name in content_ids if name in self.kept}

    def outlines(self, content_ids: Collection[str]) -> Mapping[str, str]:
        return {name: self.kept[name].outline for name in content_ids if name in self.kept}

    def entry(self, content_id: str) -> str | None:
        return self.kept[content_id].entry if content_id in self.kept else None

    def keep(self, found: Mapping[str, Kept]) -> bool:
        self.parsed += len(found)
        self.kept |= found
        return True


@dataclass(frozen=True)
class MemorySnapshot:
    branch: str
    commit: str
    tree: Tree
    committed_at: datetime | None = field(default=None, compare=False, kw_only=True)

    def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
        return tuple(sorted(path for path in self.tree if path.is_relative_to(below)))

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        return {path: self.tree[path] for path in paths if path in self.tree}

    def listing(self, below: PurePosixPath) -> Mapping[str, str]:
        return {str(path): content_id(self.tree[path]) for path in self.files(below)}

    def names(self, folder: PurePosixPath) -> tuple[str, ...]:
        depth = len(folder.parts)
        return tuple(sorted({path.parts[depth] for path in self.files(folder) if len(path.parts) > depth}))

    def specials(self) -> Mapping[str, str | None]:
        return {}

    def changed(self, since: Snapshot, below: PurePosixPath) -> Mapping[str, str | None]:
        here, there = self.listing(below), since.listing(below)
        return {path: here.get(path) for path in sorted({*here, *there}) if here.get(path) != there.get(path)}


@dataclass
class MemoryStore:
    heads: dict[str, str] = field(default_factory=dict)
    trees: dict[str, Tree] = field(default_factory=dict)
    logged: dict[str, LoggedCommit] = field(default_factory=dict)
    location: str = "memory"

    def copy(self) -> MemoryStore:
        """Another with the same commits. A commit's tree is never changed."""
        return MemoryStore(dict(self.heads), dict(self.trees), dict(self.logged), self.location)

    def snapshots(self) -> Mapping[str, MemorySnapshot]:
        return {branch: self._snapshot(branch, head) for branch, head in sorted(self.heads.items())}

    def _snapshot(self, branch: str, commit: str) -> MemorySnapshot:
        logged = self.logged.get(commit)
        return MemorySnapshot(branch, commit, self.trees[commit], committed_at=logged.at if logged else None)

    def known(self) -> Mapping[str, MemorySnapshot]:
        return MemoryStore.snapshots(self)

    def log(
        self, snapshot: Snapshot, *, below: PurePosixPath | None = None, since: datetime | None = None
    ) -> Iterator[LoggedCommit]:
        for one in self._ancestry(snapshot.commit):
            tree, before = self.trees[one.commit], self.trees[one.parent] if one.parent else {}
            changed = {p for p in {*tree, *before} if tree.get(p) != before.get(p)}
            if (since is None or one.at >= since) and any(below is None or p.is_relative_to(below) for p in changed):
                yield one

    def at(self, snapshot: Snapshot, commit: str) -> MemorySnapshot:
        if commit not in (one.commit for one in self._ancestry(snapshot.commit)):
            raise Stalled(Reason.REPOSITORY_REFUSED, f"{commit} is not in the history of {snapshot.branch}")
        return self._snapshot(snapshot.branch, commit)

    def before(self, snapshot: Snapshot, commit: LoggedCommit) -> MemorySnapshot | None:
        return self._snapshot(snapshot.branch, commit.parent) if commit.parent is not None else None

    def read_before(
        self, wanted: Sequence[tuple[LoggedCommit, PurePosixPath]]
    ) -> Mapping[tuple[str, PurePosixPath], bytes]:
        trees = {one.commit: self.trees[one.parent] if one.parent else {} for one, _ in wanted}
        found = {(one.commit, path): trees[one.commit].get(path) for one, path in wanted}
        return {place: content for place, content in found.items() if content is not None}

    def _ancestry(self, commit: str | None) -> Iterator[LoggedCommit]:
        while commit is not None:
            yield self.logged[commit]
            commit = self.logged[commit].parent

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
        trailers = tuple((name, one_line(value)) for name, value in plan.trailers)
        self.logged[commit] = LoggedCommit(commit, plan.base, at, "rtb-hub", plan.subject, trailers)
        self.heads[plan.branch] = commit
        return commit

    def delete_branch(self, branch: str, *, expected: str) -> None:
        self._must_be_at(branch, expected)
        del self.heads[branch]

    def _must_be_at(self, branch: str, expected: str | None) -> None:
        if self.heads.get(branch) != expected:
            raise Moved(Reason.BRANCH_MOVED, f"{branch} moved")


@dataclass
class MemoryMemo:
    """Remembers everything."""

    kept: dict[Pair, str] = field(default_factory=dict)

    def recall(self, pairs: Collection[Pair]) -> Mapping[Pair, str]:
        return {pair: self.kept[pair] for pair in pairs if pair in self.kept}

    def remember(self, verified: Mapping[Pair, str]) -> None:
        self.kept |= verified
