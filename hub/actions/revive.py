"""Bring a removed preview back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.actions.parts import Parts
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.done import Done
from reconcilers.lifecycle.revive import ReviveOutcome, ReviveRequest, plan_revival
from reconcilers.lifecycle.start import Starter
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Revived:
    """A preview that was brought back, or was there: `outcome.change` says which."""

    outcome: ReviveOutcome
    done: Done


def submission(asked: ReviveRequest, environment: str, parts: Parts) -> Submission[ReviveOutcome]:
    """A revival as what is written together with others."""
    return submission_with(asked, environment, store=parts.store, starter=parts.starter)


def submission_with(
    asked: ReviveRequest, environment: str, *, store: GitStore, starter: Starter
) -> Submission[ReviveOutcome]:
    """The same, by what reads the history and what plans starts."""

    def plan(state: EnvironmentState, now: datetime) -> ReviveOutcome:
        return plan_revival(asked, state, store=store, starter=starter, now=now)

    return Submission(environment, asked.key, plan, "revive")


def revive(asked: ReviveRequest, environment: str, *, parts: Parts) -> Revived:
    """Bring it back with a fresh lease, or keep one whose removal was asked for.

    What keeps a forge from being told is `done.reviewed.error`; the commit is made all the same. Raises `ConfigError`
    (PreviewNotFound), and what planning a start and the store raise.
    """
    attributed = parts.attributed(submission(asked, environment, parts), by=asked.requested_by)
    written = parts.writer.write(attributed)
    is_withdrawn = written.outcome.change == "kept"
    return Revived(written.outcome, parts.done(written, asked.key, by=asked.requested_by, is_withdrawn=is_withdrawn))
