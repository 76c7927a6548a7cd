"""What each service may do in PostgreSQL: a role each, with the least that it needs. The audit log is only added to.

The schema's owner (`rtb_hub_upgrade`) migrates and grants. A table that no service names is the owner's alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from sqlalchemy import text

from generator.errors import ConfigError, Fault, Reason
from hub.store.database import Database
from hub.store.tables import PRUNE_AUDIT

Service = Literal["listener", "worker", "dashboard", "auth", "scaler"]
SERVICES: Final[tuple[Service, ...]] = ("listener", "worker", "dashboard", "auth", "scaler")
_NEW_AND_CHANGED = "SELECT, INSERT, UPDATE"
#: By service and table. In brackets: of these columns alone.
GRANTS: Final[Mapping[Service, Mapping[str, str]]] = {
    "listener": {
        "alembic_version": "SELECT",
        "deliveries": "SELECT, INSERT, UPDATE (body), DELETE",
        "jobs": "SELECT, INSERT, UPDATE, DELETE",
        "operations": "SELECT, DELETE",
        "service_tokens": "SELECT, UPDATE (last_used_at)",
        "catch_ups": "SELECT",
        "buckets": _NEW_AND_CHANGED,
        "audit": "INSERT",
    },
    "worker": {
        "alembic_version": "SELECT",
        "deliveries": "SELECT (source, delivery_id)",
        "jobs": _NEW_AND_CHANGED,
        "operations": "SELECT, INSERT",
        "freezes": "SELECT",
        "messages": _NEW_AND_CHANGED,
        "principals": "SELECT",
        "identities": "SELECT, DELETE",
        "slack_links": "SELECT, INSERT, UPDATE, DELETE",
        "sessions": "SELECT (principal_id, via, subject, roles, roles_at, ended_at, end_reason, expires_at)",
        "catch_ups": _NEW_AND_CHANGED,
        "audit": "INSERT",
    },
    "dashboard": {
        "alembic_version": "SELECT",
        "deliveries": "SELECT, UPDATE (state, reason, job_id)",
        "jobs": "SELECT, INSERT, UPDATE (state, run_at, crashes, error, ended_at)",
        "operations": "SELECT, INSERT",
        "principals": "SELECT",
        "identities": "SELECT",
        "sessions": "SELECT (id, expires_at, ends_at)",
        "service_tokens": "SELECT, UPDATE (last_used_at)",
        "freezes": "SELECT, INSERT, UPDATE (lifted_at, lifted_by)",
        "messages": "SELECT",
        "buckets": _NEW_AND_CHANGED,
        "audit": "SELECT, INSERT",
    },
    "auth": {
        "alembic_version": "SELECT",
        "principals": _NEW_AND_CHANGED,
        "identities": "SELECT, INSERT, UPDATE (name), DELETE",
        "sessions": "SELECT, INSERT, UPDATE, DELETE",
        "refresh_tokens": "SELECT, INSERT, UPDATE (used_at), DELETE",
        "signing_keys": "SELECT, INSERT, UPDATE (private), DELETE",
        "devices": "SELECT, INSERT, UPDATE, DELETE",
        "slack_links": "SELECT, DELETE",
        "buckets": _NEW_AND_CHANGED,
        "service_tokens": "SELECT, INSERT, UPDATE (last_used_at, revoked_at)",
        "audit": "INSERT",
    },
    "scaler": {"jobs": "SELECT (state, run_at)"},
}
_SEQUENCE: Final = "jobs_seq_seq"
_ROLE = re.compile(r"[a-z][a-z0-9_]{0,50}")


def roles(prefix: str = "rtb_hub_") -> Mapping[Service, str]:
    """The role of each service. Raises `ConfigError` (InvalidValue) for what no name begins with."""
    if not _ROLE.fullmatch(prefix):
        allowed = "a small letter, then at most 50 small letters, digits and '_'"
        raise ConfigError(Reason.INVALID_VALUE, Fault(f"{prefix[:60]!r} begins no role's name", allowed=allowed))
    return {service: prefix + service for service in SERVICES}


def statements(prefix: str = "rtb_hub_") -> Iterator[str]:
    """SQL that gives each role what it may do, and takes from it what else it may. For the schema's owner.

    Roles that are missing are made, without a password; whoever may not make roles has an administrator do it before.
    """
    for service, role in roles(prefix).items():
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN;"
            " END IF; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        for what in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            yield f"REVOKE ALL ON ALL {what} IN SCHEMA public FROM {role}"
        yield f"GRANT USAGE ON SCHEMA public TO {role}"
        for table, rights in GRANTS[service].items():
            yield f"GRANT {rights} ON {table} TO {role}"
        if "INSERT" in GRANTS[service].get("jobs", ""):
            yield f"GRANT USAGE ON SEQUENCE {_SEQUENCE} TO {role}"
        if service == "listener":
            yield f"GRANT EXECUTE ON FUNCTION {PRUNE_AUDIT}(integer) TO {role}"


def apply(database: Database, prefix: str = "rtb_hub_") -> None:
    """Carry them out, all or none. Raises `ConfigError` (InvalidValue) on SQLite, whose file is one user's."""
    if database.is_sqlite:
        remedy = "name PostgreSQL's with RTB_HUB_DATABASE_URL, as the schema's owner"
        raise ConfigError(
            Reason.INVALID_VALUE, Fault("SQLite has no roles", field="RTB_HUB_DATABASE_URL", remedy=remedy)
        )
    with database.write() as connection:
        database.take_turns(connection, _TURN)
        for one in statements(prefix):
            connection.execute(text(one))


#: Two at once would grant on the same tables.
_TURN = 7_015_004
