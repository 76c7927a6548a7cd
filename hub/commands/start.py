"""`rtb-hub start` and `rtb-hub diff`: one plan, carried out or only shown."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.errors import HubError
from generator.objects.diff import ObjectChange
from generator.values.formats import image_digest
from hub.actions import start as action
from hub.actions.start import Queued, Started
from hub.commands import planned
from hub.commands.arguments import Arguments
from hub.commands.cluster_options import Options, open_for
from hub.output.console import Format, emit, printable
from hub.output.exit_codes import DIFFERENT
from hub.views.changes import change_data, field_lines, print_changes
from hub.views.done import queue_data, start_data, tell_request
from hub.views.preview import end_line, money_line, office_hours_line, preview_row
from hub.views.queue import QueuePosition, facts_of_queued, tell_facts
from hub.wiring import hub
from reconcilers.lifecycle.start import StartOutcome, StartRequest

if TYPE_CHECKING:
    from rich.console import Console

    from hub.wiring import Hub


def run(arguments: Arguments, *, repo: str | None, output: Format, dry_run: bool = False) -> None:
    """Start it and tell. Raises, after all was told, what kept its forge from being told."""
    ours = hub()
    if dry_run:
        parts = ours.parts(repo)
        planned.tell(
            action.submission(_asked(arguments, ours), arguments.env, parts.starter), parts=parts, output=output
        )
        return
    started = action.start(_asked(arguments, ours), arguments.env, parts=ours.parts(repo))
    if isinstance(started, Queued):
        data = queue_data(started.outcome, started.done)
        emit(data, output, lambda console: tell_queued(console, started))
        return
    emit(start_data(started.outcome, started.done), output, lambda console: tell(console, started))
    started.done.raise_unreviewed()


def run_and_wait(arguments: Arguments, *, timeout: str, repo: str | None, at: Options, output: Format) -> None:
    """Start it, and tell each change until it runs.

    Machines get all of it at the end, or what was started where it does not run. Raises as `run` and as `waited`, and
    `Stalled` (NotInTime) where it is queued or awaits a review, which is not waited for.
    """
    from hub.commands import wait

    ours = hub()
    awaited = wait.awaited_of(arguments.key, arguments.env, "running", timeout)
    cluster = open_for(ours, at, arguments.env, repo)  # before anything is written
    started = action.start(_asked(arguments, ours), arguments.env, parts=ours.parts(repo))
    if isinstance(started, Queued):
        data = queue_data(started.outcome, started.done)
    else:
        data = start_data(started.outcome, started.done)
    if output.is_for_people:
        emit(data, output, lambda out: tell_queued(out, started) if isinstance(started, Queued) else tell(out, started))
    try:
        wait.check_is_awaited(data)
        started.done.raise_unreviewed()
        done = wait.waited(ours, awaited, cluster=cluster, repo=repo, output=output)
    except HubError:
        if not output.is_for_people:
            emit(data, output, lambda _: None)
        raise
    wait.tell_end(done, output, data)


def diff(arguments: Arguments, *, repo: str | None, output: Format) -> None:
    """Show what `run` would change; exits with `DIFFERENT` when there is something."""
    ours = hub()
    found = action.diff(_asked(arguments, ours), arguments.env, parts=ours.parts(repo))
    data = difference_data(found.changes, found.outcome)
    emit(data, output, lambda console: tell_difference(console, found.changes, found.outcome))
    if found.outcome.change != "unchanged":
        sys.exit(DIFFERENT)


def _asked(arguments: Arguments, ours: Hub) -> StartRequest:
    """What is asked for, with the digests of its tags where registries are named. Raises what looking up raises."""
    asked = arguments.parsed(ours.settings.actor)
    images = asked.request.images
    if ours.settings.registries is None or all(map(image_digest, images.values())):
        return asked
    from hub.actions.images import resolve_now
    from hub.wiring.outside import open_images

    finder = open_images(ours)
    if finder is None:
        return asked
    with closing(finder):
        found = resolve_now(images, finder)
    return replace(asked, request=replace(asked.request, images=found))


def tell_queued(console: Console, waits: Queued) -> None:
    """A start that waits for room, for people."""
    from rich.text import Text

    outcome, commit = waits.outcome, waits.done.commit
    place = QueuePosition(outcome.place, outcome.length)
    words = {
        "queued": "is queued",
        "updated in line": "is updated and keeps its place",
        "waits already": "is already queued like this; nothing changed",
    }
    told = f" {words[outcome.change]}: {place.where}"
    console.print(Text.assemble(("✓ ", "green"), (outcome.queued.spec.issue, "bold"), told))
    if commit and not outcome.plan.is_converged:
        console.print(f"  commit    {commit[:12]} on {outcome.plan.branch}")
    console.print(Text(f"  waits     {printable('; '.join(place.why))}", "yellow"))
    tell_facts(console, facts_of_queued(outcome.queued))


def tell(console: Console, started: Started) -> None:
    """A start for people."""
    from rich.text import Text

    outcome, done = started.outcome, started.done
    preview, environment, commit = outcome.preview, done.environment, done.commit or ""
    key, name = preview.spec.issue, environment.name
    row = preview_row(preview, environment, now=done.at)
    if outcome.change == "unchanged":
        console.print(Text.assemble(("✓ ", "green"), f"{key} in {name} is already up to date; nothing changed"))
    elif outcome.change == "kept":
        told = f"{key} in {name} is kept as it is; the request to delete it is withdrawn"
        console.print(Text.assemble(("✓ ", "green"), told))
    else:
        objects = len(outcome.rendering.manifests)
        console.print(Text.assemble(("✓ ", "green"), (key, "bold"), f" in {name} {outcome.change}: {objects} objects"))
        console.print(f"  commit  {commit[:12]} on {outcome.plan.branch}")
        for line in field_lines(outcome.changed):
            console.print(Text(f"  changed {line}"))
        if outcome.ends_removal:
            console.print("  it replaces the request to delete it")
    if outcome.change in ("created", "updated") or done.reviewed.request is not None:
        tell_request(console, done.reviewed)
    console.print(Text.assemble("  url     ", (row.url, f"link {row.url}")))
    console.print(f"  ends    {end_line(row)}")
    if preview.spec.lease.office_hours:
        console.print(f"  counts  office hours only: {office_hours_line(environment)}")
    console.print(f"  price   {money_line(row)}")


def difference_data(changes: tuple[ObjectChange, ...], outcome: StartOutcome) -> dict[str, object]:
    """What a start would change, for machines."""
    return {"change": outcome.change, "objects": [change_data(change) for change in changes]}


def tell_difference(console: Console, changes: tuple[ObjectChange, ...], outcome: StartOutcome) -> None:
    """What a start would change, for people."""
    print_changes(console, changes)
    if not changes:
        same = outcome.change in ("unchanged", "kept")
        console.print("nothing would change" if same else "no object would change; the entry would (lease or record)")
    if outcome.ends_removal:
        console.print("the request to delete it would be withdrawn")
