"""Building a commit in the object database: one `git fast-import`, whose cost does not grow with the repository."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import PurePosixPath

from hub.adapters.git_process import Git
from reconcilers.plan import FileChange, Plan

#: Temporary refs live here for the time of one import. One that a dead process left keeps a commit, nothing more.
TEMPORARY = "refs/rtb-hub/import/"


def commit_tree(git: Git, plan: Plan, *, who: tuple[str, str], at: datetime) -> str:
    """Make the commit of `plan` on its base and return its id. No branch moves.

    The same plan at the same time gives the same id: author, committer and dates come from `who` and `at`.
    """
    ref = TEMPORARY + secrets.token_hex(8)
    git.must("fast-import", "--quiet", "--done", "--date-format=raw", stdin=_stream(plan, ref, who, at))
    try:
        return git.must("rev-parse", "--verify", ref).text
    finally:
        git.run("update-ref", "-d", ref)


def _stream(plan: Plan, ref: str, who: tuple[str, str], at: datetime) -> bytes:
    message = plan.message().encode()
    name, email = who
    parts = [f"commit {ref}\n".encode()]
    signature = f"{name} <{email}> {int(at.astimezone(UTC).timestamp())} +0000"
    parts.append(f"author {signature}\ncommitter {signature}\n".encode())
    parts.append(b"data %d\n%s\n" % (len(message), message))
    if plan.base is not None:
        parts.append(f"from {plan.base}\n".encode())
    parts.extend(_change(change) for change in plan.changes)
    parts.append(b"\ndone\n")
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
