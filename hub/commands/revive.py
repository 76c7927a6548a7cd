"""`rtb-hub revive`: bring a removed preview back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from generator.values.formats import format_time
from generator.values.naming import IssueKey
from hub.commands.review import Reviewed, review, withdraw
from hub.output.console import Format, emit, printable
from hub.views.preview import describe, end_line, money_line, preview_row
from hub.wiring import hub
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.revive import ReviveOutcome, ReviveRequest, plan_revival
from reconcilers.state.environment import EnvironmentState

if TYPE_CHECKING:
    from rich.console import Console

    from hub.views.preview import Row


def run(key: str, env: str, *, ttl: str | None, repo: str | None, output: Format) -> None:
    """Plan, commit, tell. A branch that moved meanwhile is observed again."""
    ours = hub()
    asked = ReviveRequest(IssueKey.parse(key), ours.settings.actor, ttl)
    store = ours.store(repo)

    def plan(state: EnvironmentState, now: datetime) -> ReviveOutcome:
        return plan_revival(asked, state, store=store, starter=ours.starter, now=now)

    written = ours.writer(store).write(Submission(env, asked.key, plan))
    outcome, environment, commit = written.outcome, written.environment, written.commit
    removal = outcome.removal.commit if outcome.removal else None
    finished = withdraw if outcome.change == "kept" else review
    reviewed = finished(ours, store, environment, asked.key)
    data = {
        "change": outcome.change,
        "removedAt": format_time(removal.at) if removal else None,
        "removedBy": removal.commit if removal else None,
        "commit": commit,
        "onBranch": outcome.plan.branch if outcome.plan else None,
        "repository": store.location,
        **reviewed.data(),
        **describe(outcome.preview, environment, now=ours.clock()),
    }
    row = preview_row(outcome.preview, environment, now=ours.clock())
    emit(data, output, lambda console: _tell(console, outcome, row, reviewed=reviewed, commit=commit))
    reviewed.finish()


def _tell(console: Console, outcome: ReviveOutcome, row: Row, *, reviewed: Reviewed, commit: str | None) -> None:
    from rich.text import Text

    words = {
        "revived": "is brought back",
        "unchanged": "is there; nothing was changed",
        "kept": "is there and is kept; the request to remove it is withdrawn",
    }
    told = f" in {row.environment} {words[outcome.change]}"
    console.print(Text.assemble(("✓ ", "green"), (row.key, "bold"), told))
    if outcome.plan and outcome.removal:
        removal = outcome.removal.commit
        console.print(f"  removed {format_time(removal.at)} by {removal.commit[:12]}: {printable(removal.subject)}")
        console.print(f"  commit  {(commit or '')[:12]} on {outcome.plan.branch}")
        reviewed.tell(console)
    console.print(Text.assemble("  url     ", (row.url, f"link {row.url}")))
    console.print(f"  ends    {end_line(row)}")
    console.print(f"  price   {money_line(row)}")
