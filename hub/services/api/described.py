"""The description of the API (OpenAPI 3.1): routes with what they answer, and the problem that errors are told as."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from sse_starlette import EventSourceResponse

from hub.services.api import problems

_ABOUT = """Preview environments for Jira issues. Reads are of one snapshot of the state repository, which `revision`
and the ETag name. Changes are operations: 202 with `Location`, or with `Prefer: wait=N` what was done. Callers send
`Authorization: Bearer TOKEN`; browsers a cookie, and `X-RTB-Request: 1` with what changes something."""


def described(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, openapi_version="3.1.0", routes=app.routes, description=_ABOUT
        )
        for route in app.routes:
            if isinstance(route, APIRoute) and route.response_class is EventSourceResponse:
                answer = made["paths"][route.path]["get"]["responses"]["200"]
                answer["content"] = {"text/event-stream": next(iter(answer["content"].values()))}
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        defined = problem.pop("$defs")
        made["components"]["schemas"] = {**defined, **made["components"]["schemas"], "Problem": problem}
        app.openapi_schema = made
    return app.openapi_schema


def operation_name(route: APIRoute) -> str:
    """How clients call a route: its function's name, camelCase."""
    first, *rest = route.name.split("_")
    return first + "".join(map(str.capitalize, rest))


def text_of(document: dict[str, Any]) -> str:
    """The document as the text of a file; without the release, so that it changes with the API alone."""
    told = {**document, "info": {**document["info"], "version": "v1"}}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"
