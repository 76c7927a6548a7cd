"""A submission that belongs to an operation: its commit names it, and a second run finds the first one's commit.

Whoever was killed between the push and noting it runs again; Git's log says then what was done already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from generator.values.naming import IssueKey
from reconcilers.lifecycle.batch import Outcome, Submission
from reconcilers.plan import Plan
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState

O = TypeVar("O", bound=Outcome)  # noqa: E741 - an outcome
OPERATION = "Operation"


@dataclass(frozen=True, slots=True)
class Repeated:
    """The operation was carried out before, in `commit`: nothing is to be done."""

    commit: str
    plan: Plan | None = None
    withdraw: tuple[str, str] | None = None


def operated(
    submission: Submission[O], operation: str, *, store: GitStore, since: datetime | None, check: Callable[[], None]
) -> Submission[O | Repeated]:
    """`submission` as the operation of this id. `check` raises what keeps it from being planned any more.

    `since` None: it was never begun before. Else its commit is looked for first, as far back as that (aware).
    """

    def plan(state: EnvironmentState, now: datetime) -> O | Repeated:
        check()
        if since is not None:
            done = find_operation(operation, submission.key, state, store, since=since)
            if done is not None:
                return Repeated(done)
        outcome = submission.plan(state, now)
        if outcome.plan is None or outcome.plan.is_converged:
            return outcome
        named = replace(outcome.plan, trailers=(*outcome.plan.trailers, (OPERATION, operation)))
        return cast("O", replace(cast("Any", outcome), plan=named))

    return Submission(submission.environment, submission.key, plan, submission.operation)


def find_operation(
    operation: str, key: IssueKey, state: EnvironmentState, store: GitStore, *, since: datetime
) -> str | None:
    """The commit of an operation on a preview: of its environment's branch or its request's. None: there is none."""
    requested = state.request_snapshots.get(key.name)
    for snapshot in (state.snapshot, *((requested,) if requested else ())):
        for logged in store.log(snapshot, since=since):
            if (OPERATION, operation) in logged.trailers:
                return logged.commit
    return None
