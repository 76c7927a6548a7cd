"""Whether a branch that is named after an edit holds that edit and nothing else: anybody who may push can make one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from generator.errors import Fault, Reason, Stalled
from hub.adapters.git.history import GitHistory
from reconcilers.guard.walk import FILE_MODE, FileDelta
from reconcilers.plan import one_line
from reconcilers.ports.git import Snapshot

#: So many files are told of, each by so many characters of its path.
_TOLD, _PATH = 3, 120


def must_hold(
    there: Snapshot,
    wanted: Mapping[PurePosixPath, bytes],
    reviewed: Snapshot | None,
    history: GitHistory,
    location: str,
) -> None:
    """Check that `there` is one commit on top of one of `reviewed`, and brings the files `wanted` and nothing else.

    Raises `Stalled` (RepositoryRefused) when it is anything else, and what the history raises.
    """
    fork = history.fork(reviewed.commit, there.commit) if reviewed else None
    steps = history.walk(fork, there.commit).steps if fork else ()
    if len(steps) != 1 or steps[0].is_merge or steps[0].before != fork:
        base = reviewed.branch if reviewed else "the branch that is reviewed"
        raise _refused(there, location, f"is not one commit on top of {base}")
    if strays := [*_strays(steps[0].deltas, there.read(wanted), wanted)]:
        more = f" and {len(strays) - _TOLD} more" if len(strays) > _TOLD else ""
        raise _refused(there, location, f"differs from this edit in {', '.join(strays[:_TOLD])}{more}")


def _strays(
    deltas: tuple[FileDelta, ...], found: Mapping[PurePosixPath, bytes], wanted: Mapping[PurePosixPath, bytes]
) -> Iterator[str]:
    """What is not as it is wanted, and what changed beside: another file, a link, one that may be run, one of two."""
    missed = {str(path) for path, content in wanted.items() if found.get(path) != content}
    names, counted = {str(path) for path in wanted}, Counter(one.path for one in deltas)
    beside = {
        one.path
        for one in deltas
        if one.path not in names or counted[one.path] > 1 or one.after is None or one.after.mode != FILE_MODE
    }
    yield from (one_line(path)[:_PATH] for path in sorted(missed | beside))


def _refused(there: Snapshot, location: str, what: str) -> Stalled:
    fault = Fault(
        f"branch {there.branch} of {location} is there already, but {what}; nothing was written",
        remedy=f"look at who pushed it, delete it ('git push REPOSITORY --delete {there.branch}'), and ask again",
    )
    return Stalled(Reason.REPOSITORY_REFUSED, fault)
