"""What the routes of sign-in share, and how a request gets at it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from generator.errors import HubError
from hub.services.api.access import Access
from hub.services.api.cookies import Cookies
from hub.services.api.limits import Buckets
from hub.services.api.problems import request_id
from hub.services.auth.exchanging import Exchange
from hub.services.auth.keys import Keys
from hub.services.auth.providers.port import Provider
from hub.services.auth.sealing import Sealed
from hub.services.auth.sessions import Sessions, Whence
from hub.store.sessions import Kind

#: What somebody without a sign-in may ask for a minute, by the address that they come from.
ANONYMOUS_A_MINUTE: Final = 60


@dataclass(eq=False)
class Auth:
    """Of one process. `environments`: those there are, where it knows them; `url` is what browsers reach it by."""

    access: Access
    sessions: Sessions
    keys: Keys
    sealed: Sealed
    providers: Mapping[str, Provider]
    exchange: Exchange
    url: str
    clock: Callable[[], datetime]
    count: Callable[[str], None]
    environments: Callable[[], Collection[str]] | None = None
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    anonymous: Buckets = field(default_factory=lambda: Buckets(ANONYMOUS_A_MINUTE))

    @property
    def cookies(self) -> Cookies:
        """As browsers are given them."""
        return self.access.sign_in.cookies

    @property
    def callback(self) -> str:
        """Where providers send people back to; it is registered there."""
        return f"{self.url}/api/auth/callback"

    def take(self, request: Request) -> None:
        """One more request of somebody who is not signed in. Raises `ConfigError` (TooManyRequests)."""
        self.anonymous.take(network_of(address_of(request)))

    def refused(self, request: Request, action: str, error: HubError) -> None:
        """Audit that nobody was let in."""
        self.count("refused")
        self.access.note(request, None, (action, request.url.path[:200]), error)


def address_of(request: Request) -> str:
    """From where a request comes, as the server tells; behind a load balancer, as that does (RTB_HUB_PROXIES)."""
    return request.client.host if request.client else ""


def network_of(address: str) -> str:
    """Whose it is: one of IPv6 is of a network of /64, all of whose addresses are one person's to choose from."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped
        return str(inner or ipaddress.ip_network((int(found), 64), strict=False))
    return str(found)


def whence(request: Request, kind: Kind = "browser") -> Whence:
    """From where somebody signs in."""
    return Whence(kind, request.headers.get("user-agent", ""), address_of(request), request_id(request))


def auth_of(request: Request) -> Auth:
    """The process's parts."""
    return cast("Auth", request.app.state.auth)


AuthOf = Annotated[Auth, Depends(auth_of)]
