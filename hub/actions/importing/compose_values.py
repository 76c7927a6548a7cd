"""Values of a Compose file: what may be written in several ways, in one.

Source: the Compose Specification (compose-spec.io), services.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from generator.values.quantities import MIB

_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?([-?+])([^{}]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)")


def listed(value: Any) -> list[Any]:
    """What may be one value or a list of them, as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


def target(port: Any) -> int | None:
    """The container's port of an entry of `ports` or `expose`; None: it is a range, or none."""
    text = str(port.get("target", "")) if isinstance(port, Mapping) else str(port)
    number = text.partition("/")[0].rpartition(":")[2]
    return (
        int(number) if number.isascii() and number.isdigit() and len(number) < 6 and 0 < int(number) < 65536 else None
    )


def pairs(value: Any) -> Iterator[tuple[str, str | None]]:
    """The variables of a map or of a list of NAME=VALUE; None: one without a value."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield str(name), None if one is None else _scalar(one)
    for each in value if isinstance(value, list) else ():
        name, equals, text = str(each).partition("=")
        yield name, text if equals else None


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)[:65536]


def interpolated(text: str) -> str | None:
    """The text with defaults in place of variables; None where one has none."""
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        if match[0] == "$$":
            return "$"
        missing = missing or match[2] != "-"
        return match[3] or ""

    told = _VARIABLE.sub(value, text)
    return None if missing else told


def words_of(value: Any) -> list[str]:
    """The words of a command, which may be one text."""
    if isinstance(value, list):
        return [str(word) for word in value]
    try:
        return shlex.split(str(value))
    except ValueError:
        return ["sh", "-c", str(value)]


def mounted(volume: Any) -> tuple[str, str]:
    """Where a volume comes from, and the path that it has in the container."""
    if isinstance(volume, Mapping):
        return str(volume.get("source") or "x"), str(volume.get("target") or "")
    origin, colon, rest = str(volume).partition(":")
    return (origin, rest.partition(":")[0]) if colon else ("x", origin)


def memory_of(text: str) -> str:
    """Compose's amounts (`512m`, `1g`, bytes) as Kubernetes'. Raises `ValueError`."""
    match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)([bkmg]?)b?", text.lower())
    if match is None:
        raise ValueError(text)
    size = float(match[1]) * {"": 1, "b": 1, "k": 1024, "m": MIB, "g": 1024 * MIB}[match[2]]
    return f"{max(1, round(size / MIB))}Mi"
