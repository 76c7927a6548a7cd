"""One address for several services, as a load balancer gives: sign-in's paths to one, all others to the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

#: Of one connection alone (RFC 9110, 7.6.1).
_HOPS = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"}


@dataclass
class Gateway:
    """ASGI. `places`: the address behind each beginning of a path; the longest that fits counts."""

    places: dict[str, str] = field(default_factory=dict)
    #: No client: that would keep the cookies of one browser, and send them for another.
    _transport: httpx2.AsyncHTTPTransport | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        await (await self.answer(request))(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        place = self.places[max((one for one in self.places if path.startswith(one)), key=len)]
        if self._transport is None:
            self._transport = httpx2.AsyncHTTPTransport(limits=httpx2.Limits(max_keepalive_connections=0))
        asked = httpx2.Request(
            request.method,
            f"{place}{path}" + (f"?{request.url.query}" if request.url.query else ""),
            headers=[(name, value) for name, value in request.headers.raw if name not in _HOPS],
            content=await request.body(),
        )
        try:
            told = await self._transport.handle_async_request(asked)
        except httpx2.TransportError:
            return PlainTextResponse("no service is there\n", 503)
        answer = StreamingResponse(_body(told), told.status_code)
        answer.raw_headers = [(name.lower(), value) for name, value in told.headers.raw if name.lower() not in _HOPS]
        return answer


async def _body(told: httpx2.Response) -> AsyncIterator[bytes]:
    """Its bytes as they come; the connection is closed, also when the browser goes away before."""
    try:
        async for part in told.aiter_raw():
            yield part
    finally:
        with anyio.CancelScope(shield=True):
            await told.aclose()
