"""`rtb-hub list`: one row a preview, entries that cannot be read with their reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from generator.overlay import unknown_environment
from generator.pricing import money
from hub.cli.output import Format, emit, printable
from hub.commands.observing import Options, phase_data, phase_text, phases, read_environment
from hub.commands.view import Row, describe, preview_row
from hub.wiring import hub
from reconcilers.phase import Phase
from reconcilers.state import EntryRecord, EnvironmentState, read_states

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from reconcilers.ports import ClusterReader

#: Phases by (environment, preview's name); None: not looked for in this cluster.
Phases = Mapping[tuple[str, str], Phase]
Sort = Literal["key", "ends", "price"]
#: Columns that a narrow terminal does without; JSON has everything.
_WHEN_WIDE = frozenset({"PER HOUR", "COMPUTE", "BLUEPRINT", "OWNER"})
_FULL_WIDTH = 130
_STYLES = {"active": "green", "expiring soon": "yellow", "expired": "red", "awaiting approval": "cyan"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which previews, in which order. `env` and `owner` None: all."""

    env: str | None
    owner: str | None
    sort: Sort


def run(wanted: Filter, *, repo: str | None, at: Options | None, output: Format) -> None:
    """Print all previews of the repository, or of one environment; with a cluster (`at`), their phases."""
    ours = hub()
    now = ours.clock()
    env, owner, sort = wanted.env, wanted.owner, wanted.sort
    reader = ours.cluster(at.context, at.kubeconfig) if at else None
    states = read_states(ours.store(repo), ours.library)
    if env is not None and env not in (names := [state.environment.name for state in states]):
        raise unknown_environment(env, names)
    states = tuple(state for state in states if env in (None, state.environment.name))
    found = _phases(reader, states, now=now, named=env is not None) if reader else None
    shown = [
        (preview_row(record.preview, state.environment, now=now), record.preview, state)
        for state in states
        for record in (*state.entries, *state.requests)
        if record.preview is not None and owner in (None, record.preview.spec.lease.requested_by)
    ]
    shown.sort(key=lambda item: _order(item[0], sort))
    unreadable = [record for state in states for record in (*state.entries, *state.requests) if record.preview is None]
    data = {
        "previews": [
            describe(preview, state.environment, now=now)
            | ({} if found is None else phase_data(found.get((state.environment.name, preview.key.name))))
            for _, preview, state in shown
        ],
        "unreadable": [{"file": str(r.path), "faults": [str(fault) for fault in r.faults]} for r in unreadable],
    }
    leaving = {}
    if found is not None:
        entries = {(s.environment.name, r.name) for s in states for r in (*s.entries, *s.requests)}
        leaving = {key: phase for key, phase in sorted(found.items()) if key not in entries}
        data["leaving"] = [
            {"issue": name.upper(), "environment": environment, **phase_data(phase)}
            for (environment, name), phase in leaving.items()
        ]
    rows = [row for row, _, _ in shown]
    emit(data, output, lambda console: _print(console, rows, unreadable, states, found, leaving))


def _phases(
    reader: ClusterReader, states: tuple[EnvironmentState, ...], *, now: datetime, named: bool
) -> dict[tuple[str, str], Phase]:
    """Phases of all previews, those without entry among them. Environments of other clusters have none, but `named`."""
    found: dict[tuple[str, str], Phase] = {}
    for state in states:
        environment, reading = state.environment.name, read_environment(reader, state)
        if not (named or reading.has_set or reading.error):
            continue
        names = {record.name for record in (*state.entries, *state.requests)}
        _, told = phases(reader, reading, sorted(names | reading.names), now=now)
        found |= {(environment, name): phase for name, phase in told.items()}
    return found


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


def _cells(row: Row, found: Phases | None) -> dict[str, Text]:
    """The row's cells by heading, in order."""
    from rich.text import Text

    price = row.price
    none = "–"
    return {
        "ISSUE": Text(row.key, "bold"),
        "ENV": Text(row.environment),
        **(
            {"LEASE": Text(row.lease, _STYLES[row.lease])}
            if found is None
            else {"PHASE": phase_text(found.get((row.environment, row.key.lower())))}
        ),
        "LEFT": Text(row.left),
        "URL": Text(row.url, f"link {row.url}"),
        "PER HOUR": Text(none if price.per_hour is None else money(price.per_hour, price.currency)),
        "LEASE TOTAL": Text(none if price.total is None else money(price.total, price.currency)),
        "COMPUTE": Text(row.compute),
        "BLUEPRINT": Text(row.blueprint),
        "OWNER": Text(printable(row.owner)),
    }


def _print(  # noqa: PLR0913, PLR0917 - all that was found
    console: Console,
    rows: list[Row],
    unreadable: list[EntryRecord],
    states: tuple[EnvironmentState, ...],
    found: Phases | None,
    leaving: Phases,
) -> None:
    from rich.table import Table
    from rich.text import Text

    if rows:
        cells = [_cells(row, found) for row in rows]
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
    entries = {(row.environment, row.key.lower()) for row in rows}
    for (environment, name), phase in sorted({**(found or {}), **leaving}.items()):
        if phase.cause and (environment, name) in entries | set(leaving):
            head = Text.assemble((name.upper(), "bold"), f" in {environment}: ", phase_text(phase))
            console.print(Text.assemble(head, ": ", printable(phase.cause)))
            if phase.remedy:
                console.print(Text.assemble(("    to do: ", "cyan"), printable(phase.remedy)))
    for record in unreadable:
        console.print(Text(f"! {record.path} cannot be read; it is left alone:", "red"))
        for fault in record.faults:
            console.print(f"    {printable(str(fault))}")
