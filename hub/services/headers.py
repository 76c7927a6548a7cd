"""Headers that tell browsers what no answer of the hub may do (OWASP ASVS 5, V3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing from elsewhere, nothing inline, in nobody's frame.
CSP: Final = "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
_TWO_YEARS: Final = "max-age=63072000; includeSubDomains"
#: Origin and nothing more goes to ourselves, nothing to others; with `no-referrer` a form's Origin would be `null`.
_ALWAYS: Final = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "cache-control": "no-store",
}


@dataclass(eq=False)
class Secured:
    """ASGI: adds to each answer what it does not say itself. `is_https`: that it is reached by TLS alone."""

    app: ASGIApp
    is_https: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                names = {bytes(name).lower() for name, _ in given}
                wanted = _ALWAYS | ({"strict-transport-security": _TWO_YEARS} if self.is_https else {})
                more = [(name.encode(), value.encode()) for name, value in wanted.items() if name.encode() not in names]
                message = {**message, "headers": given + more}
            await send(message)

        await self.app(scope, receive, headed)
