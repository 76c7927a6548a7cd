"""What the routes share, and how a request gets at it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from generator.errors import ConfigError, HubError, Reason, Waiting
from hub.actions.repository import Repository
from hub.queue.jobs import Jobs
from hub.services.api.clusters import Clusters
from hub.services.api.feed import Feed
from hub.services.api.limits import ALL_A_MINUTE, PLANS_A_MINUTE, PLANS_AT_A_TIME, WRITES_A_MINUTE, Buckets
from hub.services.api.past import Past
from hub.services.api.problems import request_id
from hub.services.api.rights import RIGHTS, Caller, Right, refused
from hub.services.api.sign_in import SignIn
from hub.services.api.snapshot import NOTHING_READ, Snapshot
from hub.store import audit
from hub.telemetry.telemetry import SILENT, Telemetry
from reconcilers.lifecycle.start import Starter

_SAFE = frozenset({"GET", "HEAD"})


@dataclass(eq=False)
class Api:
    """Of one process. `starter` plans starts; `clusters` are those that are connected.

    `checks`: what `/readyz` names, each with whether it is well.
    """

    feed: Feed
    jobs: Jobs
    repository: Repository
    sign_in: SignIn
    clock: Callable[[], datetime]
    starter: Starter = field(kw_only=True)
    clusters: Clusters = field(kw_only=True)
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    telemetry: Telemetry = SILENT
    all: Buckets = field(default_factory=lambda: Buckets(ALL_A_MINUTE))
    writes: Buckets = field(default_factory=lambda: Buckets(WRITES_A_MINUTE))
    plans: Buckets = field(default_factory=lambda: Buckets(PLANS_A_MINUTE))
    #: How many plans are made at a time.
    planning: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PLANS_AT_A_TIME))
    streams: dict[str, int] = field(default_factory=dict)
    past: Past = field(default_factory=Past)
    #: Who asked for what stands on a request branch, by its commit.
    requesters: dict[str, str] = field(default_factory=dict)
    #: Set when the process is to end: streams end then.
    ending: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot now: take it once a request. Raises `Waiting`, or why the first one cannot be read."""
        found = self.feed.snapshot
        if found is NOTHING_READ:
            if self.feed.error is not None:
                raise self.feed.error
            why = "the state repository was not read yet"
            raise Waiting(Reason.REPOSITORY_UNREACHABLE, why, retry_after_seconds=1)
        return found

    def note(self, request: Request, caller: Caller | None, about: tuple[str, str], error: HubError) -> None:
        """Audit a refusal: `about` is the action and its object. Raises as `Database.write`."""
        database = self.jobs.database
        with database.write() as connection:
            entry = audit_entry(request, caller, about, error)
            audit.add(connection, entry, now=database.now(connection))


def audit_entry(
    request: Request, caller: Caller | None, about: tuple[str, str], error: HubError | None = None
) -> audit.Entry:
    """What the audit log has of a request: allowed, or refused by `error`."""
    who, via = (caller.name, caller.via) if caller else ("nobody", "api")
    return audit.Entry(
        who, via, *about, "refused" if error else "allowed", error.reason.value if error else None,
        request_id(request), request.client.host if request.client else None,
    )  # fmt: skip


def api_of(request: Request) -> Api:
    """The process's parts."""
    return cast("Api", request.app.state.api)


def right_of(request: Request) -> Right:
    """The right of the route that a request is at. Raises `ConfigError` (NotAllowed) for a route without one."""
    route = request.scope.get("route")
    right = RIGHTS.get((_method(request), getattr(route, "path", "")))
    if right is None:
        raise refused("nobody may call this")
    return right


def _method(request: Request) -> str:
    return "GET" if request.method == "HEAD" else request.method


def authorised(request: Request) -> None:
    """Every route's dependency: who calls, whether they may, and how often. Refusals of changes are audited."""
    api, right = api_of(request), right_of(request)
    if right.is_open:
        return
    caller: Caller | None = None
    try:
        caller = api.sign_in.caller(request)
        if caller is None:
            raise ConfigError(Reason.NOT_SIGNED_IN, "nobody is signed in", remedy="send 'Authorization: Bearer TOKEN'")
        api.all.take(caller.id)
        if right.is_plan:
            api.plans.take(caller.id)
        elif request.method not in _SAFE:
            api.writes.take(caller.id)
        if not caller.may(right):
            is_person = caller.kind == "person"
            allowed = f"the role {right.role}" if is_person and right.role else f"the scope {right.scope or '-'}"
            raise refused(f"{caller.name} may not do this", allowed=allowed)
    except ConfigError as err:
        if request.method not in _SAFE and err.reason is Reason.NOT_ALLOWED:
            api.note(request, caller, (f"{request.method} {request.scope['route'].path}", request.url.path[:200]), err)
        raise
    request.state.caller = caller


def signed_in(request: Request) -> Caller:
    """Who calls."""
    return cast("Caller", request.state.caller)


CallerOf = Annotated[Caller, Depends(signed_in)]
ApiOf = Annotated[Api, Depends(api_of)]
RightOf = Annotated[Right, Depends(right_of)]
Data = dict[str, Any]
