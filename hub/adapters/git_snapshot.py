"""Reading one commit: each answer is one git process, whose cost is that of what is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.errors import HubError, Reason, Stalled
from hub.adapters.git_faults import is_damaged
from hub.adapters.git_mirror import Mirror, damaged
from hub.adapters.git_process import Git, Result, said
from reconcilers.ports import Snapshot

_LISTED = re.compile(r"\d+ blob ([0-9a-f]+)\t([^\0]+)\0")


@dataclass(frozen=True, slots=True)
class GitSnapshot:
    """One branch at one commit. Objects never change, so neither does a snapshot."""

    git: Git
    branch: str
    commit: str
    mirror: Mirror | None = None

    def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """All file paths below a folder, sorted."""
        folder = [] if below == PurePosixPath() else [f"{below}/"]
        listing = self._ask("ls-tree", "-r", "-z", "--name-only", "--full-tree", self.commit, *folder)
        names = listing.decode("utf-8", "surrogateescape").split("\0")
        return tuple(sorted(PurePosixPath(name) for name in names if name))

    def listing(self, below: PurePosixPath) -> Mapping[str, str]:
        """See the port. One `git ls-tree`; a text a file, since so many paths cost more than the reading."""
        told = self._ask("ls-tree", "-r", "-z", "--full-tree", self.commit, f"{below}/")
        return {path: blob for blob, path in _LISTED.findall(told.decode("utf-8", "surrogateescape"))}

    def changed(self, since: Snapshot, below: PurePosixPath) -> Mapping[str, str | None]:
        """See the port. One `git diff-tree`, which looks into no folder that is the same."""
        options = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev")
        told = self._ask("diff-tree", *options, since.commit, self.commit, "--", f"{below}/")
        fields = told.decode("utf-8", "surrogateescape").split("\0")
        pairs = zip(fields[::2], fields[1::2], strict=False)
        return {path: None if about.endswith(" D") else about.split(" ")[3] for about, path in pairs}

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        """The contents of those `paths` that are files, in one `git cat-file --batch`."""
        asked = list(paths)
        if not asked:
            return {}
        lines = "".join(f"{self.commit}:{path}\n" for path in asked)
        out = self._ask("cat-file", "--batch", stdin=lines.encode("utf-8", "surrogateescape"))
        contents: dict[PurePosixPath, bytes] = {}
        position = 0
        for path in asked:
            end = out.index(b"\n", position)
            header = out[position:end].split(b" ")
            position = end + 1
            if header[-1] == b"missing":
                self._must_be_absent(path)
                continue
            size = int(header[-1])
            if header[-2] == b"blob":
                contents[path] = out[position : position + size]
            position += size + 1
        return contents

    def _must_be_absent(self, path: PurePosixPath) -> None:
        """Git says of a path that is not there and of an object that is lost the same; the tree tells them apart."""
        named = self.git.run("rev-parse", "--verify", "--quiet", f"{self.commit}:{path}")
        if named.code == 0:
            raise self._failed(f"cannot read {path}", Result(1, b"", f"{named.text} is missing"))

    def _ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        result = self.git.run(*arguments, stdin=stdin)
        if result.code != 0:
            raise self._failed(f"git {arguments[0]} failed", result)
        return result.out

    def _failed(self, what: str, result: Result) -> HubError:
        """The error of a read. A mirror that is damaged is made anew, so that one can be tried again."""
        if self.mirror is not None and is_damaged(result):
            return damaged(self.mirror, result)
        remedy = "if objects are damaged, 'git fsck' there names them; another clone or a backup has them"
        message = f"{what} on {self.branch} at {self.commit[:12]}: {said(result)}"
        return Stalled(Reason.REPOSITORY_REFUSED, message, remedy=remedy)
