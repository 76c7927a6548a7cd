"""What signs a call to GitHub: a token, or an App's key that gives tokens for one hour each.

PyGithub signs for an App (`Auth.AppAuth`); the token of an installation is asked for by the sender, as every call is.
Source: GitHub Docs, "Authenticating as a GitHub App" and "Generating an installation access token".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from generator.errors import ConfigError, Fault, Reason, Stalled
from hub.adapters.github.answers import Part, read
from hub.adapters.github.calls import GitHubCalls
from hub.adapters.http import Route, Secret

#: A signature lasts five minutes (PyGithub's default), a token an hour. Neither is used to its end.
_SIGNATURE, _TOKEN, _MARGIN = timedelta(minutes=5), timedelta(hours=1), timedelta(minutes=1)


class NotInstalledError(Stalled):
    """The App has no installation that sees the repository; or there is no such repository."""


@dataclass(frozen=True, slots=True)
class AppKey:
    """An App's id and its private key, PEM text. `installation` None: the one that has the repository."""

    app_id: int
    private_key: Secret = field(repr=False)
    installation: int | None = None


class _InstallationToken(Part):
    token: str = field(repr=False)
    expires_at: AwareDatetime


@dataclass
class AppSignature:
    """Signs as an App. Made anew when it is old, or when the key is another one."""

    key: AppKey
    clock: Callable[[], datetime]
    _made: tuple[str, datetime, str] | None = field(default=None, repr=False)

    def __call__(self) -> str:
        """The value of the header. Raises `ConfigError` (InvalidForge) for a key that cannot sign."""
        pem, now = self.key.private_key(), self.clock()
        if self._made is None or self._made[0] != pem or now >= self._made[1]:
            self._made = (pem, now + _SIGNATURE - _MARGIN, f"Bearer {_signed(self.key.app_id, pem)}")
        return self._made[2]


@dataclass
class InstallationToken:
    """Signs as an installation of an App, by a token that `calls` (the App's own) ask for."""

    calls: GitHubCalls
    installation: int
    clock: Callable[[], datetime]
    _made: tuple[datetime, str] | None = field(default=None, repr=False)

    def __call__(self) -> str:
        """The value of the header. Raises `Stalled` (ForgeDenied) where the App is not installed."""
        if self._made is None or self.clock() >= self._made[0]:
            token = self._asked_for()
            ends = min(token.expires_at, self.clock() + _TOKEN)
            self._made = (ends - _MARGIN, f"token {token.token}")
        return self._made[1]

    def _asked_for(self) -> _InstallationToken:
        route = Route.of("/app/installations/{}/access_tokens", self.installation)
        answer = self.calls.repeatedly(lambda: self.calls.send("POST", route, {}, expected=(404,)))
        if answer.status == 404:
            message = f"{self.calls.where} does not accept the hub's key: the App is not installed there"
            raise NotInstalledError(Reason.FORGE_DENIED, message, remedy="install the App where the repository is")
        return read(_InstallationToken, answer.data, where=self.calls.where)


def _signed(app_id: int, pem: str) -> str:
    import jwt
    from github import Auth

    try:
        return Auth.AppAuth(app_id, pem).create_jwt()
    except (jwt.PyJWTError, ValueError, TypeError, AssertionError) as err:
        remedy = "name the file that GitHub gave you: an RSA key in PEM form"
        raise ConfigError(Reason.INVALID_FORGE, Fault("the App's private key cannot be used", remedy=remedy)) from err
