"""What the API tells: previews, environments, who waits. Each answer is of one snapshot, which its ETag names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from generator.errors import ConfigError, Fault, HubError, Reason, nearest
from generator.values.naming import IssueKey
from hub.services.api.context import ApiOf, CallerOf, Data
from hub.services.api.limits import StrictRoute
from hub.services.api.shapes import previews as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.snapshot import Snapshot, Wanted, preview_data
from hub.views.listing.model import Cursor, Sort
from hub.views.listing.rows import Listed
from reconcilers.state.environment import EnvironmentState

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
Env = Annotated[str, Path(max_length=40)]
Key = Annotated[str, Path(max_length=40)]
Filter = Annotated[str, Query(max_length=100)]


def about(snapshot: Snapshot) -> Data:
    """What every list says of the snapshot it is from."""
    return {
        "revision": snapshot.revision,
        "asOf": snapshot.as_of,
        "unreadable": snapshot.told_failures(),
        "stale": sorted(snapshot.stale),
    }


def told(request: Request, snapshot: Snapshot, tell: Callable[[], Data], *, by: object = None) -> Response:
    """What `tell` gives, and of which snapshot; 304 for who has it. The tag is weak: minutes left are told anew.

    `by`: what it is by beside the snapshot and the URL, such as who asks; people may share a browser.
    """
    tag = snapshot.revision
    if by is not None:
        tag += f".{hashlib.sha256(str(by).encode()).hexdigest()[:12]}"
    headers = {"ETag": f'W/"{tag}"', "Cache-Control": "private, no-cache"}
    known = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
    if headers["ETag"] in known:
        return Response(status_code=304, headers=headers)
    return JSONResponse({**tell(), **about(snapshot)}, headers=headers)


@router.get("/previews", responses=tells(shapes.PreviewPage), response_model=None)
def previews(
    request: Request,
    api: ApiOf,
    caller: CallerOf,
    env: Filter = "",
    phase: Filter = "",
    project: Filter = "",
    requester: Annotated[str, Query(max_length=200, description="a name, or 'me'")] = "",
    text: Filter = "",
    sort: Sort = "key",
    reverse: bool = False,
    after: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Previews, filtered, sorted, a page at a time, with how many there are of what."""
    snapshot = api.snapshot
    cursor = Cursor.parse(after) if after else None
    view = snapshot.view(
        Wanted(env, phase, project, caller.name if requester == "me" else requester, text), sort, reverse=reverse
    )
    rows, following = view.page(cursor, limit)
    now = api.clock()

    def tell() -> Data:
        return {
            "previews": [preview_data(one, now=now) for one in rows],
            "total": len(view.rows),
            "facets": view.facets,
            "next": str(following) if following else None,
        }

    return told(request, snapshot, tell, by=caller.name if requester == "me" else None)


def state_of(snapshot: Snapshot, env: str) -> EnvironmentState:
    """One environment as it was read. Raises `ConfigError` (UnknownEnvironment), or why it cannot be read."""
    if env in snapshot.states:
        return snapshot.states[env]
    if env in snapshot.failures:
        raise snapshot.failures[env]
    known = sorted(snapshot.states)
    fault = Fault(f"there is no environment {env[:40]!r}", allowed=", ".join(known), nearest=nearest(env, known))
    raise ConfigError(Reason.UNKNOWN_ENVIRONMENT, fault)


def not_found(snapshot: Snapshot, env: str, issue: IssueKey) -> HubError:
    """Why a preview is not told of."""
    state_of(snapshot, env)
    if env in snapshot.failures:
        return snapshot.failures[env]
    near = nearest(str(issue), [key for where, key in snapshot.by_place if where == env])
    return ConfigError(Reason.PREVIEW_NOT_FOUND, Fault(f"there is no preview of {issue} in {env}", nearest=near))


def found(snapshot: Snapshot, env: str, key: str) -> Listed:
    """A preview. Raises `ConfigError` (PreviewNotFound, UnknownEnvironment, InvalidIssueKey)."""
    issue = IssueKey.parse(key)
    listed = snapshot.by_place.get((env, str(issue)))
    if listed is None:
        raise not_found(snapshot, env, issue)
    return listed
