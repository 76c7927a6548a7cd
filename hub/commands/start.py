"""`rtb-hub start` and `rtb-hub diff`: one plan, carried out or only shown."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from generator.objects.diff import ObjectChange, compare
from generator.objects.manifest import Manifest
from hub.commands.arguments import Arguments
from hub.commands.review import Reviewed, review, withdraw
from hub.output.console import Format, emit, printable
from hub.output.exit_codes import DIFFERENT
from hub.views.changes import change_data, print_changes
from hub.views.preview import describe, end_line, money_line, office_hours_line, preview_row
from hub.views.queue import InLine, describe_place, facts_of_queued, tell_facts
from hub.wiring import Hub, hub
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.start import StartOutcome, StartRequest
from reconcilers.lifecycle.start_or_wait import QueueOutcome, plan_start
from reconcilers.state.environment import EnvironmentState

if TYPE_CHECKING:
    from rich.console import Console

    from hub.writing.writer import Written


def submission(asked: StartRequest, environment: str, ours: Hub) -> Submission[StartOutcome | QueueOutcome]:
    """A start as what is written together with others."""

    def plan(state: EnvironmentState, now: datetime) -> StartOutcome | QueueOutcome:
        return plan_start(asked, state, starter=ours.starter, now=now)

    return Submission(environment, asked.key, plan)


def run(arguments: Arguments, *, repo: str | None, output: Format) -> None:
    """Plan, commit, tell. A branch that moved meanwhile is observed again."""
    ours = hub()
    asked = arguments.parsed(ours.settings.actor)
    store = ours.store(repo)
    written = ours.writer(store).write(submission(asked, arguments.env, ours))
    outcome = written.outcome
    done = {"commit": written.commit, "onBranch": outcome.plan.branch, "repository": store.location}
    if isinstance(outcome, QueueOutcome):
        place = InLine(outcome.place, outcome.length)
        data = {"change": outcome.change, **done, **describe_place(place)}
        emit(data, output, lambda console: _tell_queued(console, outcome, place, written.commit))
        return
    finished = withdraw if outcome.change == "kept" else review
    reviewed = finished(ours, store, written.environment, asked.key)
    data = {
        "change": outcome.change,
        "endsRemoval": outcome.ends_removal,
        **done,
        **reviewed.data(),
        **describe(outcome.preview, written.environment, now=ours.clock()),
    }
    emit(data, output, lambda console: _tell(console, outcome, written, ours, reviewed))
    reviewed.finish()


def diff(arguments: Arguments, *, repo: str | None, output: Format) -> None:
    """Show what `run` would change; exits with `DIFFERENT` when there is something."""
    ours = hub()
    state = ours.read_state(ours.store(repo), arguments.env)
    outcome = ours.starter.plan(arguments.parsed(ours.settings.actor), state, now=ours.clock())
    before: tuple[Manifest, ...] = ()
    if outcome.previous is not None:
        before = state.manifests_of(outcome.previous)
    changes = compare(before, outcome.rendering.manifests)
    data = {"change": outcome.change, "objects": [change_data(change) for change in changes]}
    emit(data, output, lambda console: _print_changes(console, changes, outcome))
    if outcome.change != "unchanged":
        sys.exit(DIFFERENT)


def _tell_queued(console: Console, outcome: QueueOutcome, place: InLine, commit: str | None) -> None:
    from rich.text import Text

    words = {
        "queued": "waits for room",
        "updated in line": "is updated and keeps its place",
        "waits already": "waits as asked already; nothing was changed",
    }
    told = f" {words[outcome.change]}: {place.where}"
    console.print(Text.assemble(("✓ ", "green"), (outcome.queued.spec.issue, "bold"), told))
    if commit and not outcome.plan.is_converged:
        console.print(f"  commit    {commit[:12]} on {outcome.plan.branch}")
    console.print(Text(f"  waits     {printable('; '.join(place.why))}", "yellow"))
    tell_facts(console, facts_of_queued(outcome.queued))


def _tell(console: Console, outcome: StartOutcome, written: Written[Any], ours: Hub, reviewed: Reviewed) -> None:
    from rich.text import Text

    preview, environment, commit = outcome.preview, written.environment, written.commit or ""
    key, name = preview.spec.issue, environment.name
    row = preview_row(preview, environment, now=ours.clock())
    if outcome.change == "unchanged":
        console.print(Text.assemble(("✓ ", "green"), f"{key} in {name} is as asked already; nothing was changed"))
    elif outcome.change == "kept":
        told = f"{key} in {name} is kept as it is; the request to remove it is withdrawn"
        console.print(Text.assemble(("✓ ", "green"), told))
    else:
        objects = len(outcome.rendering.manifests)
        console.print(Text.assemble(("✓ ", "green"), (key, "bold"), f" in {name} {outcome.change}: {objects} objects"))
        console.print(f"  commit  {commit[:12]} on {outcome.plan.branch}")
        if outcome.ends_removal:
            console.print("  it takes the place of the request to remove it")
    if outcome.change in ("created", "updated") or reviewed.request is not None:
        reviewed.tell(console)
    console.print(Text.assemble("  url     ", (row.url, f"link {row.url}")))
    console.print(f"  ends    {end_line(row)}")
    if preview.spec.lease.office_hours:
        console.print(f"  counts  office hours only: {office_hours_line(environment)}")
    console.print(f"  price   {money_line(row)}")


def _print_changes(console: Console, changes: tuple[ObjectChange, ...], outcome: StartOutcome) -> None:
    print_changes(console, changes)
    if not changes:
        same = outcome.change in ("unchanged", "kept")
        console.print("nothing would change" if same else "no object would change; the entry would (lease or record)")
    if outcome.ends_removal:
        console.print("the request to remove it would be withdrawn")
