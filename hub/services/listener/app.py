"""The routes of the listener, and what is answered when.

202 (Slack: 200) after the delivery and its jobs are committed, or were before; 401, saying nothing, without a proof;
408, 413 and 429 for what is too slow, too large and too much; 422 for what is signed and cannot be read, which is kept;
503 for faults of ours, so that Jira sends it again (it does after 408, 429 and 5xx only).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from generator.errors import HubError, Reason
from hub.actions.inbox.inbox import Kept
from hub.actions.inbox.meaning import SOURCES
from hub.services.listener.body import TooLarge, read_raw
from hub.services.listener.receiving import Receiver
from hub.store.deliveries import Source

PATH: Final = "/api/webhook"
#: Bytes of a body that are taken: GitHub sends whole lists of commits.
BODY_BYTES: Final[Mapping[Source, int]] = {
    "github": 5 << 20, "jira": 1 << 20, "jira-automation": 1 << 20, "slack": 1 << 20,
}  # fmt: skip
READ_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Answer:
    response: Response
    outcome: str
    kept: str = ""


def webhooks(receiver: Receiver, *, read_seconds: float = READ_SECONDS) -> FastAPI:
    """The application below `PATH`: `POST /{source}`."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for source in SOURCES:
        app.add_route(f"/{source}", partial(_deliver, receiver, source, read_seconds), methods=["POST"])
    return app


def make_app(receiver: Receiver, *, read_seconds: float = READ_SECONDS) -> FastAPI:
    """The application of a listener on its own: webhooks, and `/healthz` for its load balancer."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> Response:
        return PlainTextResponse("ok\n")

    app.include_router(router)
    app.mount(PATH, webhooks(receiver, read_seconds=read_seconds))
    return app


@dataclass(frozen=True, slots=True)
class Beside:
    """ASGI: the webhooks of an application that has other rules for who may ask what how."""

    app: ASGIApp
    webhooks: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http" and scope["path"].startswith(f"{PATH}/"):
            below = {**scope, "root_path": scope.get("root_path", "") + PATH}
            await self.webhooks(below, receive, send)
        else:
            await self.app(scope, receive, send)


async def _deliver(receiver: Receiver, source: Source, read_seconds: float, request: Request) -> Response:
    begin = receiver.telemetry.seconds()
    try:
        answer = await _answer(receiver, source, read_seconds, request)
    except HubError as err:
        receiver.telemetry.refused(err)
        answer = _limited() if err.reason is Reason.TOO_MANY_REQUESTS else _not_now()
    except Exception as err:  # noqa: BLE001 - a mistake of ours: it is delivered again, and the log says why
        receiver.telemetry.unexpected("request", err)
        answer = _not_now()
    seconds = receiver.telemetry.seconds() - begin
    receiver.telemetry.delivery(source, answer.outcome, seconds=seconds, kept=answer.kept)
    return answer.response


async def _answer(receiver: Receiver, source: Source, read_seconds: float, request: Request) -> _Answer:
    address = request.client.host if request.client else ""
    most = BODY_BYTES[source]
    try:
        body = await read_raw(request, most=most, seconds=read_seconds)
    except TooLarge:
        await run_in_threadpool(receiver.note_refused, source, f"the body has more than {most} bytes", address)
        return _Answer(_closing({"detail": f"at most {most} bytes are taken"}, 413), "too-large")
    except TimeoutError:
        return _Answer(_closing({"detail": f"it was not sent within {read_seconds:g} s"}, 408), "too-slow")
    except ClientDisconnect:
        return _Answer(Response(status_code=400), "cut-off")
    headers = {name.lower(): value for name, value in request.headers.items()}
    kept = await run_in_threadpool(receiver.receive, source, headers, body, address)
    if kept is None:
        return _Answer(Response(status_code=401), "unsigned")
    return _told(source, kept)


def _told(source: Source, kept: Kept) -> _Answer:
    outcome = kept.state if kept.is_new else "known"
    if kept.challenge is not None:
        return _Answer(PlainTextResponse(kept.challenge), outcome, kept.id)
    body: dict[str, Any] = {"delivery": kept.id if kept.is_new else None, "state": kept.state, "jobs": kept.jobs}
    if kept.reason:
        body["reason"] = kept.reason
    accepted = 200 if source == "slack" else 202
    status = accepted if kept.error is None else 422
    if source == "slack" and kept.error is None:
        return _Answer(Response(status_code=status), outcome, kept.id)  # a text would be shown to who clicked
    return _Answer(JSONResponse(body, status), outcome, kept.id)


def _not_now() -> _Answer:
    return _Answer(Response(status_code=503, headers={"retry-after": "10"}), "not-kept")


def _limited() -> _Answer:
    """Jira sends it again; what GitHub delivered is asked for again."""
    return _Answer(Response(status_code=429, headers={"retry-after": "10"}), "limited")


def _closing(body: Mapping[str, Any], status: int) -> Response:
    """An answer to what was not read to its end."""
    return JSONResponse(body, status, {"connection": "close"})
