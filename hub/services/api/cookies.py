"""The cookies that a browser is signed in by. No script reads them.

On https their names begin with `__Host-`: no other site, not even one of the same domain, can set them. On http, which
is for this machine alone, browsers take no such name; there they are plain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response

from generator.errors import ConfigError, Fault, Reason

#: What a browser's own pages say beside a cookie: a form of another site cannot (CSRF).
HEADER = "X-RTB-Request"


@dataclass(frozen=True, slots=True)
class Cookies:
    """Of the hub at `url`: scheme, host and port. None: wherever it was asked."""

    url: str | None = None

    @property
    def is_secure(self) -> bool:
        """Whether they are sent by TLS alone."""
        return self.url is not None and self.url.startswith("https://")

    @property
    def access(self) -> str:
        """The name of the one with the access token."""
        return self._name("rtb-access")

    @property
    def refresh(self) -> str:
        """The name of the one with the refresh token."""
        return self._name("rtb-refresh")

    def sign_in(self, state: str) -> str:
        """The name of the one with a sign-in under way: each has its own, so that two tabs may."""
        return self._name(f"rtb-signin-{state[:8]}")

    def put(self, response: Response, access: tuple[str, timedelta], refresh: tuple[str, timedelta]) -> None:
        """Have the browser keep both tokens for as long as they hold, whatever its clock says."""
        self._set(response, self.access, access[0], access[1], is_strict=False)
        self._set(response, self.refresh, refresh[0], refresh[1], is_strict=True)

    def put_sign_in(self, response: Response, state: str, sealed: str, seconds: int) -> None:
        """Have the browser keep a sign-in under way: it comes back from another site, by a link (Lax)."""
        response.set_cookie(
            self.sign_in(state), sealed, max_age=seconds, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, *names: str) -> None:
        """Have the browser forget these, or all that sign it in."""
        for name in names or (self.access, self.refresh):
            response.delete_cookie(name, path="/", secure=self.is_secure, httponly=True, samesite="lax")

    def refuse_forged(self, request: Request, *, is_form: bool = False) -> None:
        """Raise `ConfigError` (NotAllowed) for a change that a cookie would prove and another site may have asked for.

        A form of ours cannot send a header; it has a proof of its own beside the Origin.
        """
        own = self._own(request)
        origin = request.headers.get("origin")
        is_browser = self.is_secure or is_form or "sec-fetch-site" in request.headers
        is_ours = origin == own or (origin is None and not is_browser)
        if is_ours and (is_form or request.headers.get(HEADER) == "1"):
            return
        fault = Fault(f"a change that is asked for by a cookie has the header {HEADER}: 1, and this site's Origin")
        raise ConfigError(Reason.NOT_ALLOWED, fault)

    def is_followed_here(self, request: Request) -> bool:
        """Whether a link was followed on a page of this site, as the browser tells: another site's does nothing."""
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return request.headers.get("referer", "").startswith(f"{self._own(request)}/")

    def _own(self, request: Request) -> str:
        return self.url or f"{request.url.scheme}://{request.headers.get('host', '')}"

    def _name(self, plain: str) -> str:
        return f"__Host-{plain}" if self.is_secure else plain

    def _set(self, response: Response, name: str, value: str, lasts: timedelta, *, is_strict: bool) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max(0, int(lasts.total_seconds())),
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="strict" if is_strict else "lax",
        )
