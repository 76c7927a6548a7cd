"""Prices of an environment's file compared with AWS's price list. What the list does not tell is not known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from generator.errors import HubError
from generator.model.environment import Pricing
from hub.adapters.account.access import Access
from hub.adapters.account.price_list import listed

#: Service, usage types, and attributes of products.
_Asked = tuple[str, re.Pattern[str], dict[str, str]]
State = Literal["same", "differs", "unknown"]
#: Files write six places at most.
_PLACES = Decimal("0.000001")
_FARGATE = (
    ("vCPU", "pricing.vcpuHour", re.compile(r"([A-Z0-9]+-)?Fargate-vCPU-Hours:perCPU")),
    ("GB", "pricing.gbHour", re.compile(r"([A-Z0-9]+-)?Fargate-GB-Hours")),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A price an hour as it is written, and as it is listed. `why` says why it is not known."""

    what: str
    field: str
    written: Decimal | None
    listed: Decimal | None
    state: State
    why: str = ""


def compare(pricing: Pricing, region: str, access: Access) -> tuple[Compared, ...]:
    """Each price of the file, the first two of them Fargate's. What cannot be asked is told as not known."""
    if pricing.currency != "USD":
        why = f"the list is in USD, the file in {pricing.currency}"
        return tuple(replace(one, why=why) for one, _ in _asked(pricing))
    return tuple(_compared(one, region, access, asked) for one, asked in _asked(pricing))


def _asked(pricing: Pricing) -> Iterator[tuple[Compared, _Asked | None]]:
    """What is compared, nothing of it known yet, and what is asked for; None: the file does not say."""
    for (what, field, usage), hour in zip(_FARGATE, (pricing.vcpu_hour, pricing.gb_hour), strict=True):
        yield _unknown(what, field, hour), ("AmazonECS", usage, {})
    for number, cost in enumerate(pricing.fixed):
        one, at = _unknown(cost.what, f"pricing.fixed[{number}].hour", cost.hour), cost.listed
        if at is None:
            yield replace(one, why=f"pricing.fixed[{number}].listed does not say where it is listed"), None
            continue
        attributes = {"usagetype": at.usage, **({"operation": at.operation} if at.operation else {})}
        yield one, (at.service, re.compile(re.escape(at.usage)), attributes)


def _unknown(what: str, field: str, hour: str | None) -> Compared:
    return Compared(what, field, None if hour is None else Decimal(hour), None, "unknown")


def _compared(one: Compared, region: str, access: Access, asked: _Asked | None) -> Compared:
    if asked is None:
        return one
    service, usage, attributes = asked
    try:
        prices = {price.quantize(_PLACES).normalize() for price in listed(access, service, region, usage, **attributes)}
    except HubError as err:
        return replace(one, why=err.words)
    if len(prices) != 1:
        why = f"{len(prices)} prices are listed" if prices else f"no price of {service} in {region} is listed"
        return replace(one, why=why)
    (price,) = prices
    return replace(one, listed=price, state="same" if price == one.written else "differs")
