"""Limits of requests: how large, how long, how many. What is over them is refused with a reason, never cut."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from generator.errors import ConfigError, Fault, HubError, Reason
from hub.services.api import problems

BODY_BYTES: Final = 1 << 20
READ_SECONDS: Final = 10.0
#: Requests a minute of one caller, and of them those that change something.
ALL_A_MINUTE, WRITES_A_MINUTE = 600, 60
#: Dry runs a minute of one caller, whose form plans as they type; and of all callers at a time.
PLANS_A_MINUTE, PLANS_AT_A_TIME = 120, 2
#: Logs a minute of one caller, and of all callers at a time: each may be megabytes.
LOGS_A_MINUTE, LOGS_AT_A_TIME = 30, 2
#: So long a plan or a log waits for those that others asked for: each takes the processor, or memory.
_WAIT_SECONDS: Final = 10.0
#: Operations of one caller that have not ended.
OPEN_OPERATIONS: Final = 50
#: Event streams of one process, and of one caller.
STREAMS, STREAMS_OF_ONE = 500, 6
#: Buckets that one process holds: whoever comes from ever new addresses has it hold no more.
_BUCKETS: Final = 10_000
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(eq=False)
class Buckets:
    """Token buckets in this process, one a name: `a_minute` at once, and as many again each minute."""

    a_minute: int
    seconds: Callable[[], float] = time.monotonic
    _held: dict[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """All are full."""
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Take one. Raises `ConfigError` (TooManyRequests)."""
        with self._lock:
            now, rate = self.seconds(), self.a_minute / 60
            left, at = self._held.pop(name, (float(self.a_minute), now))
            left = min(float(self.a_minute), left + (now - at) * rate)
            if len(self._held) >= _BUCKETS:  # the one that was asked for longest ago is the fullest
                del self._held[next(iter(self._held))]
            self._held[name] = (left - 1 if left >= 1 else left), now
        if left < 1:
            fault = Fault(f"more than {self.a_minute} requests a minute", remedy="wait a moment and ask again")
            raise ConfigError(Reason.TOO_MANY_REQUESTS, fault)


@contextmanager
def in_turn(turns: threading.Semaphore, busy: HubError) -> Iterator[None]:
    """While it lasts, one of `turns` is taken, which is waited for. Raises `busy` where none gets free soon."""
    if not turns.acquire(timeout=_WAIT_SECONDS):
        raise busy
    try:
        yield
    finally:
        turns.release()


@dataclass(eq=False)
class Guarded:
    """ASGI: gives each request an id, bounds its body, and answers on loopback to loopback's names only.

    No address has a NUL in it: PostgreSQL keeps none, and nothing is called so.
    """

    app: ASGIApp
    is_loopback: bool = False
    body_bytes: int = BODY_BYTES
    read_seconds: float = READ_SECONDS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["rtb_hub_request_id"] = secrets.token_hex(8)
        request = Request(scope)
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        if self.is_loopback and host not in _LOOPBACK:
            fault = Fault(
                "this service answers on this machine only", field="Host", allowed=", ".join(sorted(_LOOPBACK))
            )
            await problems.problem(request, ConfigError(Reason.NOT_ALLOWED, fault))(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            fault = Fault("the address holds a NUL", field="path" if "\0" in scope["path"] else "query")
            await problems.problem(request, ConfigError(Reason.INVALID_VALUE, fault))(scope, receive, send)
            return
        await self.app(scope, self._bounded(receive), self._headed(scope, send))

    def _bounded(self, receive: Receive) -> Receive:
        read = 0
        ends: float | None = None
        is_whole = False

        async def bounded() -> Message:
            nonlocal read, ends, is_whole
            if is_whole:
                return await receive()  # what comes now is that the client is gone, at any time
            loop = asyncio.get_running_loop()
            ends = ends if ends is not None else loop.time() + self.read_seconds
            try:
                message = await asyncio.wait_for(receive(), max(0.0, ends - loop.time()))
            except TimeoutError as err:
                fault = Fault(f"the request was not sent within {self.read_seconds:g} s")
                raise ConfigError(Reason.NOT_IN_TIME, fault) from err
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                is_whole = not message.get("more_body", False)
                if read > self.body_bytes:
                    fault = Fault(f"the body has more than {self.body_bytes} bytes", field="body")
                    raise ConfigError(Reason.INVALID_VALUE, fault)
            return message

        return bounded

    def _headed(self, scope: Scope, send: Send) -> Send:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-request-id", scope["rtb_hub_request_id"].encode()),
                ]
            await send(message)

        return headed


class StrictRequest(Request):
    """A request whose JSON has each key once, and is no deeper than Python reads."""

    async def json(self) -> Any:
        """The body. Raises `ConfigError` (InvalidValue)."""
        text = await self.body()
        try:
            return json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
        except (ValueError, RecursionError) as err:
            why = "is nested too deeply" if isinstance(err, RecursionError) else str(err)[:200]
            fault = Fault(f"the body cannot be read as JSON: {why}", field="body")
            raise ConfigError(Reason.INVALID_VALUE, fault) from err


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


class StrictRoute(APIRoute):
    """A route that reads its body strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, which is handed a `StrictRequest`."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
