"""Who calls: by an access token, a service token, or as a person of this machine by a link that works once.

The link is for loopback only: whoever reads the process's output may do all that the process may. What it is exchanged
for here lives in this process, and ends with it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fastapi import Request

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind, ToDo
from hub.services.api.cookies import Cookies
from hub.services.api.rights import Caller
from hub.store import tokens
from hub.store.database import Database

COOKIE = "rtb-hub-local"
#: How the secret of a session begins, which a service token does not.
_BEGINS = "rtbl_"
_SESSION = timedelta(hours=12)
#: Answers of the database that hold for a moment: a client that polls is not looked up each time.
_KEPT = timedelta(seconds=5)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(eq=False)
class SignIn:
    """Knows callers. `actor`: who signs in by the link; None: there is no link. `verify`: who an access token is of."""

    database: Database
    clock: Callable[[], datetime]
    actor: str | None = None
    verify: Callable[[str], Caller] | None = None
    cookies: Cookies = field(default_factory=Cookies)
    _sessions: dict[str, datetime] = field(default_factory=dict)
    _known: dict[str, tuple[datetime, tokens.Token]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The link's code is made; nobody is signed in."""
        self._lock = threading.Lock()
        self._code: str | None = secrets.token_urlsafe(24) if self.actor is not None else None

    @property
    def code(self) -> str | None:
        """What the link has, until it is used."""
        return self._code

    def spend(self, code: str) -> str:
        """Who signs in by the link's code, once. Raises `ConfigError` (NotSignedIn)."""
        with self._lock:
            known, actor = self._code, self.actor
            if known is None or actor is None or not secrets.compare_digest(known.encode(), code.encode()):
                raise _nobody("this link was used already, or is not this process's", Remedy(RemedyKind.SERVE_ANEW))
            self._code = None
            return actor

    def exchange(self, code: str) -> str:
        """The secret of a session of this process for the link's code, once. Raises as `spend`."""
        self.spend(code)
        secret = _BEGINS + secrets.token_urlsafe(32)
        self._sessions[tokens.hashed(secret)] = self.clock() + _SESSION
        return secret

    def caller(self, request: Request, *, is_proved: bool = False) -> Caller | None:
        """Who calls; None: nobody says who they are. Raises `ConfigError` (NotSignedIn, NotAllowed).

        `is_proved`: that a page of ours asks for the change was found out otherwise.
        """
        header = request.headers.get("authorization")
        if header is not None:
            scheme, _, secret = header.partition(" ")
            if scheme.lower() != "bearer" or not secret.strip():
                raise _nobody("the Authorization header is not 'Bearer' and a token")
            return self._of_secret(secret.strip())
        secret = request.cookies.get(self.cookies.access, "") if self.verify is not None else ""
        secret = secret or request.cookies.get(COOKIE, "")
        if not secret:
            return None
        if request.method not in _SAFE and not is_proved:
            self.cookies.refuse_forged(request)
        return self._of_secret(secret)

    def _of_secret(self, secret: str) -> Caller:
        now = self.clock()
        if self.verify is not None and secret.count(".") == 2:
            return self.verify(secret)
        if self._sessions.get(tokens.hashed(secret), now) > now:
            name = self.actor or "local"
            return Caller(f"local:{name}", name, "person", "local", role="admin", roles=("admin",))
        token = self._token(secret, now)
        if token is None and secret.startswith(_BEGINS):
            raise _nobody("this sign-in has ended, or was at another run of the server", Remedy(RemedyKind.SERVE_ANEW))
        if token is None:
            raise _nobody("the token is wrong, has expired or was revoked")
        environments = frozenset(token.environments)
        return Caller(token.id, token.name, "service", "api", scopes=frozenset(token.scopes), environments=environments)

    def _token(self, secret: str, now: datetime) -> tokens.Token | None:
        if not secret.startswith(tokens.BEGINS):
            return None
        known = self._known.get(tokens.hashed(secret))
        if known is not None and known[0] > now and known[1].expires_at > now:
            return known[1]
        with self.database.read() as connection:
            found = tokens.find(connection, secret, now=self.database.now(connection))
        if found is None:
            self._known.pop(tokens.hashed(secret), None)
            return None
        if found.last_used_at is None or found.last_used_at < now - timedelta(minutes=5):
            with self.database.write() as connection:
                tokens.note_use(connection, found.id, now=self.database.now(connection))
        if len(self._known) > 1000:
            self._known.clear()
        self._known[tokens.hashed(secret)] = now + _KEPT, found
        return found

    def forget(self) -> None:
        """Look tokens up anew: one was revoked."""
        self._known.clear()


def _nobody(message: str, remedy: ToDo = "") -> ConfigError:
    return ConfigError(Reason.NOT_SIGNED_IN, Fault(message, remedy=remedy))
