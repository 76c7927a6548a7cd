"""Puts sign-in together, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from generator.errors import ConfigError, Fault, Reason
from hub.adapters.http import SenderParts
from hub.services.api.access import Access
from hub.services.api.cookies import Cookies
from hub.services.api.sign_in import SignIn
from hub.services.auth.context import Auth
from hub.services.auth.exchanging import Exchange
from hub.services.auth.issuing import Issuer
from hub.services.auth.keys import Keys
from hub.services.auth.providers.asking import Asking, peer, place_of
from hub.services.auth.providers.github import GitHub
from hub.services.auth.providers.oidc import Client, Oidc
from hub.services.auth.providers.port import Provider, RefusedError
from hub.services.auth.sealing import Sealed
from hub.services.auth.sessions import Sessions
from hub.services.auth.verifying import Verifier
from hub.settings import Settings
from hub.store.database import Database
from hub.telemetry.telemetry import SILENT, Telemetry


@dataclass(frozen=True)
class Place:
    """Where sign-in is: how browsers reach it, and who signs in by the link there (None: there is none)."""

    url: str
    actor: str | None
    sealed: Sealed


@dataclass(frozen=True)
class Means:
    """What it works with."""

    database: Database
    clock: Callable[[], datetime]
    sending: SenderParts
    telemetry: Telemetry = SILENT


def build(settings: Settings, place: Place, means: Means) -> Auth:
    """All of it. Raises `ConfigError` (InvalidValue) with everything that is wrong with the settings."""
    found = [*faults(settings)]
    if found:
        raise ConfigError(Reason.INVALID_VALUE, found)
    database, clock = means.database, means.clock
    keys = Keys(database, place.sealed, settings.jwt_algorithm)
    issuer = Issuer(keys, place.url)
    providers: dict[str, Provider] = {one.id: one for one in providers_of(settings, clock, means.sending)}
    verifier = Verifier(lambda: keys.public(clock()), place.url, clock)
    sign_in = SignIn(database, clock, place.actor, verifier.caller, Cookies(place.url))
    access = Access(sign_in, database, means.telemetry)
    count = means.telemetry.signed
    sessions = Sessions(database, issuer, place.sealed, providers, settings.roles, count)
    asking = Asking(peer("github-actions", "RTB_HUB_ACTIONS_ISSUER"), means.sending)
    exchange = Exchange(settings.actions_issuer.rstrip("/"), settings.actions_trust, issuer, asking, clock)
    return Auth(access, sessions, keys, place.sealed, providers, exchange, place.url, clock, count)


def faults(settings: Settings) -> list[Fault]:
    """What is wrong with the settings of sign-in, taken together."""
    found = []
    if (settings.oidc_issuer is None) != (settings.oidc_client_id is None):
        missing = "RTB_HUB_OIDC_ISSUER" if settings.oidc_issuer is None else "RTB_HUB_OIDC_CLIENT_ID"
        found.append(Fault("is missing; the other of the two is set", field=missing))
    if settings.github_client_id is not None and settings.secret("github_client_secret") is None:
        found.append(Fault("is missing: GitHub takes no sign-in without it", field="RTB_HUB_GITHUB_CLIENT_SECRET"))
    addresses = (
        ("RTB_HUB_OIDC_ISSUER", settings.oidc_issuer),
        ("RTB_HUB_GITHUB_URL", settings.github_url),
        ("RTB_HUB_ACTIONS_ISSUER", settings.actions_issuer),
    )
    for field, url in addresses:
        try:
            if url is not None:
                place_of(url)
        except RefusedError:
            found.append(Fault("is no address that is asked", field=field, allowed="https, or http on this machine"))
    unqualified = settings.roles.unqualified()
    if settings.oidc_issuer is not None and settings.github_client_id is not None and unqualified:
        named = ", ".join(repr(one)[:60] for one in unqualified[:5])
        fault = Fault(
            f"{named}: with two ways to sign in, each group says of which it is",
            field="RTB_HUB_ROLES",
            allowed="oidc:GROUP or github:ORGANISATION/TEAM",
        )
        found.append(fault)
    if settings.oidc_issuer is None and settings.github_client_id is not None and "*" in unqualified:
        message = "'*' would be anybody with an account at GitHub"
        found.append(Fault(message, field="RTB_HUB_ROLES", allowed="teams, such as acme/platform"))
    return found


def providers_of(settings: Settings, clock: Callable[[], datetime], sending: SenderParts) -> list[Oidc | GitHub]:
    """Whom people sign in by, as the settings name them."""
    found: list[Oidc | GitHub] = []
    if settings.oidc_issuer is not None and settings.oidc_client_id is not None:
        client = Client(
            settings.oidc_issuer,
            settings.oidc_client_id,
            lambda: settings.secret("oidc_client_secret"),
            settings.oidc_scopes,
            settings.oidc_groups_claim,
            settings.oidc_name_claim,
        )
        found.append(Oidc(client, Asking(peer("oidc", "RTB_HUB_OIDC_ISSUER"), sending), clock))
    if settings.github_client_id is not None:
        asking = Asking(peer("github-sign-in", "RTB_HUB_GITHUB_URL"), sending)
        secret: Callable[[], str | None] = lambda: settings.secret("github_client_secret")  # noqa: E731
        found.append(GitHub(settings.github_client_id, secret, asking, settings.github_url.rstrip("/")))
    return found
