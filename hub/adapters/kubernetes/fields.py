"""Reading fields of objects that nobody vouches for: what has another type than it should counts as absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

Tree = Mapping[str, Any]
#: Times beyond are nobody's: an object of Kubernetes is younger, and a removal is not planned for later.
_YEARS = range(2000, 2200)
_LONGEST = 8192


def mapping(value: object) -> Tree:
    """A mapping, empty for anything else."""
    return value if isinstance(value, dict) else {}


def inner(tree: Tree, *path: str) -> Tree:
    """The mapping at a path of keys, empty when there is none."""
    for key in path:
        tree = mapping(tree.get(key))
    return tree


def mappings(value: object) -> Iterator[Tree]:
    """The mappings of a list."""
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def texts(value: object) -> Iterator[str]:
    """The texts of a list."""
    return (item for item in value if isinstance(item, str)) if isinstance(value, list) else iter(())


def text(value: object) -> str:
    """A text, empty for anything else. Of one that is longer than any of Kubernetes' the beginning and the end."""
    if not isinstance(value, str):
        return ""
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST // 2]} … {value[-_LONGEST // 2 :]}"


def number(value: object, otherwise: int = 0) -> int:
    """A whole number that is not negative."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def moment(value: object) -> datetime | None:
    """A time as the API server writes it (RFC 3339), None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.tzinfo is not None and found.year in _YEARS else None
