"""Reading the history of a branch with `git log`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath

from generator.errors import Fault, Reason, Stalled
from hub.adapters.git_process import Git
from reconcilers.ports import LoggedCommit

_FIELD, _RECORD = "\x1f", "\x1e"
_FORMAT = _RECORD + _FIELD.join(("%H", "%P", "%ct", "%an", "%s", "%(trailers:only,unfold)"))


def read_log(git: Git, commit: str, *, below: PurePosixPath | None, since: datetime | None) -> Iterator[LoggedCommit]:
    """See `reconcilers.ports.GitStore.log`."""
    if git.must("rev-parse", "--is-shallow-repository").text == "true":
        remedy = "fetch the rest with 'git fetch --unshallow', or name the repository by its URL"
        raise Stalled(Reason.REPOSITORY_REFUSED, Fault("the clone is shallow: its history ends early", remedy=remedy))
    limits = [f"--since={int(since.timestamp())}"] if since else []
    where = [] if below is None else [str(below)]
    log = git.must("log", "--topo-order", f"--format={_FORMAT}", *limits, commit, "--", *where)
    for record in log.out.decode("utf-8", "replace").split(_RECORD)[1:]:
        name, parents, seconds, author, subject, trailers = record.split(_FIELD, 5)
        yield LoggedCommit(
            commit=name,
            parent=parents.split(" ")[0] or None,
            at=datetime.fromtimestamp(int(seconds), UTC),
            author=author,
            subject=subject,
            trailers=tuple(_trailers(trailers)),
        )


def _trailers(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name, value.strip()
