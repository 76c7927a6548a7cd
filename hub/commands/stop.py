"""`rtb-hub stop`: remove a preview, or withdraw its request; in one environment or in all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from generator.values.naming import IssueKey
from hub.actions.stop import Stopped, StoppedEverywhere, StopRequest, stop, stop_everywhere
from hub.commands import planned
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, emit, error_data, report
from hub.output.exit_codes import CODES
from hub.views.done import stop_data, tell_request
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

_WORDS = {
    "removed": "entry and manifests deleted; Argo CD deletes the rest",
    "removal requested": "removal requested on a request branch; it is deleted when that is merged",
    "withdrawn": "request withdrawn",
    "left the line": "removed from the queue",
}


def run(  # noqa: PLR0913 - the command's options
    key: str, env: str, *, reason: str, ignore_not_found: bool, repo: str | None, output: Format, dry_run: bool = False
) -> None:
    """Stop it and tell. Raises, after all was told, what kept its forge from being told."""
    issue = IssueKey.parse(key)
    ours = hub()
    parts, asked = ours.parts(repo), StopRequest(issue, ours.settings.actor, reason)
    if dry_run:
        planned.tell_stop(asked, [env], is_one=True, ignore_not_found=ignore_not_found, parts=parts, output=output)
        return
    stopped = stop(asked, env, parts=parts, ignore_not_found=ignore_not_found)
    if stopped is None:
        planned.tell_nothing(key, env, output)
        return
    data = {"issue": key, **stop_data(stopped.outcome, stopped.done), "repository": stopped.done.repository}
    emit(data, output, lambda console: tell(console, stopped))
    stopped.done.raise_unreviewed()


def run_all(  # noqa: PLR0913 - the command's options
    key: str, *, reason: str, ignore_not_found: bool, repo: str | None, output: Format, dry_run: bool = False
) -> None:
    """Stop what there is of an issue in every environment, and tell each outcome.

    The process ends with the exit code of the first that failed.
    """
    issue = IssueKey.parse(key)
    ours = hub()
    asked = StopRequest(issue, ours.settings.actor, reason)
    if dry_run:
        parts = ours.parts(repo)
        states, unreadable = parts.reading().each()
        names = [state.environment.name for state in states]
        ignored = ignore_not_found or bool(unreadable)
        planned.tell_stop(asked, names, is_one=False, ignore_not_found=ignored, parts=parts, output=output)
        exit_for_unreadable(unreadable)
        return
    found = stop_everywhere(asked, parts=ours.parts(repo), ignore_not_found=ignore_not_found)
    data = {
        "issue": key,
        "stopped": [stop_data(one.outcome, one.done) for one in found.stopped],
        "failed": [{"environment": name, "error": error_data(err)} for name, err in found.failed.items()],
        "repository": found.repository,
    }
    emit(data, output, lambda console: _tell_all(console, found))
    if found.failed:
        sys.exit(CODES[next(iter(found.failed.values())).reason])
    for stopped in found.stopped:
        stopped.done.raise_unreviewed()


def _tell_all(console: Console, found: StoppedEverywhere) -> None:
    for stopped in found.stopped:
        tell(console, stopped)
    for err in found.failed.values():
        report(err)
    if found.is_nowhere:
        console.print(f"no preview of {found.key} in any environment; nothing changed")


def tell(console: Console, stopped: Stopped) -> None:
    """A stop in one environment for people."""
    from rich.text import Text

    outcome, done = stopped.outcome, stopped.done
    what = f"{stopped.key} in {done.environment.name}"
    console.print(Text.assemble(("✓ ", "green"), (what, "bold"), f": {_WORDS[outcome.change]}"))
    if done.commit and outcome.plan and not outcome.plan.is_converged:
        console.print(f"  commit  {done.commit[:12]} on {outcome.plan.branch}")
    if outcome.change == "removal requested" or done.reviewed.request is not None:
        tell_request(console, done.reviewed)
