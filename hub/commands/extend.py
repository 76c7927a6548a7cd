"""`rtb-hub extend`: more time for a preview."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from generator.values.naming import IssueKey
from hub.commands.review import Reviewed, review
from hub.output.console import Format, emit, printable
from hub.views.preview import describe, money_line, preview_row
from hub.wiring import hub
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.extend import ExtendOutcome, ExtendRequest, plan_extension
from reconcilers.state.environment import EnvironmentState

if TYPE_CHECKING:
    from rich.console import Console

    from hub.views.preview import Row


def run(  # noqa: PLR0913 - the command's options
    key: str, env: str, *, by: str, reason: str, if_ends: str | None, repo: str | None, output: Format
) -> None:
    """Plan, commit, tell. When the branch moved meanwhile, planned anew for the end that was seen first."""
    ours = hub()
    asked = ExtendRequest(IssueKey.parse(key), ours.settings.actor, by, reason, if_ends)
    store = ours.store(repo)

    def plan(state: EnvironmentState, now: datetime) -> ExtendOutcome:
        nonlocal asked
        outcome = plan_extension(asked, state, starter=ours.starter, now=now)
        asked = outcome.again
        return outcome

    written = ours.writer(store).write(Submission(env, asked.key, plan))
    outcome, environment, commit = written.outcome, written.environment, written.commit
    done = outcome.extended
    reviewed = review(ours, store, environment, asked.key)
    data = {
        "change": outcome.change,
        "previousEnd": outcome.before,
        "end": outcome.ends,
        "latestEnd": outcome.cap,
        "extension": done.model_dump(mode="json", by_alias=True) if done else None,
        "endsRemoval": outcome.ends_removal,
        "commit": commit,
        "onBranch": outcome.plan.branch if outcome.plan else None,
        "repository": store.location,
        **reviewed.data(),
        **describe(outcome.preview, environment, now=ours.clock()),
    }
    row = preview_row(outcome.preview, environment, now=ours.clock())
    emit(data, output, lambda console: _tell(console, outcome, row, reviewed=reviewed, commit=commit))
    reviewed.finish()


def _tell(console: Console, outcome: ExtendOutcome, row: Row, *, reviewed: Reviewed, commit: str | None) -> None:
    from rich.text import Text

    done = outcome.extended
    what = f" in {row.environment} "
    if outcome.plan is None:
        who = (
            f"{done.requested_by} extended it by {done.by} at {done.at}"
            if done
            else "its end was changed otherwise since it was seen"
        )
        told = f"{what}ends at {outcome.ends}; nothing was added: {printable(who)}"
        console.print(Text.assemble(("✓ ", "green"), (row.key, "bold"), told))
        return
    console.print(Text.assemble(("✓ ", "green"), (row.key, "bold"), what, f"ends at {outcome.ends} ({row.left} left)"))
    if outcome.change == "extended to the cap":
        most = reviewed.environment.spec.lease.cap
        counted = " of office hours" if outcome.preview.spec.lease.office_hours else ""
        asked = f"less than the {done.by} asked for: " if done else ""
        console.print(Text(f"  {asked}that is the cap, {most}{counted} in all; it cannot be extended again", "yellow"))
    console.print(f"  before  {outcome.before}")
    console.print(f"  commit  {(commit or '')[:12]} on {outcome.plan.branch}")
    if outcome.ends_removal:
        console.print("  it takes the place of the request to remove it")
    reviewed.tell(console)
    console.print(f"  price   {money_line(row)}")
