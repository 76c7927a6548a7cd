"""Reading one commit, at the cost of what is read or, of a folder that was listed before, of what changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.errors import HubError, Reason, Stalled
from hub.adapters.git.faults import is_damaged
from hub.adapters.git.mirror import Mirror, damaged
from hub.adapters.git.process import Result, said
from hub.adapters.git.reader import GitReader
from reconcilers.ports.git import Snapshot

_LISTED = re.compile(r"\d+ blob ([0-9a-f]+)\t([^\0]+)\0")
_DIFFERENCE = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
#: Modes of what is no file: nothing, and a submodule.
_NO_FILE = frozenset({"000000", "160000"})


@dataclass(frozen=True, slots=True)
class GitSnapshot:
    """One branch at one commit. Objects never change, so neither does a snapshot."""

    reader: GitReader
    branch: str
    commit: str
    mirror: Mirror | None = None

    def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """All file paths below a folder, sorted."""
        listing = self._ask("ls-tree", "-r", "-z", "--name-only", "--full-tree", self.commit, *_folder(below))
        names = listing.decode("utf-8", "surrogateescape").split("\0")
        return tuple(sorted(PurePosixPath(name) for name in names if name))

    def listing(self, below: PurePosixPath) -> Mapping[str, str]:
        """See the port. One `git ls-tree`, or a `git diff-tree` from the commit of the branch that was listed last.

        A text a file, since so many paths cost more than the reading.
        """
        commit, listing = self.reader.listings.get((self.branch, str(below)), ("", None))
        if commit != self.commit or listing is None:
            listing = self._relisted(below, commit, listing) if listing else None
            listing = self._listed(below) if listing is None else listing
            self.reader.listings[self.branch, str(below)] = (self.commit, listing)
        return listing

    def _listed(self, below: PurePosixPath) -> Mapping[str, str]:
        told = self._ask("ls-tree", "-r", "-z", "--full-tree", self.commit, *_folder(below))
        return {path: blob for blob, path in _LISTED.findall(told.decode("utf-8", "surrogateescape"))}

    def _relisted(self, below: PurePosixPath, since: str, listing: Mapping[str, str]) -> Mapping[str, str] | None:
        """The listing of the commit `since` with what changed; None when that commit is not there any more."""
        result = self._difference(since, below)
        if result.code != 0:
            return None
        found = dict(listing)
        for path, blob in _changes(result.out):
            if blob is None:
                found.pop(path, None)
            else:
                found[path] = blob
        return found if found.keys() == listing.keys() else dict(sorted(found.items()))

    def changed(self, since: Snapshot, below: PurePosixPath) -> Mapping[str, str | None]:
        """See the port. One `git diff-tree`, which looks into no folder that is the same."""
        return dict(_changes(self._out(self._difference(since.commit, below), "diff-tree")))

    def _difference(self, since: str, below: PurePosixPath) -> Result:
        return self.reader.git.run("diff-tree", *_DIFFERENCE, since, self.commit, *_folder(below))

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        """The contents of those `paths` that are files, in one `git cat-file --batch`."""
        asked = list(paths)
        if not asked:
            return {}
        listed = self._as_listed()
        lines = "".join(f"{listed.get(str(path)) or self._object(str(path))}\n" for path in asked)
        out = self._out(self.reader.contents(lines.encode("utf-8", "surrogateescape")), "cat-file")
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
        if content_id := self._content_id(path):
            raise self._failed(f"cannot read {path}", Result(1, b"", f"{content_id} is missing"))

    def _as_listed(self) -> Mapping[str, str]:
        """What was listed of this commit, if anything: git finds a content by its id in half the time."""
        listings = tuple(self.reader.listings.values())
        return next((found for commit, found in listings if commit == self.commit), {})

    def _object(self, path: str) -> str:
        """A name for a file's content that is one line. Where its path is none, the content's id, or no name at all."""
        return f"{self.commit}:{path}" if "\n" not in path else self._content_id(path) or f"{self.commit}:"

    def _content_id(self, path: PurePosixPath | str) -> str:
        """The id of what stands at a path; empty when nothing does."""
        return self.reader.git.run("rev-parse", "--verify", "--quiet", f"{self.commit}:{path}").text

    def _ask(self, *arguments: str) -> bytes:
        return self._out(self.reader.git.run(*arguments), arguments[0])

    def _out(self, result: Result, command: str) -> bytes:
        if result.code != 0:
            raise self._failed(f"git {command} failed", result)
        return result.out

    def _failed(self, what: str, result: Result) -> HubError:
        """The error of a read. A mirror that is damaged is made anew, so that one can be tried again."""
        if self.mirror is not None and is_damaged(result):
            return damaged(self.mirror, result)
        remedy = "if objects are damaged, 'git fsck' there names them; another clone or a backup has them"
        message = f"{what} on {self.branch} at {self.commit[:12]}: {said(result)}"
        return Stalled(Reason.REPOSITORY_REFUSED, message, remedy=remedy)


def _folder(below: PurePosixPath) -> tuple[str, ...]:
    """The arguments that narrow what git lists to a folder."""
    return ("--", f"{below}/") if below.parts else ()


def _changes(told: bytes) -> Iterator[tuple[str, str | None]]:
    """Path and content id, or None where there is no file any more, in what `_DIFFERENCE` tells.

    Records of git-diff-tree(1), raw output with -z: `:oldmode newmode oldid newid status`, then the path.
    """
    fields = told.decode("utf-8", "surrogateescape").split("\0")
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, content_id, _ = about.split(" ")
        yield path, None if mode in _NO_FILE else content_id
