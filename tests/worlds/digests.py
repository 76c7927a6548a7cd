"""A digest as an example: of two projects, with what is there, ends soon, awaits approval and has ended."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from generator.values.naming import IssueKey
from hub.views.digest.model import Digest, Group, Line, State, Wanted
from worlds.messages import NOW


def _line(key: str, state: State, hours: float | None, *, cost: str = "", by: str, environment: str = "int") -> Line:
    sums = defaultdict(Decimal, {"USD": Decimal(cost)} if cost else {})
    return Line(environment, IssueKey.parse(key), state, NOW + timedelta(hours=hours) if hours else None, by, sums)


def digest_example() -> Digest:
    """A week until `worlds.messages.NOW`."""
    shop = (
        _line("SHOP-7", "there", 60, cost="2.1042", by="carol"),
        _line("SHOP-9", "awaiting", None, by="dan", environment="prd"),
    )
    rtb = (
        _line("RTB-123", "there", 8, cost="0.3949", by="alice"),
        _line("RTB-130", "there", 30, cost="1.1856", by="bob", environment="stg"),
        _line("RTB-101", "ended", -20, cost="0.9110", by="alice"),
    )
    counts = {"started": 4, "ended": 1, "extended": 2}
    groups = (Group("RTB", rtb), Group("SHOP", shop))
    return Digest(Wanted(NOW - timedelta(days=7), NOW), groups, counts, False, {})
