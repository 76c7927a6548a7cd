"""Who may change which preview: the environment's rule for services, and whose it is for people."""

from __future__ import annotations

from generator.errors import ConfigError, Reason
from generator.values.naming import IssueKey
from hub.services.api.reads import state_of
from hub.services.api.rights import RIGHTS, Caller, Right
from hub.services.api.snapshot import Snapshot
from hub.views import speaking

_ROUTES = {
    "start": ("POST", "/api/v1/previews"),
    "extend": ("POST", "/api/v1/previews/{env}/{key}/extend"),
    "stop": ("POST", "/api/v1/previews/{env}/{key}/stop"),
    "revive": ("POST", "/api/v1/previews/{env}/{key}/revive"),
    "sleep": ("POST", "/api/v1/previews/{env}/{key}/sleep"),
    "wake": ("POST", "/api/v1/previews/{env}/{key}/wake"),
}


def right_to(action: str) -> Right:
    """The right of the route by which an action is asked for."""
    return RIGHTS[_ROUTES[action]]


def owner_of(snapshot: Snapshot, env: str, issue: IssueKey) -> str | None:
    """Whose preview it is, live, asked for, or waiting for room; None: there is none."""
    listed = snapshot.by_place.get((env, str(issue)))
    return listed.row.owner if listed is not None else waiting_owner(snapshot, env, issue)


def waiting_owner(snapshot: Snapshot, env: str, issue: IssueKey) -> str | None:
    """Who asked for a preview that only waits for room; None: it does not."""
    place = env, str(issue)
    waiting = snapshot.waiting.get(place) if place not in snapshot.by_place else None
    return waiting.queued.spec.lease.requested_by if waiting is not None else None


def must_be_allowed(
    snapshot: Snapshot, caller: Caller, right: Right, env: str, issue: IssueKey | None, owner: str | None
) -> None:
    """Raise `ConfigError` (NotAllowed, UnknownEnvironment), or why the environment cannot be read."""
    state = state_of(snapshot, env)
    caller.must_write(env, gated=state.environment.spec.gated)
    caller.must_own(right, owner, f"{issue} in {env}")


def may_start(snapshot: Snapshot, caller: Caller, env: str) -> str | None:
    """Why a caller may not start in an environment, in words; None: they may."""
    return why_not(snapshot, caller, "start", env, None)


def why_not(snapshot: Snapshot, caller: Caller, action: str, env: str, issue: IssueKey | None) -> str | None:
    """Why a caller may not do something (about a preview, where `issue` says which), in words; None: they may."""
    right = right_to(action)
    if not caller.may(right):
        needed = f"the role {right.role}" if caller.kind == "person" else f"the scope {right.scope}"
        return speaking.sentence(f"{caller.name} has not {needed}")
    try:
        owner = owner_of(snapshot, env, issue) if issue is not None else None
        must_be_allowed(snapshot, caller, right, env, issue, owner)
    except ConfigError as err:
        if err.reason is not Reason.NOT_ALLOWED:
            raise
        return "; ".join(speaking.sentence(one.message) for one in err.faults)
    return None
