"""What previews cost together: an hour, since they began, and until they end. At list price, of what is there now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from generator.values.formats import parse_time
from hub.actions.spent import HOUR, PLACES
from hub.views.listing.rows import Listed


@dataclass(frozen=True, slots=True)
class Spend:
    """Sums, of which amounts at any moment follow: `per_hour` of all, `begun` its product with the begins (seconds).

    `ending` and `ends` are the same of those that have an end to come, and their ends.
    """

    per_hour: Decimal = Decimal(0)
    begun: Decimal = Decimal(0)
    ending: Decimal = Decimal(0)
    ends: Decimal = Decimal(0)

    def so_far(self, now: datetime) -> Decimal:
        """What they cost from their begins to `now` (aware)."""
        return _amount(self.per_hour * int(now.timestamp()) - self.begun)

    def to_come(self, now: datetime) -> Decimal:
        """What they will cost from `now` (aware) to their ends."""
        return _amount(self.ends - self.ending * int(now.timestamp()))


def _amount(seconds: Decimal) -> Decimal:
    return max(Decimal(0), seconds / HOUR).quantize(PLACES)


def spends(rows: Iterable[Listed], at: datetime) -> Mapping[str, Spend]:
    """By environment; those without a price of their own, and those that await a review, cost nothing. `at` is now."""
    found: dict[str, Spend] = {}
    for one in rows:
        price = one.row.price.per_hour
        if price is None or one.is_request:
            continue
        begin = parse_time(one.outline.begun_at)
        end = parse_time(one.row.ends) if one.row.ends else None
        is_ending = end is not None and end > at
        before = found.get(one.row.environment, Spend())
        found[one.row.environment] = Spend(
            before.per_hour + price,
            before.begun + price * int(begin.timestamp()),
            before.ending + price if is_ending else before.ending,
            before.ends + price * int(end.timestamp()) if end is not None and is_ending else before.ends,
        )
    return found
