"""`rtb-hub list`: what there is of previews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.actions.list_previews import list_previews
from hub.commands.cluster_options import Options, clusters_for
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, console, emit
from hub.views.listing.data import listing_data
from hub.views.listing.model import Selection
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from hub.views.listing.listing import Listing


def watch(asked: Selection, *, repo: str | None, at: Options | None, seconds: float, output: Format) -> None:
    """Tell what the list is, and each change of it, until somebody interrupts."""
    from hub.commands import list_watch

    ours = hub()
    clusters = clusters_for(ours, at)
    repository = ours.repository(repo)

    def look() -> Listing:
        return list_previews(asked, repository=repository, clusters=clusters, clock=ours.clock)

    def draw() -> None:
        listing = look()
        out = console()
        _tell(out, listing)

    source = list_watch.Source(lambda: listing_data(look()), draw)
    list_watch.watch(source, seconds=seconds, output=output)


def run(asked: Selection, *, repo: str | None, at: Options | None, output: Format) -> None:
    """Print the previews that are wanted; exits with the code of what kept an environment from being read."""
    ours = hub()
    clusters = clusters_for(ours, at)  # before Git: a wrong name is told at once
    listing = list_previews(asked, repository=ours.repository(repo), clusters=clusters, clock=ours.clock)
    emit(listing_data(listing), output, lambda console: _tell(console, listing))
    for _, record in listing.unlisted:
        for fault in record.faults:
            if fault.cause is not None:
                ours.telemetry.unexpected("entry", fault.cause)
    exit_for_unreadable(listing.failures)


def _tell(console: Console, listing: Listing) -> None:
    from hub.views.listing.table import tell

    tell(console, listing)
