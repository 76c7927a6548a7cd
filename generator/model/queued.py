"""A request that waits for room: a file of its own in `environments/<env>/queue`, until it is started or withdrawn.

It holds what the entry will, but for what is decided when it starts: shard, end and rendering.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from generator.model.entry import Metadata, Model, Preview, Wanted
from generator.values.formats import Duration, Text, Time
from generator.values.naming import IssueKey


class QueuedLease(Model):
    """The lease that begins when it starts."""

    requested_by: Text = Field(description="who asked")
    requested_at: Time = Field(description="since when it waits: its place in the line")
    ttl: Duration = Field(description="how long it may live once it is started")
    office_hours: bool = Field(
        False, exclude_if=lambda counted: not counted, description="true: the ttl counts office hours only"
    )


class QueuedSpec(Wanted):
    """What was asked for, and by whom."""

    lease: QueuedLease


class QueuedPreview(Model):
    """A request in line."""

    api_version: Literal["preview.rtb-ai-hub/v1"] = "preview.rtb-ai-hub/v1"
    kind: Literal["QueuedPreview"] = "QueuedPreview"
    metadata: Metadata
    spec: QueuedSpec

    @property
    def key(self) -> IssueKey:
        """The issue key, parsed."""
        return IssueKey.parse(self.spec.issue)


def queued_of(draft: Preview, since: str) -> QueuedPreview:
    """What waits in place of `draft`, the entry it would be if it started now. `since`: from when it waits."""
    lease = draft.spec.lease
    kept = QueuedLease(
        requested_by=lease.requested_by, requested_at=since, ttl=lease.ttl, office_hours=lease.office_hours
    )
    return QueuedPreview(metadata=draft.metadata, spec=QueuedSpec(**draft.spec.wanted, lease=kept))
