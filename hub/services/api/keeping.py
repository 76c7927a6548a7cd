"""Operations that people and CI ask for, by whichever way: kept with their job and audit row in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from generator.errors import ConfigError, Fault, Reason
from hub.queue.jobs import Jobs
from hub.queue.payloads import SCHEMA
from hub.services.api.limits import OPEN_OPERATIONS
from hub.services.api.rights import Caller
from hub.store import audit, freezes, operations
from hub.store.ids import new_id
from hub.store.jobs import Job
from hub.store.operations import NewOperation, Operation

QUEUE: Final = "jira-queue"
#: What may not begin while a freeze holds.
_STARTS = frozenset({"preview.start", "preview.revive"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to become an operation. `action` such as `preview.start`; `said` is of its job.

    `idempotency_key`: which request of the caller's it is, so that one that comes twice is done once; `correlation`:
    which request it came with; `parent`: the job that it comes of.
    """

    action: str
    environment: str
    issue: str
    said: Mapping[str, Any]
    idempotency_key: str | None = None
    correlation: str = ""
    parent: str | None = None

    @property
    def key(self) -> str:
        """Of its job."""
        return f"{self.environment}/{self.issue}"


def keep(connection: Connection, jobs: Jobs, caller: Caller, asked: Asked, entry: audit.Entry) -> tuple[str, bool]:
    """The id of the operation, and whether it is new: then `jobs.notify` is for after the transaction.

    Raises `Stalled` (Frozen), `ConfigError`: TooManyRequests, InvalidValue for a key that stands for another request.
    """
    now = jobs.database.now(connection)
    if asked.action in _STARTS:
        freezes.refuse(connection, asked.environment, now=now)
    if operations.open_of(connection, caller.id) >= OPEN_OPERATIONS:
        what = f"{caller.name} has {OPEN_OPERATIONS} operations that have not ended"
        raise ConfigError(Reason.TOO_MANY_REQUESTS, Fault(what, remedy="wait until one has"))
    new = NewOperation(
        new_id("op"), asked.action, asked.key, asked.said, caller.name, caller.via, caller.id, asked.idempotency_key
    )
    known = operations.add(connection, jobs.database, new, now=now)
    if known is not None:
        return _same(operations.get(connection, known), asked), False
    payload = {
        "schema": SCHEMA, "id": new.id, **asked.said, "issue": asked.issue, "environment": asked.environment,
        "correlationId": asked.correlation, "requestedAt": now.isoformat(),
        "requestedBy": {"kind": caller.kind, "id": caller.name, "via": caller.via},
    }  # fmt: skip
    is_whole = asked.action != "preview.extend"
    jobs.put_in(
        connection, Job(new.id, QUEUE, asked.action, payload, asked.key, replaces=is_whole, parent=asked.parent)
    )
    audit.add(connection, entry, now=now)
    return new.id, True


def _same(known: Operation | None, asked: Asked) -> str:
    if known is None or (known.kind, known.key, dict(known.request)) != (asked.action, asked.key, dict(asked.said)):
        fault = Fault("this key stands for another request already", field="Idempotency-Key", remedy="make a new one")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return known.id
