"""Cron schedules as the CronJob controller reads them.

Source: github.com/robfig/cron v3, `ParseStandard`, as Kubernetes 1.37 pins it: five fields or a descriptor; Sunday is 0
alone, seconds there are none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_DESCRIPTORS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = "@every "
_GO_DURATION = re.compile(r"[-+]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")


def check_schedule(text: str) -> None:
    """Raises `ValueError` saying which field of the schedule is wrong, and what it may be."""
    if text.startswith("@"):
        if text in _DESCRIPTORS or (text.startswith(_EVERY) and _GO_DURATION.fullmatch(text[len(_EVERY) :])):
            return
        raise ValueError(f"{text[:40]!r} is not one of {', '.join(sorted(_DESCRIPTORS))} and @every 1h30m")
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"has {len(fields)} fields, not 5: minute, hour, day of the month, month, day of the week")
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        for part in filter(None, field.split(",")):
            _check_range(part, name, low, high, names)


def _check_range(text: str, field: str, low: int, high: int, names: Mapping[str, int]) -> None:
    span, *steps = text.split("/")
    ends = span.split("-")
    if len(steps) > 1 or len(ends) > 2:
        raise ValueError(f"{field}: {text[:40]!r} is not a number, a range, or one of them with a step")
    if ends[0] in ("*", "?"):  # an end behind them is not read
        first, last = low, high
    else:
        first = _number(ends[0], field, names)
        last = _number(ends[1], field, names) if len(ends) == 2 else high if steps else first
    if steps and _number(steps[0], field, {}) == 0:
        raise ValueError(f"{field}: the step is 0")
    if first < low or last > high:
        raise ValueError(f"{field}: {text[:40]!r} is not within {low} to {high}")
    if first > last:
        raise ValueError(f"{field}: {text[:40]!r} ends before it begins")


def _number(text: str, field: str, names: Mapping[str, int]) -> int:
    named = names.get(text.lower())
    if named is not None:
        return named
    if not re.fullmatch(r"\+?[0-9]{1,9}", text):
        allowed = f"a number or one of {', '.join(names)}" if names else "a number"
        raise ValueError(f"{field}: {text[:40]!r} is not {allowed}")
    return int(text)
