"""What the hub asks of whom people sign in by; the contract suite holds each of them to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from generator.errors import Fault, Reason, Stalled
from hub.settings.sign_in import ProviderName


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that begins: where the browser is sent, and what has to be known when it comes back."""

    url: str
    kept: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Returned:
    """What a browser came back with. `redirect`: the address it was sent back to, `state`: what was sent along."""

    query: Mapping[str, str]
    kept: Mapping[str, str]
    state: str
    redirect: str


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody whom the provider knows. `subject` never changes; `groups` as RTB_HUB_ROLES names them.

    `grant`: what the provider lets the hub ask again by, if it does.
    """

    subject: str
    name: str
    groups: frozenset[str]
    grant: str | None = field(default=None, repr=False)


class DeclinedError(Exception):
    """The person, or the provider for them, said no: there is nothing to try again."""


class RefusedError(Stalled):
    """What came is not what a sign-in of ours comes back with, or what the provider says does not hold."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.PROVIDER_REFUSED, Fault(message, remedy="sign in again"))


class Provider(Protocol):
    """One of them. Each call is bounded in time; none follows a redirect, or keeps an access token."""

    @property
    def id(self) -> ProviderName:
        """Its name in paths and tables."""

    @property
    def label(self) -> str:
        """Its name for people."""

    def begin(self, redirect: str, state: str) -> Begun:
        """Begin a sign-in that comes back to `redirect`. Raises `HubError` for a provider that does not answer."""

    def finish(self, returned: Returned) -> Found:
        """Who came back. Raises `DeclinedError`, `RefusedError`, and `HubError` for one that does not answer."""

    def again(self, grant: str, subject: str) -> Found:
        """Who it is now, with the groups of now. Raises as `finish`; `DeclinedError`: they are to sign in again."""
