"""Who calls and whether they may, for every application that has routes with rights."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, cast

from fastapi import Depends, Request, Response

from generator.errors import ConfigError, HubError, Reason
from hub.services.api.limits import ALL_A_MINUTE, LOGS_A_MINUTE, PLANS_A_MINUTE, WRITES_A_MINUTE, Buckets
from hub.services.api.problems import problem, request_id
from hub.services.api.rights import RIGHTS, Caller, Right, refused
from hub.services.api.sign_in import SignIn
from hub.store import audit, buckets
from hub.store.database import Database
from hub.telemetry.telemetry import SILENT, Telemetry

SAFE = frozenset({"GET", "HEAD"})


@dataclass(eq=False)
class Access:
    """Of one process: who callers are, how often each may call, and where refusals are noted."""

    sign_in: SignIn
    database: Database
    telemetry: Telemetry = SILENT
    all: Buckets = field(default_factory=lambda: Buckets(ALL_A_MINUTE))
    writes: Buckets = field(default_factory=lambda: Buckets(WRITES_A_MINUTE))
    plans: Buckets = field(default_factory=lambda: Buckets(PLANS_A_MINUTE))
    logs: Buckets = field(default_factory=lambda: Buckets(LOGS_A_MINUTE))

    def take_write(self, caller: Caller) -> None:
        """Count a change of a caller, for all processes. Raises `ConfigError` (TooManyRequests), `Transient`."""
        with self.database.write() as connection:
            name, within = f"write/{caller.id}", timedelta(minutes=1)
            buckets.take(connection, self.database, name, most=WRITES_A_MINUTE, within=within)

    def note(
        self, request: Request, caller: Caller | None, about: tuple[str, str], error: HubError | None = None
    ) -> None:
        """Audit what was done, or why not: `about` is the action and its object. Raises as `Database.write`."""
        with self.database.write() as connection:
            entry = audit_entry(request, caller, about, error)
            audit.add(connection, entry, now=self.database.now(connection))


def refused_without_token(access: Access, request: Request) -> Response | None:
    """The answer for who sends no token that holds; None: they do. For what is served beside the routes."""
    try:
        if "authorization" not in request.headers:
            raise ConfigError(Reason.NOT_SIGNED_IN, "nobody is signed in", remedy="send 'Authorization: Bearer TOKEN'")
        access.sign_in.caller(request)
    except HubError as err:
        return problem(request, err)
    return None


def audit_entry(
    request: Request, caller: Caller | None, about: tuple[str, str], error: HubError | None = None
) -> audit.Entry:
    """What the audit log has of a request: allowed, or refused by `error`."""
    who, via = (caller.name, caller.via) if caller else ("nobody", "api")
    return audit.Entry(
        who, via, *about, "refused" if error else "allowed", error.reason.value if error else None,
        request_id(request), request.client.host if request.client else None,
    )  # fmt: skip


def access_of(request: Request) -> Access:
    """The process's access."""
    return cast("Access", request.app.state.access)


def right_of(request: Request) -> Right:
    """The right of the route that a request is at. Raises `ConfigError` (NotAllowed) for a route without one."""
    route = request.scope.get("route")
    method = "GET" if request.method == "HEAD" else request.method
    right = RIGHTS.get((method, getattr(route, "path", "")))
    if right is None:
        raise refused("nobody may call this")
    return right


def authorised(request: Request) -> None:
    """Every route's dependency: who calls, whether they may, and how often. Refusals of changes are audited."""
    access, right = access_of(request), right_of(request)
    if right.is_open:
        return
    caller: Caller | None = None
    try:
        caller = access.sign_in.caller(request)
        if caller is None:
            raise ConfigError(Reason.NOT_SIGNED_IN, "nobody is signed in", remedy="send 'Authorization: Bearer TOKEN'")
        access.all.take(caller.id)
        if right.is_plan:
            access.plans.take(caller.id)
        elif request.method not in SAFE:
            access.writes.take(caller.id)
            access.take_write(caller)
        if not caller.may(right):
            who = "people with " if caller.kind != "person" else ""
            is_by_role = right.role and (caller.kind == "person" or not right.scope)
            allowed = f"{who}the role {right.role}" if is_by_role else f"the scope {right.scope}"
            raise refused(f"{caller.name} may not do this", allowed=allowed)
    except ConfigError as err:
        if request.method not in SAFE and err.reason is Reason.NOT_ALLOWED:
            about = (f"{request.method} {request.scope['route'].path}", request.url.path[:200])
            access.note(request, caller, about, err)
        raise
    request.state.caller = caller


def signed_in(request: Request) -> Caller:
    """Who calls."""
    return cast("Caller", request.state.caller)


AccessOf = Annotated[Access, Depends(access_of)]
CallerOf = Annotated[Caller, Depends(signed_in)]
RightOf = Annotated[Right, Depends(right_of)]
