"""Prices of AWS's Price List Query API (`pricing:GetProducts`), on demand, in US dollars an hour.

A product is JSON: `product.attributes.usagetype`, and below `terms.OnDemand` one term with `priceDimensions`, each with
`unit` and `pricePerUnit.USD`. What is billed by the month is told as its 730th part, as AWS's own calculator counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from generator.cost.pricing import HOURS_A_MONTH
from hub.adapters.account.access import Access

#: One of the regions that have the API's endpoints.
REGION = "us-east-1"
_HOURLY = re.compile(r"hrs?|hours?|[A-Za-z]+-hours?", re.IGNORECASE)
_MONTHLY = re.compile(r"secrets|months?|[A-Za-z]+-mo(nth)?s?", re.IGNORECASE)


def listed(access: Access, service: str, region: str, usage: re.Pattern[str], **attributes: str) -> frozenset[Decimal]:
    """Every price of a service's products in a region whose usage type matches wholly. Raises as `Access`.

    A tier of a price counts as one; a price of nothing is a free tier, and none. `attributes` narrow what is asked.
    """
    given = {"regionCode": region, **attributes}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in given.items()]
    found = access.all("pricing", "get_products", "PriceList", ServiceCode=service, Filters=filters)
    return frozenset(price for one in found for price in _prices(one, usage) if price)


def _prices(product: str, usage: re.Pattern[str]) -> Iterator[Decimal]:
    try:
        read: Mapping[str, Any] = json.loads(product)
        if not usage.fullmatch(str(read["product"]["attributes"]["usagetype"])):
            return
        for term in read["terms"].get("OnDemand", {}).values():
            for dimension in term["priceDimensions"].values():
                price, unit = Decimal(str(dimension["pricePerUnit"]["USD"])), str(dimension["unit"])
                if _HOURLY.fullmatch(unit):
                    yield price
                elif _MONTHLY.fullmatch(unit):
                    yield price / HOURS_A_MONTH
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        return  # what cannot be read is no price: with no other it is not known
