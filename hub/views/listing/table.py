"""`rtb-hub list` for people: a row a preview, then what needs a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rich.text import Text

from generator.cost.pricing import money
from generator.errors import Remedy, RemedyKind
from hub.output.columns import Cell, Columns
from hub.output.console import in_their_language, printable
from hub.output.remedies import fault_line, words
from hub.views.phases import STYLES as PHASE_STYLES
from hub.views.phases import phase_text
from hub.views.preview import office_hours_line
from hub.views.queue import tell_place
from hub.views.unreadable import tell_unreadable

if TYPE_CHECKING:
    from rich.console import Console

    from hub.views.listing.listing import Listing
    from hub.views.listing.rows import Listed, Where
    from reconcilers.health.phase import Phase

#: Columns that a narrow terminal does without; JSON has everything.
_WHEN_WIDE = frozenset({"PER HOUR", "COMPUTE", "BLUEPRINT", "OWNER"})
_FULL_WIDTH = 130
#: What a narrower one does without so that addresses stay whole.
_SPARED = ("LEASE TOTAL",)
_RIGHT = frozenset({"LEFT", "PER HOUR", "LEASE TOTAL"})
#: Rows that a terminal is shown when nobody says how many.
FIRST_PAGE = 50
_STYLES = {
    "active": "green",
    "expiring soon": "yellow",
    "expired": "red",
    "awaiting approval": "cyan",
    "endless": "red",
    "sleeping": "blue",
}
_NONE = "–"


def tell(console: Console, listing: Listing) -> None:
    """Print it: rows, causes, removals that wait for their merge, entries that cannot be read with their reason."""
    shown = listing.shown
    if console.is_terminal and listing.page.limit is None:
        shown = shown[:FIRST_PAGE]
    if listing.previews:
        if shown:
            _tell_rows(console, listing, shown)
        console.print(Text(_totals(listing), "bold"))
        _tell_rest(console, listing, shown)
    else:
        names = ", ".join(state.environment.name for state in listing.states)
        if any(True for state in listing.states for _ in state.records):
            console.print(f"no previews match the filters (searched {names})")
        else:
            console.print(f"no previews in {names}; {words(Remedy(RemedyKind.START_FIRST))}")
    phases = {listed.where: (listing.phases or {}).get(listed.where) for listed in shown}
    for where, phase in sorted({**phases, **listing.leaving}.items()):
        if phase is not None and phase.cause:
            _tell_cause(console, where, phase)
    _tell_leases(console, listing, shown)
    for one in listing.queue:
        tell_place(console, one)
    _tell_set_aside(console, listing)


def _tell_rest(console: Console, listing: Listing, shown: Sequence[Listed]) -> None:
    """That there is more than what is shown, and how to see it."""
    if (after := listing.next_after(shown)) is not None:
        place = next(place for place, one in enumerate(listing.previews, 1) if one is shown[-1])
        more = len(listing.previews) - place
        console.print(Text(f"… and {more} more: --after {after} goes on, --limit N shows N, --all shows all", "dim"))


def _tell_set_aside(console: Console, listing: Listing) -> None:
    """What a person has to look at."""
    tell_unreadable(console, listing.failures)
    entries = (record for _, record in listing.unreadable)
    kinds = (("cannot be read; it is skipped", entries), ("is not started", listing.queue_set_aside))
    for what, records in kinds:
        for record in records:
            console.print(Text(f"! {printable(str(record.path))} {what}:", "red"))
            for fault in record.faults:
                console.print(f"    {printable(fault_line(fault))}")


def _tell_leases(console: Console, listing: Listing, shown: Sequence[Listed]) -> None:
    """What is special of leases: those that count office hours only, and removals that wait for their merge."""
    for state in listing.states:
        own = (one for one in shown if one.state is state)
        counted = [one.row.key for one in own if one.outline.office_hours]
        if counted:
            hours = office_hours_line(state.environment)
            console.print(f"office hours only in {state.environment.name}: {', '.join(counted)} ({hours})")
    for listed in shown:
        if listed.removal:
            head = Text.assemble((listed.row.key, "bold"), f" in {listed.row.environment}: ")
            console.print(Text.assemble(head, f"removal requested; it is deleted when {listed.removal} is merged"))


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


def _tell_rows(console: Console, listing: Listing, shown: Sequence[Listed]) -> None:
    """The rows, under their headings."""
    names = [name for name in _CELLS if console.width >= _FULL_WIDTH or name not in _WHEN_WIDE]
    headings = [("PHASE" if name == "LEASE" and listing.phases is not None else name) for name in names]
    columns = Columns(headings, right=_RIGHT, folded="URL", spared=_SPARED)
    columns.tell(console, [[_CELLS[name](listed, listing) for name in names] for listed in shown])


def _lease(listed: Listed, listing: Listing) -> Cell:
    """The lease's phase, or the preview's where a cluster was asked."""
    if listing.phases is None:
        return Cell(in_their_language(listed.row.lease), _STYLES[listed.row.lease])
    phase = listing.phases.get(listed.where)
    return Cell(in_their_language(phase.name), PHASE_STYLES[phase.name]) if phase else Cell(_NONE, "dim")


def _money(amount: Decimal | None, currency: str) -> Cell:
    return Cell(_NONE if amount is None else money(amount, currency))


#: The cells of a row by heading, in their order.
_CELLS: Mapping[str, Callable[[Listed, Listing], Cell]] = {
    "ISSUE": lambda one, _: Cell(one.row.key, "bold"),
    "ENV": lambda one, _: Cell(one.row.environment),
    "LEASE": _lease,
    "LEFT": lambda one, _: Cell(one.row.left),
    "URL": lambda one, _: Cell(one.row.url, f"link {one.row.url}"),
    "PER HOUR": lambda one, _: _money(one.row.price.per_hour, one.row.price.currency),
    "LEASE TOTAL": lambda one, _: _money(one.row.price.total, one.row.price.currency),
    "COMPUTE": lambda one, _: Cell(one.row.compute),
    "BLUEPRINT": lambda one, _: Cell(one.row.blueprint),
    "OWNER": lambda one, _: Cell(printable(one.row.owner)),
}


def _tell_cause(console: Console, where: Where, phase: Phase) -> None:
    environment, name = where
    head = Text.assemble((name.upper(), "bold"), f" in {environment}: ", phase_text(phase))
    console.print(Text.assemble(head, ": ", printable(phase.cause)))
    if phase.remedy:
        console.print(Text.assemble(("    to do: ", "cyan"), printable(words(phase.remedy))))
