"""Building a commit in the object database: one `git fast-import`, whose cost does not grow with the repository."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

from hub.adapters.git.process import Git
from reconcilers.plan import FileChange, Plan

#: fast-import builds on a ref. This one is reset before the end, so it is never written.
_REF = b"refs/rtb-hub/import"
#: fast-import makes a pack, and unpacks it when it holds fewer than 100 objects, as those of so few files do. Syncing a
#: pack that is then dropped would cost more than all the rest (loose objects are not synced by Git's own default).
_FEW_FILES, _UNSYNCED = 12, "core.fsync=-pack"


def commit_tree(git: Git, plan: Plan, *, who: tuple[str, str], at: datetime) -> str:
    """Make the commit of `plan` on its base and return its id. No ref moves.

    The same plan at the same time gives the same id: author, committer and dates come from `who` and `at`.
    """
    git = git.configured(_UNSYNCED) if len(plan.changes) <= _FEW_FILES else git
    return git.must("fast-import", "--quiet", "--done", "--date-format=raw", stdin=_stream(plan, who, at)).text


def _stream(plan: Plan, who: tuple[str, str], at: datetime) -> bytes:
    message = plan.message().encode()
    name, email = who
    parts = [b"commit %s\nmark :1\n" % _REF]
    signature = f"{name} <{email}> {int(at.astimezone(UTC).timestamp())} +0000"
    parts.append(f"author {signature}\ncommitter {signature}\n".encode())
    parts.append(b"data %d\n%s\n" % (len(message), message))
    if plan.base is not None:
        parts.append(f"from {plan.base}\n".encode())
    parts.extend(_change(change) for change in plan.changes)
    parts.append(b"\nget-mark :1\nreset %s\n\ndone\n" % _REF)
    return b"".join(parts)


def _change(change: FileChange) -> bytes:
    path = _quoted(change.path)
    if change.content is None:
        return b"D %s\n" % path
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path, len(change.content), change.content)


def _quoted(path: PurePosixPath) -> bytes:
    """A path as fast-import takes it, in C style quotes."""
    raw = str(path).encode("utf-8", "surrogateescape")
    escaped = b"".join(b"\\%03o" % byte if byte < 0x20 or byte in b'"\\' else bytes([byte]) for byte in raw)
    return b'"%s"' % escaped
