"""Stop a preview, in one environment or in all: remove it, ask for its removal, or withdraw what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from generator.errors import ConfigError, Fault, HubError, Reason, Remedy, RemedyKind
from generator.values.naming import IssueKey
from hub.actions.parts import Parts
from hub.writing.writer import Written
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.done import Done
from reconcilers.lifecycle.stop import StopOutcome, plan_stop
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class StopRequest:
    """Which preview is to go. `requested_by` wants it, `reason` is for the history."""

    key: IssueKey
    requested_by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A preview that was stopped, or whose stop was asked for: `outcome.change` says which."""

    key: IssueKey
    outcome: StopOutcome
    done: Done


@dataclass(frozen=True, slots=True)
class StoppedEverywhere:
    """What came of a stop in each of `environments`; in those of neither `stopped` nor `failed` nothing was there."""

    key: IssueKey
    environments: tuple[str, ...]
    stopped: tuple[Stopped, ...]
    failed: Mapping[str, HubError]
    repository: str

    @property
    def is_nowhere(self) -> bool:
        """True when nothing was there."""
        return not (self.stopped or self.failed)


def submission(asked: StopRequest, environment: str) -> Submission[StopOutcome]:
    """A stop as what is written together with others."""

    def plan(state: EnvironmentState, _: datetime) -> StopOutcome:
        return plan_stop(asked.key, state, requested_by=asked.requested_by, reason=asked.reason)

    return Submission(environment, asked.key, plan, "stop")


def stop(asked: StopRequest, environment: str, *, parts: Parts, ignore_not_found: bool = False) -> Stopped | None:
    """Stop it. None: it is not there, and `ignore_not_found`.

    What keeps a forge from being told is `done.reviewed.error`; the commit is made all the same. Raises `ConfigError`
    (PreviewNotFound), and what the store raises.
    """
    try:
        written = parts.writer.write(parts.attributed(submission(asked, environment), by=asked.requested_by))
    except ConfigError as err:
        if err.reason is Reason.PREVIEW_NOT_FOUND and ignore_not_found:
            return None
        raise
    return _stopped(asked, written, parts)


def stop_everywhere(asked: StopRequest, *, parts: Parts, ignore_not_found: bool = False) -> StoppedEverywhere:
    """Stop what there is of an issue in every environment, one commit a branch. One that fails keeps none back.

    An environment (or a branch) that cannot be read is one that fails. Raises `ConfigError` (PreviewNotFound) when it
    is nowhere, unless `ignore_not_found`, and what the store raises.
    """
    states, unreadable = parts.reading().each()
    names = [state.environment.name for state in states]
    answers = parts.writer.write_all(
        [parts.attributed(submission(asked, name), by=asked.requested_by) for name in names]
    )
    stopped: list[Stopped] = []
    failed: dict[str, HubError] = dict(unreadable)
    for name, answer in zip(names, answers, strict=True):
        try:
            stopped.append(_stopped(asked, answer.result(), parts))
        except HubError as err:
            if err.reason is not Reason.PREVIEW_NOT_FOUND:
                failed[name] = err
    everywhere = tuple(sorted({*names, *unreadable}))
    found = StoppedEverywhere(asked.key, everywhere, tuple(stopped), failed, parts.store.location)
    if found.is_nowhere and not ignore_not_found:
        fault = Fault(
            f"there is no preview of {asked.key} in {', '.join(names)}", remedy=Remedy(RemedyKind.LIST_PREVIEWS)
        )
        raise ConfigError(Reason.PREVIEW_NOT_FOUND, fault)
    return found


def _stopped(asked: StopRequest, written: Written[StopOutcome], parts: Parts) -> Stopped:
    is_withdrawn = written.outcome.change == "withdrawn"
    done = parts.done(written, asked.key, by=asked.requested_by, is_withdrawn=is_withdrawn)
    return Stopped(asked.key, written.outcome, done)
