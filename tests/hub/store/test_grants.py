"""Each service's role in PostgreSQL may do what the service does, and nothing more, on a real server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from contracts.queue_contract import QUICK
from generator.errors import ConfigError, Reason
from hub.queue.jobs import Jobs
from hub.services.auth.providers.port import Found
from hub.services.auth.sessions import Whence
from hub.services.auth.tidying import tidy
from hub.services.listener.upkeep import put_catch_up
from hub.services.worker.service import working
from hub.store import audit, catch_ups, devices, grants, relaying, retention, schema, tokens
from hub.store.audit import Entry
from hub.store.catch_ups import CaughtUp
from hub.store.database import Database, sqlite_url
from hub.store.grants import GRANTS, SERVICES
from hub.store.tables import METADATA
from hub.store.tokens import Token
from worlds.api_world import api_world
from worlds.commands import must, rtb_hub
from worlds.delivering import from_jira, inbox, issue
from worlds.serving import IMAGES, Serving, job
from worlds.sign_in import sign_in

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@dataclass
class Roles:
    """A database of its own with roles of its own."""

    url: str
    prefix: str
    owner: Database

    def url_of(self, service: str) -> str:
        return self.url.replace("hub@", f"{self.prefix}{service}@")

    def database(self, service: str) -> Database:
        return Database(self.url_of(service))


@pytest.fixture
def roles(postgres: Any, postgres_template: str) -> Iterator[Roles]:
    prefix = f"t{uuid.uuid4().hex[:12]}_"
    with postgres.database(like=postgres_template) as url:
        owner = Database(url)
        told = must("db", "grants", "--apply", "--prefix", prefix, "--output", "json", RTB_HUB_DATABASE_URL=url).json()
        assert told["applied"]
        grants.apply(owner, prefix)  # again: it comes to the same
        yield Roles(url, prefix, owner)
        owner.close()
    for role in grants.roles(prefix).values():
        postgres.say(f"DROP ROLE {role}")


def test_each_role_has_what_is_written_and_no_more(roles: Roles) -> None:
    tables = [*METADATA.tables, "alembic_version"]
    with roles.owner.read() as connection:
        for service in SERVICES:
            role = roles.prefix + service
            for table in tables:
                written = GRANTS[service].get(table, "")
                for right in RIGHTS:
                    whole = any(part.strip() == right for part in _parts(written))
                    some = any(part.strip().startswith(right) for part in _parts(written))
                    has = "SELECT has_table_privilege(:role, :table, :right)"
                    found = connection.execute(text(has), {"role": role, "table": table, "right": right}).scalar_one()
                    assert found is whole, (service, table, right)
                    if right in ("SELECT", "INSERT", "UPDATE"):
                        has = "SELECT has_any_column_privilege(:role, :table, :right)"
                        any_of = connection.execute(text(has), {"role": role, "table": table, "right": right})
                        assert any_of.scalar_one() is some, (service, table, right)


def _parts(written: str) -> list[str]:
    depth, parts = 0, [""]
    for sign in written:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def test_nobody_but_the_owner_changes_what_was_audited(roles: Roles) -> None:
    with roles.owner.write() as connection:
        audit.add(connection, Entry("alice", "api", "a", "o", "allowed"), now=roles.owner.now(connection))
    for service in SERVICES:
        database = roles.database(service)
        for statement in ("DELETE FROM audit", "UPDATE audit SET who = 'bob'", "TRUNCATE audit", "DROP TABLE audit",
                          "ALTER TABLE audit DISABLE TRIGGER ALL", "CREATE TABLE mine (x int)"):  # fmt: skip
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), database.write() as one:
                one.execute(text(statement))
        database.close()


def test_the_listener_takes_deliveries_relays_and_prunes(roles: Roles) -> None:
    secret = tokens.new_secret()
    with roles.owner.write() as connection:
        now = roles.owner.now(connection)
        made = Token("token-1", now, "jira", secret[: tokens.SHOWN], ("jira:event",), (), "a", now + timedelta(days=1))
        tokens.add(connection, made, secret)
        old = Entry("alice", "api", "a", "o", "allowed")
        audit.add(connection, old, now=now - timedelta(days=366))
        audit.add(connection, old, now=now)
    database = roles.database("listener")
    schema.check(database)
    here = inbox(Jobs(database))
    assert here.send("jira", issue(), from_jira(issue())).status_code == 202
    assert here.send("jira", issue(), {}).status_code == 401
    body = b'{"issue": "RTB-1", "updated": "now", "rule": "1"}'
    assert here.send("jira-automation", body, {"Authorization": f"Bearer {secret}"}).status_code == 202
    assert put_catch_up(here.jobs, "github", timedelta(minutes=5))
    with database.write() as connection:
        now = database.now(connection)
        leased = relaying.lease(connection, database, lease=timedelta(seconds=5), limit=10, now=now)
        relaying.sent(connection, leased, look=now)
        assert len(relaying.overdue(connection, limit=10, now=now)) == len(leased) == 3
    assert (retention.prune(database) or {})["audit"] == 1
    with database.read() as connection:
        retention_due = "SELECT count(*) FROM catch_ups"
        assert connection.execute(text(retention_due)).scalar_one() == 0
    database.close()


def test_the_worker_does_jobs_and_notes_how_far_it_looked(roles: Roles, tmp_path: Path) -> None:
    serving = Serving(tmp_path / "state.git", roles.url_of("worker"))
    schema.check(serving.database)
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"))
        assert (serving.ended("op-1").result or {})["change"] == "created"
        put_catch_up(serving.jobs, "github", timedelta(days=1))
        serving.ended(serving.jobs.listed(limit=1)[0].id)
    with serving.database.write() as connection:
        for _ in range(2):
            catch_ups.keep(connection, serving.database, "github/1", CaughtUp({"since": None}))
        assert catch_ups.get(connection, "github/1").state == {"since": None}
        connection.execute(text("SELECT delivery_id FROM deliveries WHERE source = 'github'"))
    for statement in ("SELECT body FROM deliveries", "SELECT hash FROM service_tokens", "DELETE FROM jobs"):
        with pytest.raises(ProgrammingError, match="permission denied"), serving.database.write() as connection:
            connection.execute(text(statement))
    serving.close()


def test_the_dashboard_puts_operations_and_knows_tokens(roles: Roles, tmp_path: Path) -> None:
    serving = Serving(tmp_path / "state.git", roles.url_of("dashboard"))
    schema.check(serving.database)
    with api_world(serving, works=False) as api:
        body = {"issue": "RTB-1", "environment": "int", "images": dict(IMAGES)}
        assert api.post("/api/v1/previews", by="operator", json=body).status_code == 202
        for path in ("/api/v1/jobs", "/api/v1/audit", "/api/v1/freezes", "/api/auth/tokens", "/api/v1/operations"):
            assert api.get(path, by="admin").status_code == 200, path
        freeze = {"scope": "int", "reason": "x", "lasts": "1h"}
        made = api.post("/api/v1/freezes", by="operator", json=freeze)
        assert made.status_code < 300
        assert api.call("DELETE", f"/api/v1/freezes/{made.json()['id']}", by="operator").status_code < 300
        assert api.post("/api/v1/previews", by="reader", json=body).status_code == 403
        shown = {"Authorization": f"Bearer {a_token(roles)}"}
        assert api.get("/api/v1/previews", by=None, headers=shown).status_code == 200
        assert api.get("/api/auth/me", by="admin").status_code == 200
    kept = ("SELECT * FROM signing_keys", "SELECT * FROM refresh_tokens", 'SELECT "grant" FROM sessions')
    for statement in (
        *kept,
        "INSERT INTO service_tokens (id) VALUES ('x')",
        "SELECT * FROM catch_ups",
        "DELETE FROM deliveries",
        "UPDATE operations SET via = ''",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), serving.database.write() as connection:
            connection.execute(text(statement))
    serving.close()


def a_token(roles: Roles) -> str:
    """One that an administrator had the sign-in service make."""
    secret = tokens.new_secret()
    with closing(roles.database("auth")) as database, database.write() as connection:
        now = database.now(connection)
        made = Token("token-1", now, "ci", secret[:11], ("preview:read",), (), "root", now + timedelta(days=1))
        tokens.add(connection, made, secret)
    return secret


def test_the_sign_in_service_signs_in_and_does_nothing_else(roles: Roles) -> None:
    with closing(roles.database("auth")) as database:
        schema.check(database)
        auth = sign_in(database, "https://hub.example.com", clock=lambda: datetime.now(UTC), actor="alice")
        whence = Whence()
        signed = auth.sessions.begin("local", Found("local|alice", "alice", frozenset()), whence)
        again = auth.sessions.refresh(signed.refresh, whence)
        auth.sessions.link("github", Found("1", "octo", frozenset()), signed.session.principal_id, whence)
        with database.write() as connection:
            device = devices.add(connection, "cli", "", now=database.now(connection))
            assert device is not None
            assert devices.decide(connection, device[0].id, "allowed", signed.session.id)
            devices.remove(connection, device[0].id)
        auth.sessions.of_device(signed.session.id, whence)
        auth.keys.rotate()
        auth.sessions.end(again.refresh, whence)
        assert tidy(auth) == 0
        for statement in ("SELECT * FROM jobs", "SELECT * FROM audit", "DELETE FROM service_tokens"):
            with pytest.raises(ProgrammingError, match="permission denied"), database.write() as connection:
                connection.execute(text(statement))


def test_every_table_is_somebodys() -> None:
    named = {table for tables in GRANTS.values() for table in tables}
    assert set(METADATA.tables) <= named


def test_what_cannot_be_granted_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        grants.apply(Database(sqlite_url(tmp_path / "hub.sqlite")))
    assert raised.value.reason is Reason.INVALID_VALUE
    for prefix in ("", "A", "a;b", "a" * 60):
        assert rtb_hub("db", "grants", "--prefix", prefix).code == 14
