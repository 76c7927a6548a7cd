"""Checking a table of fields on an object: the way to each is walked once, however many are below it.

A place is keys with dots between them; `[]` stands for each item of a list, `{}` for each value of a mapping.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from generator.objects.cursor import Cursor, whole
from generator.validate.api.checks import Found, amount, fits
from generator.validate.api.formats import Check


class Field(NamedTuple):
    """What stands at `at`: text of a format, a number within two, a quantity from 0 on, or for `quantity` 1 above it.

    `needed`: it is there, where what it is part of is, and not empty.
    """

    at: str
    rule: str
    check: Check | None = None
    needed: bool = False
    numbers: tuple[int, int] | None = None
    quantity: int | None = None


@dataclass(slots=True)
class Places:
    """What is checked at a place, and the places below it by key and `[]`, `{}` or nothing."""

    fields: list[Field] = field(default_factory=list)
    below: dict[tuple[str, str], Places] = field(default_factory=dict)

    @classmethod
    def of(cls, fields: Iterable[Field]) -> Places:
        """Those of a table, below an object or a pod's spec."""
        root = cls()
        for one in fields:
            here = root
            for part in one.at.split("."):
                key = part.rstrip("[]{}")
                here = here.below.setdefault((key, part[len(key) :]), cls())
            here.fields.append(one)
        return root


def check_places(here: Cursor, places: Places) -> Found:
    """What is wrong at and below `here`."""
    for one in places.fields:
        yield from _check(here, one)
    if not isinstance(here.data, dict):
        return
    for (key, each), below in places.below.items():
        if here.data.get(key) is None and not below.fields:
            continue
        if each == "[]":
            found = here.items(key)
        elif each == "{}":
            found = [value for _, value in here.entries(key)]
        else:
            found = [here.at(key)]
        for place in found:
            yield from check_places(place, below)


def _check(place: Cursor, field: Field) -> Found:
    value = place.data
    if value is None or (field.needed and value in ("", [])):
        if field.needed:
            yield place.finding(field.rule, "is missing", "set it")
    elif field.check is not None:
        yield from fits(place, field.check, field.rule)
    elif field.numbers is not None and (number := whole(value)) is not None:
        low, high = field.numbers
        if not low <= number <= high:
            yield place.finding(field.rule, f"{number} is not from {low} to {high}", "a number within them")
    elif field.quantity is not None:
        yield from amount(place, is_positive=field.quantity > 0)
