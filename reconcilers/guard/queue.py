"""Whether a request that waits for room is what the hub would have put in line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import PurePosixPath

from generator.errors import Location
from generator.values.formats import format_time, parse_time
from generator.values.naming import queue_folder
from reconcilers.guard.leases import SKEW
from reconcilers.guard.walk import FileDelta, Refusal
from reconcilers.lifecycle.start import file_text
from reconcilers.state.queue_files import queued_record


def queue_refusals(
    delta: FileDelta, text: bytes | None, environment: str, commit: str, *, now: datetime
) -> Iterator[Refusal]:
    """What is wrong with a file of the queue after a step; `text` None: no file of at most 1 MiB."""
    where = Location(delta.path)
    if text is None:
        yield Refusal("file-unreadable", where, "is no file of at most 1 MiB", commit)
        return
    record = queued_record(PurePosixPath(delta.path), text, environment)
    for fault in record.faults:
        told = ": ".join(part for part in (fault.field, fault.message) if part)
        yield Refusal("entry-unreadable", fault.where or where, told, commit)
    if record.queued is None:
        return
    if file_text(record.queued, "queued-preview", queue_folder(environment)).encode() != text:
        yield Refusal("entry-form", where, "is not written as the hub writes it", commit)
    asked = record.queued.spec.lease.requested_at
    if parse_time(asked) > now + SKEW:
        message = f"requestedAt: {asked} is later than now, {format_time(now)}"
        yield Refusal("lease-in-future", where, message, commit)
