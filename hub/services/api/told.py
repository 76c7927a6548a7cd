"""Operations, jobs and the like as the API tells them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from generator.errors import Fault
from generator.values.formats import format_time
from hub.queue.ending import faults_of
from hub.store.audit import KeptEntry
from hub.store.freezes import Freeze
from hub.store.jobs import JobRow
from hub.store.operations import Operation
from hub.views import speaking

#: What callers see of a job's states: which adapter holds it is not theirs to mind.
_STATES = {"pending": "queued", "sent": "queued", "active": "running", "dead": "failed"}


def moment(at: datetime | None) -> str | None:
    """A time, to the second."""
    return format_time(at.replace(microsecond=0)) if at else None


def error_told(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A job's error, with remedies in words."""
    if error is None:
        return None
    return {"reason": error["reason"], "faults": [fault_told(fault) for fault in faults_of(error)]}


def fault_told(fault: Fault) -> dict[str, str]:
    """A fault, the empty left out, in the language of who asks."""
    remedy = speaking.remedy(fault.remedy)
    found = {"field": fault.field, "allowed": fault.allowed, "nearest": fault.nearest, "remedy": remedy}
    return {"message": speaking.sentence(fault.message), **{name: text for name, text in found.items() if text}}


#: What of a result only those are told who ask for it: as long as all the rest.
_LONG = frozenset({"details", "text"})


def operation_told(one: Operation, *, is_whole: bool = False) -> dict[str, Any]:
    """An operation: its state, and its result or why it failed. `request`: the pull request, where there is one.

    `is_whole`: the result with what the command line would print of it (`details` as JSON, `text` for people).
    """
    result = {name: value for name, value in (one.result or {}).items() if is_whole or name not in _LONG}
    environment, _, issue = one.key.partition("/")
    return {
        "id": one.id,
        "kind": one.kind,
        "environment": environment or None,
        "issue": issue or None,
        "state": _STATES.get(one.state, one.state),
        "requestedBy": one.requested_by,
        "via": one.via,
        "createdAt": moment(one.created_at),
        "endedAt": moment(one.ended_at),
        "attempts": one.attempts,
        "result": result if one.result is not None else None,
        "error": error_told(one.error),
        "request": (one.review or {}).get("request"),
    }


def job_told(one: JobRow) -> dict[str, Any]:
    """A job, without what it says: that may be of people."""
    return {
        "id": one.id, "seq": one.seq, "queue": one.queue, "name": one.name, "key": one.key or None,
        "state": one.state, "attempts": one.attempts, "crashes": one.crashes, "createdAt": moment(one.created_at),
        "runAt": moment(one.run_at), "endedAt": moment(one.ended_at), "error": error_told(one.error),
        "parent": one.parent,
    }  # fmt: skip


def freeze_told(one: Freeze) -> dict[str, Any]:
    """A freeze."""
    return {
        "id": one.id, "scope": one.scope, "reason": one.reason, "by": one.by,
        "since": moment(one.created_at), "until": moment(one.until),
    }  # fmt: skip


def audit_told(one: KeptEntry) -> dict[str, Any]:
    """An entry of the audit log."""
    entry = one.entry
    return {
        "id": one.id, "at": moment(one.created_at), "who": entry.who, "via": entry.via, "action": entry.action,
        "object": entry.object, "outcome": entry.outcome, "reason": entry.reason, "requestId": entry.request_id,
        "address": entry.address,
    }  # fmt: skip
