"""What `rtb-hub list` found: rows in order, totals, and what is beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import chain

from generator.errors import HubError
from hub.views.listing.model import Cursor, Filter, Order, Page
from hub.views.listing.rows import Listed, Total, Where
from hub.views.queue import QueuePosition, queue_positions
from reconcilers.health.phase import Phase
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.queue_files import QueuedRecord


@dataclass(frozen=True)
class Listing:
    """All that was found. `previews` are all rows that match in their `order`, `page` says which of them are shown.

    `phases`: of what was looked for in the cluster, None without one. `failures`: why environments that are wanted
    cannot be read, by name, or branches. `unlisted`: entries that a mistake of ours keeps out, by environment.
    """

    states: tuple[EnvironmentState, ...]
    previews: tuple[Listed, ...]
    phases: Mapping[Where, Phase] | None
    wanted: Filter
    order: Order = field(default_factory=Order)
    page: Page = field(default_factory=Page)
    failures: Mapping[str, HubError] = field(default_factory=dict)
    unlisted: tuple[tuple[str, EntryRecord], ...] = ()

    @cached_property
    def shown(self) -> tuple[Listed, ...]:
        """The rows of the page. Raises `ConfigError` as `Page.of` does."""
        return self.page.of(self.previews, self.order)

    def next_after(self, shown: Sequence[Listed]) -> Cursor | None:
        """Where the rows go on after those `shown`; None when they are the last."""
        if not shown or shown[-1] is self.previews[-1]:
            return None
        return Cursor.at(shown[-1])

    @property
    def unreadable(self) -> Iterator[tuple[str, EntryRecord]]:
        """Entries that cannot be read, of whomever, each with its environment's name."""
        found = ((state.environment.name, one) for state in self.states for one in state.records if one.faults)
        return (
            (environment, one) for environment, one in chain(found, self.unlisted) if self.wanted.shows_name(one.name)
        )

    @cached_property
    def queue(self) -> tuple[QueuePosition, ...]:
        """Those who wait for room, by environment, in their order."""
        return tuple(
            one for state in self.states for one in queue_positions(state) if self.wanted.shows_queued(one.queued)
        )

    @property
    def queue_set_aside(self) -> Iterator[QueuedRecord]:
        """Files of queues that nobody waits for: they cannot be read, or not be started by today's policy."""
        records = (record for state in self.states for record in state.queue.set_aside)
        return (record for record in records if self.wanted.shows_name(record.name))

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """What the previews cost together, a total for each currency; those without a price of their own add none."""
        totals: dict[str, Total] = {}
        for listed in self.previews:
            price = listed.row.price
            if price.per_hour is not None and price.total is not None:
                one = totals.get(price.currency, Total(price.currency, 0, Decimal(0), Decimal(0)))
                totals[price.currency] = Total(
                    price.currency, one.previews + 1, one.per_hour + price.per_hour, one.per_lease + price.total
                )
        return tuple(totals[currency] for currency in sorted(totals))

    @cached_property
    def leaving(self) -> Mapping[Where, Phase]:
        """Previews that only the cluster still has, sorted."""
        entries = {(state.environment.name, record.name) for state in self.states for record in state.records}
        return {
            where: phase
            for where, phase in sorted((self.phases or {}).items())
            if where not in entries and self.wanted.shows_leaving(where[1], phase)
        }
