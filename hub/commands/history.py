"""`rtb-hub history`: who changed which preview, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason
from generator.model.overlay import unknown_environment
from generator.values.formats import format_time
from generator.values.naming import IssueKey
from generator.values.quantities import period
from hub.output.console import Format, emit, printable
from hub.wiring import hub
from reconcilers.state.history import Event, read_history, read_homes

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the history: `key` and `env` None are all, `since` is a length back from now, `limit` 0 is no limit."""

    key: str | None
    env: str | None
    since: str | None
    limit: int


def run(wanted: Wanted, *, repo: str | None, output: Format) -> None:
    """Print the history, newest first."""
    key = IssueKey.parse(wanted.key) if wanted.key else None
    ours = hub()
    since = _since(wanted.since, ours.clock())
    store = ours.store(repo)
    homes = read_homes(store)
    names = [home.environment for home in homes]
    if wanted.env is not None and wanted.env not in names:
        raise unknown_environment(wanted.env, names)
    homes = tuple(home for home in homes if wanted.env in (None, home.environment))
    found = read_history(homes, store, key=key, since=since)
    events = list(islice(found, wanted.limit + 1)) if wanted.limit else list(found)
    more = bool(wanted.limit) and len(events) > wanted.limit
    events = events[: wanted.limit] if more else events
    data = {"events": [_data(event) for event in events], "more": more}
    emit(data, output, lambda console: _tell(console, events, wanted, more=more))


def _since(text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        return now - period(text)
    except (ValueError, OverflowError) as err:
        message = str(err) if isinstance(err, ValueError) else f"{text} ago is before the calendar begins"
        raise ConfigError(Reason.INVALID_VALUE, Fault(message, field="--since")) from err


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


def _tell(console: Console, events: list[Event], wanted: Wanted, *, more: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    if not events:
        of = " of ".join(part for part in ("nothing is known", printable(wanted.key or "")) if part)
        back = f" in the last {wanted.since}" if wanted.since else ""
        console.print(f"{of}{f' in {wanted.env}' if wanted.env else ''}{back}")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("WHEN", "ISSUE", "ENV", "WHAT", "WHO", "WHY", "COMMIT"):
        table.add_column(name, overflow="fold")
    for event in events:
        table.add_row(
            format_time(event.at),
            Text(printable(event.name.upper()) or "–", "bold"),
            event.environment,
            Text(printable(_what(event)), "yellow" if event.awaits else ""),
            printable(event.who),
            Text(printable(event.why)),
            event.commit[:12],
        )
    console.print(table)
    if more:
        console.print("there is more: --limit 0 shows all, --since and a key narrow it down")


def _what(event: Event) -> str:
    """The action with what it says of the lease, and whether it awaits its merge."""
    told = dict(event.details)
    by, ends = told.get("By"), told.get("Ends")
    lease = (f" by {by}" if by else "") + (f" to {ends}" if ends else "")
    return f"{event.action or 'changed'}{lease}" + (f" (awaits the merge of {event.awaits})" if event.awaits else "")
