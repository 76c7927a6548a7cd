"""The tools over streamable HTTP, at `/mcp` of a hub that runs as a service.

Each call goes through the API with the caller's own token, so that rights, limits and the audit log are those of every
other way. A cookie is nobody here: what a browser sends by itself does not count. The SDK is loaded when somebody calls
first, since it takes as long as all the rest of a start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"
_BODY_BYTES = 1 << 20
_AUTHORIZATION: ContextVar[str | None] = ContextVar("authorization", default=None)


class Assisted:
    """ASGI: an application, and the tools beside it. `port`: where the application answers on this machine.

    `refused` answers who may not call at all; None: they may.
    """

    def __init__(self, app: ASGIApp, *, port: int, refused: Callable[[Request], Response | None]) -> None:
        self._app, self._port, self._refused = app, port, refused
        self._opening = asyncio.Lock()
        self._tools: ASGIApp | None = None
        self._sessions: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "lifespan":
            try:
                await self._app(scope, receive, send)
            finally:
                await self._close()
            return
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = await run_in_threadpool(self._refused, request)
        if answer is not None:
            await answer(scope, receive, send)
            return
        token = _AUTHORIZATION.set(request.headers.get("authorization"))
        try:
            await (await self._opened())(scope, receive, send)
        finally:
            _AUTHORIZATION.reset(token)

    async def _opened(self) -> ASGIApp:
        async with self._opening:
            if self._tools is None:
                server, tools = await run_in_threadpool(_made, self._port)
                begun = asyncio.Event()
                self._sessions = asyncio.create_task(_run(server.session_manager, begun))
                await begun.wait()
                self._tools = tools
            return self._tools

    async def _close(self) -> None:
        if self._sessions is not None:
            self._sessions.cancel()
            with suppress(asyncio.CancelledError):
                await self._sessions


async def _run(sessions: Any, begun: asyncio.Event) -> None:
    async with sessions.run():
        begun.set()
        await asyncio.Event().wait()


def _made(port: int) -> tuple[Any, ASGIApp]:
    """The server of the tools, and what answers for it."""
    from mcp.server.transport_security import TransportSecuritySettings

    from hub.adapters.http import Network, Origin, Sender, SenderParts
    from hub.commands.server.calling import PEER, Api
    from hub.services.assistant.server import make_server
    from hub.services.assistant.ways import Through

    origin, parts = Origin.parse(f"http://127.0.0.1:{port}"), SenderParts(Network.of({}))
    server = make_server(Through(Api(Sender(PEER, origin, _AUTHORIZATION.get, parts))))
    # Each call needs a token, which no page of another site has: hosts and origins tell nothing more.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    tools = server.streamable_http_app(
        streamable_http_path=PATH, json_response=True, stateless_http=True, transport_security=security,
        max_request_body_size=_BODY_BYTES,
    )  # fmt: skip
    return server, tools
