"""Verifying access tokens by the public keys: no signing key is needed for it, nor the database.

The algorithm is the key's, never the token's. Public keys are read again every five minutes, and once in ten seconds at
most for a key that is unknown; where they cannot be read, those that are known go on to hold. A token that was verified
is kept by its hash until it runs out.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from generator.errors import ConfigError, Fault, HubError, Reason, Stalled
from hub.services.api.rights import ROLES, Caller, Role
from hub.services.auth.issuing import AUDIENCE, TYPE

_FRESH, _AGAIN = timedelta(minutes=5), timedelta(seconds=10)
_LEEWAY: Final = timedelta(seconds=30)
_BYTES, _KEYS, _KEPT, _LONGEST_SECONDS = 8 * 1024, 20, 10_000, 3600
_TYPES: Final[Mapping[str, str]] = {"OKP": "EdDSA", "RSA": "RS256"}
_CLAIMS: Final = ("iss", "aud", "sub", "exp", "iat", "jti")


def public_keys(jwks: Any) -> dict[str, jwt.PyJWK]:
    """Keys by their ids, of a JWK Set; those of other kinds are left out. Raises `ValueError` for what is none."""
    listed = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(listed, list) or len(listed) > _KEYS:
        raise ValueError("is no JWK Set of at most 20 keys")
    found = {}
    for one in listed:
        if isinstance(one, dict) and isinstance(one.get("kid"), str) and one.get("kty") in _TYPES:
            try:
                found[one["kid"]] = jwt.PyJWK(one, _TYPES[one["kty"]])
            except (jwt.PyJWTError, ValueError, TypeError, KeyError) as err:
                raise ValueError("holds a key that cannot be read") from err
    return found


@dataclass(eq=False)
class Verifier:
    """Tells who a token is of. `read`: the JWK Set. Safe for threads."""

    read: Callable[[], Any]
    url: str
    clock: Callable[[], datetime]
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict)
    _read_at: datetime | None = None
    _tried_at: datetime | None = None
    _known: dict[bytes, tuple[datetime, Caller]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """No key is known yet."""
        self._lock, self._first = threading.Lock(), threading.Lock()

    @property
    def is_well(self) -> bool:
        """Whether there is a key to verify by."""
        with suppress(HubError):
            self._renew(self.clock(), None)
        return bool(self._keys)

    def caller(self, token: str) -> Caller:
        """Who calls. Raises `ConfigError` (NotSignedIn), and what reading the first keys raises."""
        now = self.clock()
        name = hashlib.sha256(token.encode()).digest()
        known = self._known.get(name)
        if known is not None and known[0] > now:
            return known[1]
        claims = self.claims(token)
        ends = datetime.fromtimestamp(claims["exp"], now.tzinfo)
        caller = _caller(claims, ends)
        with self._lock:
            if len(self._known) >= _KEPT:
                self._known = {one: kept for one, kept in self._known.items() if kept[0] > now}
                if len(self._known) >= _KEPT:
                    self._known.clear()
            self._known[name] = ends, caller
        return caller

    def claims(self, token: str) -> dict[str, Any]:
        """What a token says that holds. Raises as `caller`."""
        if len(token) > _BYTES:
            raise _nobody("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as err:
            raise _nobody("the token cannot be read") from err
        key = self._key(header.get("kid"))
        if key is None or header.get("alg") != key.algorithm_name or header.get("typ") != TYPE:
            raise _nobody("the token was not signed by this hub")
        now = self.clock()
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=AUDIENCE,
                issuer=self.url,
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            begins, ends = int(claims["iat"]), int(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as err:
            raise _nobody("the token does not hold") from err
        if ends - begins > _LONGEST_SECONDS:
            raise _nobody("the token would hold for too long")
        if ends <= now.timestamp():
            raise _nobody("the token has run out")
        if begins > (now + _LEEWAY).timestamp():
            raise _nobody("the token is of a time that is yet to come")
        return claims

    def _key(self, kid: Any) -> jwt.PyJWK | None:
        if not isinstance(kid, str):
            return None
        self._renew(self.clock(), kid)
        return self._keys.get(kid)

    def _renew(self, now: datetime, kid: str | None) -> None:
        """Read the keys where they are old or one is unknown; who has some goes on by them while another reads."""
        if not self._keys:
            with self._first:
                if not self._keys:
                    self._read(now)
            return
        is_fresh = self._read_at is not None and self._read_at <= now < self._read_at + _FRESH
        if is_fresh and (kid is None or kid in self._keys):
            return
        with self._lock:
            if self._tried_at is not None and self._tried_at <= now < self._tried_at + _AGAIN:
                return
            self._tried_at = now
        with suppress(HubError):  # those that are known go on to hold
            self._read(now)

    def _read(self, now: datetime) -> None:
        try:
            self._keys = public_keys(self.read())
        except ValueError as err:
            fault = Fault(f"the hub's public keys cannot be read: what was answered {err}", field="RTB_HUB_JWKS_URL")
            raise Stalled(Reason.PROVIDER_REFUSED, fault) from err
        self._read_at = now


def _caller(claims: Mapping[str, Any], ends: datetime) -> Caller:
    name, via = str(claims.get("name", "")), str(claims.get("via", "api"))
    if claims.get("kind") == "service":
        scopes, environments = frozenset(claims.get("scopes", ())), frozenset(claims.get("environments", ()))
        return Caller(claims["sub"], name, "service", via, scopes=scopes, environments=environments, expires_at=ends)
    roles = [one for one in claims.get("roles", ()) if isinstance(one, str)]
    held: list[Role] = [one for one in ROLES if one in roles]
    session = str(claims.get("sid", "")) or None
    role = held[-1] if held else None
    return Caller(claims["sub"], name, "person", via, role, roles=tuple(roles), session=session, expires_at=ends)


def _nobody(message: str) -> ConfigError:
    return ConfigError(Reason.NOT_SIGNED_IN, Fault(message, remedy="sign in again"))
