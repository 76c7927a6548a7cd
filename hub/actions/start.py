"""Start a preview or update it, or show what that would change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.objects.diff import ObjectChange, compare
from generator.objects.manifest import Manifest
from hub.actions.parts import Parts
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.done import Done, Reviewed
from reconcilers.lifecycle.start import Starter, StartOutcome, StartRequest
from reconcilers.lifecycle.start_or_wait import QueueOutcome, plan_start
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Started:
    """A preview that was started, updated, kept, or was as asked for already: `outcome.change` says which."""

    outcome: StartOutcome
    done: Done


@dataclass(frozen=True, slots=True)
class Queued:
    """A request that waits for room."""

    outcome: QueueOutcome
    done: Done


@dataclass(frozen=True, slots=True)
class Difference:
    """What a start would change, object by object."""

    outcome: StartOutcome
    changes: tuple[ObjectChange, ...]


def submission(asked: StartRequest, environment: str, starter: Starter) -> Submission[StartOutcome | QueueOutcome]:
    """A start as what is written together with others."""

    def plan(state: EnvironmentState, now: datetime) -> StartOutcome | QueueOutcome:
        return plan_start(asked, state, starter=starter, now=now)

    return Submission(environment, asked.key, plan, "start")


def start(asked: StartRequest, environment: str, *, parts: Parts) -> Started | Queued:
    """Start or update a preview; with `asked.queue` let it wait where there is no room. Safe to ask twice.

    In a gated environment it is asked for at the forge; what keeps that from being done is `done.reviewed.error`, and
    the commit is made all the same. Raises what planning it and the store raise: `ConfigError`, `Stalled`, `Moved`.
    """
    written = parts.writer.write(parts.attributed(submission(asked, environment, parts.starter), by=asked.requested_by))
    outcome = written.outcome
    if isinstance(outcome, QueueOutcome):
        waits = Done(written.commit, parts.store.location, Reviewed(written.environment), parts.clock())
        return Queued(outcome, waits)
    is_withdrawn = outcome.change == "kept"
    return Started(outcome, parts.done(written, asked.key, by=asked.requested_by, is_withdrawn=is_withdrawn))


def diff(asked: StartRequest, environment: str, *, parts: Parts) -> Difference:
    """What `start` would change. Writes nothing. Raises what planning it and reading raise."""
    state = parts.reading().state(environment)
    outcome = parts.starter.plan(asked, state, now=parts.clock())
    before: tuple[Manifest, ...] = ()
    if outcome.previous is not None:
        before = state.manifests_of(outcome.previous)
    return Difference(outcome, compare(before, outcome.rendering.manifests))
