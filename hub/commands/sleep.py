"""`rtb-hub sleep` and `rtb-hub wake`: a preview whose pods do not run for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.values.naming import IssueKey
from hub.actions.sleep import Slept, sleep, submission
from hub.commands import planned
from hub.output.console import Format, emit
from hub.views.done import sleep_data, tell_request
from hub.views.preview import end_line, money_line, preview_row
from hub.wiring import hub
from reconcilers.lifecycle.sleep import SleepRequest

if TYPE_CHECKING:
    from rich.console import Console

_WORDS = {
    (True, True): "is put to sleep",
    (True, False): "sleeps already; nothing was changed",
    (False, True): "is woken: its pods start",
    (False, False): "is awake; nothing was changed",
}


def run(  # noqa: PLR0913 - the command's options
    key: str, env: str, *, asleep: bool, reason: str, repo: str | None, output: Format, dry_run: bool = False
) -> None:
    """Put it to sleep or wake it, and tell. Raises, after all was told, what kept its forge from being told."""
    ours = hub()
    asked = SleepRequest(IssueKey.parse(key), ours.settings.actor, asleep, reason)
    if dry_run:
        parts = ours.parts(repo)
        planned.tell(submission(asked, env, parts.starter), parts=parts, output=output)
        return
    slept = sleep(asked, env, parts=ours.parts(repo))
    emit(sleep_data(slept.outcome, slept.done), output, lambda console: tell(console, slept))
    slept.done.raise_unreviewed()


def tell(console: Console, slept: Slept) -> None:
    """It for people."""
    from rich.text import Text

    outcome, done = slept.outcome, slept.done
    row = preview_row(outcome.preview, done.environment, now=done.at)
    words = _WORDS[outcome.preview.is_asleep, outcome.plan is not None]
    console.print(Text.assemble(("✓ ", "green"), (row.key, "bold"), f" in {row.environment} {words}"))
    if outcome.runs_on:
        console.print(Text(f"  runs on {', '.join(outcome.runs_on)}: data would be lost without the pods", "yellow"))
    if outcome.plan is not None:
        console.print(f"  commit  {(done.commit or '')[:12]} on {outcome.plan.branch}")
        tell_request(console, done.reviewed)
    console.print(f"  ends    {end_line(row)}")
    console.print(f"  price   {money_line(row)}")
