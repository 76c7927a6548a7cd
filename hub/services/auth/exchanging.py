"""The tokens of GitHub Actions' jobs, exchanged for access tokens of the hub: no secret is kept in CI.

A job asks GitHub for a token whose audience is the hub's public URL. It is verified by GitHub's keys, and has to be of
a repository, by its number, and a branch or environment that RTB_HUB_ACTIONS_TRUST names: only GitHub sets these.

https://docs.github.com/en/actions/reference/security/oidc
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt

from generator.errors import ConfigError, Fault, HubError, Reason
from hub.services.auth.issuing import Issued, Issuer
from hub.services.auth.providers.asking import Asking
from hub.settings.sign_in import TrustedJob, TrustedJobs

_KEPT, _AGAIN = timedelta(hours=1), timedelta(seconds=10)
_BYTES: Final = 16 * 1024
_LEEWAY: Final = 60
_CLAIMS: Final = ("iss", "aud", "sub", "exp", "iat", "repository_id", "repository", "ref")
VIA: Final = "github-actions"


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What a job is given."""

    name: str
    access: Issued
    scopes: tuple[str, ...]
    environments: tuple[str, ...]


@dataclass(eq=False)
class Exchange:
    """Exchanges tokens of `issuer`. Safe for threads."""

    issuer: str
    trusted: TrustedJobs
    ours: Issuer
    asking: Asking
    clock: Callable[[], datetime]
    _keys: Mapping[str, jwt.PyJWK] = field(default_factory=dict)
    _read_at: datetime | None = None

    def __post_init__(self) -> None:
        """No key is known yet."""
        self._lock = threading.Lock()

    def exchange(self, token: str) -> Exchanged:
        """What a job's token is exchanged for.

        Raises `ConfigError` (NotSignedIn: it does not hold; NotAllowed: no such job is trusted), and `HubError` where
        GitHub's keys cannot be read.
        """
        claims = self._claims(token)
        found = [one for one in self.trusted.jobs if one.fits(claims)]
        if not found:
            environment = claims.get("environment")
            place = f"repository_id {str(claims['repository_id'])[:20]}, ref {str(claims['ref'])[:200]!r}"
            place += f", environment {str(environment)[:100]!r}" if environment else ", no environment"
            fault = Fault(
                f"no job of {str(claims['repository'])[:140]!r} is trusted there: {place}",
                allowed="what RTB_HUB_ACTIONS_TRUST names",
                remedy="have an administrator of the hub add it",
            )
            raise ConfigError(Reason.NOT_ALLOWED, fault)
        return self._exchanged(claims, found[0])

    def _exchanged(self, claims: Mapping[str, Any], trusted: TrustedJob) -> Exchanged:
        """By the first that fits: rights of several are not added up."""
        repository, number = str(claims["repository"])[:140], str(claims["repository_id"])
        name = f"{repository}@{str(claims['ref']).removeprefix('refs/heads/')}"[:200]
        told = {
            "name": name if name.isprintable() else f"repository {number}",
            "kind": "service",
            "scopes": list(trusted.scopes),
            "environments": list(trusted.environments),
            "via": VIA,
        }
        access = self.ours.issue(f"actions:{number}", told, self.clock())
        return Exchanged(told["name"], access, trusted.scopes, trusted.environments)  # type: ignore[arg-type]

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > _BYTES:
            raise _refused("it is too long")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != "RS256":
                raise _refused("it is not signed as GitHub signs")
            key = self._key(str(header.get("kid")))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self.ours.url,
                issuer=self.issuer,
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            begins, ends = int(claims.get("nbf", claims["iat"])), int(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as err:
            raise _refused(f"{type(err).__name__}; its audience has to be {self.ours.url}") from err
        now = self.clock().timestamp()
        if ends <= now or begins > now + _LEEWAY:
            raise _refused("it is of another time")
        return claims

    def _key(self, kid: str) -> jwt.PyJWK:
        now = self.clock()
        with self._lock:
            age = None if self._read_at is None or now < self._read_at else now - self._read_at
            if age is None or age >= (_AGAIN if kid not in self._keys else _KEPT):
                try:
                    self._keys = _keys(self.asking.get(self._place(), "read the keys of GitHub Actions"))
                except HubError:
                    if kid not in self._keys:
                        raise
                self._read_at = now
            if kid not in self._keys:
                raise _refused("it was not signed by GitHub")
            return self._keys[kid]

    def _place(self) -> str:
        """GitHub has its keys beside its discovery document, which names them; they are asked for there."""
        found = self.asking.get(f"{self.issuer}/.well-known/openid-configuration", "read who signs for GitHub Actions")
        place = found.get("jwks_uri") if isinstance(found, dict) and found.get("issuer") == self.issuer else None
        if not isinstance(place, str):
            raise _refused("its issuer says that it is another, or not where its keys are")
        return place


def _keys(found: Any) -> dict[str, jwt.PyJWK]:
    listed = found.get("keys", []) if isinstance(found, dict) else []
    return {
        one["kid"]: jwt.PyJWK(one, "RS256")
        for one in listed[:50]
        if isinstance(one, dict) and isinstance(one.get("kid"), str) and one.get("kty") == "RSA"
    }


def _refused(why: str) -> ConfigError:
    return ConfigError(Reason.NOT_SIGNED_IN, Fault(f"the job's token does not hold: {why}"))
