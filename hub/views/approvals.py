"""What machines are told of requests that await a review."""

from __future__ import annotations

from typing import Any

from generator.values.formats import format_time
from reconcilers.approval.decisions import NAME, ApprovalResult


def judged_data(found: ApprovalResult) -> dict[str, Any]:
    """The requests of one environment, each with what becomes of it and what it still waits for."""
    return {
        "environment": found.environment,
        "reconciler": NAME,
        "open": [
            {
                "issue": one.name.upper(),
                "number": one.request.number,
                "url": one.request.url,
                "title": one.request.title,
                "head": one.request.head,
                "since": format_time(one.request.created_at),
                "decision": one.verdict.kind,
                "why": one.verdict.why,
                "approvedBy": list(one.verdict.approved_by),
                "waits": [{"for": wait.need, "words": wait.words} for wait in one.verdict.waits],
                "notCounted": list(one.verdict.not_counted),
            }
            for one in found.judged
        ],
        "withoutRequest": [name.upper() for name in found.unasked],
    }
