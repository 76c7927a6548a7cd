"""Signing in by OpenID Connect: Cognito, Okta, Keycloak, Dex, Entra and the like.

Authorization code with PKCE (S256), `state` and `nonce`; issuer, audience, signature, algorithm, times and `at_hash` of
the ID token are checked by Authlib (OpenID Connect Core 1.0, 3.1.3.7), the issuer of the answer too (RFC 9207).
Discovery document and keys are kept for an hour, and go on to hold while the provider does not answer.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from generator.errors import HubError
from hub.services.auth.providers.asking import Asking, place_of
from hub.services.auth.providers.port import Begun, DeclinedError, Found, RefusedError, Returned
from hub.settings.sign_in import ProviderName

#: Never `none`, and none by a secret that both sides share: a public key would pass for one.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_KEPT, _AGAIN = timedelta(hours=1), timedelta(seconds=10)
_LEEWAY: Final = 60
_GROUPS, _TEXT = 2000, 500


@dataclass(frozen=True, slots=True)
class Client:
    """What the hub is at the provider. `secret` gives the secret of now; None: a public client."""

    issuer: str
    id: str
    secret: Callable[[], str | None] = field(repr=False)
    scopes: str = "openid profile email"
    groups_claim: str = "groups"
    name_claim: str = "email"


@dataclass(frozen=True, slots=True)
class _Kept:
    at: datetime
    metadata: Mapping[str, Any]
    keys: KeySet | None = None


@dataclass(eq=False)
class Oidc:
    """The provider at an issuer. Safe for threads."""

    client: Client
    asking: Asking
    clock: Callable[[], datetime]
    label: str = "Single sign-on"
    _kept: _Kept | None = None
    _keys_at: datetime | None = None

    def __post_init__(self) -> None:
        """Nothing is known of it yet."""
        self._lock = threading.Lock()

    @property
    def id(self) -> ProviderName:
        """Its name in paths and tables."""
        return "oidc"

    def described(self) -> Mapping[str, Any]:
        """The discovery document, once it and the keys were read anew. Raises as `begin`."""
        with self._lock:
            self._kept = None
        metadata = self._metadata()
        self._keys(is_new=True)
        return metadata

    def begin(self, redirect: str, state: str) -> Begun:
        """Begin a sign-in; see the port."""
        metadata = self._metadata()
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        url = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self.client.id,
            "code",
            redirect_uri=redirect,
            scope=self.client.scopes,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Begun(url, {"verifier": verifier, "nonce": nonce})

    def finish(self, returned: Returned) -> Found:
        """Who came back; see the port."""
        metadata, query = self._metadata(), returned.query
        names_issuer = metadata.get("authorization_response_iss_parameter_supported") is True
        if (names_issuer or "iss" in query) and query.get("iss") != self.client.issuer:
            raise RefusedError("the answer is of another issuer")
        if "error" in query:
            raise DeclinedError(str(query["error"])[:100])
        code = query.get("code")
        if not code or len(code) > 4096:
            raise RefusedError("the provider sent no code")
        told = self._tokens(
            grant_type="authorization_code",
            code=code,
            redirect_uri=returned.redirect,
            code_verifier=returned.kept["verifier"],
        )
        claims = self._claims(told, returned.kept["nonce"])
        return self._found(claims, told)

    def again(self, grant: str, subject: str) -> Found:
        """Who it is now; see the port. An ID token of a refresh has no nonce (OpenID Connect Core 1.0, 12.2)."""
        told = self._tokens(grant_type="refresh_token", refresh_token=grant)
        claims = self._claims(told, None) if told.get("id_token") else self._user(told)
        if claims.get("sub") != self.subject_of(subject):
            raise RefusedError("the provider answered for somebody else")
        return self._found(claims, {**told, "refresh_token": told.get("refresh_token") or grant})

    def subject_of(self, kept: str) -> str:
        """The provider's own subject of what is kept, which begins with the issuer."""
        return kept.removeprefix(f"{self.client.issuer}|")

    def _found(self, claims: Mapping[str, Any], told: Mapping[str, Any]) -> Found:
        subject = str(claims.get("sub", ""))
        if not 0 < len(subject) <= 255:
            raise RefusedError("the provider sent no subject")
        both: Mapping[str, Any] = claims
        missing = claim(claims, self.client.groups_claim) is None or claim(claims, self.client.name_claim) is None
        if missing and self._metadata().get("userinfo_endpoint") and told.get("access_token"):
            more = self._user(told)
            if more.get("sub") != subject:
                raise RefusedError("the provider answered for somebody else")
            both = {**more, **claims}
        groups = claim(both, self.client.groups_claim)
        listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        named = frozenset(one for one in listed[:_GROUPS] if isinstance(one, str) and len(one) <= _TEXT)
        grant = told.get("refresh_token")
        return Found(
            f"{self.client.issuer}|{subject}",
            self._name(both, subject),
            named,
            grant if isinstance(grant, str) and len(grant) <= 8192 else None,
        )

    def _name(self, claims: Mapping[str, Any], subject: str) -> str:
        """As RTB_HUB_OIDC_NAME_CLAIM says; else the subject, which says nothing that is not so."""
        name = claim(claims, self.client.name_claim)
        if self.client.name_claim == "email" and claims.get("email_verified") in (False, "false"):
            name = None
        if isinstance(name, str) and name.isprintable() and name.strip() == name and 0 < len(name) <= 200:
            return name
        return subject if subject.isprintable() else "somebody"

    def _tokens(self, **fields: str) -> Mapping[str, Any]:
        metadata, secret = self._metadata(), self.client.secret()
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        is_basic = secret is not None and "client_secret_basic" in ways
        if not is_basic:
            fields["client_id"] = self.client.id
            if secret is not None:
                fields["client_secret"] = secret
        basic = (self.client.id, secret) if is_basic and secret is not None else None
        answer = self.asking.post(metadata["token_endpoint"], "have a sign-in confirmed", fields, basic=basic)
        told = answer.data if isinstance(answer.data, dict) else {}
        if answer.status < 300 and told:
            return told
        error = str(told.get("error", answer.status))[:100]
        if error == "invalid_grant":
            raise DeclinedError(error)
        raise RefusedError(f"the provider does not confirm the sign-in: {error}")

    def _user(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        url, token = self._metadata().get("userinfo_endpoint"), told.get("access_token")
        if not isinstance(url, str) or not isinstance(token, str):
            raise RefusedError("the provider tells neither an ID token nor how to ask who it is")
        found = self.asking.get(url, "ask who signs in", token=token)
        if not isinstance(found, dict):
            raise RefusedError("the provider does not say who signs in")
        return found

    def _claims(self, told: Mapping[str, Any], nonce: str | None) -> Mapping[str, Any]:
        text = told.get("id_token")
        if not isinstance(text, str) or len(text) > 64 * 1024:
            raise RefusedError("the provider sent no ID token")
        offered = self._metadata().get("id_token_signing_alg_values_supported") or ["RS256"]
        allowed = [one for one in ALGORITHMS if one in offered]
        try:
            token = self._decoded(text, allowed)
            claims: dict[str, Any] = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.client.issuer},
                    "aud": {"essential": True, "value": self.client.id},
                },
                {"nonce": nonce, "client_id": self.client.id, "access_token": told.get("access_token")},
            )
            claims.validate(now=int(self.clock().timestamp()), leeway=_LEEWAY)  # type: ignore[attr-defined]
        except (JoseError, ValueError, TypeError, KeyError) as err:
            raise RefusedError(f"the provider's ID token does not hold: {type(err).__name__}") from err
        return claims

    def _decoded(self, text: str, allowed: list[str]) -> jwt.Token:
        """The token, verified; by keys that were read anew where those that are known do not verify it."""
        registry = JWSRegistry(algorithms=allowed)
        try:
            return jwt.decode(text, self._keys(is_new=False), algorithms=allowed, registry=registry)
        except (JoseError, ValueError):
            return jwt.decode(text, self._keys(is_new=True), algorithms=allowed, registry=registry)

    def _metadata(self) -> Mapping[str, Any]:
        """The discovery document, at most an hour old where the provider answers."""
        now = self.clock()
        with self._lock:
            kept = self._kept
        if kept is not None and kept.at <= now < kept.at + _KEPT:
            return kept.metadata
        url = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            found = self.asking.get(url, "read how people sign in")
            metadata = _checked(found, self.client.issuer)
        except HubError:
            if kept is None:
                raise
            metadata = kept.metadata
        with self._lock:
            self._kept = _Kept(now, metadata, kept.keys if kept is not None else None)
        return metadata

    def _keys(self, *, is_new: bool) -> KeySet:
        metadata, now = self._metadata(), self.clock()
        with self._lock:
            kept, at = self._kept, self._keys_at
            assert kept is not None  # noqa: S101 - reading the metadata kept it
            limit = _AGAIN if is_new else _KEPT
            if kept.keys is not None and at is not None and at <= now < at + limit:
                return kept.keys
            self._keys_at = now
        try:
            keys = KeySet.import_key_set(self.asking.get(metadata["jwks_uri"], "read the keys of sign-ins"))
        except HubError:
            if kept.keys is None:
                raise
            return kept.keys
        except (JoseError, ValueError, TypeError, KeyError) as err:
            raise RefusedError("the provider's keys cannot be read") from err
        with self._lock:
            self._kept = _Kept(kept.at, kept.metadata, keys)
        return keys


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """A claim, by its whole name or, with dots, where it lies deeper: Keycloak's `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _checked(found: Any, issuer: str) -> Mapping[str, Any]:
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise RefusedError("the provider's discovery document is of another issuer than RTB_HUB_OIDC_ISSUER")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(found.get(name), str):
            raise RefusedError(f"the provider's discovery document has no {name}")
        place_of(found[name])
    if "S256" not in found.get("code_challenge_methods_supported", ["S256"]):
        raise RefusedError("the provider does not know PKCE with S256")
    return found
