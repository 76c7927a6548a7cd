"""The routes of sign-in, in an application of their own or in another's."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from generator.errors import HubError
from hub import __version__
from hub.services.api import account, problems
from hub.services.api.access import authorised
from hub.services.api.app import Mistakes
from hub.services.api.limits import Guarded
from hub.services.auth import administering, devices, here, signing_in, slack_linking, staying, tokens
from hub.services.auth.context import Auth
from hub.services.headers import Secured
from hub.services.language import Spoken

#: What an application that answers other routes too includes; it sets `app.state.auth`.
ROUTERS: tuple[APIRouter, ...] = (
    signing_in.router,
    staying.router,
    devices.router,
    slack_linking.router,
    tokens.router,
    administering.router,
    here.router,
)


def make_app(auth: Auth, *, is_loopback: bool = False) -> FastAPI:
    """The application of the sign-in service on its own. `is_loopback`: it answers to this machine's names only."""
    app = FastAPI(
        title="RTB AI Hub: sign-in",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(authorised)],
        responses=problems.RESPONSES,
        exception_handlers={
            HubError: problems.on_hub_error,
            RequestValidationError: problems.on_invalid,
            HTTPException: problems.on_status,
        },
    )
    app.state.auth, app.state.access = auth, auth.access
    for router in (account.router, *(one for one in ROUTERS if one is not here.router or is_loopback)):
        app.include_router(router)
    app.add_api_route("/healthz", healthz, response_model=None)
    app.add_api_route("/readyz", partial(readyz, auth), response_model=None)
    app.add_middleware(Mistakes, source=auth.access)
    app.add_middleware(Guarded, is_loopback=is_loopback)
    app.add_middleware(Spoken)
    app.add_middleware(Secured, is_https=auth.cookies.is_secure)
    return app


def healthz() -> dict[str, str]:
    """That the process answers."""
    return {"status": "ok"}


def readyz(auth: Auth) -> Response:
    """Whether it can do its work, and what is down otherwise: 200 or 503."""
    parts = {name: "ok" if check() else "down" for name, check in auth.checks.items()}
    is_ready = all(state == "ok" for state in parts.values())
    return JSONResponse({"status": "ok" if is_ready else "down", "parts": parts}, 200 if is_ready else 503)
