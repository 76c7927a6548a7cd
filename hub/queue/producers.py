"""Other programs whose jobs prove who put them: what a job says is signed, with the queue and the name it is put by.

A signed job is `{"jws": "…"}`: a JSON Web Signature (RFC 7515, compact) of `{"queue", "name", "job"}` whose `kid` is
its producer. `job` is what an unsigned job's data would be; its `id` is the id it is put with, and `requestedAt` bounds
for how long whoever reads it may put it again: the rows of jobs are kept for longer than that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt
from pydantic import AwareDatetime, TypeAdapter

from generator.errors import ConfigError, Fault, Reason
from hub.store.ids import ID

#: How old a signed job may be when it is fetched, and how far ahead its producer's clock.
OLDEST, AHEAD = timedelta(hours=24), timedelta(minutes=10)
_ALGORITHMS: Final[Mapping[str, str]] = {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}
_TIME: Final[TypeAdapter[datetime]] = TypeAdapter(AwareDatetime)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_FIELD, _MOST_KEYS, _MOST_BYTES = "RTB_HUB_QUEUE_KEYS", 50, 256 * 1024
_ALLOWED = 'a JWK Set: {"keys": [{"kid": "figma-sync", "kty": "OKP", "crv": "Ed25519", "x": "…"}]}'


class NotProvedError(ValueError):
    """A job does not prove who put it; the text says why."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What a producer, `by`, signed: the job's data, and when it was asked for."""

    by: str
    data: Mapping[str, Any]
    asked_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether it may still be put."""
        return now - OLDEST <= self.asked_at <= now + AHEAD


@dataclass(frozen=True, slots=True)
class Producers:
    """Public keys by their producers. `takes_unsigned`: jobs that are not signed are taken too."""

    keys: Mapping[str, jwt.PyJWK]
    takes_unsigned: bool

    def proved(self, queue: str, job_id: str, name: str, data: Any) -> Proved | None:
        """What is signed in the data of a job that BullMQ has by these three; None: unsigned, and taken so.

        `queue` with its braces. Raises `NotProvedError`.
        """
        signed = data.get("jws") if isinstance(data, Mapping) and len(data) == 1 else None
        if not isinstance(signed, str):
            if self.takes_unsigned:
                return None
            raise NotProvedError("it is not signed")
        by, told = self._verified(signed)
        if (told.get("queue"), told.get("name")) != (queue, name):
            raise NotProvedError("it is signed for another queue, or by another name of a job")
        job = told.get("job")
        if not isinstance(job, dict) or job.get("id") != job_id or not ID.fullmatch(job_id):
            raise NotProvedError("it is put by another id than the job in it has")
        try:
            return Proved(by, job, _TIME.validate_python(job.get("requestedAt")))
        except ValueError as err:
            raise NotProvedError("the job in it has no requestedAt, such as 2026-11-28T01:02:03Z") from err

    def _verified(self, signed: str) -> tuple[str, dict[str, Any]]:
        if len(signed) > _MOST_BYTES:
            raise NotProvedError(f"it is longer than {_MOST_BYTES:,} signs")
        try:
            by = jwt.get_unverified_header(signed).get("kid", "")
            if by not in self.keys:
                raise NotProvedError(f"{str(by)[:40]!r} is none of the producers whose keys are known")
            key = self.keys[by]
            told = json.loads(jwt.PyJWS().decode(signed, key, algorithms=[key.algorithm_name]))
        except (jwt.PyJWTError, ValueError, RecursionError) as err:
            if isinstance(err, NotProvedError):
                raise
            raise NotProvedError("its signature does not hold") from err
        if not isinstance(told, dict):
            raise NotProvedError("what is signed is no JSON object")
        return by, told


def read_producers(path: Path | None, *, takes_unsigned: bool) -> Producers | None:
    """The producers in a file, a JWK Set of public keys; None: there is no file, and nothing has to be signed.

    Raises `ConfigError` (InvalidValue) for a file that cannot be read, holds something else or a private key, and where
    there is none while all has to be signed.
    """
    if path is None:
        if takes_unsigned:
            return None
        raise _unfit("jobs in BullMQ's queues have to be signed, and there is no file of their producers' keys")
    try:
        listed = json.loads(path.read_bytes())["keys"]
        if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_KEYS:
            raise ValueError(f"it has none, or more than {_MOST_KEYS}")
        keys = dict(_key(one) for one in listed)
        if len(keys) != len(listed):
            raise ValueError("two have one kid")
    except OSError as err:
        raise _unfit(f"the keys of producers cannot be read: {err.strerror}") from err
    except (ValueError, TypeError, KeyError, RecursionError, jwt.PyJWTError) as err:
        raise _unfit(f"the keys of producers cannot be used: {str(err)[:200]}") from err
    return Producers(keys, takes_unsigned)


def _key(jwk: Any) -> tuple[str, jwt.PyJWK]:
    name = jwk["kid"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:40]!r} is no kid; allowed: a small letter, then small letters, digits, hyphens")
    if jwk.get("kty") not in _ALGORITHMS:
        raise ValueError(f"the key {name} is of another kind; allowed: {', '.join(_ALGORITHMS)}")
    if "d" in jwk:
        raise ValueError(f"the key {name} is a private one; leave that with its producer")
    return name, jwt.PyJWK(jwk, _ALGORITHMS[jwk["kty"]])


def _unfit(what: str) -> ConfigError:
    return ConfigError(Reason.INVALID_VALUE, Fault(what, field=_FIELD, allowed=_ALLOWED))
