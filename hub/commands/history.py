"""`rtb-hub history`: who changed which preview, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason
from generator.values.formats import format_time
from generator.values.naming import IssueKey
from generator.values.quantities import duration
from hub.actions.history import Told, Wanted, history
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, emit, printable
from hub.views.unreadable import describe_unreadable, tell_unreadable
from hub.wiring import hub
from reconcilers.state.history import Event

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments and options as typed."""

    key: str | None
    env: str | None
    since: str | None
    limit: int


def run(arguments: Arguments, *, repo: str | None, output: Format) -> None:
    """Print the history, newest first; exits with the code of what kept an environment from being read."""
    key = IssueKey.parse(arguments.key) if arguments.key else None
    ours = hub()
    since = since_of(arguments.since, ours.clock())
    told = history(Wanted(key, arguments.env, since, arguments.limit), repository=ours.repository(repo))
    emit(history_data(told), output, lambda console: tell(console, told, arguments))
    exit_for_unreadable(told.unreadable)


def history_data(told: Told) -> dict[str, Any]:
    """What happened, for machines."""
    return {
        "events": [_data(event) for event in told.events],
        "more": told.more,
        "unreadable": describe_unreadable(told.unreadable),
    }


def since_of(text: str | None, now: datetime) -> datetime | None:
    """The moment so long before `now`; None for none. Raises `ConfigError` (InvalidValue)."""
    if text is None:
        return None
    try:
        return now - duration(text)
    except OverflowError as err:
        fault = Fault(f"{text} ago is before the calendar begins", field="--since")
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="--since")) from err


def _data(event: Event) -> dict[str, Any]:
    return {
        "at": format_time(event.at),
        "environment": event.environment,
        "issue": event.name.upper() or None,
        "action": event.action,
        "who": event.who,
        "why": event.why,
        "details": dict(event.details),
        "commit": event.commit,
        "subject": event.subject,
        "awaitsMergeOf": event.awaits,
    }


def tell(console: Console, told: Told, asked: Arguments) -> None:
    """What happened, for people."""
    if told.events:
        _tell_events(console, told.events)
    else:
        of = " of ".join(part for part in ("nothing is known", printable(asked.key or "")) if part)
        back = f" in the last {asked.since}" if asked.since else ""
        console.print(f"{of}{f' in {asked.env}' if asked.env else ''}{back}")
    if told.more:
        console.print("there is more: --limit 0 shows all, --since and a key narrow it down")
    tell_unreadable(console, told.unreadable)


def _tell_events(console: Console, events: Sequence[Event]) -> None:
    from rich.text import Text

    from hub.output.columns import tell_table

    rows = [
        (
            format_time(event.at),
            Text(printable(event.name.upper()) or "–", "bold"),
            event.environment,
            Text(printable(_what(event)), "yellow" if event.awaits else ""),
            printable(event.who),
            printable(event.why),
            event.commit[:12],
        )
        for event in events
    ]
    tell_table(console, ("WHEN", "ISSUE", "ENV", "WHAT", "WHO", "WHY", "COMMIT"), rows, wrapped="WHY")


def _what(event: Event) -> str:
    """The action with what it says of the lease, and whether it awaits its merge."""
    told = dict(event.details)
    by, ends = told.get("By"), told.get("Ends")
    lease = (f" by {by}" if by else "") + (f" to {ends}" if ends else "")
    return f"{event.action or 'changed'}{lease}" + (f" (awaits the merge of {event.awaits})" if event.awaits else "")
