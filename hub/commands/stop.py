"""`rtb-hub stop`: remove a preview, or withdraw its request; in one environment or in all."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, HubError, Reason, Remedy, RemedyKind
from generator.values.naming import IssueKey
from hub.commands.review import Reviewed, review, withdraw
from hub.output.console import Format, emit, error_data, report
from hub.output.exit_codes import CODES
from hub.wiring import Hub, hub
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.stop import StopOutcome, plan_stop
from reconcilers.state.environment import EnvironmentState

if TYPE_CHECKING:
    from rich.console import Console

    from hub.writing.writer import Written
    from reconcilers.ports.git import GitStore

_WORDS = {
    "removed": "entry and manifests removed; Argo CD removes the rest",
    "removal requested": "removal asked for on a request branch; it goes when that is merged",
    "withdrawn": "request withdrawn",
    "left the line": "waits for room no longer",
}


def submission(key: IssueKey, environment: str, *, requested_by: str, reason: str) -> Submission[StopOutcome]:
    """A stop as what is written together with others."""

    def plan(state: EnvironmentState, _: datetime) -> StopOutcome:
        return plan_stop(key, state, requested_by=requested_by, reason=reason)

    return Submission(environment, key, plan)


def run(  # noqa: PLR0913 - the command's options
    key: str, env: str, *, reason: str, ignore_not_found: bool, repo: str | None, output: Format
) -> None:
    """Plan, commit, tell. A branch that moved meanwhile is observed again."""
    issue = IssueKey.parse(key)
    ours = hub()
    store = ours.store(repo)
    try:
        written = ours.writer(store).write(submission(issue, env, requested_by=ours.settings.actor, reason=reason))
    except ConfigError as err:
        if not (err.reason is Reason.PREVIEW_NOT_FOUND and ignore_not_found):
            raise
        nothing = {"change": "none", "issue": key, "environment": env}
        emit(nothing, output, lambda console: console.print(f"{key} in {env} is not there; nothing was changed"))
        return
    reviewed = _reviewed(ours, store, issue, written)
    data = {"issue": key, **_data(written), **reviewed.data(), "repository": store.location}
    emit(data, output, lambda console: _tell(console, issue, written, reviewed))
    reviewed.finish()


def run_all(key: str, *, reason: str, ignore_not_found: bool, repo: str | None, output: Format) -> None:
    """Stop what there is of an issue in every environment, one commit a branch, and tell each outcome.

    One that fails keeps none of the others back; the process then ends with the exit code of the first that failed.
    """
    issue = IssueKey.parse(key)
    ours = hub()
    store = ours.store(repo)
    names = [state.environment.name for state in ours.read_states(store)]
    submissions = [submission(issue, name, requested_by=ours.settings.actor, reason=reason) for name in names]
    answers = ours.writer(store).write_all(submissions)
    done: list[tuple[Written[StopOutcome], Reviewed]] = []
    failed: dict[str, HubError] = {}
    for name, answer in zip(names, answers, strict=True):
        try:
            written = answer.result()
            done.append((written, _reviewed(ours, store, issue, written)))
        except HubError as err:
            if err.reason is not Reason.PREVIEW_NOT_FOUND:
                failed[name] = err
    if not (done or failed or ignore_not_found):
        remedy = Remedy(RemedyKind.LIST_PREVIEWS)
        raise ConfigError(
            Reason.PREVIEW_NOT_FOUND, Fault(f"there is no preview of {key} in {', '.join(names)}", remedy=remedy)
        )
    data = {
        "issue": key,
        "stopped": [{**_data(written), **reviewed.data()} for written, reviewed in done],
        "failed": [{"environment": name, "error": error_data(err)} for name, err in failed.items()],
        "repository": store.location,
    }
    emit(data, output, lambda console: _tell_all(console, issue, done, failed))
    if failed:
        sys.exit(CODES[next(iter(failed.values())).reason])
    for _, reviewed in done:
        reviewed.finish()


def _reviewed(ours: Hub, store: GitStore, issue: IssueKey, written: Written[StopOutcome]) -> Reviewed:
    finished = withdraw if written.outcome.change == "withdrawn" else review
    return finished(ours, store, written.environment, issue)


def _data(written: Written[StopOutcome]) -> dict[str, Any]:
    outcome = written.outcome
    return {"change": outcome.change, "environment": written.environment.name, "commit": written.commit}


def _tell_all(
    console: Console,
    issue: IssueKey,
    done: list[tuple[Written[StopOutcome], Reviewed]],
    failed: dict[str, HubError],
) -> None:
    for written, reviewed in done:
        _tell(console, issue, written, reviewed)
    for err in failed.values():
        report(err)
    if not (done or failed):
        console.print(f"{issue} is nowhere; nothing was changed")


def _tell(console: Console, issue: IssueKey, written: Written[StopOutcome], reviewed: Reviewed) -> None:
    from rich.text import Text

    outcome, what = written.outcome, f"{issue} in {written.environment.name}"
    console.print(Text.assemble(("✓ ", "green"), (what, "bold"), f": {_WORDS[outcome.change]}"))
    if written.commit and outcome.plan and not outcome.plan.is_converged:
        console.print(f"  commit  {written.commit[:12]} on {outcome.plan.branch}")
    if outcome.change == "removal requested" or reviewed.request is not None:
        reviewed.tell(console)
