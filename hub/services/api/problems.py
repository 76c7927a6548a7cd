"""Errors as `application/problem+json` (RFC 9457): our reason, every fault, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from generator.errors import ConfigError, Fault, HubError, Reason, Unexpected, Waiting, declared
from hub.output.http_statuses import STATUSES
from hub.services.api.shapes.base import ToldFault
from hub.services.api.told import fault_told
from hub.views import speaking

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why a request is refused. `reason` is stable; `operation`: the one that failed, where it was waited for."""

    type: str
    title: str
    status: int
    detail: str
    reason: str
    faults: list[ToldFault]
    request_id: str = Field(alias="requestId")
    operation: dict[str, Any] | None = None


_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
#: What every route may answer, for its description; 422 by its number, in place of the framework's own.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": words, "content": _CONTENT}
    for status, words in (("4XX", "refused"), (422, "what is asked for is wrong"), ("5XX", "not now, or a mistake"))
}
#: Statuses after which it is worth to ask again, and after how many seconds.
_AGAIN_SECONDS = {503: 5, 504: 5, 429: 1}


def request_id(request: Request) -> str:
    """The id of a request, as its answer and the audit log have it."""
    found: str = request.scope.get("rtb_hub_request_id", "")
    return found


def problem(request: Request, error: HubError, **more: Any) -> JSONResponse:
    """The answer for an error. `more`: further members."""
    faults = [fault_told(fault) for fault in error.faults]
    messages = tuple(fault.message for fault in error.faults)
    return answer(request, error.reason, faults, messages, retry_after=_retry_after(error), **more)


def answer(
    request: Request,
    reason: Reason,
    faults: Sequence[Mapping[str, Any]],
    messages: tuple[str, ...],
    *,
    retry_after: float | None = None,
    **more: Any,
) -> JSONResponse:
    """The answer for a reason and its faults; `messages`: theirs as they were made, in English."""
    status = STATUSES[reason]
    body = {
        "type": f"urn:rtb-ai-hub:error:{reason.value}",
        "title": speaking.title(reason),
        "status": status,
        "detail": speaking.detail(reason, messages),
        "reason": reason.value,
        "faults": list(faults),
        "requestId": request_id(request),
        **more,
    }
    after = retry_after if retry_after is not None else _AGAIN_SECONDS.get(status)
    headers = {"Retry-After": str(max(1, round(after)))} if after is not None else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def _retry_after(error: HubError) -> float | None:
    return error.retry_after_seconds if isinstance(error, Waiting) else None


async def on_hub_error(request: Request, error: Exception) -> JSONResponse:
    """Answers declared errors."""
    found = declared("the request", error)
    if isinstance(found, Unexpected):
        return await on_mistake(request, error)
    return problem(request, found)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """Answers what does not fit a route's parameters or body, every fault at once."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = [Fault(_words(one), field=_field(one["loc"])) for one in found] or [Fault("the request cannot be read")]
    return problem(request, ConfigError(Reason.INVALID_VALUE, faults))


def _words(one: Mapping[str, Any]) -> str:
    if one["type"] == "extra_forbidden":
        return "there is no such field"
    return str(one["msg"]).removeprefix("Value error, ")


def _field(place: Sequence[Any]) -> str:
    parts = [str(part) for part in place]
    return ".".join(parts[1:] if parts[:1] in (["body"], ["query"], ["path"], ["header"]) else parts)[:200]


async def on_status(request: Request, error: Exception) -> JSONResponse:
    """Answers what the framework itself refuses: no such path, another method."""
    if isinstance(error.__cause__, HubError):  # what reading the body raised, wrapped by the framework
        return problem(request, error.__cause__)
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return problem(request, ConfigError(Reason.NOT_FOUND, "there is no such page"))
    title = speaking.sentence(str(error.detail) if isinstance(error, HTTPException) else "it failed")
    body = {"type": "about:blank", "title": title, "status": status, "faults": [], "requestId": request_id(request)}
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


async def on_mistake(request: Request, error: Exception) -> JSONResponse:
    """Answers a mistake of ours, and says nothing of it but how to find it in the log."""
    del error
    message = "this is a mistake of rtb-hub; its log tells of it by the requestId"
    return answer(request, Reason.UNEXPECTED, [{"message": speaking.sentence(message)}], (message,))
