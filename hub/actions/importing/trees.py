"""Looking into data of others, whatever has which type there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Read = Mapping[str, Any]


def at(tree: Any, *path: str) -> Any:
    """What stands at the path; None: nothing does."""
    for part in path:
        tree = tree.get(part) if isinstance(tree, Mapping) else None
    return tree


def mapping_at(tree: Any, *path: str) -> Read:
    """The mapping at the path; empty: there is none."""
    found = at(tree, *path)
    return found if isinstance(found, Mapping) else {}


def mappings_at(tree: Any, *path: str) -> list[Read]:
    """The mappings of the list at the path; empty: there is none."""
    found = at(tree, *path)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def words_at(tree: Any, *path: str) -> list[str]:
    """The list of texts at the path; empty: there is none."""
    found = at(tree, *path)
    return [str(one) for one in found if one is not None] if isinstance(found, list) else []


def text_at(tree: Any, *path: str) -> str:
    """The text at the path; '' for nothing, and for what is no plain value."""
    found = at(tree, *path)
    return "" if found is None or isinstance(found, Mapping | list) else str(found)


def number_at(tree: Any, *path: str) -> int | None:
    """The whole number at the path; None: there is none."""
    found = at(tree, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None
