"""What actions would do, planned together as one commit would have it, and nothing written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from generator.errors import HubError
from generator.model.entry import Preview
from generator.objects.diff import ObjectChange, compare
from generator.objects.manifest import Manifest, manifests_in
from generator.values.naming import MANIFEST_FILE
from reconcilers.lifecycle.batch import Accepted, Deferred, Outcome, Submission, plan_batch
from reconcilers.lifecycle.start import StartOutcome
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Planned:
    """One of them: its outcome, or why it would be refused.

    `state` is what it was planned on: what those before it leave (None: that cannot be read). `before` is the entry
    that it is about, `changes` the objects that would differ; `unread`: why nobody knows which.
    """

    submission: Submission[Outcome]
    outcome: Outcome | None
    error: HubError | None
    state: EnvironmentState | None
    before: Preview | None = None
    changes: tuple[ObjectChange, ...] = ()
    unread: HubError | None = None


def plan(
    submissions: Sequence[Submission[Any]], state_of: Callable[[str], EnvironmentState], *, now: datetime
) -> list[Planned]:
    """A plan for each, in their order; no two may be of one preview. `state_of` as for `plan_batch`.

    Stops beyond those of one commit are planned as the next one's.
    """
    seen: dict[int, EnvironmentState] = {}
    watched = [_watched(one, seen, place) for place, one in enumerate(submissions)]
    answers = list(plan_batch(watched, state_of, now=now).answers)
    while later := [place for place, answer in enumerate(answers) if isinstance(answer, Deferred)]:
        more = plan_batch([watched[place] for place in later], state_of, now=now).answers
        for place, answer in zip(later, more, strict=True):
            answers[place] = answer
    found = []
    for place, (submission, answer) in enumerate(zip(submissions, answers, strict=True)):
        state = seen.get(place)
        if isinstance(answer, Accepted) and state is not None:
            found.append(_accepted(submission, answer.outcome, state))
        else:
            error = None if isinstance(answer, Accepted | Deferred) else answer.error
            record = _record(submission, state) if state else None
            found.append(Planned(submission, None, error, state, record.preview if record else None))
    return found


def _watched(one: Submission[Any], seen: dict[int, EnvironmentState], place: int) -> Submission[Any]:
    """The same, which notes what it is planned on."""

    def planned(state: EnvironmentState, now: datetime) -> Any:
        seen[place] = state
        return one.plan(state, now)

    return replace(one, plan=planned)


def _record(submission: Submission[Any], state: EnvironmentState) -> EntryRecord | None:
    return state.request(submission.key) or state.entry(submission.key)


def _accepted(submission: Submission[Any], outcome: Any, state: EnvironmentState) -> Planned:
    record = _record(submission, state)
    if outcome.plan is not None and any(change.content is None for change in outcome.plan.changes):
        record = state.entry(submission.key) or record  # what is removed is what is live
    found = Planned(submission, outcome, None, state, record.preview if record else None)
    try:
        before = state.manifests_of(record) if record is not None else ()
        after = _after(outcome, before)
    except HubError as err:
        return replace(found, unread=err)
    return replace(found, changes=compare(before, after) if after is not before else ())


def _after(outcome: Any, before: tuple[Manifest, ...]) -> tuple[Manifest, ...]:
    """The objects that would be there; `before` where they stay."""
    plan = outcome.plan
    if plan is None or plan.is_converged:
        return before
    if isinstance(outcome, StartOutcome):
        return outcome.rendering.manifests
    written = [change for change in plan.changes if change.path.name == MANIFEST_FILE]
    if not written:
        return before
    (change,) = written
    return () if change.content is None else manifests_in(change.content, str(change.path))
