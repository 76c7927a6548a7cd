"""Who somebody is to the hub: what a page asks first."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter

from hub.services.api.access import Access, AccessOf, CallerOf
from hub.services.api.limits import StrictRoute
from hub.services.api.rights import Caller
from hub.services.api.told import moment
from hub.store import people, sessions

router = APIRouter(route_class=StrictRoute)


def _seconds(access: Access, caller: Caller) -> int:
    """For how long an access token holds: a browser's clock may be another."""
    left = caller.expires_at - access.sign_in.clock() if caller.expires_at is not None else timedelta()
    return max(0, int(left.total_seconds()))


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
            "accessSeconds": _seconds(access, caller),
            "expiresAt": moment(session[0]),
            "endsAt": moment(session[1]),
        },
    }
