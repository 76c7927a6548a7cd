"""Access tokens: JWTs of ten minutes. What they say is what a caller may, whoever verifies them.

Claims: `iss` the hub's public URL, `aud` rtb-hub, `sub` who, `name` as it stands in commits, `kind`, `roles` or
`scopes` with `environments`, `via`, `sid` the session, `jti`, `iat`, `exp`. Their `typ` is `at+jwt` (RFC 9068).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from hub.services.auth.keys import Keys

AUDIENCE, TYPE = "rtb-hub", "at+jwt"
LASTS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, and when it runs out."""

    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Issuer:
    """Issues tokens of the hub at `url`."""

    keys: Keys
    url: str

    def issue(self, subject: str, claims: Mapping[str, Any], now: datetime) -> Issued:
        """A token. Raises as `Keys.signing`."""
        key, private = self.keys.signing(now)
        expires = now.replace(microsecond=0) + LASTS
        told = {
            **claims,
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "jti": secrets.token_urlsafe(16),
        }
        headers = {"kid": key.id, "typ": TYPE}
        return Issued(jwt.encode(told, private, algorithm=key.algorithm, headers=headers), expires)

    def person(self, subject: str, name: str, session: tuple[str, str, tuple[str, ...]], now: datetime) -> Issued:
        """Of a person; `session`: its id, whereby they signed in, and their roles."""
        sid, via, roles = session
        return self.issue(subject, {"name": name, "kind": "person", "roles": list(roles), "via": via, "sid": sid}, now)
