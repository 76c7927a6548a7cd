"""GitHub as people sign in there: user tokens of an App, and the tokens of Actions' jobs. A server on loopback.

What it does of people and tokens is what GitHub describes: codes and refresh tokens work once, errors of tokens come with
status 200, teams come in pages.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

CLIENT, SECRET = "Iv1", "s3cret"


@dataclass
class GitHubSignIn:
    """Lets `login` in, who is account `number`, at once; None: they decline. `teams` as ORGANISATION/TEAM."""

    audience: str
    login: str | None = "octo"
    number: int = 583231
    teams: list[str] = field(default_factory=lambda: ["acme/devs"])
    #: What it answers everything with, when it is not well.
    status: int | None = None
    gives_grants: bool = True
    key: Any = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    url: str = ""
    #: By code: the challenge, and where it is to be sent back to.
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    tokens: dict[str, tuple[int, str]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.middleware("http")
        async def down(request: Request, call_next: Any) -> Any:
            return Response(status_code=self.status) if self.status else await call_next(request)

        @app.get("/login/oauth/authorize")
        def authorize(
            client_id: str, redirect_uri: str, state: str, code_challenge: str, code_challenge_method: str
        ) -> Any:
            assert (client_id, code_challenge_method) == (CLIENT, "S256")
            if self.login is None:
                return RedirectResponse(f"{redirect_uri}?{urlencode({'error': 'access_denied', 'state': state})}", 302)
            code = f"code-{len(self.codes)}"
            self.codes[code] = code_challenge, redirect_uri
            return RedirectResponse(f"{redirect_uri}?{urlencode({'code': code, 'state': state})}", 302)

        @app.post("/login/oauth/access_token")
        async def token(request: Request) -> Any:
            given = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            if (given["client_id"], given["client_secret"]) != (CLIENT, SECRET):
                return {"error": "incorrect_client_credentials"}
            if "refresh_token" in given:
                if not self.grants or given["refresh_token"] != self.grants[-1] or self.login is None:
                    return {"error": "bad_refresh_token"}
            else:
                challenge, redirect = self.codes.pop(given["code"], ("", ""))
                if create_s256_code_challenge(given["code_verifier"]) != challenge or given["redirect_uri"] != redirect:
                    return {"error": "bad_verification_code"}
            made = f"ghu_{len(self.tokens)}"
            self.tokens[made] = self.number, str(self.login)
            told = {"access_token": made, "token_type": "bearer", "scope": ""}
            if self.gives_grants:
                self.grants.append(f"ghr_{len(self.grants)}")
                told |= {"refresh_token": self.grants[-1]}
            return told

        @app.get("/api/v3/user")
        def user(request: Request) -> Any:
            known = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
            if known is None:
                return JSONResponse({"message": "Bad credentials"}, 401)
            return {"id": known[0], "login": known[1], "type": "User"}

        @app.get("/api/v3/user/teams")
        def teams(request: Request, page: int = 1, per_page: int = 30) -> Any:
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                return JSONResponse({"message": "Bad credentials"}, 401)
            told = [{"slug": one.split("/")[1], "organization": {"login": one.split("/")[0]}} for one in self.teams]
            return told[(page - 1) * per_page : page * per_page]

        @app.get("/.well-known/openid-configuration")
        def described() -> Any:
            return {"issuer": self.url, "jwks_uri": f"{self.url}/.well-known/jwks"}

        @app.get("/.well-known/jwks")
        def jwks() -> Any:
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**public, "kid": "k1", "alg": "RS256", "use": "sig"}]}

        return app

    def job(self, key: Any = None, **changed: Any) -> str:
        """The token of a job of Actions; what is None is left out."""
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self.url, "aud": self.audience, "sub": "repo:acme/web:ref:refs/heads/main", "iat": now, "nbf": now - 5,
            "exp": now + 300, "jti": "1", "repository": "acme/web", "repository_id": "42", "ref": "refs/heads/main",
            **changed,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, key or self.key, "RS256", headers={"kid": "k1"})
