"""Who may call what: one row for each route, without which a route answers nobody.

Roles contain one another: viewer, developer, operator, admin. A service has scopes instead. Whether a preview is one's
own is asked beside this, by `Caller.must_own`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from generator.errors import ConfigError, Fault, Reason
from reconcilers.lifecycle.issue_rules import is_rule

Role = Literal["viewer", "developer", "operator", "admin"]
ROLES: Final[tuple[Role, ...]] = ("viewer", "developer", "operator", "admin")
READ, WRITE, WRITE_GATED = "preview:read", "preview:write", "preview:request-prd"


@dataclass(frozen=True, slots=True)
class Right:
    """Who may call a route. `role` None: no person. `scope` empty: no service. `is_open`: everybody, without sign-in.

    `own`: people below operator only what is their own, or a project's rule started. `is_plan`: it is a POST that
    changes nothing. `is_self`: who is signed in, without any role, too.
    """

    role: Role | None = None
    scope: str = ""
    is_open: bool = False
    own: bool = False
    is_plan: bool = False
    is_self: bool = False


OPEN = Right(is_open=True)
_READS = Right("viewer", READ)
_PLANS = Right("developer", WRITE, is_plan=True)
_SELF = Right(is_self=True)
RIGHTS: Final[Mapping[tuple[str, str], Right]] = {
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/api/v1/openapi.json"): OPEN,
    ("GET", "/api/auth/local"): OPEN,
    ("POST", "/api/auth/local"): OPEN,
    ("GET", "/api/auth/providers"): OPEN,
    ("GET", "/api/auth/login"): OPEN,
    ("GET", "/api/auth/callback"): OPEN,
    ("GET", "/api/auth/.well-known/jwks.json"): OPEN,
    ("GET", "/api/auth/page.css"): OPEN,
    ("GET", "/api/auth/device"): OPEN,
    ("POST", "/api/auth/device"): OPEN,
    ("POST", "/api/auth/device/confirm"): OPEN,
    ("POST", "/api/auth/device/token"): OPEN,
    ("GET", "/api/auth/slack"): OPEN,
    ("POST", "/api/auth/slack/confirm"): OPEN,
    ("POST", "/api/auth/slack/unlink"): OPEN,
    ("POST", "/api/auth/exchange"): OPEN,
    ("POST", "/api/auth/refresh"): OPEN,
    ("POST", "/api/auth/logout"): OPEN,
    ("POST", "/api/auth/logout-everywhere"): _SELF,
    ("GET", "/api/auth/sessions"): _SELF,
    ("DELETE", "/api/auth/sessions/{session_id}"): _SELF,
    ("GET", "/api/auth/people"): Right("admin"),
    ("PUT", "/api/auth/people/{person_id}/identities/{provider}"): Right("admin"),
    ("DELETE", "/api/auth/people/{person_id}/identities/{provider}"): Right("admin"),
    ("GET", "/api/auth/me"): Right(scope=READ, is_self=True),
    ("GET", "/api/auth/tokens"): Right("admin"),
    ("POST", "/api/auth/tokens"): Right("admin"),
    ("DELETE", "/api/auth/tokens/{token_id}"): Right("admin"),
    ("GET", "/api/v1/previews"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}"): _READS,
    ("GET", "/api/v1/listing"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/shown"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/history"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/manifest"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/diff"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/causes"): _READS,
    ("GET", "/api/v1/blueprints"): _READS,
    ("GET", "/api/v1/blueprints/{name}"): _READS,
    ("GET", "/api/v1/calendar"): _READS,
    ("GET", "/api/v1/way/{key}"): _READS,
    ("GET", "/api/v1/statistics"): _READS,
    ("GET", "/api/v1/summary"): _READS,
    ("GET", "/api/v1/environments"): _READS,
    ("GET", "/api/v1/queue"): _READS,
    ("GET", "/api/v1/events"): _READS,
    ("POST", "/api/v1/previews"): Right("developer", WRITE),
    ("POST", "/api/v1/previews/plan"): _PLANS,
    ("POST", "/api/v1/plans"): _PLANS,
    ("POST", "/api/v1/previews/plan/shown"): _PLANS,
    ("GET", "/api/v1/history"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/why"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/status"): _READS,
    ("GET", "/api/v1/previews/{env}/{key}/logs/{component}"): Right("developer", WRITE),
    ("POST", "/api/v1/previews/{env}/{key}/extend"): Right("developer", WRITE, own=True),
    ("POST", "/api/v1/previews/{env}/{key}/stop"): Right("developer", WRITE, own=True),
    ("POST", "/api/v1/previews/{env}/{key}/revive"): Right("developer", WRITE, own=True),
    ("POST", "/api/v1/previews/{env}/{key}/sleep"): Right("developer", WRITE, own=True),
    ("POST", "/api/v1/previews/{env}/{key}/wake"): Right("developer", WRITE),
    ("GET", "/api/v1/operations"): Right("viewer", READ),
    ("GET", "/api/v1/operations/{operation_id}"): Right("viewer", READ),
    ("GET", "/api/v1/freezes"): _READS,
    ("POST", "/api/v1/freezes"): Right("operator"),
    ("DELETE", "/api/v1/freezes/{freeze_id}"): Right("operator"),
    ("GET", "/api/v1/jobs"): Right("operator"),
    ("GET", "/api/v1/jobs/{job_id}"): Right("operator"),
    ("POST", "/api/v1/jobs/{job_id}/retry"): Right("operator"),
    ("GET", "/api/v1/deliveries"): Right("operator"),
    ("GET", "/api/v1/deliveries/{delivery_id}"): Right("operator"),
    ("POST", "/api/v1/deliveries/{delivery_id}/replay"): Right("operator"),
    ("GET", "/api/v1/audit"): Right("operator"),
    ("GET", "/preview/{key}"): Right("viewer"),
    ("GET", "/preview/{key}/{env}"): Right("viewer"),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `name` stands in entries and commits. People have a `role`, services `scopes` and environments.

    `environments` empty: all of them. `roles`: as they were given, approver among them. `session`: that they are
    signed in by, if it can be ended. `expires_at`: when the token they called by runs out.
    """

    id: str
    name: str
    kind: Literal["person", "service"]
    via: str
    role: Role | None = None
    scopes: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    session: str | None = None
    expires_at: datetime | None = None

    def may(self, right: Right) -> bool:
        """Whether a route is theirs to call, whatever object it is about."""
        if right.is_open:
            return True
        if self.kind == "service":
            return bool(right.scope) and (
                right.scope in self.scopes or (right.scope == WRITE and WRITE_GATED in self.scopes)
            )
        if right.is_self:
            return True
        return right.role is not None and self.role is not None and ROLES.index(self.role) >= ROLES.index(right.role)

    def must_write(self, environment: str, *, gated: bool) -> None:
        """Raise `ConfigError` (NotAllowed) where a service may not ask for changes."""
        if self.kind != "service":
            return
        needed = WRITE_GATED if gated else WRITE
        if needed not in self.scopes:
            raise refused(f"the token {self.name!r} has no scope {needed}", allowed=needed)
        if self.environments and environment not in self.environments:
            raise refused(f"the token {self.name!r} is not for {environment}", allowed=", ".join(self.environments))

    def owns(self, right: Right, owner: str | None) -> bool:
        """Whether what `owner` asked for counts as theirs. What a project's rule started is every developer's."""
        return not right.own or self.role != "developer" or owner in (None, self.name) or is_rule(owner or "")

    def must_own(self, right: Right, owner: str | None, what: str) -> None:
        """Raise `ConfigError` (NotAllowed) where `what` is another's and only one's own may be changed."""
        if not self.owns(right, owner):
            raise refused(f"{what} is {owner}'s; you are {self.name}", allowed="its owner, operators, admins")


def refused(message: str, *, allowed: str = "") -> ConfigError:
    """The error that somebody has no right to something."""
    return ConfigError(Reason.NOT_ALLOWED, Fault(message, allowed=allowed))
