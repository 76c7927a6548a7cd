"""Give a preview more time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.actions.parts import Parts
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.done import Done
from reconcilers.lifecycle.extend import ExtendOutcome, ExtendRequest, plan_extension
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Extended:
    """A preview that was given more time, or was not: `outcome.change` says which."""

    outcome: ExtendOutcome
    done: Done


def extend(asked: ExtendRequest, environment: str, *, parts: Parts) -> Extended:
    """Extend it, up to the cap. When the branch moved meanwhile, planned anew for the end that was seen first.

    What keeps a forge from being told is `done.reviewed.error`; the commit is made all the same. Raises what planning
    it and the store raise.
    """

    def plan(state: EnvironmentState, now: datetime) -> ExtendOutcome:
        nonlocal asked
        outcome = plan_extension(asked, state, starter=parts.starter, now=now)
        asked = outcome.again
        return outcome

    written = parts.writer.write(Submission(environment, asked.key, plan, "extend"))
    return Extended(written.outcome, parts.done(written, asked.key, by=asked.requested_by))
