"""Sessions of people: begun, refreshed with the roles of now, ended.

Roles are read anew at each refresh. A provider that cannot be asked leaves them as they are for an hour, and then
nobody is refreshed until it answers; where it gave nothing to ask it by, people sign in again after that hour. Nothing
of this ever widens what somebody may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from generator.errors import ConfigError, Fault, HubError, Reason, Transient
from hub.services.auth.issuing import Issued, Issuer
from hub.services.auth.providers.port import DeclinedError, Found, Provider
from hub.services.auth.sealing import Sealed
from hub.settings.sign_in import RoleRules
from hub.store import audit, people, sessions
from hub.store.audit import Entry
from hub.store.database import Database
from hub.store.people import Account
from hub.store.sessions import Beginning, Kind, Presented, Session

#: How long roles hold that could not be read anew.
STALE: Final = timedelta(hours=1)
#: A provider is asked by one refresh of a session at a time, which takes no longer than this.
_ASKS = timedelta(seconds=30)
LOCAL: Final = "local"


@dataclass(frozen=True, slots=True)
class Whence:
    """From where somebody signs in, for people to know their sessions by."""

    kind: Kind = "browser"
    user_agent: str = ""
    address: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """A session that goes on: its tokens, given at `at`, and until when each holds."""

    session: Session
    name: str
    access: Issued
    refresh: str
    expires_at: datetime
    at: datetime


@dataclass(frozen=True)
class Sessions:
    """Of all processes that share a database. `count` is told outcomes, such as `reuse`."""

    database: Database
    issuer: Issuer
    sealed: Sealed
    providers: Mapping[str, Provider]
    rules: RoleRules
    count: Callable[[str], None]

    def begin(self, provider: str, found: Found, whence: Whence) -> Signed:
        """Sign somebody in: a new session, whatever the browser had. Raises as `Database.write`."""
        with self.database.write() as connection:
            people.take_turn(connection, self.database)
            now = self.database.now(connection)
            person = people.known(connection, Account(provider, found.subject, found.name), now=now)
            roles = self._roles(provider, found)
            people.put_roles(connection, person, roles)
            grant = self.sealed.seal(found.grant.encode()) if found.grant else None
            given = Beginning(
                person, whence.kind, provider, found.subject, roles, grant,
                _plain(whence.user_agent, 200), _plain(whence.address, 60),
            )  # fmt: skip
            session, refresh = sessions.begin(connection, given, now=now)
            name = self._name(connection, person)
            audit.add(connection, _entry(name, provider, "sign-in", session.id, whence), now=now)
        self.count("signed-in")
        return Signed(session, name, self._access(session, name, roles, now), refresh, session.expires_at, now)

    def link(self, provider: str, found: Found, person_id: str, whence: Whence) -> None:
        """Add an account to a person, who goes on as they are. Raises `people.OthersAccountError`."""
        with self.database.write() as connection:
            people.take_turn(connection, self.database)
            now = self.database.now(connection)
            account = Account(provider, found.subject, found.name)
            people.link(connection, person_id, account, by="sign-in", now=now)
            name = self._name(connection, person_id)
            audit.add(connection, _entry(name, provider, "link", f"{provider} {found.name}", whence), now=now)

    def refresh(self, secret: str, whence: Whence) -> Signed:
        """The next tokens of a session, with the roles of now.

        Raises `ConfigError` (NotSignedIn) for a session that has ended, or ends now since its token was used before;
        `Transient` (ProviderUnreachable), after which the same token still holds; and as `Database.write`.
        """
        shown, is_asking = self._shown(secret, whence)
        roles, values = self._roles_now(shown, whence, is_asking=is_asking)
        with self.database.write() as connection:
            now = self.database.now(connection)
            again = sessions.presented(connection, secret)
            if again is None or not again.session.is_open(now):
                raise nobody("this sign-in has ended")
            following, expires = sessions.rotate(connection, again, now=now)
            if values:
                sessions.put(connection, again.session.id, {**values, "roles": list(roles), "roles_at": now})
                people.put_roles(connection, again.session.principal_id, roles)
            else:
                roles = again.session.roles
            name = self._name(connection, again.session.principal_id)
        self.count("refreshed")
        session = replace(again.session, roles=roles)
        return Signed(session, name, self._access(session, name, roles, now), following, expires, now)

    def of_device(self, session_id: str, whence: Whence) -> Signed:
        """The tokens of a session that was begun for a command line, which is told them once."""
        with self.database.write() as connection:
            now = self.database.now(connection)
            session = sessions.find(connection, session_id)
            if session is None or not session.is_open(now):
                raise nobody("this sign-in has ended")
            refresh = sessions.renewed(connection, session, now=now)
            name = self._name(connection, session.principal_id)
            audit.add(connection, _entry(name, session.via, "device", session.id, whence), now=now)
        return Signed(session, name, self._access(session, name, session.roles, now), refresh, session.expires_at, now)

    def end(self, secret: str, whence: Whence) -> None:
        """End the session of a refresh token, if it is one that holds."""
        with self.database.write() as connection:
            now = self.database.now(connection)
            shown = sessions.presented(connection, secret)
            if shown is None:
                return
            one = shown.session
            if sessions.end(connection, one.principal_id, "logout", now=now, session_id=one.id):
                name = self._name(connection, one.principal_id)
                audit.add(connection, _entry(name, one.via, "sign-out", one.id, whence), now=now)

    def _shown(self, secret: str, whence: Whence) -> tuple[Presented, bool]:
        """What a token is of, and whether this refresh asks the provider: the first of those at once does."""
        reason: str | None = None
        with self.database.write() as connection:
            now = self.database.now(connection)
            shown = sessions.presented(connection, secret)
            if shown is None:
                raise nobody("this sign-in is not known")
            one = shown.session
            if not one.is_open(now):
                raise nobody("this sign-in has ended")
            if shown.was_used(now):
                reason = "reuse"
                sessions.end(connection, one.principal_id, "reuse", now=now, session_id=one.id)
                name = self._name(connection, one.principal_id)
                entry = _entry(name, one.via, "refresh", one.id, whence, "the refresh token was used before")
                audit.add(connection, entry, now=now)
            asks = one.grant is not None and one.via in self.providers and shown.used_at is None
            if asks and one.asking_until is not None and now < one.asking_until:
                asks = False
            if asks and reason is None:
                sessions.put(connection, one.id, {"asking_until": now + _ASKS})
        if reason is not None:
            self.count("reuse")
            raise nobody("this sign-in was used by two, and has ended for both")
        return shown, asks

    def _roles_now(
        self, shown: Presented, whence: Whence, *, is_asking: bool
    ) -> tuple[tuple[str, ...], dict[str, object]]:
        """The roles of now, and what is noted of them; nothing where the provider was not asked."""
        one = shown.session
        if one.via == LOCAL:
            return one.roles, {}
        grant = self.sealed.open(one.grant) if one.grant is not None else None
        if is_asking and grant is not None:
            try:
                found = self.providers[one.via].again(grant.decode(), one.subject)
            except DeclinedError as err:
                self._ended(one, "declined", whence)
                raise nobody("the provider no longer knows this sign-in") from err
            except HubError as err:
                self._not_asked(one, err)
                return one.roles, {}
            kept = self.sealed.seal(found.grant.encode()) if found.grant else None
            return self._roles(one.via, found), {"grant": kept, "asking_until": None}
        with self.database.read() as connection:
            is_stale = self.database.now(connection) - one.roles_at > STALE
        if is_stale and (grant is None or one.via not in self.providers):
            self._ended(one, "stale", whence)
            raise nobody("what you may has not been read for an hour, and the provider takes a new sign-in for it")
        if is_stale and one.asking_until is None:
            raise _unreachable()
        return one.roles, {}

    def _not_asked(self, one: Session, err: HubError) -> None:
        """The provider did not answer: an hour is all that passes so."""
        with self.database.write() as connection:
            now = self.database.now(connection)
            sessions.put(connection, one.id, {"asking_until": None})
        self.count("provider-down")
        if now - one.roles_at > STALE:
            raise _unreachable() from err

    def _ended(self, one: Session, reason: sessions.EndReason, whence: Whence) -> None:
        with self.database.write() as connection:
            now = self.database.now(connection)
            sessions.end(connection, one.principal_id, reason, now=now, session_id=one.id)
            name = self._name(connection, one.principal_id)
            audit.add(connection, _entry(name, one.via, "refresh", one.id, whence, reason), now=now)
        self.count(reason)

    def _roles(self, provider: str, found: Found) -> tuple[str, ...]:
        if provider == LOCAL:
            return ("admin",)
        return self.rules.roles_of("github" if provider == "github" else "oidc", found.groups)

    def _access(self, session: Session, name: str, roles: tuple[str, ...], now: datetime) -> Issued:
        return self.issuer.person(session.principal_id, name, (session.id, session.via, roles), now)

    def _name(self, connection: Connection, person_id: str) -> str:
        found = people.find(connection, person_id)
        return found.name if found is not None else person_id


def nobody(message: str) -> ConfigError:
    """The error that nobody is signed in any more."""
    return ConfigError(Reason.NOT_SIGNED_IN, Fault(message, remedy="sign in again"))


def _unreachable() -> Transient:
    fault = Fault("whom you signed in by has not answered for an hour", remedy="it is tried again; you stay signed in")
    return Transient(Reason.PROVIDER_UNREACHABLE, fault)


def _entry(who: str, via: str, action: str, what: str, whence: Whence, reason: str | None = None) -> Entry:
    outcome = "refused" if reason is not None else "allowed"
    return Entry(who, via, action, what, outcome, reason, whence.request_id or None, _plain(whence.address, 60) or None)


def _plain(text: str, most: int) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:most]
