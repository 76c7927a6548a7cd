"""`rtb-hub list` for people: a row a preview, then what needs a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from generator.cost.pricing import money
from hub.output.console import printable
from hub.views.phases import phase_text
from hub.views.preview import office_hours_line
from hub.views.queue import tell_place

if TYPE_CHECKING:
    from rich.console import Console

    from hub.commands.listing.listing import Listing
    from hub.commands.listing.rows import Listed, Where
    from reconcilers.health.phase import Phase

#: Columns that a narrow terminal does without; JSON has everything.
_WHEN_WIDE = frozenset({"PER HOUR", "COMPUTE", "BLUEPRINT", "OWNER"})
_FULL_WIDTH = 130
#: Rows of one part of the table, and what a URL gets at least.
_ROWS, _NARROWEST_URL = 500, 20
_STYLES = {"active": "green", "expiring soon": "yellow", "expired": "red", "awaiting approval": "cyan"}


def tell(console: Console, listing: Listing) -> None:
    """Print it: rows, causes, removals that wait for their merge, entries that cannot be read with their reason."""
    if listing.previews:
        for table in _tables(listing, console.width):
            console.print(table)
        console.print(Text(_totals(listing), "bold"))
    else:
        names = ", ".join(state.environment.name for state in listing.states)
        if any(True for state in listing.states for _ in state.records):
            console.print(f"no preview in {names} is as asked for")
        else:
            console.print(f"no previews in {names}; start one with 'rtb-hub start KEY --env NAME --image …'")
    shown = {listed.where: (listing.phases or {}).get(listed.where) for listed in listing.previews}
    for where, phase in sorted({**shown, **listing.leaving}.items()):
        if phase is not None and phase.cause:
            _tell_cause(console, where, phase)
    _tell_leases(console, listing)
    for one in listing.queue:
        tell_place(console, one)
    _tell_set_aside(console, listing)


def _tell_set_aside(console: Console, listing: Listing) -> None:
    """What a person has to look at."""
    kinds = (("cannot be read; it is left alone", listing.unreadable), ("is not started", listing.queue_set_aside))
    for what, records in kinds:
        for record in records:
            console.print(Text(f"! {record.path} {what}:", "red"))
            for fault in record.faults:
                console.print(f"    {printable(str(fault))}")


def _tell_leases(console: Console, listing: Listing) -> None:
    """What is special of leases: those that count office hours only, and removals that wait for their merge."""
    for state in listing.states:
        own = (one for one in listing.previews if one.state is state)
        counted = [one.row.key for one in own if one.office_hours]
        if counted:
            hours = office_hours_line(state.environment)
            console.print(f"office hours only in {state.environment.name}: {', '.join(counted)} ({hours})")
    for listed in listing.previews:
        if listed.removal:
            head = Text.assemble((listed.row.key, "bold"), f" in {listed.row.environment}: ")
            console.print(Text.assemble(head, f"removal requested; it goes when {listed.removal} is merged"))


def _totals(listing: Listing) -> str:
    """How many there are, and what they cost together."""
    count = len(listing.previews)
    head = f"{count} preview{'' if count == 1 else 's'}"
    prices = [
        f"{money(total.per_hour, total.currency)} an hour, {money(total.per_lease, total.currency)} for the leases"
        for total in listing.totals
    ]
    priceless = count - sum(total.previews for total in listing.totals)
    shared = [f"{priceless} on spot without a price of {'its' if priceless == 1 else 'their'} own"] if priceless else []
    return "; ".join([head, *prices, *shared])


def _tables(listing: Listing, width: int) -> Iterator[Table]:
    """The rows as one table, which is made in parts when there are many: a whole one takes 10 KiB a row."""
    previews = listing.previews
    headings = [name for name in _cells(previews[0], listing) if width >= _FULL_WIDTH or name not in _WHEN_WIDE]
    widths = _widths(listing, headings, width) if len(previews) > _ROWS else {}
    for begin in range(0, len(previews), _ROWS):
        table = Table(box=None, pad_edge=False, header_style="bold", show_header=begin == 0)
        for name in headings:
            right = name in ("LEFT", "PER HOUR", "LEASE TOTAL")
            table.add_column(name, justify="right" if right else "left", overflow="fold", width=widths.get(name))
        for listed in previews[begin : begin + _ROWS]:
            cells = _cells(listed, listing)
            table.add_row(*(cells[name] for name in headings))
        yield table


def _widths(listing: Listing, headings: Sequence[str], width: int) -> dict[str, int]:
    """How wide each column is for all parts: as its widest cell, but the URLs share what is left."""
    widths = {name: len(name) for name in headings}
    for listed in listing.previews:
        for name, cell in _cells(listed, listing).items():
            if name in widths:
                widths[name] = max(widths[name], cell_len(str(cell)))
    gaps = 2 * (len(headings) - 1)
    others = sum(wide for name, wide in widths.items() if name != "URL") + gaps
    widths["URL"] = max(_NARROWEST_URL, min(widths["URL"], width - others))
    return widths


def _cells(listed: Listed, listing: Listing) -> dict[str, Text | str]:
    """The row's cells by heading, in order. Plain ones are no `Text`, which takes ten times the memory."""
    row, price = listed.row, listed.row.price
    none = "–"
    return {
        "ISSUE": Text(row.key, "bold"),
        "ENV": row.environment,
        **(
            {"LEASE": Text(row.lease, _STYLES[row.lease])}
            if listing.phases is None
            else {"PHASE": phase_text(listing.phases.get(listed.where))}
        ),
        "LEFT": row.left,
        "URL": Text(row.url, f"link {row.url}"),
        "PER HOUR": none if price.per_hour is None else money(price.per_hour, price.currency),
        "LEASE TOTAL": none if price.total is None else money(price.total, price.currency),
        "COMPUTE": row.compute,
        "BLUEPRINT": row.blueprint,
        "OWNER": printable(row.owner),
    }


def _tell_cause(console: Console, where: Where, phase: Phase) -> None:
    environment, name = where
    head = Text.assemble((name.upper(), "bold"), f" in {environment}: ", phase_text(phase))
    console.print(Text.assemble(head, ": ", printable(phase.cause)))
    if phase.remedy:
        console.print(Text.assemble(("    to do: ", "cyan"), printable(phase.remedy)))
