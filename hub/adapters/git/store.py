"""The state repository in Git.

What holds, each with a test in tests/hub/adapters/git/test_git_store.py:

* A commit is built in the object database from its parent's tree; no work tree or index takes part, so a crash leaves
  at most unreachable objects.
* A branch moves by compare-and-swap only: `update-ref` with the old value in a local repository, a push that must be a
  fast-forward from the expected commit in a remote one. Nothing is ever forced.
* Several processes and machines may write at once: one wins, the others get `Moved`.
* With a remote called `origin`, the remote is the truth; without one, the local branch is. A checked-out branch is only
  written when nobody changed anything in its work tree, which then follows (`hub.adapters.git.work_tree`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from generator.errors import HubError, Moved, Reason, Stalled
from hub.adapters.git.faults import (
    has_moved,
    is_damaged,
    is_locked,
    no_git_server,
    refusal_remedy,
    remote_fault,
)
from hub.adapters.git.leftovers import remove_leftovers
from hub.adapters.git.locks import locks_in
from hub.adapters.git.log import files_before, must_be_whole, read_log
from hub.adapters.git.mirror import REST_SECONDS, Mirror, damaged, pack_when_due
from hub.adapters.git.process import Git, Result, said, without_credentials
from hub.adapters.git.push_rules import remote_path
from hub.adapters.git.reader import GitReader
from hub.adapters.git.snapshot import GitSnapshot
from hub.adapters.git.trees import commit_tree
from hub.adapters.git.turns import Turns
from hub.adapters.git.work_tree import Standing, WorkTree, checked_out
from hub.telemetry import events
from reconcilers.plan import Plan
from reconcilers.ports.git import LoggedCommit, Obstacles, Snapshot

_HEADS = "refs/heads/"
#: What GIT_TRACE_PACKET tells of a server that speaks Git (gitprotocol-http(5), gitprotocol-v2(5)).
_SPOKEN = re.compile(r"packet: .*< (# service=git-upload-pack|version [12])")
_QUIETLY = ("--quiet", "--prune", "--no-tags", "--no-write-fetch-head")
_FETCH = ("fetch", *_QUIETLY, "origin", "+refs/heads/*:refs/remotes/origin/*")


@dataclass(frozen=True, slots=True)
class Identity:
    """Author and committer of what the hub commits."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class GitRepository:
    """A local repository, or a local mirror of a remote one. Implements `reconcilers.ports.git.GitStore`."""

    reader: GitReader
    location: str
    identity: Identity
    has_remote: bool
    work_tree: Path | None
    #: The folder that holds its objects and refs.
    common: Path
    mirror: Mirror | None = None

    @property
    def git(self) -> Git:
        """`git` in the repository."""
        return self.reader.git

    @property
    def turns(self) -> Turns:
        """Who of the processes on this machine writes next, where they compete."""
        return Turns(self.common)

    def snapshots(self) -> Mapping[str, GitSnapshot]:
        """All branches as they are now, sorted by name; of the remote, fetched once, when there is one."""
        if self.has_remote:
            self._fetch()
        self.reader.heads = self._heads()
        if self.mirror is not None and not self.reader.heads and self.mirror.url.startswith(("http://", "https://")):
            self._must_speak_git()
        return self._snapshots(self.reader.heads)

    def known(self) -> Mapping[str, GitSnapshot]:
        """All branches as this last saw or left them; see the port. Without a remote, as they are."""
        return self._snapshots((self.reader.heads if self.has_remote else None) or self._heads())

    def _heads(self) -> Mapping[str, str]:
        prefix = "refs/remotes/origin/" if self.has_remote else _HEADS
        listing = self.git.must("for-each-ref", "--format=%(objectname) %(refname)", prefix).text.splitlines()
        return {name.removeprefix(prefix): commit for commit, _, name in (line.partition(" ") for line in listing)}

    def _snapshots(self, heads: Mapping[str, str]) -> Mapping[str, GitSnapshot]:
        return {
            name: GitSnapshot(self.reader, name, heads[name], self.mirror) for name in sorted(heads) if name != "HEAD"
        }

    def log(
        self, snapshot: Snapshot, *, below: PurePosixPath | None = None, since: datetime | None = None
    ) -> Iterator[LoggedCommit]:
        """The history that led to `snapshot`, newest first; see the port."""
        return read_log(self.git, self.common, snapshot.commit, below=below, since=since)

    def at(self, snapshot: Snapshot, commit: str) -> GitSnapshot:
        """The branch at an earlier commit. Raises `Stalled` when that is not in its history."""
        must_be_whole(self.common)
        if self.git.ask("merge-base", "--is-ancestor", commit, snapshot.commit).code != 0:
            message = f"{commit[:12]} is not in the history of {snapshot.branch} of {self.location}"
            raise Stalled(Reason.REPOSITORY_REFUSED, message, remedy="ask again: it is read anew")
        return GitSnapshot(self.reader, snapshot.branch, commit, self.mirror)

    def before(self, snapshot: Snapshot, commit: LoggedCommit) -> GitSnapshot | None:
        """The branch before a commit of its `log`; None: that is the first."""
        return GitSnapshot(self.reader, snapshot.branch, commit.parent, self.mirror) if commit.parent else None

    def read_before(
        self, wanted: Sequence[tuple[LoggedCommit, PurePosixPath]]
    ) -> Mapping[tuple[str, PurePosixPath], bytes]:
        """Files as they were before commits of its `log`; see the port."""
        return files_before(self.reader, wanted)

    def commit(self, plan: Plan, *, at: datetime) -> str:
        """Commit and publish; see the port. A plan that changes nothing returns its base."""
        if plan.is_converged:
            return plan.base or ""
        telemetry = self.git.telemetry
        begin = telemetry.seconds()
        try:
            commit = self._committed(plan, at)
        except HubError as err:
            telemetry.commit(plan.branch, seconds=telemetry.seconds() - begin, error=err)
            raise
        telemetry.commit(plan.branch, seconds=telemetry.seconds() - begin, commit=commit)
        return commit

    def _committed(self, plan: Plan, at: datetime) -> str:
        tree = self._tree_of(plan.branch)
        standing = tree.standing(self._head(plan.branch)) if tree else None
        remove_leftovers(self.common)
        with self._shared() as git:
            commit = commit_tree(git, plan, who=(self.identity.name, self.identity.email), at=at)
            if self.has_remote:
                self._push(git, plan, commit)
        if self.has_remote:
            if self.reader.heads:  # else one alone would count as all there are
                self.reader.heads = {**self.reader.heads, plan.branch: commit}
            if self.mirror:
                self.mirror.tend(self.git, rest_seconds=REST_SECONDS)
            return commit
        self._swap(plan.branch, plan.expected, commit)
        if tree and standing:
            if why := tree.follow(standing, commit):  # it is published all the same
                self.git.telemetry.tell(events.WORK_TREE_BEHIND, repository=self.location, commit=commit, why=why)
        elif self.work_tree is None and self.git.directory:
            pack_when_due(self.git, self.git.directory)
        return commit

    def delete_branch(self, branch: str, *, expected: str) -> None:
        """Delete `branch` if it is still at `expected`. Raises `Moved` otherwise."""
        if self.has_remote:
            lease = f"--force-with-lease={branch}:{expected}"
            with self._shared() as git:
                result = git.remote("push", "--porcelain", lease, "origin", f":{_HEADS}{branch}")
            self._check_push(result, branch, expected, gone=True)
            self.reader.heads = {name: head for name, head in self.reader.heads.items() if name != branch}
        elif self.git.run("update-ref", "-d", f"{_HEADS}{branch}", expected).code != 0:
            raise self._moved(branch, expected)

    def is_unused(self) -> bool:
        """Whether it is as `git init` or a clone of such a one leaves it: no ref, here or there, and no file."""
        if self.git.must("for-each-ref", "--count=1").text or self.git.run("rev-parse", "--verify", "-q", "HEAD").text:
            return False
        if self.has_remote and (told := self.git.remote("ls-remote", "--quiet", "origin")).code == 0 and told.text:
            return False
        return self.work_tree is None or not [one for one in self.work_tree.iterdir() if one.name != ".git"]

    def obstacles(self, branches: Collection[str]) -> Obstacles:
        """What stands in the way of commits to `branches`, here and at the path that pushes arrive at.

        Work trees that git-worktree(1) added are among it. Raises `Stalled` (RepositoryDirty) for the first in which
        somebody changed something, and what Git does.
        """
        url = self.mirror.url if self.mirror else self.git.ask("config", "--get", "remote.origin.url").text
        there = remote_path(self.common, url) if url else None
        own = {self.common, *([self.git.directory / ".git"] if self.work_tree and self.git.directory else [])}
        places = {*(() if self.mirror else own), *((there, there / ".git") if there else ())}
        locks = tuple(sorted({lock for place in places if place.is_dir() for lock in locks_in(place)}))
        has_trees = self.work_tree is not None or (self.common / "worktrees").is_dir()
        trees = checked_out(self.git) if has_trees and not self.has_remote else {}
        behind: Path | None = None
        for ref, folder in sorted(trees.items()):
            if ref.removeprefix(_HEADS) not in branches:
                continue
            commit = self._head(ref.removeprefix(_HEADS))
            standing = WorkTree(replace(self.git, directory=folder), str(folder)).standing(commit)
            behind = behind or (None if standing == Standing(commit) else folder)
        return Obstacles(locks, behind)

    @contextmanager
    def _shared(self) -> Iterator[Git]:
        """A `git` that may write objects: one that keeps others from tending the mirror."""
        if self.mirror is None:
            yield self.git
        else:
            with self.mirror.shared() as descriptor:
                yield self.git.inheriting(descriptor)

    def _fetch(self) -> None:
        if self.mirror is None:
            result = self.git.remote(*_FETCH)
        else:
            if self.mirror.is_damaged and self.mirror.make(self.git):
                self.reader.forget()
            self.mirror.tend(self.git, rest_seconds=REST_SECONDS)
            with self.mirror.alone() as descriptor:
                git = self.git.inheriting(descriptor)
                result = git.remote(*_FETCH)
                if result.code != 0 and is_locked(result) and self.mirror.remove_stale_locks():
                    result = git.remote(*_FETCH)
        if result.code == 0:
            return
        if self.mirror is not None and is_damaged(result):
            raise damaged(self.mirror, result)
        raise remote_fault(f"cannot fetch from {self.location}", result)

    def _must_speak_git(self) -> None:
        """Raise `Stalled` where a web page answers: Git takes one of a line for an old server's list of no branches."""
        told = self.git.remote("ls-remote", "origin", extra={"GIT_TRACE_PACKET": "2", "GIT_TRACE_REDACT": "1"})
        if not _SPOKEN.search(told.err):
            raise no_git_server(f"cannot fetch from {self.location}: it answers with something else than Git")

    def _head(self, branch: str) -> str | None:
        ref = f"refs/remotes/origin/{branch}" if self.has_remote else _HEADS + branch
        result = self.git.ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return result.text if result.code == 0 else None

    def _swap(self, branch: str, expected: str | None, commit: str) -> None:
        result = self.git.run("update-ref", "-m", "rtb-hub", _HEADS + branch, commit, expected or "0" * len(commit))
        if result.code == 0:
            return
        if self._head(branch) != expected:
            raise self._moved(branch, expected)
        message = f"cannot move {branch} of {self.location}: {said(result)}"
        raise Stalled(Reason.REPOSITORY_REFUSED, message, remedy=refusal_remedy(result))

    def _push(self, git: Git, plan: Plan, commit: str) -> None:
        branch, expected = plan.branch, plan.expected
        # The lease makes the push compare-and-swap. It would also allow what is no fast-forward, which cannot come up:
        # the commit's ancestor is the expected one, unless the branch is new.
        asked = None if expected == plan.base else expected
        if asked is not None and git.ask("merge-base", "--is-ancestor", asked, commit).code != 0:
            message = f"{commit[:12]} does not follow {asked[:12]} on {branch}"
            raise Stalled(Reason.REPOSITORY_REFUSED, message, remedy="delete the request branch and ask again")
        lease = f"--force-with-lease={branch}:{expected or ''}"
        result = git.remote("push", "--porcelain", lease, "origin", f"{commit}:{_HEADS}{branch}")
        told = _told_of_ref(result)
        if told is None and result.code != 0 and self._remote_head(branch) == commit:
            return  # the answer was lost, not the push
        if told is not None and told.startswith("="):
            raise self._moved(branch, expected)  # another process made the very same commit first
        self._check_push(result, branch, expected, gone=False)

    def _check_push(self, result: Result, branch: str, expected: str | None, *, gone: bool) -> None:
        """Raise by what `git push --porcelain` reports of the one ref: '!' is a refusal, no line no connection."""
        if result.code == 0:
            return
        refused = _told_of_ref(result)
        what = "delete" if gone else "push to"
        if refused is None:
            raise remote_fault(f"cannot {what} {branch} of {self.location}", result)
        summary = without_credentials(refused.split("\t")[-1])
        if has_moved(summary, result) or self._remote_head(branch) != expected:
            raise self._moved(branch, expected)
        message = f"cannot {what} {branch} of {self.location}: {summary}: {said(result)}"
        raise Stalled(Reason.REPOSITORY_REFUSED, message, remedy=refusal_remedy(result))

    def _remote_head(self, branch: str) -> str | None:
        result = self.git.remote("ls-remote", "origin", _HEADS + branch)
        if result.code != 0:
            raise remote_fault(f"cannot tell whether {branch} of {self.location} moved", result)
        return result.text.split("\t")[0] or None

    def _moved(self, branch: str, expected: str | None) -> Moved:
        now = self._remote_head(branch) if self.has_remote else self._head(branch)
        seen, found = (commit[:12] if commit else "nothing" for commit in (expected, now))
        message = f"cannot commit to {branch} of {self.location}: it moved from {seen} to {found} since it was read"
        return Moved(Reason.BRANCH_MOVED, message, remedy="ask again: it is planned anew on what is there now")

    def _checked_out(self, branch: str) -> bool:
        if self.work_tree is None or self.has_remote:
            return False
        return self.git.ask("symbolic-ref", "--quiet", "HEAD").text == _HEADS + branch

    def _tree_of(self, branch: str) -> WorkTree | None:
        """Where the branch is checked out: here, or in a work tree that git-worktree(1) added to a repository."""
        if self._checked_out(branch):
            return WorkTree(self.git, self.location)
        if self.has_remote or not (self.common / "worktrees").is_dir():
            return None
        folder = checked_out(self.git).get(_HEADS + branch)
        return WorkTree(replace(self.git, directory=folder), str(folder)) if folder else None


def _told_of_ref(result: Result) -> str | None:
    """The line of `git push --porcelain` about the one ref; None when it came to none."""
    return next((line for line in result.text.splitlines() if line[1:2] == "\t"), None)
