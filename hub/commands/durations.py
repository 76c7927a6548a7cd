"""Reading a length of time that is waited or looked back for."""

from __future__ import annotations

import re

from generator.errors import ConfigError, Fault, Reason
from generator.values.quantities import duration

_SECONDS = re.compile(r"[1-9][0-9]{0,5}s")


def seconds_of(text: str, option: str = "--timeout") -> float:
    """A length of time as elsewhere, or in seconds: a script may not want to wait a minute."""
    if _SECONDS.fullmatch(text):
        return float(text.removesuffix("s"))
    try:
        return duration(text).total_seconds()
    except ValueError as err:
        fault = Fault(f"{text[:80]!r} is not a duration", field=option, allowed="such as 90s, 10m or 1h30m")
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
