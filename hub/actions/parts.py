"""What actions that change previews are put together from; `hub.wiring` puts the real ones together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from generator.values.naming import IssueKey
from hub.approval.requests import Requests
from hub.writing.writer import Writer, Written
from reconcilers.approval.requesters import with_account
from reconcilers.lifecycle.batch import Outcome, Submission
from reconcilers.lifecycle.done import Done
from reconcilers.lifecycle.start import Starter
from reconcilers.ports.forge import Actor
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import Reading

O = TypeVar("O", bound=Outcome)  # noqa: E741 - an outcome


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one state repository: `store` and how it is read and written; and what plans starts, and asks for reviews."""

    store: GitStore
    reading: Callable[[], Reading]
    writer: Writer
    starter: Starter
    requests: Requests
    clock: Callable[[], datetime]

    def attributed(self, submission: Submission[O], *, by: str) -> Submission[O]:
        """`submission`, whose commit also keeps the id of the account that `by` goes by at the environment's forge."""
        known: list[Actor | None] = []

        def plan(state: EnvironmentState, now: datetime) -> O:
            outcome = submission.plan(state, now)
            if outcome.plan is None or outcome.plan.is_converged or not state.environment.spec.gated:
                return outcome
            if not known:
                known.append(self.requests.account(state.environment, by))
            if known[0] is None:
                return outcome
            trailers = with_account(outcome.plan.trailers, known[0])
            return cast(O, replace(cast(Any, outcome), plan=replace(outcome.plan, trailers=trailers)))

        return replace(submission, plan=plan)

    def done(self, written: Written[Outcome], key: IssueKey, *, by: str, is_withdrawn: bool = False) -> Done:
        """Have its forge told what was written for `by`: to review it, or that its branch is gone (`is_withdrawn`)."""
        if is_withdrawn:
            reviewed = self.requests.withdraw(written.environment, key, by=by)
        else:
            reviewed = self.requests.review(written.environment, key, by=by)
        return Done(written.commit, self.store.location, reviewed, self.clock())
