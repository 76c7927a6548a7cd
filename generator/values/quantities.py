"""Kubernetes quantities and durations, as exact numbers.

Source: apimachinery's `resource.Quantity` (decimal and binary suffixes) and Go's `time.ParseDuration`. Forms that are
legal there but almost always a mistake here (`256m` of memory is a quarter of a byte) are refused with a hint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_UP, Context, Decimal
from functools import lru_cache

MIB = 1024**2
GIB = 1024**3

_CPU = re.compile(r"(?P<number>[0-9]{1,6}(?:\.[0-9]{1,3})?)(?P<unit>m?)")
_MEMORY = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,3})?)(?P<unit>Ki|Mi|Gi|Ti|k|M|G|T)?")
_QUANTITY = re.compile(
    r"(?P<number>[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:(?P<unit>Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|[eE](?P<power>[-+]?[0-9]{1,9}))?"
)
_SCALES: Mapping[str | None, Decimal] = {
    **{
        unit: Decimal(10) ** power
        for power, unit in zip(range(-9, 21, 3), ("n", "u", "m", None, *"kMGTPE"), strict=True)
    },
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
#: Go keeps a quantity within these: what is larger becomes the largest, what is finer is rounded up.
_LARGEST_QUANTITY = Decimal(2**63 - 1)
_WIDE = Context(prec=60)
_NANO, _MOST_POWER = Decimal("1e-9"), 1000
_UNITS = {None: 1, "Ki": 1024, "Mi": MIB, "Gi": GIB, "Ti": 1024**4, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_PERIOD = re.compile(r"(?:(?P<days>[0-9]{1,5})d)?(?:(?P<hours>[0-9]{1,5})h)?(?:(?P<minutes>[0-9]{1,5})m)?")


@lru_cache(1000)
def quantity(text: str) -> Decimal:
    """Any quantity that the API server reads (`250m`, `1.5Gi`, `129e6`, `1.`), in units. Raises `ValueError`."""
    match = _QUANTITY.fullmatch(text) if len(text) <= 100 else None
    if match is None:
        raise ValueError(
            f"{text[:80]!r} is not a quantity; allowed: a number, with a suffix such as m, k, M, Ki, Mi, Gi"
        )
    number, power = Decimal(match["number"]), int(match["power"] or 0)
    if abs(power) > _MOST_POWER:  # beyond what is kept, whatever the number
        power = _MOST_POWER if power > 0 else -_MOST_POWER
    amount = number.scaleb(power) if power else number * _SCALES[match["unit"]]
    if abs(amount) > _LARGEST_QUANTITY:
        return _LARGEST_QUANTITY.copy_sign(amount)
    return amount.quantize(_NANO, ROUND_UP, context=_WIDE)


def quantity_of(value: object) -> Decimal | None:
    """The quantity that stands in an object as text or as a number; None where nothing or another type stands.

    Raises `ValueError` for a text that is none.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return quantity(value if isinstance(value, str) else repr(value))


@lru_cache(1000)
def millicores(text: str) -> int:
    """A CPU quantity in millicores (`250m` → 250, `0.5` → 500, `2` → 2000). Raises `ValueError`."""
    match = _CPU.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text[:80]!r} is not a CPU quantity; allowed: whole millicores or cores, such as 250m, 0.5 or 2"
        )
    amount = Decimal(match["number"]) * (1 if match["unit"] else 1000)
    if amount != int(amount) or amount == 0:
        raise ValueError(
            f"{text[:80]!r} is not a whole, positive number of millicores; allowed: such as 250m, 0.5 or 2"
        )
    return int(amount)


@lru_cache(1000)
def memory_bytes(text: str) -> int:
    """A memory quantity in bytes (`256Mi` → 268435456). Raises `ValueError`."""
    match = _MEMORY.fullmatch(text)
    if match is None:
        hint = "; 'm' is thousandths of a byte, write Mi" if text.endswith("m") else ""
        raise ValueError(
            f"{text[:80]!r} is not a memory quantity{hint}; allowed: a number with Mi or Gi, such as 256Mi"
        )
    amount = Decimal(match["number"]) * _UNITS[match["unit"]]
    if amount != int(amount) or amount < MIB:
        raise ValueError(f"{text[:80]!r} is less than one MiB or not whole bytes; allowed: a number with Mi or Gi")
    return int(amount)


@lru_cache(1000)
def duration(text: str) -> timedelta:
    """A length of time in days, hours and minutes (`7d`, `1d12h`, `24h`, `90m`). Raises `ValueError`."""
    match = _PERIOD.fullmatch(text)
    length = match and timedelta(**{unit: int(amount or 0) for unit, amount in match.groupdict().items()})
    if not length:
        allowed = "days, hours and minutes, such as 7d, 24h, 90m or 1h30m"
        raise ValueError(f"{text[:80]!r} is not a duration; allowed: {allowed}")
    return length


def format_duration(length: timedelta) -> str:
    """The shortest text that `duration` reads back: `24h`, `1h30m`, `45m`. Whole minutes only."""
    minutes = int(length.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h" if hours else "") + (f"{rest}m" if rest or not hours else "")
