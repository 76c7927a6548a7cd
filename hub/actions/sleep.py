"""Put a preview to sleep, or wake it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.actions.parts import Parts
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.done import Done
from reconcilers.lifecycle.sleep import SleepOutcome, SleepRequest, plan_sleep
from reconcilers.lifecycle.start import Starter
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Slept:
    """A preview that was put to sleep or woken, or was so before: `outcome.change` says which."""

    outcome: SleepOutcome
    done: Done


def submission(asked: SleepRequest, environment: str, starter: Starter) -> Submission[SleepOutcome]:
    """It as what is written together with others."""

    def plan(state: EnvironmentState, now: datetime) -> SleepOutcome:
        return plan_sleep(asked, state, starter=starter, now=now)

    return Submission(environment, asked.key, plan, "sleep" if asked.asleep else "wake")


def sleep(asked: SleepRequest, environment: str, *, parts: Parts) -> Slept:
    """Put it to sleep, or wake it.

    What keeps a forge from being told is `done.reviewed.error`; the commit is made all the same. Raises what planning
    it and the store raise.
    """
    attributed = parts.attributed(submission(asked, environment, parts.starter), by=asked.requested_by)
    written = parts.writer.write(attributed)
    return Slept(written.outcome, parts.done(written, asked.key, by=asked.requested_by))
