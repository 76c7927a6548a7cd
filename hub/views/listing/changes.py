"""What is otherwise between two looks at a list of previews, as data. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

Row = Mapping[str, Any]
#: `listed`: it was there at the first look.
Kind = Literal["listed", "added", "changed", "removed"]
#: What passes by itself, or is words for what stands beside them.
_PASSING: Final = frozenset({"cause", "remedy"})


class Change(NamedTuple):
    """A preview as it is now, or as it was last where it is `removed`."""

    kind: Kind
    row: Row


def held(before: Sequence[Row], listing: Mapping[str, Any]) -> list[Row]:
    """The rows of a listing as data, and of environments that it could not read whole, those that were there before.

    What cannot be read is not taken for removed. A listing names a branch where it can read nothing of it; whose rows
    those are is not known then, so all stay.
    """
    rows: list[Row] = [*listing["previews"]]
    there = {_place(row) for row in rows}
    unread = {one["environment"] for one in listing["unreadable"]}
    known = {row["environment"] for row in (*before, *rows)}
    is_branch = any(one["environment"] not in known and not one["file"] for one in listing["unreadable"])
    kept = (row for row in before if is_branch or row["environment"] in unread)
    return [*rows, *(row for row in kept if _place(row) not in there)]


def changes(before: Sequence[Row] | None, after: Sequence[Row]) -> Iterator[Change]:
    """The changes from one look to the next, in the order of `after`, the removed last; None: there was no look."""
    if before is None:
        yield from (Change("listed", row) for row in after)
        return
    known = {_place(row): row for row in before}
    for row in after:
        was = known.pop(_place(row), None)
        if was is None:
            yield Change("added", row)
        elif _lasting(was) != _lasting(row):
            yield Change("changed", row)
    yield from (Change("removed", row) for row in known.values())


def _place(row: Row) -> tuple[str, str]:
    return row["issue"], row["environment"]


def _lasting(row: Row) -> dict[str, Any]:
    lease = {name: value for name, value in row["lease"].items() if name != "minutesLeft"}
    return {**{name: value for name, value in row.items() if name not in _PASSING}, "lease": lease}
