"""Faults of the platform: told once in the platform's own channel, however many previews have them.

Pure, but for what it remembers of how long one is over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from reconcilers.causes.model import Audience
from reconcilers.messages.model import AMISS, Message

#: One that no preview has any more is told as over after so long: it may come and go.
OVER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PlatformFault(Message):
    """A message about a fault in an environment: `issue` is the code of its cause, `affected` are issues of previews.

    `failed` while there are such previews, `removed` when there are none any more.
    """

    affected: tuple[str, ...] = ()


@dataclass(eq=False)
class Faults:
    """What is told of faults, look after look."""

    _over: dict[str, datetime] = field(default_factory=dict)

    def of(self, messages: Sequence[Message], told: Collection[str], now: datetime) -> Iterator[PlatformFault]:
        """All there are by these messages, and the last word of those in `told` (`int/CODE`) that are over.

        Of an environment that has no message, or has a preview that cannot be looked at, nothing is told to be over.
        """
        found = _found(messages)
        read = {one.environment for one in messages} - {one.environment for one in messages if one.phase == "unknown"}
        for gone in self._over.keys() - (frozenset(told) - found.keys()):
            del self._over[gone]
        yield from found.values()
        for key in sorted(frozenset(told) - found.keys()):
            environment, _, code = key.partition("/")
            if environment not in read:
                self._over.pop(key, None)
            elif now >= self._over.setdefault(key, now) + OVER:
                yield PlatformFault(code, environment, "removed")


def _found(messages: Sequence[Message]) -> dict[str, PlatformFault]:
    found: dict[str, PlatformFault] = {}
    for one in sorted(messages, key=lambda message: message.key):
        if one.phase not in AMISS or one.cause is None or one.cause.audience is not Audience.PLATFORM:
            continue
        fault = PlatformFault(one.cause.code, one.environment, "failed", cause=one.cause)
        fault = found.setdefault(fault.key, fault)
        found[fault.key] = replace(fault, affected=(*fault.affected, one.issue))
    return found
