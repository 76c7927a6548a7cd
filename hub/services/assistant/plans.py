"""Plans that are confirmed by a token: for one plan, on what was seen when it was made, once, and not for long."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.errors import ConfigError, Fault, Reason

SECONDS = 300
_REMEDY = "ask for the plan again, without 'confirm', and show it to whoever decides"


@dataclass(eq=False)
class Plans:
    """Gives tokens and takes them back. The key lives as long as the process, so a token is of no use to another."""

    seconds: Callable[[], float] = time.monotonic
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _used: dict[str, float] = field(default_factory=dict, repr=False)

    def token(self, plan: Mapping[str, Any]) -> str:
        """A token for this plan."""
        begin = f"{self.seconds() + SECONDS:.0f}.{secrets.token_hex(8)}"
        return f"{begin}.{self._sign(plan, begin)}"

    def take(self, token: str, plan: Mapping[str, Any]) -> None:
        """Take a token for the plan as it is now. Raises `ConfigError` (InvalidValue)."""
        begin, _, sign = token.rpartition(".")
        ends = begin.partition(".")[0]
        if not ends.isdecimal() or not hmac.compare_digest(sign.encode(), self._sign(plan, begin).encode()):
            raise _refused("this token is of another plan, or what was seen has changed since")
        now = self.seconds()
        if float(ends) < now:
            raise _refused(f"this token held for {SECONDS} s, and they are over")
        self._used = {one: until for one, until in self._used.items() if until >= now}
        if token in self._used:
            raise _refused("this token was used already")
        self._used[token] = float(ends)

    def _sign(self, plan: Mapping[str, Any], begin: str) -> str:
        text = json.dumps([plan, begin], sort_keys=True)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def _refused(message: str) -> ConfigError:
    return ConfigError(Reason.INVALID_VALUE, Fault(message, field="confirm", remedy=_REMEDY))
