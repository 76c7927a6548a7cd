"""What changed between two commits, with modes. Read from Git's objects: no work tree, no attributes, no fetch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.errors import Fault, Reason, Stalled
from hub.adapters.git.log import trailers_in
from hub.adapters.git.objects import ABSENT, RAW, Difference, answers, differences, listed, names
from hub.adapters.git.process import Git
from hub.adapters.git.reader import GitReader
from hub.adapters.git.snapshot import GitSnapshot
from reconcilers.guard.walk import FileDelta, Step, TreeFile, Walk
from reconcilers.state.history import blocks

#: Contents of larger blobs are not read.
LARGEST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class GitHistory:
    """Commits and trees of one repository. Implements `reconcilers.guard.walk.Objects`."""

    reader: GitReader

    @property
    def git(self) -> Git:
        """`git` in the repository."""
        return self.reader.git

    def commit(self, revision: str) -> str | None:
        """The id of the commit that `revision` names, or None when it names none here."""
        found = self.git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return found.text if found.code == 0 else None

    def snapshot(self, branch: str, commit: str) -> GitSnapshot:
        """`branch` as it was at `commit`."""
        return GitSnapshot(self.reader, branch, commit)

    def walk(self, base: str, head: str) -> Walk:
        """From `base` to `head` (commit ids), a step for each commit along first parents.

        Raises `Stalled` (RepositoryRefused) when the repository is a shallow clone: it cannot tell what follows what.
        """
        if self.git.must("rev-parse", "--is-shallow-repository").text == "true":
            remedy = "fetch it whole: 'git fetch --unshallow', or 'fetch-depth: 0' of actions/checkout"
            raise Stalled(Reason.REPOSITORY_REFUSED, Fault("the repository is a shallow clone", remedy=remedy))
        if self.git.ask("merge-base", "--is-ancestor", base, head).code != 0:
            return Walk(base, head)
        listing = self.git.must("rev-list", "--first-parent", "--parents", head, f"^{base}").text.splitlines()
        lines = [line.split() for line in reversed(listing)]
        stopped = self._stopped([one for one, *_ in lines])
        if lines and lines[0][1:2] != [base]:
            return Walk(base, head, True, (Step(head, self._deltas(base, head), True),))
        steps = tuple(
            Step(one, self._deltas(parents[0], one), len(parents) > 1, stopped.get(one, frozenset()))
            for one, *parents in lines
        )
        return Walk(base, head, True, steps)

    def proposal(self, base: str, head: str) -> Walk:
        """What `head`, which may have left the branch before `base`, would change there, as one step from `base`."""
        fork = self.git.ask("merge-base", base, head)
        if fork.code != 0:
            return Walk(None, head)
        return Walk(base, head, True, (Step(head, self._deltas(fork.text, head)),))

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

    def _deltas(self, before: str, after: str) -> tuple[FileDelta, ...]:
        told = self.git.must("diff-tree", *RAW, before, after, "--").out
        return tuple(FileDelta(one.path, *_versions(one)) for one in differences(told))


def _versions(one: Difference) -> tuple[TreeFile | None, TreeFile | None]:
    before = None if one.old_mode == ABSENT else TreeFile(one.old_mode, one.old_id)
    return before, None if one.mode == ABSENT else TreeFile(one.mode, one.content_id)
