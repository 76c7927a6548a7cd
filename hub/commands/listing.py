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
    from rich.text import Text

Sort = Literal["key", "ends", "price"]
#: Columns that a narrow terminal does without; JSON has everything.
_WHEN_WIDE = frozenset({"PER HOUR", "COMPUTE", "BLUEPRINT", "OWNER"})
_FULL_WIDTH = 130
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


def _cells(row: Row) -> dict[str, Text]:
    """The row's cells by heading, in order."""
    from rich.text import Text

    price = row.price
    none = "–"
    return {
        "ISSUE": Text(row.key, "bold"),
        "ENV": Text(row.environment),
        "LEASE": Text(row.lease, _STYLES[row.lease]),
        "LEFT": Text(row.left),
        "URL": Text(row.url, f"link {row.url}"),
        "PER HOUR": Text(none if price.per_hour is None else money(price.per_hour, price.currency)),
        "LEASE TOTAL": Text(none if price.total is None else money(price.total, price.currency)),
        "COMPUTE": Text(row.compute),
        "BLUEPRINT": Text(row.blueprint),
        "OWNER": Text(printable(row.owner)),
    }


def _table(
    console: Console, rows: list[Row], unreadable: list[EntryRecord], states: tuple[EnvironmentState, ...]
) -> None:
    from rich.table import Table
    from rich.text import Text

    if rows:
        cells = [_cells(row) for row in rows]
        headings = [name for name in cells[0] if console.width >= _FULL_WIDTH or name not in _WHEN_WIDE]
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in headings:
            right = name in ("LEFT", "PER HOUR", "LEASE TOTAL")
            table.add_column(name, justify="right" if right else "left", overflow="fold")
        for row_cells in cells:
            table.add_row(*(row_cells[name] for name in headings))
        console.print(table)
    else:
        names = ", ".join(state.environment.name for state in states)
        console.print(f"no previews in {names}; start one with 'rtb-hub start KEY --env NAME --image …'")
    for record in unreadable:
        console.print(Text(f"! {record.path} cannot be read; it is left alone:", "red"))
        for fault in record.faults:
            console.print(f"    {printable(str(fault))}")
