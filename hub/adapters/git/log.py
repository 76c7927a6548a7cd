"""Reading the history of a branch with `git log`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

from generator.errors import Fault, Reason, Stalled
from hub.adapters.git.objects import answers, bounded_time, names
from hub.adapters.git.process import Git, said
from hub.adapters.git.reader import GitReader
from reconcilers.ports.git import LoggedCommit

#: Parted by NUL, the one character that no part of a commit can hold (a message ends at it).
_FIELDS = ("%H", "%P", "%ct", "%an", "%s", "%(trailers:only,unfold)")
_FORMAT = "%x00".join(_FIELDS)
_LEAST_SECONDS = 100_000_000


def read_log(
    git: Git, common: Path, commit: str, *, below: PurePosixPath | None, since: datetime | None
) -> Iterator[LoggedCommit]:
    """See `reconcilers.ports.git.GitStore.log`. `common` is the folder that holds the repository's objects and refs."""
    must_be_whole(common)
    # Git takes a smaller number for something else than seconds (date.c). Older commits are left out below.
    limits = [f"--since={int(since.timestamp())}"] if since and since.timestamp() >= _LEAST_SECONDS else []
    where = [] if below is None else [str(below)]
    log = git.must("log", "-z", "--topo-order", f"--format=tformat:{_FORMAT}", *limits, commit, "--", *where)
    told = log.out.decode("utf-8", "replace").split("\0")
    for start in range(0, len(told) - 1, len(_FIELDS)):
        name, parents, seconds, author, subject, trailers = told[start : start + len(_FIELDS)]
        at = bounded_time(seconds)
        if since is not None and at < since:
            continue
        yield LoggedCommit(
            commit=name,
            parent=parents.split(" ")[0] or None,
            at=at,
            author=author,
            subject=subject,
            trailers=tuple(trailers_in(trailers)),
        )


def files_before(
    reader: GitReader, wanted: Sequence[tuple[LoggedCommit, PurePosixPath]]
) -> Mapping[tuple[str, PurePosixPath], bytes]:
    """See `reconcilers.ports.git.GitStore.read_before`: one question to the `git cat-file` that stays."""
    asked = [(one, path) for one, path in wanted if one.parent is not None and "\n" not in str(path)]
    if not asked:
        return {}
    told = reader.contents(names(f"{one.parent}:{path}" for one, path in asked))
    if told.code != 0:
        raise Stalled(Reason.REPOSITORY_REFUSED, f"git cat-file failed: {said(told)}", remedy="'git fsck' there")
    found = zip(asked, answers(told.out, len(asked)), strict=True)
    return {(one.commit, path): text.content for (one, path), text in found if text.kind == "blob"}


def must_be_whole(common: Path) -> None:
    """Raise `Stalled` (RepositoryRefused) for a shallow clone: it cannot tell what is in its history."""
    if (common / "shallow").exists():  # as git-rev-parse(1) tells it, without a process
        remedy = "fetch the rest with 'git fetch --unshallow', or name the repository by its URL"
        raise Stalled(Reason.REPOSITORY_REFUSED, Fault("the clone is shallow: its history ends early", remedy=remedy))


def trailers_in(text: str) -> Iterator[tuple[str, str]]:
    """The trailers in what `%(trailers:only,unfold)` gives, in order."""
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name, value.strip()
