"""Price of a preview on Fargate: billed sizes times list price, an hour and for the lease.

Billed per second from image pull to the pod's end, one minute at least (AWS Fargate pricing). A finished Job's pod is
billed until it is removed, so Jobs count for the whole lease. Pods on spot nodes share them: they have no price of
their own, and none is made up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from generator.cost.fargate import FargateSize, PodGroup, billed_size
from generator.model.environment import Pricing

#: As AWS's own calculator counts.
HOURS_A_MONTH = 730
_HOUR = Decimal(3600)
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


@dataclass(frozen=True, slots=True)
class PodPrice:
    """Equal pods, the size each is billed as, and the price of all of them; None off Fargate."""

    pods: PodGroup
    size: FargateSize | None
    per_hour: Decimal | None
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class PreviewPrice:
    """Prices of a preview's pods. `per_hour` and `total` are None when pods have no price of their own."""

    pods: tuple[PodPrice, ...]
    per_hour: Decimal | None
    total: Decimal | None
    lease: timedelta
    currency: str
    as_of: str


def price_pods(pods: Sequence[PodGroup], pricing: Pricing, lease: timedelta) -> PreviewPrice:
    """The price of `pods` running for the whole `lease`. Raises `ConfigError` (OverLimit) for a pod of no size."""
    prices = tuple(_price(group, pricing, lease) for group in pods)
    per_hour = _sum(price.per_hour for price in prices) if prices else Decimal(0)
    total = _sum(price.total for price in prices) if prices else Decimal(0)
    return PreviewPrice(prices, per_hour, total, lease, pricing.currency, pricing.as_of)


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """What is paid whether there are previews or not: how many of it, and the price of all an hour; None: not known."""

    what: str
    count: int
    per_hour: Decimal | None
    as_of: str
    source: str


def fixed_prices(pricing: Pricing, shards: int) -> tuple[FixedPrice, ...]:
    """The fixed costs of an environment with so many load balancers. What is used (traffic) is none of them."""
    counts = {"environment": 1, "shard": shards}
    return tuple(
        FixedPrice(
            cost.what,
            count := cost.count * counts[cost.per],
            None if cost.hour is None else Decimal(cost.hour) * count,
            cost.as_of or pricing.as_of,
            cost.source or (f"AWS Price List, {cost.listed.usage}" if cost.listed else pricing.source),
        )
        for cost in pricing.fixed
    )


def fixed_sum(prices: Iterable[FixedPrice]) -> Decimal:
    """What is known of them together, an hour."""
    return sum((one.per_hour for one in prices if one.per_hour is not None), Decimal(0))


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _price(group: PodGroup, pricing: Pricing, lease: timedelta) -> PodPrice:
    if group.compute != "fargate":
        return PodPrice(group, None, None, None)
    size = billed_size(group.requests)
    each = size.vcpu * Decimal(pricing.vcpu_hour) + size.gb * Decimal(pricing.gb_hour)
    per_hour = each * group.replicas
    return PodPrice(group, size, per_hour, per_hour * int(lease.total_seconds()) / _HOUR)


@lru_cache(1000)
def money(amount: Decimal, currency: str) -> str:
    """`amount` for people: cents from 1 up, four places below, and never zero for what is not."""
    places = Decimal("0.01") if amount >= 1 else Decimal("0.0001")
    shown = amount.quantize(places, ROUND_HALF_UP)
    text = f"{shown:f}" if shown or not amount else "<0.0001"
    sign = _SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{text} {currency}"
