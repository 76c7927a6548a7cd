"""The checked-out files of a repository of one's own, which follow the branch after it moved.

A commit is published when its branch moved; the files follow later, and whoever commits next resumes that. A work tree
that was left behind is known by its index, which is that of an ancestor, and by its files: each is as the index has it,
or as a later commit does. So nothing of anybody's own is in it.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import HubError, Reason, Remedy, RemedyKind, Stalled
from hub.adapters.git.objects import ABSENT, differences
from hub.adapters.git.process import Git, said

#: So many commits back a work tree may have been left.
_FAR_BACK = 10_000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a work tree is: at a tree-ish (None: nothing is checked out), or (`is_whole` False) on its way on."""

    at: str | None
    is_whole: bool = True


def checked_out(git: Git) -> dict[str, Path]:
    """The folders of all work trees that a repository has, by the ref that is checked out there."""
    found: dict[str, Path] = {}
    for block in git.must("worktree", "list", "--porcelain").text.split("\n\n"):
        lines = block.splitlines()
        folder = Path(lines[0].removeprefix("worktree "))
        refs = [line.removeprefix("branch ") for line in lines if line.startswith("branch ")]
        if refs and folder.is_dir():
            found[refs[0]] = folder
    return found


def work_tree_of(git: Git, directory: Path, location: str) -> Path:
    """The top of the work tree that `git` runs in, or whose Git directory it runs in, at `location` for people.

    Raises `Stalled` (RepositoryRefused) for a Git directory that does not say whose it is.
    """
    told = git.run("rev-parse", "--show-toplevel")
    if told.code == 0:
        return Path(told.text)
    link = directory / "gitdir"  # gitrepository-layout(5): of a work tree that git-worktree(1) added
    near = Path(link.read_text().strip()).parent if link.is_file() else directory.parent
    of = (
        replace(git, directory=near).run("rev-parse", "--absolute-git-dir", "--show-toplevel")
        if near.is_dir()
        else None
    )
    if of is not None and of.code == 0 and Path(of.text.splitlines()[0]).resolve() == directory.resolve():
        return Path(of.text.splitlines()[1])
    message = f"{location} is the Git directory of a work tree that stands elsewhere, or nowhere: {said(told)}"
    raise Stalled(Reason.REPOSITORY_REFUSED, message, remedy="name the work tree itself")


def git_directory_above(path: Path, environ: Mapping[str, str]) -> Path | None:
    """The Git directory that `path`, which need not be there, would be in; None: in none. A work tree is none."""
    folder = path.absolute()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    for above in (folder.resolve(), *folder.resolve().parents):
        if (above / "HEAD").is_file():
            told = Git(environ, above).run("rev-parse", "--is-inside-git-dir")
            if told.code == 0 and told.text == "true":
                return above
    return None


@dataclass(frozen=True, slots=True)
class WorkTree:
    """The work tree that `git` runs in; `location` is the repository's, for people."""

    git: Git
    location: str

    def standing(self, head: str | None) -> Standing:
        """Where it is, while its branch is at the commit `head` (None: it has none).

        Raises `Stalled` (RepositoryDirty) when somebody changed something in it.
        """
        changes = self._changes()
        if not changes:
            return Standing(head)
        left_at = self._left_at(head) if head else None
        if head is None or left_at is None:
            raise self._dirty([*changes])
        # The second column compares the files with the index: they may be on their way to the branch's.
        moved = [path for path, code in changes.items() if code[1] != " "]
        if strange := [*self._strange(moved, head)]:
            raise self._dirty(strange)
        return Standing(left_at, is_whole=not moved)

    def follow(self, standing: Standing, commit: str) -> str:
        """Bring it from where it stands to `commit`. Returns why that was not possible; empty when it was done."""
        arguments = ["-m", "-u", *([standing.at] if standing.at else []), commit]
        try:
            self.git.run("update-index", "-q", "--refresh")  # else a file that was only touched counts as changed
            result = self.git.run("read-tree", *(arguments if standing.is_whole else ["--reset", "-u", commit]))
        except HubError as err:
            return err.words
        return said(result) if result.code else ""

    def _changes(self) -> dict[str, str]:
        """Two letters of git-status(1) by path."""
        listing = self.git.must("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all").out
        lines = [line for line in listing.decode("utf-8", "surrogateescape").split("\0") if line]
        return {line[3:]: line[:2] for line in lines}

    def _left_at(self, head: str) -> str | None:
        """The tree of the index, if it is an ancestor's or, where nothing was checked out yet, the empty one."""
        index = (self.git.directory or Path()) / self.git.must("rev-parse", "--git-path", "index").text
        with tempfile.TemporaryDirectory(prefix="rtb-hub-") as folder:
            copy = Path(folder) / "index"  # of its own: a lock beside the other does not stand in the way
            if index.is_file():
                shutil.copyfile(index, copy)
            written = self.git.run("write-tree", extra={"GIT_INDEX_FILE": str(copy)})
            empty = self.git.run("write-tree", extra={"GIT_INDEX_FILE": str(copy) + "-empty"})
        if written.code != 0:
            return None
        trees = self.git.must("log", "--format=%T", "-n", str(_FAR_BACK), head).text.split()
        return written.text if written.text in (*trees, empty.text) else None

    def _strange(self, paths: list[str], head: str) -> Iterator[str]:
        """Those of the paths that are in the work tree as they never were in the history of `head`."""
        if not paths:
            return
        # Where several commits could not be followed, a file may be as any of them had it.
        raw = ("--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--ignore-submodules=none", "--format=")
        limits = ("-n", str(_FAR_BACK), "-m", head)
        told = self.git.must("log", *raw, *limits, "--", *paths, extra={"GIT_LITERAL_PATHSPECS": "1"}).out
        had: defaultdict[str, set[str]] = defaultdict(set)
        for one in differences(told):
            had[one.path].add(ABSENT if one.old_mode == ABSENT else one.old_id)
            had[one.path].add(ABSENT if one.mode == ABSENT else one.content_id)
        top = Path(self.git.must("rev-parse", "--show-toplevel").text)
        there = {path for path in paths if (top / path).exists() or (top / path).is_symlink()}
        plain = [path for path in there if "\n" not in path and stat.S_ISREG((top / path).lstat().st_mode)]
        found = self._content_ids(plain)
        for path in paths:
            if (found.get(path, "") if path in there else ABSENT) not in had[path]:
                yield path

    def _content_ids(self, paths: list[str]) -> Mapping[str, str]:
        """The ids that Git would give the files."""
        if not paths:
            return {}
        named = "".join(f"{path}\n" for path in paths).encode("utf-8", "surrogateescape")
        return dict(zip(paths, self.git.must("hash-object", "--stdin-paths", stdin=named).text.split(), strict=True))

    def _dirty(self, paths: list[str]) -> Stalled:
        shown = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else "")
        told = shown.encode("utf-8", "replace").decode()
        message = f"the work tree of {self.location} has changes of its own: {told}"
        return Stalled(Reason.REPOSITORY_DIRTY, message, remedy=Remedy(RemedyKind.CLEAN_WORK_TREE))
