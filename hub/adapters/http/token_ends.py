"""When a token ends, as the server that takes it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})? ?(UTC|Z|[+-][0-9]{2}:?[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class TokenEnd:
    """When a token ends, in UTC; `at` None: it has no end, or it is not known (`unknown` says why)."""

    at: datetime | None = None
    unknown: str = ""


NO_END: Final = TokenEnd()


def end_at(text: object) -> TokenEnd:
    """The end that a server names, such as `2027-10-12 09:00:00 UTC` or `2027-10-12T09:00:00.000+0900`.

    None and an empty text are of a token without an end.
    """
    if text is None or text == "":
        return NO_END
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    try:
        if found is not None:
            zone = "+00:00" if found[3] in ("UTC", "Z") else found[3]
            return TokenEnd(datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    return TokenEnd(unknown="the time that is told is none")
