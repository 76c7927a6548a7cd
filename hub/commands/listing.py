"""`rtb-hub list`: one row a preview, entries that cannot be read with their reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from generator.overlay import unknown_environment
from generator.pricing import money
from hub.cli.output import Format, emit, printable
from hub.commands.view import Row, describe, preview_row
from hub.wiring import hub
from reconcilers.state import EntryRecord, EnvironmentState, read_states

if TYPE_CHECKING:
    from rich.console import Console

Sort = Literal["key", "ends", "price"]
_STYLES = {"active": "green", "expiring soon": "yellow", "expired": "red", "awaiting approval": "cyan"}


def run(*, env: str | None, owner: str | None, sort: Sort, repo: str | None, output: Format) -> None:
    """Print all previews of the repository, or of one environment."""
    ours = hub()
    now = ours.clock()
    states = read_states(ours.store(repo), ours.library)
    if env is not None and env not in (names := [state.environment.name for state in states]):
        raise unknown_environment(env, names)
    states = tuple(state for state in states if env in (None, state.environment.name))
    shown = [
        (preview_row(record.preview, state.environment, now=now), record.preview, state)
        for state in states
        for record in (*state.entries, *state.requests)
        if record.preview is not None and owner in (None, record.preview.spec.lease.requested_by)
    ]
    shown.sort(key=lambda item: _order(item[0], sort))
    unreadable = [record for state in states for record in (*state.entries, *state.requests) if record.preview is None]
    data = {
        "previews": [describe(preview, state.environment, now=now) for _, preview, state in shown],
        "unreadable": [{"file": str(r.path), "faults": [str(fault) for fault in r.faults]} for r in unreadable],
    }
    emit(data, output, lambda console: _table(console, [row for row, _, _ in shown], unreadable, states))


def _order(row: Row, sort: Sort) -> tuple[object, ...]:
    project, _, number = row.key.partition("-")
    by_key = (project, int(number), row.environment)
    match sort:
        case "ends":
            return (row.ends or "9999", *by_key)
        case "price":
            return (-(row.price.per_hour or 0), *by_key)
        case _:
            return by_key


def _table(
    console: Console, rows: list[Row], unreadable: list[EntryRecord], states: tuple[EnvironmentState, ...]
) -> None:
    from rich.table import Table
    from rich.text import Text

    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in (
            "ISSUE",
            "ENV",
            "LEASE",
            "LEFT",
            "URL",
            "PER HOUR",
            "LEASE TOTAL",
            "COMPUTE",
            "BLUEPRINT",
            "OWNER",
        ):
            right = name in ("LEFT", "PER HOUR", "LEASE TOTAL")
            table.add_column(name, justify="right" if right else "left", no_wrap=True)
        for row in rows:
            price = row.price
            table.add_row(
                Text(row.key, "bold"),
                row.environment,
                Text(row.lease, _STYLES[row.lease]),
                row.left,
                Text(row.url, f"link {row.url}"),
                "–" if price.per_hour is None else money(price.per_hour, price.currency),
                "–" if price.total is None else money(price.total, price.currency),
                row.compute,
                row.blueprint,
                printable(row.owner),
            )
        console.print(table)
    else:
        names = ", ".join(state.environment.name for state in states)
        console.print(f"no previews in {names}; start one with 'rtb-hub start KEY --env NAME --image …'")
    for record in unreadable:
        console.print(Text(f"! {record.path} cannot be read; it is left alone:", "red"))
        for fault in record.faults:
            console.print(f"    {printable(str(fault))}")
