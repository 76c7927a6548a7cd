"""The few shapes that most rules have: text of a format, numbers not below, exactly one of several fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from generator.objects.cursor import Cursor, whole
from generator.objects.findings import Finding
from generator.validate.api.formats import Check
from generator.values.quantities import quantity_of

Found = Iterator[Finding]


def fits(place: Cursor, check: Check, rule: str) -> Found:
    """The text at `place`, when there is one."""
    if isinstance(place.data, str) and (wrong := check(place.data)):
        yield place.finding(rule, wrong, "rename it")


def says(place: Cursor, wrong: str | None, rule: str, remedy: str) -> Found:
    """A finding when something is `wrong`."""
    if wrong:
        yield place.finding(rule, wrong, remedy)


def given(place: Cursor, key: str, rule: str) -> Found:
    """The text at `key` is there and not empty."""
    if isinstance(place.data, dict) and place.get(key) in (None, ""):
        yield place.at(key).finding(rule, "is missing", "set it")


def at_least(place: Cursor, lowest: int, *keys: str, rule: str = "api/number", highest: int | None = None) -> Found:
    """Whole numbers at `keys`, where there are any."""
    data = place.data
    for key in keys if isinstance(data, dict) else ():
        number = whole(data.get(key))
        if number is None:
            continue
        if number < lowest:
            yield place.at(key).finding(rule, f"{number} is less than {lowest}", f"{lowest} or more")
        elif highest is not None and number > highest:
            yield place.at(key).finding(rule, f"{number} is more than {highest}", f"{lowest} to {highest}")


def one_of(place: Cursor, names: tuple[str, ...], rule: str, *, required: bool = True) -> Found:
    """Exactly one of the fields `names` has a value; or at most one."""
    if not isinstance(place.data, dict):
        return
    chosen = place.chosen(names)
    if len(chosen) > 1:
        yield place.at(chosen[1]).finding(rule, f"stands beside {chosen[0]}", f"keep one of {', '.join(chosen)}")
    elif not chosen and required:
        yield place.finding(rule, f"has none of {', '.join(names)}", "name one of them")


def once(places: Iterable[tuple[Any, Cursor]], rule: str, what: str) -> Found:
    """No value stands twice; None does not count."""
    seen: list[Any] = []
    for value, place in places:
        if value is None:
            continue
        if value in seen:
            yield place.finding(rule, f"{what} {_shown(value)} stands twice", "keep one, or rename one")
        seen.append(value)


def _shown(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, tuple) else repr(value)[:80]


def amount(place: Cursor, *, is_positive: bool = False) -> Found:
    """A quantity that can be read, and is not less than 0; `is_positive`: nor 0, but half of one is enough."""
    try:
        read = quantity_of(place.data)
    except ValueError as err:
        yield place.finding("api/quantity", str(err), "write it as 250m, 256Mi or 10Gi")
        return
    if read is None:
        return
    if is_positive and read <= 0:
        yield place.finding("api/quantity", f"{place.data!r} is not above 0", "a larger amount")
    elif read < 0:
        yield place.finding("api/quantity", f"{place.data!r} is less than 0", "0 or more")


def readable(place: Cursor) -> dict[str, Decimal]:
    """The quantities at `place` that can be read, by name."""
    found = {}
    for name, value in place.entries():
        try:
            read = quantity_of(value.data)
        except ValueError:
            continue
        if read is not None:
            found[name] = read
    return found
