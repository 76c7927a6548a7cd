"""The application: routes, each behind its right, and how errors are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from generator.errors import HubError
from hub import __version__
from hub.services.api import (
    admin,
    catalog,
    deliveries,
    details,
    events,
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
from hub.services.api.context import Api, authorised
from hub.services.api.described import described, operation_name, text_of
from hub.services.api.limits import Guarded
from hub.telemetry.metrics import REQUEST_SECONDS

#: The modules with routes.
_ROUTED = (
    pages,
    ways,
    reads,
    details,
    places,
    statistics,
    catalog,
    worded,
    planning,
    writes,
    admin,
    deliveries,
    events,
)


def make_app(api: Api, *, is_loopback: bool = False, screens: Middleware | None = None) -> FastAPI:
    """The application. `is_loopback`: it answers to this machine's names only. `screens`: what browsers load."""
    app = _routed()
    app.state.api = api
    app.add_middleware(_Mistakes, api=api)
    if screens is not None:
        app.user_middleware.insert(0, screens)
    app.add_middleware(Guarded, is_loopback=is_loopback)
    return app


def openapi_text() -> str:
    """The description of the API as the text of a file (docs/schema/openapi.json)."""
    return text_of(described(_routed()))


def _routed() -> FastAPI:
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
    for one in (
        pages,
        ways,
        reads,
        details,
        places,
        statistics,
        catalog,
        worded,
        planning,
        writes,
        admin,
        deliveries,
        events,
    ):
        app.include_router(one.router)
    return app


#: Ends when its client goes.
_STREAM = "/api/v1/events"


class _Mistakes:
    """ASGI: tells the log of what nobody declared, and answers it; what the guard refuses is answered too."""

    def __init__(self, app: Any, api: Api) -> None:
        self._app, self._api = app, api

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one connection."""
        status, telemetry = 0, self._api.telemetry
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
                self._api.telemetry.unexpected("request", err)
            if status or scope["type"] != "http":
                raise
            answer = await problems.on_hub_error(Request(scope), err)
            await answer(scope, receive, noted)
