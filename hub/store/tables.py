"""The tables, on SQLite and on PostgreSQL alike. Times are aware and UTC; ids are texts.

A change here is a migration beside it (`hub/store/migrations/versions`); a test holds that both come to the same.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware time, kept in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises `ValueError` for a time without its offset."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no offset from UTC")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON as ASCII text: what others send may hold signs that neither database takes in its own type."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """None is NULL."""
        del dialect
        return None if value is None else json.dumps(value, ensure_ascii=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """NULL is None."""
        del dialect
        return None if value is None else json.loads(value)


METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(column_0_N_label)s",
    }
)


def _table(name: str, *rest: Any) -> Table:
    """A table with `id` and `created_at`."""
    return Table(
        name, METADATA, Column("id", Text, primary_key=True), Column("created_at", Moment, nullable=False), *rest
    )


#: What was delivered to the listener. `body` is deleted before the row. `verified_by`: which proof held.
DELIVERIES = _table(
    "deliveries",
    Column("source", Text, nullable=False),
    Column("delivery_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("headers", Json, nullable=False),
    Column("body", LargeBinary),
    Column("verified_by", Text, nullable=False),
    Column("state", Text, nullable=False),  # new, processed, ignored, failed
    Column("reason", Text),
    Column("job_id", Text),
    UniqueConstraint("source", "delivery_id"),
    Index(None, "created_at"),
)

#: Outbox, queue and history at once; see `hub.store.jobs`. `seq` is the order in which they came.
JOBS = Table(
    "jobs",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("queue", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("payload", Json, nullable=False),
    Column("key", Text, nullable=False),
    Column("replaces", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("run_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("token", Text),
    Column("attempts", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("error", Json),
    Column("result", Json),
    Column("parent", Text),
    Column("ended_at", Moment),
    Index(None, "state", "run_at"),
    Index(None, "key", "state"),
    Index(None, "created_at"),
    sqlite_autoincrement=True,
)

#: What people and CI ask for and look up: one job each, whose state and result are the operation's.
OPERATIONS = _table(
    "operations",
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request", Json, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("job_id", Text, nullable=False, unique=True),
    UniqueConstraint("principal", "idempotency_key"),
    Index(None, "key"),
)

PRINCIPALS = _table(
    "principals",
    Column("kind", Text, nullable=False),  # person, service
    Column("name", Text, nullable=False),
    Column("roles", Json, nullable=False),
)

#: Whose account at a provider it is: a GitHub login, a Slack user, a Jira account. `subject` is what never changes of
#: it, `name` what people call it; `linked_by`: `sign-in`, or the admin who did it.
IDENTITIES = _table(
    "identities",
    Column("provider", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("linked_by", Text, nullable=False),
    Column("principal_id", Text, ForeignKey("principals.id", ondelete="CASCADE"), nullable=False),
    UniqueConstraint("provider", "subject"),
)

#: One sign-in of one person, at a browser or a command line. `grant`: what the provider lets the hub ask again by,
#: encrypted. `asking_until`: somebody is asking it just now. `ends_at` is not moved, `expires_at` is by each refresh.
SESSIONS = _table(
    "sessions",
    Column("principal_id", Text, ForeignKey("principals.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),  # browser, device
    Column("via", Text, nullable=False),  # oidc, github, local
    Column("subject", Text, nullable=False),
    Column("roles", Json, nullable=False),
    Column("roles_at", Moment, nullable=False),
    Column("grant", LargeBinary),
    Column("asking_until", Moment),
    Column("last_used_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("end_reason", Text),
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False),
    Index(None, "principal_id"),
    Index(None, "expires_at"),
)

#: Each is used once. The next one is made of it with `salt`, which gives nothing to who has not the token itself.
REFRESH_TOKENS = Table(
    "refresh_tokens",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("used_at", Moment),
    Index(None, "session_id"),
)

#: What access tokens are signed by, from `active_at` until the next one is. `private` is encrypted.
SIGNING_KEYS = _table(
    "signing_keys",
    Column("algorithm", Text, nullable=False),
    Column("public", Json, nullable=False),
    Column("private", LargeBinary, nullable=False),
    Column("active_at", Moment, nullable=False),
)

#: Command lines that wait for somebody to let them in.
DEVICES = _table(
    "devices",
    Column("hash", Text, nullable=False, unique=True),
    Column("user_code", Text, nullable=False, unique=True),
    Column("client", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending, allowed, refused
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE")),
    Column("polled_at", Moment),
    Column("expires_at", Moment, nullable=False),
)

#: Links by which the owner of an account in Slack says whose it is; one an account. Of its secret a hash is kept.
SLACK_LINKS = _table(
    "slack_links",
    Column("hash", Text, nullable=False, unique=True),
    Column("team", Text, nullable=False),
    Column("team_name", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    UniqueConstraint("team", "user"),
)

#: Only a hash of each token is kept; `prefix` tells people which it is.
SERVICE_TOKENS = _table(
    "service_tokens",
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("environments", Json, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)

#: Where the one message of a preview (`key`: `int/RTB-123`) stands in a channel; the message itself says what it told
#: last, of which `told` is a copy. `intent_at`: a post began whose end is not known; `look_at`: not looked at before.
MESSAGES = _table(
    "messages",
    Column("key", Text, nullable=False),
    Column("channel", Text, nullable=False),  # of `channels.ChannelName`
    Column("external_id", Text),
    Column("content_hash", Text),
    Column("state", Text, nullable=False),  # open, declined, parked, closed
    Column("told", Json),
    Column("intent_at", Moment),
    Column("look_at", Moment),
    Column("token", Text),
    Column("lease_until", Moment),
    UniqueConstraint("key", "channel"),
)

#: While one holds, nothing starts in its scope (an environment's name, or `*`). Expiry goes on.
FREEZES = _table(
    "freezes",
    Column("scope", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("until", Moment, nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", Text),
)

#: Rows are only added.
AUDIT = _table(
    "audit",
    Column("who", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("request_id", Text),
    Column("address", Text),
    Index(None, "created_at"),
)

#: Deletes rows of the audit log that are older than a year, so many at most, for roles that may not delete there.
PRUNE_AUDIT = "rtb_hub_prune_audit"
MAKE_PRUNE_AUDIT = f"""
CREATE FUNCTION {PRUNE_AUDIT}(most integer) RETURNS integer LANGUAGE sql SECURITY DEFINER
SET search_path FROM CURRENT AS $$
  WITH gone AS (
    DELETE FROM audit WHERE id IN (
      SELECT id FROM audit WHERE created_at <= clock_timestamp() - interval '365 days' LIMIT most
    ) RETURNING 1
  ) SELECT count(*)::integer FROM gone
$$;
REVOKE ALL ON FUNCTION {PRUNE_AUDIT}(integer) FROM PUBLIC
"""  # noqa: S608 - of a name of ours
_MADE_THERE = DDL(MAKE_PRUNE_AUDIT).execute_if(dialect="postgresql")  # type: ignore[no-untyped-call]
event.listen(METADATA, "after_create", _MADE_THERE)

#: How far lost deliveries were looked for, by sender (`github/4242`, `jira`). `good_at`: when all was last looked at.
CATCH_UPS = _table(
    "catch_ups",
    Column("state", Json, nullable=False),
    Column("good_at", Moment),
)

#: Token buckets, by what they limit: what is left at `at` (seconds since 1970), and whether the last asked got one.
BUCKETS = _table(
    "buckets",
    Column("left", Double, nullable=False),
    Column("at", Double, nullable=False),
    Column("got", Boolean, nullable=False),
)
