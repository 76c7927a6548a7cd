"""Who the hub is to one registry: tokens for its repositories, as its challenges ask for them.

A password goes to the registry's own host and to those that are named for it, and nowhere else, whatever a challenge
says. https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from generator.errors import Fault, HubError, Reason, Stalled, Transient
from hub.adapters.http import Origin, OriginError, Peer, Request, Route, Sender, SenderParts
from hub.adapters.registry.challenges import Challenge

_LIMIT_BYTES = 256 * 1024
#: What a token lasts where the answer does not say (the specification), and what is taken off for the way.
_UNSAID_SECONDS, _MARGIN_SECONDS, _MOST_SECONDS = 60, 10, 3600
_MOST_TOKENS = 500
_Token = Annotated[str, Field(min_length=1, max_length=65_536, pattern=r"^[\x21-\x7e]+$")]


class _Given(BaseModel):
    token: _Token | None = None
    access_token: _Token | None = None
    expires_in: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in, and what gives the password just now."""

    username: str
    password: Callable[[], str] = field(repr=False)

    def basic(self) -> str:
        """The value of `Authorization`. Raises what reading the password raises."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password()}".encode()).decode()


@dataclass(eq=False)
class Tokens:
    """What is shown to a registry at `origin`, by repository. `hosts`: who beside it is asked for tokens. Thread-safe.

    `credentials` None: nobody signs in; tokens are those of anybody.
    """

    origin: Origin
    peer: Peer
    parts: SenderParts
    credentials: Credentials | None = None
    hosts: frozenset[str] = frozenset()
    _held: dict[str, tuple[str, float]] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def held(self, repository: str) -> str | None:
        """The value of `Authorization` for a repository; None: nothing was asked for yet, or it ran out."""
        with self._lock:
            found = self._held.get(repository)
        return found[0] if found and found[1] > self.parts.seconds() else None

    def answer(self, challenge: Challenge | None, repository: str) -> str | None:
        """What answers a challenge, to be shown from now on; None: nothing would.

        Raises `Stalled` (RegistryRefused) for a realm elsewhere and a refused password, `Transient`.
        """
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            shown = self.credentials.basic() if self.credentials else None
            seconds = float(_MOST_SECONDS)
        else:
            shown, seconds = self._fetched(challenge, repository)
        if shown is not None:
            with self._lock:
                while len(self._held) >= _MOST_TOKENS:
                    self._held.pop(next(iter(self._held)))
                self._held[repository] = (shown, self.parts.seconds() + seconds)
        return shown

    def _fetched(self, challenge: Challenge, repository: str) -> tuple[str, float]:
        origin, path = self._realm(challenge.realm)
        query = [("scope", f"repository:{repository}:pull")]
        query += [("service", challenge.service)] if challenge.service else []
        query += [("client_id", "rtb-hub")]
        request = Request(
            route=Route("/token", path),
            purpose=f"ask for a token for {self.origin.host}",
            query=tuple(query),
            headers=(("Authorization", self.credentials.basic()),) if self.credentials else (),
            limit_bytes=_LIMIT_BYTES,
            may_repeat=True,
        )
        answer = Sender(self.peer, origin, parts=self.parts).send(request)
        if answer.status >= 500 or answer.status == 429:
            raise self._transient(f"{origin.host} gives no token: it answers {answer.status}")
        if answer.status != 200:
            why = f"{origin.host} gives no token for {repository}: it answers {answer.status}"
            raise refused(why, "check username and passwordFile of this registry, and its right to pull")
        try:
            given = _Given.model_validate(answer.data)
        except ValidationError as err:
            raise self._transient(f"what {origin.host} gives as a token makes no sense") from err
        token = given.token or given.access_token
        if token is None:
            raise self._transient(f"{origin.host} gives no token")
        lasts = min(_UNSAID_SECONDS if given.expires_in is None else given.expires_in, _MOST_SECONDS)
        return f"Bearer {token}", float(max(lasts - _MARGIN_SECONDS, 1))

    def _realm(self, realm: str) -> tuple[Origin, str]:
        """The server of a realm, and the path there. A query of its own is left out: nothing has one."""
        try:
            parts = urlsplit(realm)
            origin = Origin.parse(f"{parts.scheme}://{parts.netloc}")
        except (OriginError, ValueError) as err:
            raise refused(f"{self.origin.host} names no server that gives tokens ({err})", "check its address") from err
        at = str(origin).partition("://")[2]
        if origin != Origin(self.origin.scheme, self.origin.host, self.origin.port) and at not in self.hosts:
            why = f"{self.origin.host} has tokens given by {at}, which is not named for it"
            raise refused(why, f"if that is right, add {at} to its tokenHosts")
        return origin, parts.path or "/"

    def _transient(self, why: str) -> Transient:
        return Transient(self.peer.unreachable, Fault(f"cannot ask {self.origin.host}: {why}", remedy=self.peer.remedy))


def refused(why: str, remedy: str) -> HubError:
    """The error for what a registry will not do, or may not be asked."""
    return Stalled(Reason.REGISTRY_REFUSED, Fault(why, remedy=remedy))
