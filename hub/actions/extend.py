"""Give a preview more time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.actions.parts import Parts
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.done import Done
from reconcilers.lifecycle.extend import ExtendOutcome, ExtendRequest, plan_extension
from reconcilers.lifecycle.start import Starter
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Extended:
    """A preview that was given more time, or was not: `outcome.change` says which."""

    outcome: ExtendOutcome
    done: Done


def submission(asked: ExtendRequest, environment: str, starter: Starter) -> Submission[ExtendOutcome]:
    """An extension as what is written together with others.

    When the branch moved meanwhile, it is planned anew for the end that was seen first.
    """
    wanted = asked

    def plan(state: EnvironmentState, now: datetime) -> ExtendOutcome:
        nonlocal wanted
        outcome = plan_extension(wanted, state, starter=starter, now=now)
        wanted = outcome.again
        return outcome

    return Submission(environment, asked.key, plan, "extend")


def extend(asked: ExtendRequest, environment: str, *, parts: Parts) -> Extended:
    """Extend it, up to the cap.

    What keeps a forge from being told is `done.reviewed.error`; the commit is made all the same. Raises what planning
    it and the store raise.
    """
    attributed = parts.attributed(submission(asked, environment, parts.starter), by=asked.requested_by)
    written = parts.writer.write(attributed)
    return Extended(written.outcome, parts.done(written, asked.key, by=asked.requested_by))
