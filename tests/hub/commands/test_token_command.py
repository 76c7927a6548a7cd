"""`rtb-hub token`: made once, listed without its secret and revoked, on a database and through a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.services.auth.app import make_app
from hub.services.auth.providers.port import Found
from hub.services.auth.sessions import Whence
from hub.store import audit
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.commands import must, rtb_hub
from worlds.served import on_loopback
from worlds.sign_in import sign_in

MADE = (
    "token",
    "create",
    "ci-web",
    "--scope",
    "preview:write",
    "--scope",
    "preview:read",
    "--env",
    "int",
    "--days",
    "30",
)


@contextmanager
def served(data: Path, role: str = "admin") -> Iterator[tuple[str, dict[str, str]]]:
    """A hub that runs, and the variables of somebody of a role there."""
    database = Database(sqlite_url(data / "hub.sqlite"))
    auth = sign_in(database, "https://hub.example.com", clock=lambda: datetime.now(UTC), ROLES=f"{role}=everybody")
    found = Found("people|1", "root", frozenset({"everybody"}))
    token = auth.sessions.begin("oidc", found, Whence()).access.token
    with on_loopback(make_app(auth)) as url:
        yield url, {"RTB_HUB_SERVER": url, "RTB_HUB_SERVER_TOKEN": token}
    database.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    database.close()
    return tmp_path


@pytest.fixture(params=["database", "server"])
def given(request: pytest.FixtureRequest, data: Path) -> Iterator[dict[str, str]]:
    """The variables of who works on the database as root, or through a server as root."""
    if request.param == "database":
        yield {"RTB_HUB_DATA": str(data), "RTB_HUB_ACTOR": "root"}
        return
    with served(data) as (_, variables):
        yield variables


def deeds(data: Path) -> list[tuple[str, str, str]]:
    database = Database(sqlite_url(data / "hub.sqlite"))
    with database.read() as connection:
        entries = [one.entry for one in audit.listed(connection)]
    database.close()
    return [(one.who, one.action, one.outcome) for one in reversed(entries) if one.action.startswith("token.")]


def test_from_making_to_revoking(given: dict[str, str], data: Path) -> None:
    made = must(*MADE, "-o", "json", **given).json()
    assert (made["scopes"], made["environments"], made["createdBy"]) == (
        ["preview:write", "preview:read"],
        ["int"],
        "root",
    )
    assert made["token"].startswith(made["prefix"])
    (listed,) = must("token", "list", "-o", "json", **given).json()["tokens"]
    assert listed == {name: value for name, value in made.items() if name != "token"}
    told = must(*MADE, **given).out
    assert "rtbh_" in told
    assert "only time" in told
    table = must("token", "list", **given).out
    assert table.count("ci-web") == 2
    assert made["token"] not in table
    assert "is revoked" in must("token", "revoke", made["id"], **given).out
    again = rtb_hub("token", "revoke", made["id"], **given)
    assert (again.code, "rtb-hub token list" in again.err) == (76, True), again.err
    assert "revoked 20" in must("token", "list", **given).out
    assert deeds(data) == [("root", "token.make", "allowed")] * 2 + [("root", "token.revoke", "allowed")]


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_an_id_can_be_copied_from_the_list(width: str, data: Path) -> None:
    given = {"RTB_HUB_DATA": str(data), "RTB_HUB_ACTOR": "root"}
    made = must(*MADE, "-o", "json", **given).json()
    told = must("token", "list", COLUMNS=width, **given).out
    for whole in (made["id"], "ci-web", made["prefix"], made["expiresAt"]):
        assert whole in told


def test_it_gives_what_it_says_until_it_is_revoked(data: Path) -> None:
    with served(data) as (url, _):
        made = must(*MADE, "-o", "json", RTB_HUB_DATA=str(data)).json()
        by_it = {"RTB_HUB_SERVER": url, "RTB_HUB_SERVER_TOKEN": made["token"]}
        refused = rtb_hub("token", "list", **by_it)
        assert (refused.code, "ci-web may not do this" in refused.err) == (74, True), "no token makes others"
        must("token", "revoke", made["id"], RTB_HUB_DATA=str(data))


def test_who_is_no_admin_makes_none(data: Path) -> None:
    with served(data, "operator") as (_, variables):
        refused = rtb_hub(*MADE, **variables)
    assert (refused.code, "the role admin" in refused.err) == (74, True), refused.err
    assert deeds(data) == []


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("token", "create", "Ci Web", "--scope", "preview:read"), 14, "name"),
        (("token", "create", "ci", "--scope", "preview:read", "--env", "../x"), 14, "environments"),
        (("token", "create", "ci"), 2, "--scope"),
        (("token", "create", "ci", "--scope", "admin"), 2, "preview:write"),
        (("token", "create", "ci", "--scope", "preview:read", "--days", "367"), 2, "366"),
        (("token", "revoke", "token-x"), 76, "no token"),
    ],
)
def test_what_is_wrong_is_told(given: dict[str, str], arguments: tuple[str, ...], code: int, named: str) -> None:
    ran = rtb_hub(*arguments, **given)
    assert (ran.code, named in ran.err) == (code, True), (ran.code, ran.err)


def test_a_database_of_another_schema_is_refused(tmp_path: Path) -> None:
    assert rtb_hub("token", "list", RTB_HUB_DATA=str(tmp_path)).code == 71


@pytest.mark.parametrize("asked", [MADE, ("token", "list")], ids=["create", "list"])
def test_an_answer_of_another_shape_is_told(asked: tuple[str, ...]) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": b"[]"})

    with on_loopback(app) as url:
        refused = rtb_hub(*asked, RTB_HUB_SERVER=url, RTB_HUB_SERVER_TOKEN="token")
    assert (refused.code, "not what a hub of this release says" in refused.err) == (78, True), refused.err


def test_a_dry_run_of_a_revocation_ends_nothing(data: Path) -> None:
    variables = {"RTB_HUB_DATA": str(data), "RTB_HUB_ACTOR": "root"}
    made = must(*MADE, "-o", "json", **variables).json()["id"]
    before = deeds(data)
    assert (
        "(ci-web) would be revoked; nothing is written" in must("token", "revoke", made, "--dry-run", **variables).out
    )
    assert must("token", "revoke", made, "--dry-run", "-o", "json", **variables).json() == {"dryRun": True, "id": made}
    (listed,) = must("token", "list", "-o", "json", **variables).json()["tokens"]
    assert (listed["revokedAt"], deeds(data)) == (None, before)
    must("token", "revoke", made, **variables)
    dry, real = (rtb_hub("token", "revoke", made, *more, **variables) for more in (("--dry-run",), ()))
    assert (dry.code, dry.err) == (76, real.err)
    through = rtb_hub("--server", "http://127.0.0.1:9", "token", "revoke", made, "--dry-run")
    assert (through.code, "--dry-run does not work through a server" in through.err) == (2, True)
