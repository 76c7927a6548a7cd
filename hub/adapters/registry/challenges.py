"""How a registry says by what it wants to be shown who asks: the `WWW-Authenticate` of a 401. Pure.

https://distribution.github.io/distribution/spec/auth/token/ and RFC 9110, section 11.6.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LENGTH = 4096
_SCHEME = re.compile(r"\A\s*(?P<scheme>[A-Za-z]+)(?:\s+(?P<rest>.*))?\Z", re.DOTALL)
_PAIR = re.compile(r'\s*([A-Za-z_]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.){0,2000})"|([^\s,"]{1,2000}))\s*(?:,|\Z)')


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme` is `bearer` or `basic`. Of `bearer`: where a token is to be had, and what it has to be for."""

    scheme: str
    realm: str = ""
    service: str = ""


def challenge_of(told: str) -> Challenge | None:
    """The challenge of a registry; None for one that this hub cannot answer."""
    found = _SCHEME.match(told[:_LENGTH])
    scheme = found["scheme"].lower() if found else ""
    if found is None or scheme not in ("bearer", "basic"):
        return None
    if scheme == "basic":
        return Challenge(scheme)
    values: dict[str, str] = {}
    rest, at = found["rest"] or "", 0
    while at < len(rest):
        pair = _PAIR.match(rest, at)
        if pair is None:
            break
        quoted = pair[2]
        values.setdefault(pair[1].lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else pair[3])
        at = pair.end()
    return Challenge(scheme, values["realm"], values.get("service", "")) if values.get("realm") else None
