"""What an operation's result tells of what was written: the same for people, CI and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from generator.values.naming import IssueKey
from hub.actions.extend import Extended
from hub.actions.revive import Revived
from hub.actions.sleep import Slept
from hub.actions.start import Queued, Started
from hub.actions.stop import Stopped
from hub.commands import extend, revive, sleep, start, stop
from hub.output.worded import worded
from hub.views.done import extend_data, queue_data, revive_data, sleep_data, start_data, stop_data
from hub.views.preview import preview_row
from hub.writing.writer import Written
from reconcilers.lifecycle.batch import Outcome
from reconcilers.lifecycle.done import Done, Reviewed
from reconcilers.lifecycle.extend import ExtendOutcome
from reconcilers.lifecycle.operated import Repeated
from reconcilers.lifecycle.revive import ReviveOutcome
from reconcilers.lifecycle.sleep import SleepOutcome
from reconcilers.lifecycle.start import StartOutcome
from reconcilers.lifecycle.start_or_wait import QueueOutcome
from reconcilers.lifecycle.stop import StopOutcome


def told(written: Written[Outcome], key: IssueKey, *, repository: str, at: datetime) -> dict[str, Any]:
    """`{change, environment, commit}`, with `url` and `ends` of a preview that is there, `place` of one that waits.

    `details` and `text` are what the command line tells of the same, for machines and for people.
    """
    outcome, environment = written.outcome, written.environment
    done = Done(written.commit, repository, Reviewed(environment, is_at_forge=environment.spec.forge is not None), at)
    base: dict[str, Any] = {"environment": environment.name, "commit": written.commit}
    match outcome:
        case Repeated(commit=commit):
            return {**base, "change": "done before", "commit": commit}
        case QueueOutcome(change=change, place=place, length=length):
            text = worded(lambda console: start.tell_queued(console, Queued(outcome, done)))
            return {
                **base, "change": change, "place": place.position, "of": length,
                "details": queue_data(outcome, done), "text": text,
            }  # fmt: skip
        case StopOutcome(change=change):
            text = worded(lambda console: stop.tell(console, Stopped(key, outcome, done)))
            details = {"issue": str(key), **stop_data(outcome, done), "repository": repository}
            return {**base, "change": change, "details": details, "text": text}
        case StartOutcome():
            details = start_data(outcome, done)
            text = worded(lambda console: start.tell(console, Started(outcome, done)))
        case ExtendOutcome():
            details = extend_data(outcome, done)
            text = worded(lambda console: extend.tell(console, Extended(outcome, done)))
        case ReviveOutcome():
            details = revive_data(outcome, done)
            text = worded(lambda console: revive.tell(console, Revived(outcome, done)))
        case SleepOutcome():
            details = sleep_data(outcome, done)
            text = worded(lambda console: sleep.tell(console, Slept(outcome, done)))
        case _:
            raise AssertionError(f"nothing tells of {type(outcome).__name__}")
    row = preview_row(outcome.preview, environment, now=at)
    shown = {"url": row.url, "ends": row.ends or None}
    return {**base, "change": outcome.change, **shown, "details": details, "text": text}
