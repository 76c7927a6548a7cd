"""What becomes of a job by what its handler gave: decided by the error's kind, alike for every adapter."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from generator.errors import About, Fault, HubError, Moved, Remedy, RemedyKind, Transient, Waiting, declared
from hub.queue.port import Finished, Pace
from hub.store.jobs import Ending, JobRow

#: What an operation may wait for its dependency at a time.
_MOST_WAIT = timedelta(hours=1)


def ending_of(
    job: JobRow,
    outcome: Finished | BaseException,
    *,
    now: datetime,
    pace: Pace,
    chance: Callable[[], float] = random.random,
) -> Ending:
    """How `job` ends or goes on at `now`, the database's time. `chance`: 0 to 1, spreads those that failed together."""
    if isinstance(outcome, Finished):
        return Ending("done", result=dict(outcome.result), follow_ups=outcome.follow_ups)
    if not isinstance(outcome, Exception):
        raise outcome  # the process is to end: not for us to catch
    error = declared(f"{job.name} {job.id}", outcome)
    told = error_data(error)
    if isinstance(error, Waiting):
        pause = min(_MOST_WAIT, timedelta(seconds=max(0.0, error.retry_after_seconds)))
        return Ending("waiting", error=told, run_at=now + pause)
    if isinstance(error, Transient | Moved) and now - job.created_at < pace.give_up:
        longest = min(pace.most, pace.first * 2 ** min(job.attempts - 1, 20))
        return Ending("pending", error=told, run_at=now + longest * (1 + chance()) / 2)
    return Ending("dead", error=told)


def error_data(error: HubError) -> dict[str, Any]:
    """An error as a job keeps it: `{reason, faults: [{message, field, allowed, nearest, remedy}]}`, the empty left out.

    `awaited`: of one that waits, the references of images that it waits for.
    A remedy that the hub can do is a value there too (`{kind, about}`): whoever shows it words it.
    """
    awaited = list(error.awaited) if isinstance(error, Waiting) else []
    told = {"reason": error.reason.value, "faults": [_fault_data(fault) for fault in error.faults]}
    return {**told, "awaited": awaited} if awaited else told


def _fault_data(fault: Fault) -> Mapping[str, Any]:
    remedy: Any = fault.remedy
    if isinstance(fault.remedy, Remedy):
        about = {name: value for name, value in asdict(fault.remedy.about).items() if value}
        remedy = {"kind": fault.remedy.kind.value, "about": about}
    found = {"field": fault.field, "allowed": fault.allowed, "nearest": fault.nearest, "remedy": remedy}
    return {"message": fault.message, **{name: value for name, value in found.items() if value}}


def faults_of(kept: Mapping[str, Any]) -> tuple[Fault, ...]:
    """The faults of an error that a job keeps, as `error_data` made them."""
    return tuple(_fault(one) for one in kept["faults"])


def _fault(kept: Mapping[str, Any]) -> Fault:
    remedy = kept.get("remedy", "")
    if isinstance(remedy, Mapping):
        remedy = Remedy(RemedyKind(remedy["kind"]), About(**remedy["about"]))
    texts = {name: kept.get(name, "") for name in ("field", "allowed", "nearest")}
    return Fault(kept["message"], remedy=remedy, **texts)
