"""Reading one commit, at the cost of what is read or, of a folder that was listed before, of what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from generator.errors import HubError, Reason, Stalled
from hub.adapters.git.faults import is_damaged
from hub.adapters.git.mirror import Mirror, damaged
from hub.adapters.git.objects import LINK, SUBMODULE, Answer, answers, committed_at, listed, names, tree_entries
from hub.adapters.git.process import Result, said
from hub.adapters.git.reader import GitReader
from hub.adapters.git.walk import changed_files
from reconcilers.ports.git import Snapshot


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

    @property
    def committed_at(self) -> datetime | None:
        """See the port."""
        (commit,) = self._objects([self.commit])
        return committed_at(commit.content)

    def listing(self, below: PurePosixPath) -> Mapping[str, str]:
        """See the port. Out of what was listed of this commit; else one `git ls-tree`, or what changed since the last.

        A text a file, since so many paths cost more than the reading.
        """
        commit, listing = self.reader.listings.get((self.branch, str(below)), ("", None))
        if commit == self.commit and listing is not None:
            return listing
        if (wider := self._listed_above(below)) is not None:
            return wider
        listing = self._relisted(below, commit, listing) if listing else None
        listing = self._listed(below) if listing is None else listing
        self.reader.listings[self.branch, str(below)] = (self.commit, listing)
        return listing

    def _listed_above(self, below: PurePosixPath) -> Mapping[str, str] | None:
        """The files below a folder out of a listing of this commit that holds them; None when there is none."""
        for (branch, folder), (commit, listing) in self.reader.listings.items():
            if (branch, commit) == (self.branch, self.commit) and below.is_relative_to(folder):
                prefix = f"{below}/"
                return {path: content for path, content in listing.items() if path.startswith(prefix)}
        return None

    def _listed(self, below: PurePosixPath) -> Mapping[str, str]:
        told = self._ask("ls-tree", "-r", "-z", "--full-tree", self.commit, *_folder(below))
        return {path: content_id for _, kind, content_id, path in listed(told) if kind == "blob"}

    def _relisted(self, below: PurePosixPath, since: str, listing: Mapping[str, str]) -> Mapping[str, str] | None:
        """The listing of the commit `since` with what changed; None when that commit is not there any more."""
        if not self._objects([since])[0].kind:
            return None
        found = dict(listing)
        for path, content_id in self._differences(since, below).items():
            if content_id is None:
                found.pop(path, None)
            else:
                found[path] = content_id
        return found if found.keys() == listing.keys() else dict(sorted(found.items()))

    def names(self, folder: PurePosixPath) -> tuple[str, ...]:
        """See the port. Starts no git for it."""
        (tree,) = self._objects([f"{self.commit}:{folder if folder.parts else ''}"])
        found = tree_entries(tree.content, len(tree.content_id) // 2) if tree.kind == "tree" else ()
        return tuple(sorted(name for name, _, _ in found))

    def specials(self) -> Mapping[str, str | None]:
        """See the port."""
        told = self._ask("ls-tree", "-r", "-z", "--full-tree", self.commit)
        found = {path: (mode, content_id) for mode, _, content_id, path in listed(told) if mode in (LINK, SUBMODULE)}
        links = [content_id for mode, content_id in found.values() if mode == LINK]
        targets = dict(zip(links, self._objects(links) if links else (), strict=True))
        return {
            path: targets[content_id].content.decode("utf-8", "surrogateescape") if mode == LINK else None
            for path, (mode, content_id) in found.items()
        }

    def changed(self, since: Snapshot, below: PurePosixPath) -> Mapping[str, str | None]:
        """See the port. Reads the folders that differ, and starts no git for it."""
        return self._differences(since.commit, below)

    def _differences(self, since: str, below: PurePosixPath) -> dict[str, str | None]:
        where = str(below) if below.parts else ""
        trees = self._objects([f"{commit}:{where}" for commit in (since, self.commit)])
        for commit, tree in zip((since, self.commit), trees, strict=True):
            if not tree.kind and not self._objects([commit])[0].kind:
                raise self._failed("git cat-file failed", Result(1, b"", f"{commit} is missing"))
        before, after = (tree.content_id if tree.kind == "tree" else None for tree in trees)
        return changed_files(before, after, f"{where}/" if where else "", self._trees)

    def _trees(self, ids: Sequence[str]) -> Sequence[bytes]:
        """The contents of trees. Raises when one is not there."""
        found = self._objects(ids)
        for content_id, one in zip(ids, found, strict=True):
            if one.kind != "tree":
                raise self._failed("git cat-file failed", Result(1, b"", f"{content_id} is missing"))
        return [one.content for one in found]

    def _objects(self, named: Sequence[str]) -> Sequence[Answer]:
        """Objects by name, in one question to the `git cat-file` that stays."""
        return [*answers(self._out(self.reader.contents(names(named)), "cat-file"), len(named))]

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        """The contents of those `paths` that are files, in one question to the `git cat-file` that stays."""
        asked = list(paths)
        if not asked:
            return {}
        known = self._as_listed()
        found = self._objects([known.get(str(path)) or self._object(str(path)) for path in asked])
        for path, one in zip(asked, found, strict=True):
            if not one.kind:
                self._must_be_absent(path)
        return {path: one.content for path, one in zip(asked, found, strict=True) if one.kind == "blob"}

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
