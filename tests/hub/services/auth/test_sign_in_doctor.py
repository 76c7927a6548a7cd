"""`rtb-hub doctor --sign-in`: what is wrong with it, with what to do; nothing is changed by looking."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Response

from hub.adapters.http import SenderParts
from hub.output.exit_codes import UNHEALTHY
from hub.services.auth.checking import Asks, findings
from hub.services.auth.keys import Keys
from hub.services.auth.sealing import sealed_by
from hub.settings import load_settings
from hub.store import people, signing_keys
from hub.store.database import Database, sqlite_url
from hub.store.people import Account
from hub.store.schema import prepare
from worlds.commands import rtb_hub
from worlds.oidc_provider import OidcProvider, oidc_provider
from worlds.served import on_loopback

URL = "https://hub.example.com"


@pytest.fixture(scope="module")
def provider(oidc_folder: Path) -> Iterator[OidcProvider]:
    with oidc_provider(oidc_folder, f"{URL}/api/auth/callback") as made:
        yield made


@dataclass
class World:
    """A database with a signing key and alice, who is a developer, and the variables of a service that is right."""

    folder: Path
    provider: OidcProvider
    given: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        key = self.folder / "key"
        key.write_text(Fernet.generate_key().decode())
        key.chmod(0o600)
        url = sqlite_url(self.folder / "hub.sqlite")
        self.given = {
            "PUBLIC_URL": URL, "KEY_FILE": str(key), "DATABASE_URL": url, "PROXIES": "10.0.0.0/16",
            "OIDC_ISSUER": self.provider.issuer, "OIDC_CLIENT_ID": "rtb-hub", "OIDC_CLIENT_SECRET": "a secret/with+signs",
            "ROLES": "developer=devs; admin=platform",
        }  # fmt: skip
        database = Database(url)
        prepare(database)
        Keys(database, sealed_by(key)).signing(datetime.now(UTC))
        with database.write() as connection:
            for name, roles in (("alice", ["developer"]), ("root", ["developer", "admin"])):
                person = people.known(connection, Account("oidc", name, name), now=datetime.now(UTC))
                people.put_roles(connection, person, roles)
        database.close()

    def found(self, late: timedelta = timedelta(), **changed: str) -> dict[str, Any]:
        """Findings by their rule, what is wrong first."""
        given = {f"RTB_HUB_{name}": value for name, value in (self.given | changed).items() if value}
        settings = load_settings(given)
        database = Database(settings.secret("database_url") or "sqlite://")
        clock = lambda: datetime.now(UTC) + late  # noqa: E731
        try:
            found = findings(settings, Asks(clock, SenderParts(clock=clock)), database)
            return {f"{one.severity} {one.rule} {one.where.file}": one for one in found}
        finally:
            database.close()


@pytest.fixture
def world(tmp_path: Path, provider: OidcProvider) -> World:
    return World(tmp_path, provider)


def test_where_all_is_right_nothing_is_found(world: World) -> None:
    assert world.found() == {}
    environ = {f"RTB_HUB_{name}": value for name, value in world.given.items()}
    ran = rtb_hub("doctor", "--sign-in", **environ)
    assert (ran.code, ran.err) == (0, "")
    assert "no problems found" in ran.out
    assert "checked sign-in by oidc, its settings, keys and roles in sqlite" in ran.out


@pytest.mark.parametrize(
    ("changed", "found", "words"),
    [
        ({"PUBLIC_URL": ""}, "error public-url RTB_HUB_PUBLIC_URL", "is missing"),
        ({"OIDC_ISSUER": "", "OIDC_CLIENT_ID": ""}, "error no-provider RTB_HUB_OIDC_ISSUER", "nobody can sign in"),
        ({"OIDC_ISSUER": ""}, "error sign-in-settings RTB_HUB_OIDC_ISSUER", "is missing"),
        ({"OIDC_ISSUER": "http://127.0.0.1:9"}, "error provider RTB_HUB_OIDC_ISSUER", "read how people sign in"),
        ({"OIDC_CLIENT_ID": "other"}, "error redirect-address RTB_HUB_OIDC_CLIENT_ID", "answers 400"),
        ({"PUBLIC_URL": "https://other.example.com"}, "error redirect-address RTB_HUB_OIDC_CLIENT_ID", "answers 400"),
        ({"OIDC_GROUPS_CLAIM": "teams"}, "warning groups-claim RTB_HUB_OIDC_GROUPS_CLAIM", "'teams'"),
        ({"PROXIES": ""}, "warning proxies RTB_HUB_PROXIES", "limited as one"),
        ({"ROLES": ""}, "error no-roles RTB_HUB_ROLES", "may do nothing"),
        ({"ROLES": "developer=devs"}, "warning no-admin RTB_HUB_ROLES", "nobody the role admin"),
        ({"ROLES": "developer=devs; admin=platform; operator=oprators"}, "warning roles RTB_HUB_ROLES", "oprators"),
        ({"KEY_FILE": "none"}, "error sign-in-settings RTB_HUB_KEY_FILE", "cannot be read"),
        ({"DATABASE_URL": "sqlite:////no/such/folder/hub.sqlite"}, "error database RTB_HUB_DATABASE_URL", "database"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_what_to_do(world: World, changed: dict[str, str], found: str, words: str) -> None:
    told = world.found(**changed)
    assert found in told, told
    assert words in told[found].message
    assert all(one.remedy for one in told.values() if one.severity != "note"), told


@pytest.mark.parametrize(
    ("seconds", "severity", "words"),
    [(3600, "error", "ahead of"), (-3600, "error", "behind"), (30, "warning", "ahead of"), (0, None, "")],
)
def test_the_clock(world: World, seconds: int, severity: str | None, words: str) -> None:
    """By the Date of the provider's answer, which is of whole seconds."""
    told = world.found(timedelta(seconds=seconds))
    assert [name for name in told if "clock" in name] == ([f"{severity} clock clock"] if severity else [])
    if severity:
        assert words in told[f"{severity} clock clock"].message


def test_without_an_address_of_its_own_no_other_is_tried(world: World) -> None:
    assert set(world.found(PUBLIC_URL="")) == {"error public-url RTB_HUB_PUBLIC_URL"}


def test_keys_that_the_key_file_does_not_open(world: World) -> None:
    path = Path(world.given["KEY_FILE"])
    path.write_text(Fernet.generate_key().decode())
    path.chmod(0o644)
    told = world.found()
    assert "auth rotate --stolen" in str(told["error signing-keys RTB_HUB_KEY_FILE"].remedy)
    assert f"warning key-file {path}" in told


def test_looking_makes_nothing(world: World, tmp_path: Path) -> None:
    """Neither a signing key, nor a key file, nor a database."""
    url = sqlite_url(tmp_path / "empty.sqlite")
    database = Database(url)
    prepare(database)
    told = world.found(DATABASE_URL=url)
    assert {"note signing-keys RTB_HUB_KEY_FILE", "note roles RTB_HUB_ROLES"} == set(told)
    with database.read() as connection:
        assert signing_keys.listed(connection) == []
    database.close()
    data = tmp_path / "data"
    environ = {
        f"RTB_HUB_{name}": value for name, value in world.given.items() if name not in ("DATABASE_URL", "KEY_FILE")
    }
    ran = rtb_hub("doctor", "--sign-in", "--output", "json", RTB_HUB_DATA=str(data), **environ)
    assert ran.code == 0, ran.err
    assert [one["rule"] for one in ran.json()["findings"]] == ["database"]
    assert not data.exists()


def test_a_provider_without_refresh_tokens_or_with_another_issuer(world: World) -> None:
    app, told = FastAPI(openapi_url=None), dict[str, Any]()
    public = jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key())
    app.get("/.well-known/openid-configuration")(lambda: told)
    app.get("/keys")(lambda: {"keys": [{**json.loads(public), "kid": "k", "alg": "RS256", "use": "sig"}]})
    app.get("/begin")(lambda: Response("sign in", media_type="text/html"))
    with on_loopback(app) as url:
        told |= {
            "issuer": url, "authorization_endpoint": f"{url}/begin", "token_endpoint": f"{url}/t", "jwks_uri": f"{url}/keys",
            "grant_types_supported": ["authorization_code"], "claims_supported": ["sub", "groups"],
        }  # fmt: skip
        assert set(world.found(OIDC_ISSUER=url)) == {"warning refresh-tokens RTB_HUB_OIDC_SCOPES"}
        told["issuer"] = "https://other.example"
        found = world.found(OIDC_ISSUER=url)
    assert "another issuer" in found["error provider RTB_HUB_OIDC_ISSUER"].message


def test_it_goes_alone_and_exits_as_doctor_does(tmp_path: Path) -> None:
    assert rtb_hub("doctor", "--sign-in", "--env", "int").code == 2
    ran = rtb_hub("doctor", "--sign-in", RTB_HUB_DATA=str(tmp_path / "none"))
    assert (ran.code, "[no-provider]" in ran.out) == (UNHEALTHY, True)
