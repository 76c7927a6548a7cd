"""Many requests planned on one observation: one commit a branch, each request with an outcome or an error of its own.

Each is planned on what those before it will leave, so that room is given once. Of two requests for the same preview the
later waits for the next round, and is planned on what the first one wrote.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from generator.errors import HubError, Reason, unexpected
from generator.model.environment import Environment
from generator.values.naming import IssueKey
from reconcilers.plan import Plan, combined
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.planned import after

#: Previews that one commit stops or has end earlier, at most: what the guard lets through. Others are in the next.
MOST_STOPS = 10


class Outcome(Protocol):
    """What a request would do: files to commit, and a request branch to delete with the commit it must still be at."""

    @property
    def plan(self) -> Plan | None:
        """None, or a converged one, when there is nothing to commit."""

    @property
    def withdraw(self) -> tuple[str, str] | None:
        """Deleted before the plan is committed."""


O_co = TypeVar("O_co", bound=Outcome, covariant=True)


@dataclass(frozen=True, slots=True)
class Submission(Generic[O_co]):
    """One request: to which preview of which environment, and how it is planned at a time (aware).

    `plan` raises `HubError` to refuse. It may be called several times, each time on a newer observation. `operation` is
    what was asked for (`start`), for a log.
    """

    environment: str
    key: IssueKey
    plan: Callable[[EnvironmentState, datetime], O_co]
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Accepted(Generic[O_co]):
    """It is done when the steps it is a member of are. None of them: nothing has to be."""

    outcome: O_co
    environment: Environment


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not. `beside`: the requests whose room it lacks; when one of those fails, this says nothing any more."""

    error: HubError
    beside: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Deferred:
    """Another request for the same preview goes first, or as many as one commit may stop or have end earlier."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do for `members` (places in the batch): a branch to delete with its commit, then a plan to commit."""

    members: tuple[int, ...]
    withdraw: tuple[str, str] | None
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Batch:
    """An answer for each request, in their order, and what to do. Steps do not depend on one another."""

    answers: tuple[Accepted[Outcome] | Refused | Deferred, ...]
    steps: tuple[Step, ...]


def plan_batch(
    submissions: Sequence[Submission[Outcome]], state_of: Callable[[str], EnvironmentState], *, now: datetime
) -> Batch:
    """Plan `submissions` in order. `state_of` gives an environment of one observation, or raises why it cannot.

    What goes wrong with one, declared or not, is that one's answer.
    """
    latest: dict[str, EnvironmentState] = {}
    answers: list[Accepted[Outcome] | Refused | Deferred] = []
    seen: set[tuple[str, IssueKey]] = set()
    taking: defaultdict[str, list[int]] = defaultdict(list)
    ends: Counter[str] = Counter()
    shorter: Counter[str] = Counter()
    for place, one in enumerate(submissions):
        if (one.environment, one.key) in seen:
            answers.append(Deferred())
            continue
        seen.add((one.environment, one.key))
        try:
            state = latest.get(one.environment) or state_of(one.environment)
            outcome = one.plan(state, now)
        except HubError as err:
            lacks_room = err.reason is Reason.CAPACITY_EXHAUSTED
            answers.append(Refused(err, frozenset(taking[one.environment]) if lacks_room else frozenset()))
            continue
        except Exception as err:  # noqa: BLE001 - the border of a request
            answers.append(Refused(unexpected(f"{one.key} in {one.environment} cannot be planned", err)))
            continue
        plan = outcome.plan if outcome.plan is not None and not outcome.plan.is_converged else None
        later = after(state, plan) if plan else state
        if plan is not None and outcome.withdraw is None:
            most, is_shorter = state.environment.spec.expiry.max_removals, _ends_earlier(one.key, state, later)
            shorter[one.environment] += is_shorter
            ends[plan.branch] += is_shorter or ("Action", "stop") in plan.trailers
            if ends[plan.branch] > MOST_STOPS or shorter[one.environment] > most:
                answers.append(Deferred())
                continue
        answers.append(Accepted(outcome, state.environment))
        if plan is not None:
            latest[one.environment] = later
            taking[one.environment].append(place)
    return Batch(tuple(answers), _steps(answers))


def _ends_earlier(key: IssueKey, before: EnvironmentState, later: EnvironmentState) -> bool:
    """Whether a preview ends earlier than it did on its environment's own branch."""
    old, new = before.entry(key), later.entry(key)
    was, ends = (one.facts.expires_at if one and one.facts else None for one in (old, new))
    return was is not None and ends is not None and ends < was


def _steps(answers: Sequence[Accepted[Outcome] | Refused | Deferred]) -> tuple[Step, ...]:
    """Withdrawals one by one, each with its own plan; other plans together, one commit a branch."""
    steps: list[Step] = []
    together: dict[str, list[tuple[int, Plan]]] = {}
    for place, answer in enumerate(answers):
        if not isinstance(answer, Accepted):
            continue
        plan = answer.outcome.plan if answer.outcome.plan and not answer.outcome.plan.is_converged else None
        if answer.outcome.withdraw is not None:
            steps.append(Step((place,), answer.outcome.withdraw, plan))
        elif plan is not None:
            together.setdefault(plan.branch, []).append((place, plan))
    for members in together.values():
        plans = [plan for _, plan in members]
        steps.append(Step(tuple(place for place, _ in members), None, combined(plans, _subject(plans))))
    return tuple(steps)


def _subject(plans: Sequence[Plan]) -> str:
    """Such as "Start 98, stop 2 previews in int, stg", by the plans' trailers."""
    actions = Counter(value for plan in plans for name, value in plan.trailers if name == "Action")
    where = {value.partition("/")[0] for plan in plans for name, value in plan.trailers if name == "Preview"}
    what = ", ".join(f"{action} {count}" for action, count in sorted(actions.items()))
    return f"{what[:1].upper()}{what[1:]} previews in {', '.join(sorted(where))}"
