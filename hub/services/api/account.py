"""Who somebody is to the hub: what a page asks first."""

from __future__ import annotations

from fastapi import APIRouter

from hub.services.api.access import AccessOf, CallerOf
from hub.services.api.limits import StrictRoute
from hub.services.api.told import moment
from hub.store import people, sessions

router = APIRouter(route_class=StrictRoute)


@router.get("/api/auth/me", response_model=None)
def me(access: AccessOf, caller: CallerOf) -> dict[str, object]:
    """Who calls, what they may, which accounts are theirs, and until when they are signed in."""
    found, session = None, None
    if caller.kind == "person" and caller.session is not None:
        with access.database.read() as connection:
            found, session = people.find(connection, caller.id), sessions.until(connection, caller.session)
    accounts = found.accounts if found is not None else ()
    return {
        "id": caller.id,
        "name": caller.name,
        "kind": caller.kind,
        "role": caller.role,
        "roles": list(caller.roles),
        "scopes": sorted(caller.scopes),
        "environments": sorted(caller.environments),
        "via": caller.via,
        "identities": [{"provider": one.provider, "name": one.name} for one in accounts],
        "session": None
        if session is None
        else {
            "id": caller.session,
            "accessExpiresAt": moment(caller.expires_at),
            "expiresAt": moment(session[0]),
            "endsAt": moment(session[1]),
        },
    }
