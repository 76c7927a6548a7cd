"""The application: routes, each behind its right, and how errors are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from generator.errors import HubError
from hub import __version__
from hub.services.api import (
    account,
    admin,
    catalog,
    deliveries,
    details,
    events,
    observed,
    pages,
    places,
    planning,
    problems,
    reads,
    statistics,
    ways,
    worded,
    writes,
)
from hub.services.api.access import authorised
from hub.services.api.context import Api
from hub.services.api.described import described, operation_name, text_of
from hub.services.api.limits import Guarded
from hub.services.headers import Secured
from hub.services.language import Spoken
from hub.telemetry.metrics import REQUEST_SECONDS
from hub.telemetry.telemetry import Telemetry

#: The modules with routes.
_ROUTED = (
    pages,
    account,
    ways,
    reads,
    details,
    places,
    statistics,
    catalog,
    worded,
    observed,
    planning,
    writes,
    admin,
    deliveries,
    events,
)


def make_app(
    api: Api, *, is_loopback: bool = False, screens: Middleware | None = None, sign_in: Sequence[APIRouter] = ()
) -> FastAPI:
    """The application. `is_loopback`: it answers to this machine's names only. `screens`: what browsers load.

    `sign_in`: routes of that, if it is here.
    """
    app = _routed(sign_in)
    app.state.api, app.state.access = api, api.access
    app.add_middleware(Mistakes, source=api)
    if screens is not None:
        app.user_middleware.insert(0, screens)
    app.add_middleware(Guarded, is_loopback=is_loopback)
    app.add_middleware(Spoken)
    app.add_middleware(Secured, is_https=api.sign_in.cookies.is_secure)
    return app


def openapi_text(sign_in: Sequence[APIRouter] = ()) -> str:
    """The description of the API as the text of a file (docs/schema/openapi.json)."""
    return text_of(described(_routed(sign_in)))


def _routed(sign_in: Sequence[APIRouter]) -> FastAPI:
    """The routes, without anything that they need to answer."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.api.ending.set()

    app = FastAPI(
        title="RTB AI Hub",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=operation_name,
        dependencies=[Depends(authorised)],
        responses=problems.RESPONSES,
        exception_handlers={
            HubError: problems.on_hub_error,
            RequestValidationError: problems.on_invalid,
            HTTPException: problems.on_status,
        },
    )
    app.openapi = partial(described, app)  # type: ignore[method-assign]
    for router in (*(one.router for one in _ROUTED), *(sign_in or (pages.local,))):
        app.include_router(router)
    return app


#: Ends when its client goes.
_STREAM = "/api/v1/events"


class Telling(Protocol):
    """What is told by."""

    @property
    def telemetry(self) -> Telemetry:
        """Where figures and mistakes go."""


class Mistakes:
    """ASGI: tells the log of what nobody declared, and answers it; what the guard refuses is answered too."""

    def __init__(self, app: Any, source: Telling) -> None:
        self._app, self._source = app, source

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one connection."""
        status, telemetry = 0, self._source.telemetry
        since = telemetry.seconds()

        async def noted(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                route = getattr(scope.get("route"), "path", "")
                if route != _STREAM:
                    seconds = telemetry.seconds() - since
                    telemetry.observe(REQUEST_SECONDS, seconds, route=route, status=f"{status // 100}xx")
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as err:
            if not isinstance(err, HubError):
                telemetry.unexpected("request", err)
            if status or scope["type"] != "http":
                raise
            answer = await problems.on_hub_error(Request(scope), err)
            await answer(scope, receive, noted)
