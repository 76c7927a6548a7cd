"""What machines are told of what was done about a preview, and what everybody is told of its pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import About, Remedy, RemedyKind
from generator.values.formats import format_time
from hub.output.console import printable
from hub.output.remedies import words
from hub.views.changes import fields_data
from hub.views.preview import describe
from hub.views.queue import QueuePosition, describe_place
from reconcilers.lifecycle.done import Done, Reviewed
from reconcilers.lifecycle.extend import ExtendOutcome
from reconcilers.lifecycle.revive import ReviveOutcome
from reconcilers.lifecycle.sleep import SleepOutcome
from reconcilers.lifecycle.start import StartOutcome
from reconcilers.lifecycle.start_or_wait import QueueOutcome
from reconcilers.lifecycle.stop import StopOutcome

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.plan import Plan


def start_data(outcome: StartOutcome, done: Done) -> dict[str, Any]:
    """A start that was carried out."""
    return {
        "change": outcome.change,
        "changed": fields_data(outcome.changed),
        "endsRemoval": outcome.ends_removal,
        **_commit_data(outcome.plan, done),
        **request_data(done.reviewed),
        **describe(outcome.preview, done.environment, now=done.at),
    }


def queue_data(outcome: QueueOutcome, done: Done) -> dict[str, Any]:
    """A start that waits for room."""
    place = QueuePosition(outcome.place, outcome.length)
    return {"change": outcome.change, **_commit_data(outcome.plan, done), **describe_place(place)}


def stop_data(outcome: StopOutcome, done: Done) -> dict[str, Any]:
    """A stop in one environment."""
    commit = {"change": outcome.change, "environment": done.environment.name, "commit": done.commit}
    return {**commit, **request_data(done.reviewed)}


def extend_data(outcome: ExtendOutcome, done: Done) -> dict[str, Any]:
    """An extension. `extension` null: nothing was added."""
    extension = outcome.extended
    return {
        "change": outcome.change,
        "previousEnd": outcome.before,
        "end": outcome.ends,
        "latestEnd": outcome.cap,
        "extension": extension.model_dump(mode="json", by_alias=True) if extension else None,
        "endsRemoval": outcome.ends_removal,
        **_commit_data(outcome.plan, done),
        **request_data(done.reviewed),
        **describe(outcome.preview, done.environment, now=done.at),
    }


def revive_data(outcome: ReviveOutcome, done: Done) -> dict[str, Any]:
    """A revival. `removedBy` null: it had not been removed."""
    removal = outcome.removal.commit if outcome.removal else None
    return {
        "change": outcome.change,
        "removedAt": format_time(removal.at) if removal else None,
        "removedBy": removal.commit if removal else None,
        **_commit_data(outcome.plan, done),
        **request_data(done.reviewed),
        **describe(outcome.preview, done.environment, now=done.at),
    }


def sleep_data(outcome: SleepOutcome, done: Done) -> dict[str, Any]:
    """A preview that was put to sleep or woken. `runsOn`: components whose data would end with their pods."""
    return {
        "change": outcome.change,
        "runsOn": outcome.runs_on,
        **_commit_data(outcome.plan, done),
        **request_data(done.reviewed),
        **describe(outcome.preview, done.environment, now=done.at),
    }


def request_data(reviewed: Reviewed) -> dict[str, Any]:
    """The pull request of what was written; null: there is none, or the forge could not be told yet.

    `notYet`: why it cannot be merged, whoever approves; null where nothing is known of that.
    """
    one = reviewed.request
    told = {"number": one.number, "url": one.url, "state": one.state} if one else None
    return {"request": told, "notYet": reviewed.unknown or None}


def tell_request(console: Console, reviewed: Reviewed) -> None:
    """The pull request for people, or who opens it."""
    from rich.text import Text

    name, base = reviewed.environment.name, reviewed.environment.spec.branch
    if reviewed.request is not None:
        url = reviewed.request.url
        console.print(Text.assemble("  request ", (url, f"link {url}" if url.startswith("http") else "")))
        if reviewed.unknown:
            again = words(Remedy(RemedyKind.ASK_AS_ACCOUNT))
            console.print(Text(f"  not yet: {printable(reviewed.unknown)}; {again}", "yellow"))
    elif reviewed.error is not None:
        again = words(Remedy(RemedyKind.OPEN_REQUEST, About(name)))
        console.print(Text(f"  its pull request could not be opened yet: {again}", "yellow"))
    elif reviewed.environment.spec.gated and not reviewed.is_at_forge:
        told = f"  {name} changes by review only: open a pull request from this branch to {base}"
        console.print(Text(told, "yellow"))


def _commit_data(plan: Plan | None, done: Done) -> dict[str, Any]:
    return {"commit": done.commit, "onBranch": plan.branch if plan else None, "repository": done.repository}
