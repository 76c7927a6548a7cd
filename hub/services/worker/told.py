"""What an operation's result tells of what was written: the same for people, CI and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub.views.preview import preview_row
from hub.writing.writer import Written
from reconcilers.lifecycle.batch import Outcome
from reconcilers.lifecycle.extend import ExtendOutcome
from reconcilers.lifecycle.operated import Repeated
from reconcilers.lifecycle.revive import ReviveOutcome
from reconcilers.lifecycle.start import StartOutcome
from reconcilers.lifecycle.start_or_wait import QueueOutcome
from reconcilers.lifecycle.stop import StopOutcome


def told(written: Written[Outcome], *, at: datetime) -> dict[str, Any]:
    """`{change, environment, commit}`, with `url` and `ends` of a preview that is there, `place` of one that waits."""
    outcome, environment = written.outcome, written.environment
    base: dict[str, Any] = {"environment": environment.name, "commit": written.commit}
    match outcome:
        case Repeated(commit=commit):
            return {**base, "change": "done before", "commit": commit}
        case QueueOutcome(change=change, place=place, length=length):
            return {**base, "change": change, "place": place.position, "of": length}
        case StopOutcome(change=change):
            return {**base, "change": change}
        case StartOutcome() | ExtendOutcome() | ReviveOutcome():
            row = preview_row(outcome.preview, environment, now=at)
            return {**base, "change": outcome.change, "url": row.url, "ends": row.ends or None}
    raise AssertionError(f"nothing tells of {type(outcome).__name__}")
