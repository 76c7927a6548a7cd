"""In which language an answer is: by the Accept-Language of who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.views.speaking import preferred, speaking

#: What is worded here; the dashboard's files have their words of both languages.
_WORDED: Final = ("/api/", "/preview/")


@dataclass(eq=False)
class Spoken:
    """ASGI: words what is answered in the language that is asked for, and says which it is."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(_WORDED):
            await self.app(scope, receive, send)
            return
        language = preferred(Request(scope).headers.get("accept-language", ""))
        more = [(b"content-language", language.encode()), (b"vary", b"Accept-Language")]

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        with speaking(language):
            await self.app(scope, receive, headed)
