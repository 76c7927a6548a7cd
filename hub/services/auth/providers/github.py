"""Signing in by a GitHub App's user token, which is no OpenID Connect: who it is says `GET /user`, by its number.

The App needs the organisation permission *Members: read*, and to be installed in the organisations whose teams count.
The access token is dropped at once. With *expiring user tokens* GitHub gives a refresh token beside it, which the
session keeps, encrypted, to read teams anew.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from hub.services.auth.providers.asking import Asking
from hub.services.auth.providers.port import Begun, DeclinedError, Found, RefusedError, Returned
from hub.settings.sign_in import ProviderName

_PAGE, _PAGES = 100, 20
_PUBLIC: Final = "https://github.com"


def api_of(url: str) -> str:
    """The address of the API of a GitHub; of an Enterprise Server it lies below its own."""
    return "https://api.github.com" if url == _PUBLIC else f"{url.rstrip('/')}/api/v3"


@dataclass(frozen=True)
class GitHub:
    """The GitHub at `url`."""

    client_id: str
    secret: Callable[[], str | None] = field(repr=False)
    asking: Asking
    url: str = _PUBLIC
    label: str = "GitHub"

    @property
    def id(self) -> ProviderName:
        """Its name in paths and tables."""
        return "github"

    def begin(self, redirect: str, state: str) -> Begun:
        """Begin a sign-in; see the port."""
        verifier = secrets.token_urlsafe(48)
        url = prepare_grant_uri(
            f"{self.url.rstrip('/')}/login/oauth/authorize",
            self.client_id,
            "code",
            redirect_uri=redirect,
            state=state,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(url, {"verifier": verifier})

    def finish(self, returned: Returned) -> Found:
        """Who came back; see the port."""
        if "error" in returned.query:
            raise DeclinedError(returned.query["error"][:100])
        code = returned.query.get("code")
        if not code or len(code) > 200:
            raise RefusedError("GitHub sent no code")
        return self._found(
            self._tokens(code=code, redirect_uri=returned.redirect, code_verifier=returned.kept["verifier"])
        )

    def again(self, grant: str, subject: str) -> Found:
        """Who it is now; see the port."""
        found = self._found(self._tokens(grant_type="refresh_token", refresh_token=grant))
        if found.subject != subject:
            raise RefusedError("GitHub answered for somebody else")
        return found

    def _tokens(self, **fields: str) -> Mapping[str, Any]:
        """Errors come with status 200, and their names in `error`."""
        asked = {"client_id": self.client_id, "client_secret": self.secret() or "", **fields}
        answer = self.asking.post(f"{self.url.rstrip('/')}/login/oauth/access_token", "have a sign-in confirmed", asked)
        told = answer.data if isinstance(answer.data, dict) else {}
        error = str(told.get("error", "" if answer.status < 300 else answer.status))[:100]
        if error in ("bad_verification_code", "bad_refresh_token", "access_denied"):
            raise DeclinedError(error)
        if error or not isinstance(told.get("access_token"), str):
            raise RefusedError(f"GitHub does not confirm the sign-in: {error or 'it sent no token'}")
        return told

    def _found(self, told: Mapping[str, Any]) -> Found:
        token, grant = str(told["access_token"]), told.get("refresh_token")
        user = self.asking.get(f"{api_of(self.url)}/user", "ask who signs in", token=token)
        if not isinstance(user, dict) or not isinstance(user.get("id"), int) or not isinstance(user.get("login"), str):
            raise RefusedError("GitHub does not say who signs in")
        groups = frozenset(self._teams(token))
        return Found(str(user["id"]), user["login"][:100], groups, grant if isinstance(grant, str) else None)

    def _teams(self, token: str) -> list[str]:
        """As ORGANISATION/TEAM, by their names in addresses. Raises `RefusedError` for more than 2,000."""
        found: list[str] = []
        for page in range(1, _PAGES + 1):
            url = f"{api_of(self.url)}/user/teams?per_page={_PAGE}&page={page}"
            teams = self.asking.get(url, "read the teams of who signs in", token=token)
            if not isinstance(teams, list):
                raise RefusedError("GitHub does not say which teams")
            for one in teams:
                try:
                    found.append(f"{one['organization']['login']}/{one['slug']}")
                except (TypeError, KeyError) as err:
                    raise RefusedError("GitHub does not say which teams") from err
            if len(teams) < _PAGE:
                return found
        raise RefusedError(f"somebody is in more than {_PAGE * _PAGES} teams")
