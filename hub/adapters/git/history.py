"""What changed between two commits, with modes. Read from Git's objects: no work tree, no attributes, no fetch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.errors import ConfigError, Fault, Reason, Stalled
from hub.adapters.git.log import trailers_in
from hub.adapters.git.objects import LARGEST_BYTES, answers, bounded_time, listed, names
from hub.adapters.git.process import Git, said
from hub.adapters.git.proposals import changed, dated, foreign_merges, merge_bases, parents_of, proposed
from hub.adapters.git.reader import GitReader
from hub.adapters.git.snapshot import GitSnapshot
from reconcilers.guard.walk import Merging, Proposal, Step, TreeFile, Walk
from reconcilers.state.begun import Version
from reconcilers.state.history import blocks

#: So many states of a file are looked at: updates of a request that was merged and waits for its lease to begin.
_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class GitHistory:
    """Commits and trees of one repository. Implements `reconcilers.guard.walk.Objects`."""

    reader: GitReader

    @property
    def git(self) -> Git:
        """`git` in the repository."""
        return self.reader.git

    def commit(self, revision: str) -> str | None:
        """The id of the commit that `revision` names, or None when it names none here.

        Raises `ConfigError` (InvalidValue) for a name of several: of a branch and a tag Git takes the tag, and anybody
        who may push can make one.
        """
        git = self.git.configured("core.warnAmbiguousRefs=true")
        found = git.run("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        if found.code == 0 and "is ambiguous" in found.err:
            remedy = "name it whole, such as refs/heads/prd or refs/remotes/origin/prd, or by its commit"
            fault = Fault(f"{revision[:80]!r} is the name of several, such as of a branch and a tag", remedy=remedy)
            raise ConfigError(Reason.INVALID_VALUE, fault)
        return found.text if found.code == 0 else None

    def snapshot(self, branch: str, commit: str) -> GitSnapshot:
        """`branch` as it was at `commit`."""
        return GitSnapshot(self.reader, branch, commit)

    def fork(self, base: str, head: str) -> str | None:
        """The commit at which `head` left the line of `base` (commit ids); None: there is none, or several."""
        found = merge_bases(self.git, base, head)
        return found[0] if len(found) == 1 else None

    def walk(self, base: str, head: str) -> Walk:
        """From `base` to `head` (commit ids), a step for each commit along first parents.

        Raises `Stalled` (RepositoryRefused) when the repository is a shallow clone: it cannot tell what follows what.
        """
        self._must_be_whole()
        if self.git.ask("merge-base", "--is-ancestor", base, head).code != 0:
            return Walk(base, head)
        listing = self.git.must("rev-list", "--first-parent", "--parents", head, f"^{base}").text.splitlines()
        lines = [line.split() for line in reversed(listing)]
        stopped = self._stopped([one for one, *_ in lines])
        dates = dated(self.reader, parents_of(self.git, head, base))
        if lines and lines[0][1:2] != [base]:
            return Walk(base, head, True, (Step(head, changed(self.reader, base, head), True, before=base),), dates)
        steps = tuple(
            Step(one, changed(self.reader, first, one), bool(others), stopped.get(one, frozenset()), first)
            for one, first, *others in lines
        )
        merges = tuple(self._merging(one, first, other) for one, first, *others in lines for other in others)
        return Walk(base, head, True, steps, dates, merges)

    def _merging(self, commit: str, first: str, other: str) -> Merging:
        """How a merge that was made brought two lines together."""
        bases = merge_bases(self.git, first, other)
        foreign = foreign_merges(self.git, parents_of(self.git, other, first), first)
        return Merging(commit, len(bases), tuple(foreign))

    def proposal(self, base: str, head: str) -> Proposal:
        """What merging `head`, which may have left the branch before `base`, would change there. See `proposed`."""
        return proposed(self.reader, base, head)

    def versions(self, commit: str, path: str) -> Iterator[Version]:
        """A file as the branch that is at `commit` had it, newest first: of a merge, as it was merged.

        Raises `Stalled` (RepositoryRefused) where history ends early.
        """
        self._must_be_whole()
        log = ("log", "--first-parent", "--no-patch", f"--max-count={_VERSIONS}", "--format=%H %ct")
        lines = [line.partition(" ") for line in self.git.must(*log, commit, "--", path).text.splitlines()]
        found = self.reader.contents(names(f"{one}:{path}" for one, _, _ in lines)) if lines else None
        if found is not None and found.code != 0:
            raise Stalled(Reason.REPOSITORY_REFUSED, f"git cat-file failed: {said(found)}", remedy="'git fsck' there")
        texts = answers(found.out, len(lines)) if found else ()
        for (one, _, seconds), text in zip(lines, texts, strict=True):
            yield Version(one, bounded_time(seconds), text.content if text.kind == "blob" else None)

    def _must_be_whole(self) -> None:
        if self.git.must("rev-parse", "--is-shallow-repository").text == "true":
            remedy = "fetch it whole: 'git fetch --unshallow', or 'fetch-depth: 0' of actions/checkout"
            raise Stalled(Reason.REPOSITORY_REFUSED, Fault("the repository is a shallow clone", remedy=remedy))

    def tree(self, commit: str, below: PurePosixPath) -> Mapping[str, TreeFile]:
        """All files below a folder, by path from the root."""
        told = self.git.must("ls-tree", "-r", "-z", "--full-tree", commit, f"{below}/").out
        return {path: TreeFile(mode, content_id) for mode, _, content_id, path in listed(told)}

    def blobs(self, ids: Iterable[str]) -> Mapping[str, bytes | None]:
        """Contents by id; None for what is no blob, or larger than `LARGEST_BYTES`."""
        asked = list(dict.fromkeys(ids))
        contents: dict[str, bytes | None] = dict.fromkeys(asked)
        if not asked:
            return contents
        told = self.git.must("cat-file", "--batch-check", stdin=names(asked)).text.splitlines()
        kinds = [line.split(" ") for line in told]
        small = [blob for blob, *rest in kinds if rest[:1] == ["blob"] and int(rest[1]) <= LARGEST_BYTES]
        out = self.git.must("cat-file", "--batch", stdin=names(small)).out if small else b""
        return contents | {one.content_id: one.content for one in answers(out, len(small))}

    def _stopped(self, commits: Sequence[str]) -> dict[str, frozenset[str]]:
        """Of each commit the previews that its message says were stopped."""
        if not commits:
            return {}
        form = "--format=tformat:%H%x00%(trailers:only,unfold)"
        told = self.git.must("log", "-z", "--no-walk=unsorted", "--stdin", form, stdin=names(commits)).out
        fields = told.decode("utf-8", "replace").split("\0")
        return {
            one: frozenset(name for name, block in blocks([*trailers_in(text)]) if ("Action", "stop") in block)
            for one, text in zip(fields[::2], fields[1::2], strict=False)
        }
