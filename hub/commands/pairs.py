"""What options say that are given as NAME=VALUE."""

from __future__ import annotations

from generator.errors import ConfigError, Fault, Reason
from hub.output.console import printable


def pairs(option: str, texts: list[str]) -> dict[str, str]:
    """`NAME=VALUE` texts as a mapping. The value is all after the first '=', whatever it is."""
    found: dict[str, str] = {}
    faults = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            faults.append(Fault(f"{printable(text[:80])!r} is not NAME=VALUE", field=f"--{option}"))
        elif name in found:
            faults.append(Fault(f"{printable(name[:80])!r} is given twice", field=f"--{option}"))
        found[name] = value
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return found


def settings_of(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """`PATH=TEXT` texts in order; a list's path may stand several times, once an item."""
    faults = [Fault(f"{t[:80]!r} is not PATH=TEXT", field="--set") for t in texts if "=" not in t or t.startswith("=")]
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return tuple((path, value) for path, _, value in (text.partition("=") for text in texts))
