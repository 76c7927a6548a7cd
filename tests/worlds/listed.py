"""Rows of the list, made without a repository."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from generator.values.formats import format_time
from generator.values.naming import IssueKey
from hub.services.api.snapshot import Snapshot
from hub.views.listing.rows import Listed
from hub.views.preview import outline_row
from reconcilers.state.outline import Outline

_OUTLINE = Outline(
    issue="RTB-1", blueprint="web", branch=None, compute="fargate", shard="previews-0", requested_by="alice",
    requested_at="2026-11-26T00:00:00Z", ttl="24h", activated_at=None, expires_at=None, office_hours=False,
    extensions=[], components={"web": ("registry.example.com/web", 1, "250m", "256Mi")}, digest=None,
)  # fmt: skip


def listed_at(snapshot: Snapshot, number: int, ends: datetime, environment: str = "int") -> Listed:
    """The row of `RTB-<number>`, which ends then (aware), in an environment of a snapshot."""
    state = snapshot.states[environment]
    key = IssueKey("RTB", number)
    outline = replace(_OUTLINE, issue=str(key), expires_at=format_time(ends))
    return Listed(key, state, outline_row(outline, state.environment, now=snapshot.at), outline, False, None)
