"""Access tokens: what holds and what does not, keys that roll over, and how public keys are read."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from generator.errors import ConfigError, HubError, Reason, Transient
from hub.services.auth.issuing import AUDIENCE, Issuer
from hub.services.auth.keys import KEPT_AFTER, PUBLISHED_BEFORE, SIGNS, Algorithm, Keys, current
from hub.services.auth.sealing import Sealed, sealed_by, sealed_in
from hub.services.auth.verifying import Verifier, public_keys
from hub.store import signing_keys
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.commands import must, rtb_hub

URL = "https://hub.example.com"
BEGIN = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)


@dataclass
class World:
    """An issuer and a verifier on one clock. `reads`: how often public keys were read; `fails`: what that raises."""

    database: Database
    algorithm: Algorithm = "EdDSA"
    sealed: Sealed = field(default_factory=lambda: Sealed([Fernet.generate_key().decode()], "keys"))
    now: datetime = BEGIN
    reads: int = 0
    fails: HubError | None = None
    instead: Any = None

    def __post_init__(self) -> None:
        self.database._clock = lambda: self.now
        self.keys = Keys(self.database, self.sealed, self.algorithm)
        self.issuer = Issuer(self.keys, URL)
        self.verifier = Verifier(self.read, URL, lambda: self.now)

    def read(self) -> Any:
        self.reads += 1
        if self.fails is not None:
            raise self.fails
        return self.instead if self.instead is not None else self.keys.public(self.now)

    def token(self, **claims: Any) -> str:
        told = {
            "name": "alice",
            "kind": "person",
            "roles": ["viewer", "developer", "approver"],
            "via": "oidc",
            **claims,
        }
        return self.issuer.issue("person-1", told, self.now).token

    def signed(self, key: Any = None, algorithm: str | None = None, *, kid: str | None = None, **claims: Any) -> str:
        """A token whose every claim may be another; by our own key unless another is given."""
        own, private = self.keys.signing(self.now)
        at = int(self.now.timestamp())
        told = {
            "iss": URL, "aud": AUDIENCE, "sub": "person-1", "name": "alice", "kind": "person", "roles": ["admin"],
            "iat": at, "exp": at + 600, "jti": "x", "via": "oidc", **claims,
        }  # fmt: skip
        told = {name: value for name, value in told.items() if value is not None}
        headers = {"kid": kid or own.id, "typ": claims.pop("typ", "at+jwt")}
        return jwt.encode(told, key or private, algorithm=algorithm or own.algorithm, headers=headers)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(made)
    yield made
    made.close()


@pytest.fixture(params=["EdDSA", "RS256"])
def world(request: pytest.FixtureRequest, database: Database) -> World:
    return World(database, request.param)


def refused(world: World, token: str) -> str:
    with pytest.raises(ConfigError) as found:
        world.verifier.caller(token)
    assert found.value.reason is Reason.NOT_SIGNED_IN
    return found.value.words


def part(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


def test_who_it_is_of_and_what_they_may(world: World) -> None:
    caller = world.verifier.caller(world.token(sid="session-1"))
    assert (caller.id, caller.name, caller.kind, caller.role) == ("person-1", "alice", "person", "developer")
    assert (caller.roles, caller.session, caller.via) == (("viewer", "developer", "approver"), "session-1", "oidc")
    service = world.verifier.caller(
        world.token(kind="service", scopes=["preview:read"], environments=["int"], roles=["admin"])
    )
    assert (service.role, service.scopes, service.environments) == (None, {"preview:read"}, {"int"})
    nobody = world.verifier.caller(world.token(roles=[]))
    assert nobody.role is None
    assert jwt.get_unverified_header(world.token())["alg"] == world.algorithm


class TestAuthentication:
    """`services.md` 13: alg confusion, unknown kid, exp, aud, iss; each alone makes a token nobody's."""

    def test_token_tampered(self, world: World) -> None:
        head, body, signature = world.token().split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        assert refused(world, f"{head}.{part({**claims, 'roles': ['admin']})}.{signature}")
        changed = "A" if signature[0] != "A" else "B"
        assert refused(world, f"{head}.{body}.{changed}{signature[1:]}")
        assert refused(world, f"{head}.{body}.")

    def test_token_expired(self, world: World) -> None:
        token = world.token()
        world.verifier.caller(token)
        world.now += timedelta(minutes=10)
        assert "run out" in refused(world, token), "what was verified is not kept for longer than it holds"

    def test_token_of_a_time_to_come(self, world: World) -> None:
        at = int((world.now + timedelta(minutes=5)).timestamp())
        assert refused(world, world.signed(iat=at, exp=at + 600))

    @pytest.mark.parametrize(
        "claims",
        [
            {"aud": "other"}, {"aud": None}, {"iss": "https://evil.example"}, {"iss": None}, {"exp": None}, {"jti": None},
            {"sub": None}, {"iat": None}, {"exp": "never"}, {"exp": 1e300}, {"typ": "JWT"}, {"sub": 7},
        ],
    )  # fmt: skip
    def test_token_of_another_audience_or_issuer_or_without_a_claim(self, world: World, claims: dict[str, Any]) -> None:
        world.verifier.caller(world.signed())
        assert refused(world, world.signed(**claims))

    def test_alg_none(self, world: World) -> None:
        _, body, _ = world.signed().split(".")
        kid = world.keys.signing(world.now)[0].id
        for name in ("none", "None", "NONE"):
            assert refused(world, f"{part({'alg': name, 'kid': kid, 'typ': 'at+jwt'})}.{body}.")

    def test_alg_confused(self, world: World) -> None:
        """The public key, as an attacker has it, taken for the secret of an HMAC."""
        own, private = world.keys.signing(world.now)
        pem = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        _, body, _ = world.signed().split(".")
        for secret in (pem, json.dumps(own.public).encode()):
            head = part({"alg": "HS256", "kid": own.id, "typ": "at+jwt"})
            mac = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
            assert refused(world, f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")

    def test_signed_by_a_key_of_somebody_else(self, world: World) -> None:
        other: Any = ed25519.Ed25519PrivateKey.generate()
        if world.algorithm == "RS256":
            other = rsa.generate_private_key(65537, 2048)
        assert refused(world, world.signed(other))

    def test_kid_unknown_has_the_keys_read_once_more_and_no_oftener(self, world: World) -> None:
        world.verifier.caller(world.token())
        for number in range(20):
            assert refused(world, world.signed(kid=f"key-{number}"))
        assert world.reads == 2
        world.now += timedelta(seconds=11)
        assert refused(world, world.signed(kid="key-unknown"))
        assert world.reads == 3

    @pytest.mark.parametrize("text", ["..", "a.b.c", "x" * 9000, "e30.e30.e30", "é.é.é", f"{'[' * 3000}.a.b"])
    def test_what_is_no_token(self, world: World, text: str) -> None:
        world.verifier.caller(world.token())
        assert refused(world, text)

    def test_a_key_inside_the_token_is_not_taken(self, world: World) -> None:
        private = ed25519.Ed25519PrivateKey.generate()
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(private.public_key()))
        told = jwt.decode(world.signed(), options={"verify_signature": False})
        for more in ({"jwk": public}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example/x"}):
            headers = {"kid": "key-evil", "typ": "at+jwt", **more}
            assert refused(world, jwt.encode(told, private, algorithm="EdDSA", headers=headers))


class TestPublicKeys:
    def test_they_hold_no_private_part(self, world: World) -> None:
        for one in world.keys.public(world.now)["keys"]:
            assert not {"d", "p", "q", "dp", "dq", "qi"} & one.keys()
            assert (one["alg"], one["use"]) == (world.algorithm, "sig")

    def test_they_are_read_every_five_minutes_and_hold_while_they_cannot_be(self, world: World) -> None:
        world.verifier.caller(world.token())
        world.verifier.caller(world.token())
        assert world.reads == 1
        world.now += timedelta(minutes=6)
        world.fails = Transient(Reason.PROVIDER_UNREACHABLE, "down")
        world.verifier.caller(world.token())
        world.verifier.caller(world.token())
        assert world.reads == 2
        assert world.verifier.is_well

    def test_before_the_first_is_read_it_is_told_why(self, world: World) -> None:
        world.fails = Transient(Reason.PROVIDER_UNREACHABLE, "down")
        with pytest.raises(Transient):
            world.verifier.caller(world.token())
        assert not world.verifier.is_well
        world.fails, world.instead = None, {"keys": "none"}
        with pytest.raises(HubError) as found:
            world.verifier.caller(world.token())
        assert found.value.reason is Reason.PROVIDER_REFUSED

    def test_a_set_that_is_strange_is_refused_whole(self, world: World) -> None:
        good = world.keys.public(world.now)["keys"][0]
        assert set(public_keys({"keys": [good, {"kty": "EC", "kid": "e"}, {"kty": "oct", "kid": "o", "k": "AA"}]})) == {
            good["kid"]
        }
        for strange in ([], {}, {"keys": {}}, {"keys": [good] * 21}, {"keys": [{"kty": "OKP", "kid": "k", "x": 1}]}):
            with pytest.raises(ValueError, match=r"JWK Set|cannot be read"):
                public_keys(strange)


class TestRollingOver:
    def test_the_next_is_published_a_day_before_it_signs_and_kept_a_day_after(self, world: World) -> None:
        first, _ = world.keys.signing(world.now)
        world.now = BEGIN + SIGNS - PUBLISHED_BEFORE - timedelta(minutes=2)
        assert [one["kid"] for one in world.keys.public(world.now)["keys"]] == [first.id]
        world.now = BEGIN + SIGNS - PUBLISHED_BEFORE
        published = [one["kid"] for one in world.keys.public(world.now)["keys"]]
        assert published[0] == first.id
        assert len(published) == 2
        assert world.keys.signing(world.now)[0].id == first.id
        token = world.token()
        world.verifier.caller(token)
        world.now = BEGIN + SIGNS + timedelta(minutes=2)
        assert world.keys.signing(world.now)[0].id == published[1]
        world.verifier.caller(world.token())
        assert first.id in [one["kid"] for one in world.keys.public(world.now)["keys"]]
        world.now = BEGIN + SIGNS + KEPT_AFTER + timedelta(minutes=2)
        assert [one["kid"] for one in world.keys.public(world.now)["keys"]] == [published[1]]

    def test_years_of_it_leave_at_most_three_and_always_one_that_signs(self, world: World) -> None:
        world.keys.algorithm = "EdDSA"
        seen = set()
        for _ in range(200):
            world.now += timedelta(hours=90)
            key, _ = world.keys.signing(world.now)
            seen.add(key.id)
            assert len(world.keys.public(world.now)["keys"]) <= 3
        assert len(seen) > 20

    def test_another_algorithm_comes_like_another_key(self, database: Database) -> None:
        world = World(database)
        world.verifier.caller(world.token())
        other = World(database, "RS256", world.sealed)
        other.now = world.now
        assert other.keys.signing(other.now)[0].algorithm == "EdDSA"
        other.now += PUBLISHED_BEFORE + timedelta(minutes=2)
        assert other.keys.signing(other.now)[0].algorithm == "RS256"
        other.verifier.caller(other.token())

    def test_a_stolen_key_is_forgotten_at_once(self, database: Database) -> None:
        world = World(database)
        token = world.token()
        world.verifier.caller(token)
        world.keys.rotate(is_stolen=True)
        other = Verifier(world.read, URL, lambda: world.now)
        other.caller(world.token())
        with pytest.raises(ConfigError):
            other.caller(token)

    def test_two_processes_make_one_next(self, database: Database) -> None:
        world = World(database)
        world.keys.signing(world.now)
        world.now += SIGNS
        others = [Keys(database, world.sealed) for _ in range(3)]
        assert len({others[n].signing(world.now)[0].id for n in range(3)}) == 1
        with database.read() as connection:
            assert len(signing_keys.listed(connection)) == 2

    def test_the_one_that_signs_is_by_time(self) -> None:
        assert current([], BEGIN) is None


class TestSecretsAtRest:
    """`services.md` 13, secrets: encrypted at rest, rotation of each documented and tested."""

    def test_the_database_holds_no_private_key(self, world: World) -> None:
        _, private = world.keys.signing(world.now)
        raw = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with world.database.read() as connection:
            (kept,) = signing_keys.listed(connection)
        assert raw[-16:] not in kept.private
        assert world.sealed.open(kept.private) == raw

    def test_the_key_file_rotates(self, database: Database, tmp_path: Path) -> None:
        old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
        path = tmp_path / "key"
        path.write_text(f"{old}\n")
        token = World(database, sealed=sealed_by(path)).token()
        path.write_text(f"{new}\n{old}\n")
        World(database, sealed=sealed_by(path)).keys.rotate()
        path.write_text(f"{new}\n")
        assert World(database, sealed=sealed_by(path)).verifier.caller(token).name == "alice"

    def test_a_lost_key_file_is_told_with_the_way_out(self, database: Database) -> None:
        World(database).token()
        with pytest.raises(ConfigError, match="auth rotate --stolen"):
            World(database).token()

    @pytest.mark.parametrize("text", ["", "short", "A" * 44, "ключ"])
    def test_what_is_no_key_file_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "key"
        path.write_text(text)
        with pytest.raises(ConfigError, match="RTB_HUB_KEY_FILE"):
            sealed_by(path)
        with pytest.raises(ConfigError, match="RTB_HUB_KEY_FILE"):
            sealed_by(tmp_path / "none")

    def test_on_one_machine_it_is_made_once_for_its_owner(self, tmp_path: Path) -> None:
        sealed = sealed_in(tmp_path).seal(b"x")
        assert sealed_in(tmp_path).open(sealed) == b"x"
        assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
        assert [one.name for one in tmp_path.iterdir()] == ["key"]

    def test_of_two_that_make_it_at_once_both_have_the_same(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, theirs = Fernet.generate_key(), Fernet.generate_key()
        others: list[Sealed] = []

        def while_another_does() -> bytes:
            monkeypatch.setattr(Fernet, "generate_key", lambda: theirs)
            others.append(sealed_in(tmp_path))
            return ours

        monkeypatch.setattr(Fernet, "generate_key", while_another_does)
        sealed = sealed_in(tmp_path).seal(b"x")
        assert [one.open(sealed) for one in others] == [b"x"]
        assert [one.name for one in tmp_path.iterdir()] == ["key"]

    def test_the_command_rotates(self, database: Database, tmp_path: Path) -> None:
        given = {"RTB_HUB_DATABASE_URL": sqlite_url(tmp_path / "hub.sqlite"), "RTB_HUB_KEY_FILE": str(tmp_path / "key")}
        (tmp_path / "key").write_text(Fernet.generate_key().decode())
        first = must("auth", "rotate", "--output", "json", **given).json()
        assert first["signs"] == "in 24 hours"
        assert "holds no more" in must("auth", "rotate", "--stolen", **given).out
        with database.read() as connection:
            assert first["key"] not in [one.id for one in signing_keys.listed(connection)]
        assert (
            rtb_hub("auth", "rotate", **{**given, "RTB_HUB_KEY_FILE": ""}, RTB_HUB_DATA=str(tmp_path / "no")).code == 14
        )
