"""Signing keys: the one that signs, the next one, published a day before, and those before, a day after.

Each signs for 30 days. A verifier that reads the public keys at least once a day knows each before it is used.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from generator.errors import ConfigError, Fault, Reason
from hub.services.auth.sealing import Sealed
from hub.store import signing_keys
from hub.store.database import Database
from hub.store.ids import new_id
from hub.store.signing_keys import SigningKey

SIGNS, PUBLISHED_BEFORE, KEPT_AFTER = timedelta(days=30), timedelta(hours=24), timedelta(hours=24)
#: How long a process goes by what it read: far shorter than a key is published before it signs.
_READ_EVERY = timedelta(minutes=1)
_TURN = 7_016_002
_RSA_BITS: Final = 3072
Algorithm = Literal["EdDSA", "RS256"]


def current(keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
    """The key that signs now, of keys by their times."""
    return next((one for one in reversed(keys) if one.active_at <= now), None)


def due(keys: Sequence[SigningKey], algorithm: str, now: datetime) -> datetime | None:
    """From when a key is to sign that has to be made now; None: none has to. The very first signs at once."""
    signs = current(keys, now)
    if signs is None:
        return now if not keys else None
    if keys[-1] is not signs:  # the next one is there
        return None
    ends = signs.active_at + SIGNS
    if signs.algorithm == algorithm and now < ends - PUBLISHED_BEFORE:
        return None
    return max(now + PUBLISHED_BEFORE, ends if signs.algorithm == algorithm else now)


def gone(keys: Sequence[SigningKey], now: datetime) -> list[str]:
    """Keys that signed nothing that still holds: the one after each signs for a day."""
    return [before.id for before, after in pairwise(keys) if after.active_at + KEPT_AFTER <= now]


@dataclass(eq=False)
class Keys:
    """The keys of all processes that share a database. Safe for threads."""

    database: Database
    sealed: Sealed
    algorithm: Algorithm = "EdDSA"
    _read_at: datetime | None = None
    _keys: list[SigningKey] = field(default_factory=list)
    _open: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self._lock = threading.Lock()

    def signing(self, now: datetime) -> tuple[SigningKey, Any]:
        """The key that signs, and its private part. Raises `ConfigError` (InvalidValue), and as `Database.write`."""
        keys = self._known(now)
        found = current(keys, now)
        if found is None:  # a clock that goes back behind the first key
            found = keys[0]
        with self._lock:
            private = self._open.get(found.id)
        if private is None:
            plain = self.sealed.open(found.private)
            if plain is None:
                raise _closed(self.sealed.place, found.id)
            private = serialization.load_der_private_key(plain, password=None)
            with self._lock:
                self._open[found.id] = private
        return found, private

    def public(self, now: datetime) -> dict[str, Any]:
        """What tokens are verified by: a JWK Set (RFC 7517), without private parts."""
        return {"keys": [one.public for one in self._known(now)]}

    def rotate(self, *, is_stolen: bool = False) -> str:
        """Have a new key sign: a day from now, or at once where the one before `is_stolen`, and forget that.

        All private parts are encrypted anew, by the first key of the file; the id of the new one.
        """
        with self.database.write() as connection:
            self.database.take_turns(connection, _TURN)
            now = self.database.now(connection)
            keys = signing_keys.listed(connection)
            if is_stolen:
                signing_keys.remove(connection, [one.id for one in keys])
                keys = []
            for one in keys:
                plain = self.sealed.open(one.private)
                if plain is None:
                    raise _closed(self.sealed.place, one.id)
                signing_keys.put_private(connection, one.id, self.sealed.seal(plain))
            made = self._made(now if not keys else now + PUBLISHED_BEFORE, now)
            signing_keys.add(connection, made)
        with self._lock:
            self._read_at, self._open = None, {}
        return made.id

    def _known(self, now: datetime) -> list[SigningKey]:
        with self._lock:
            if self._read_at is not None and self._read_at <= now < self._read_at + _READ_EVERY:
                return self._keys
        with self.database.read() as connection:
            keys = signing_keys.listed(connection)
            at = self.database.now(connection)
        if due(keys, self.algorithm, at) is not None or gone(keys, at):
            keys = self._renewed()
        with self._lock:
            self._keys, self._read_at = keys, now
        return keys

    def _renewed(self) -> list[SigningKey]:
        """Make what is due and forget what is gone: one process at a time does."""
        with self.database.write() as connection:
            self.database.take_turns(connection, _TURN)
            now, keys = self.database.now(connection), signing_keys.listed(connection)
            begins = due(keys, self.algorithm, now)
            if begins is not None:
                signing_keys.add(connection, self._made(begins, now))
            signing_keys.remove(connection, gone(keys, now))
            return signing_keys.listed(connection)

    def _made(self, active_at: datetime, now: datetime) -> SigningKey:
        kid = new_id("key")
        private: Any
        if self.algorithm == "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
            public = json.loads(OKPAlgorithm.to_jwk(private.public_key()))
        else:
            private = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
            public = json.loads(RSAAlgorithm.to_jwk(private.public_key()))
            public.pop("key_ops", None)
        plain = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        told = {**public, "kid": kid, "alg": self.algorithm, "use": "sig"}
        return SigningKey(kid, now, self.algorithm, told, self.sealed.seal(plain), active_at)


def _closed(place: str, kid: str) -> ConfigError:
    fault = Fault(
        f"the signing key {kid} was encrypted by a key that {place} does not hold",
        field="RTB_HUB_KEY_FILE",
        remedy="put the key that was there back, below the new one; if it is lost: 'auth rotate --stolen'",
    )
    return ConfigError(Reason.INVALID_VALUE, fault)
