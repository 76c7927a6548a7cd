"""Reading expressions of Prometheus: which series they select."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser


def selectors(node: Any) -> Iterator[Any]:
    """All selectors of series in an expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vs", "vector_selector", "param"):
        child = getattr(node, name, None)
        if child is not None:
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)
