"""Jobs that other programs sign: what proves who put one, what does not, and which files of keys are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from generator.errors import ConfigError, Reason
from hub.queue.incoming import incoming
from hub.queue.payloads import parsed
from hub.queue.producers import AHEAD, OLDEST, NotProvedError, Producers, read_producers
from hub.services.api.limits import BODY_BYTES
from hub.store.database import Database, sqlite_url
from hub.store.jobs import JobRow, listed, retry
from hub.store.schema import prepare
from worlds.serving import job

QUEUE, NAME = "{figma-queue}", "preview.start"
NOW = datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC)
ED, OTHER = ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()
EC, RSA = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
KINDS: Mapping[str, tuple[Any, str, Any]] = {
    "ed": (ED, "EdDSA", OKPAlgorithm), "ec": (EC, "ES256", ECAlgorithm), "rsa": (RSA, "RS256", RSAAlgorithm),
}  # fmt: skip
JOB = {**job("op-1").payload, "requestedAt": "2026-11-28T01:02:03.456Z"}


def jwk(name: str, *, private: bool = False) -> dict[str, Any]:
    key, _, kind = KINDS[name]
    return {**kind.to_jwk(key if private else key.public_key(), as_dict=True), "kid": name}


def file_of(folder: Path, *keys: Any) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps({"keys": list(keys)}))
    return path


@pytest.fixture
def producers(tmp_path: Path) -> Producers:
    found = read_producers(file_of(tmp_path, *map(jwk, KINDS)), takes_unsigned=False)
    assert found is not None
    return found


def signed(told: Any, *, by: str = "ed", key: Any = None, algorithm: str = "", head: Any = None) -> dict[str, str]:
    """The data of a job that is signed."""
    own, named, _ = KINDS[by]
    payload = told if isinstance(told, bytes) else json.dumps(told).encode()
    return {"jws": jwt.PyJWS().encode(payload, key or own, algorithm or named, head or {"kid": by})}


def told(**other: Any) -> dict[str, Any]:
    return {"queue": QUEUE, "name": NAME, "job": JOB, **other}


@pytest.mark.parametrize("by", [*KINDS])
def test_what_a_producer_signed_is_its_job(producers: Producers, by: str) -> None:
    proved = producers.proved(QUEUE, "op-1", NAME, signed(told(), by=by))
    assert proved is not None
    assert (proved.by, proved.data, proved.asked_at.replace(microsecond=0)) == (by, JOB, NOW)


BENT = signed(told())["jws"]
HEAD, BODY, SIGNATURE = BENT.split(".")
OF_ANOTHER = signed(told(job={**JOB, "issue": "RTB-9"}))["jws"].split(".")[1]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (JOB, "is not signed"),
        ({"jws": 7}, "is not signed"),
        ({**signed(told()), "more": 1}, "is not signed"),
        (None, "is not signed"),
        ({"jws": ""}, "does not hold"),
        ({"jws": f"{HEAD}.{OF_ANOTHER}.{SIGNATURE}"}, "does not hold"),
        (signed(told(), key=OTHER), "does not hold"),
        (signed(told(), key="a" * 40, algorithm="HS256"), "does not hold"),
        (signed(told(), by="ec", head={"kid": "ed"}), "does not hold"),
        ({"jws": f"{HEAD}.{BODY}."}, "does not hold"),
        (signed(told(), head={"kid": "eve"}), "none of the producers"),
        (signed(told(), head={"typ": "x"}), "none of the producers"),
        (signed([told()]), "no JSON object"),
        (signed(b"[" * 100_000), "does not hold"),
        (signed(b"\xff"), "does not hold"),
        ({"jws": "a" * 300_000}, "longer than"),
        (signed(told(queue="{jira-queue}")), "another queue"),
        (signed(told(name="preview.stop")), "another name"),
        (signed(told(job={**JOB, "id": "op-2"})), "another id"),
        (signed(told(job=[])), "another id"),
        (signed(told(job={**JOB, "requestedAt": None})), "no requestedAt"),
        (signed(told(job={**JOB, "requestedAt": "2026-11-28T01:02:03"})), "no requestedAt"),
    ],
)
def test_what_does_not_prove_it_is_refused(producers: Producers, data: Any, why: str) -> None:
    with pytest.raises(NotProvedError, match=why):
        producers.proved(QUEUE, "op-1", NAME, data)


def test_an_id_that_redis_made_is_refused(producers: Producers) -> None:
    with pytest.raises(NotProvedError, match="another id"):
        producers.proved(QUEUE, "7", NAME, signed(told(job={**JOB, "id": "7"})))


@pytest.mark.parametrize(
    ("age", "is_fresh"),
    [(OLDEST, True), (OLDEST + timedelta(seconds=1), False), (-AHEAD, True), (-AHEAD - timedelta(seconds=1), False)],
)
def test_it_is_put_within_a_day(producers: Producers, age: timedelta, is_fresh: bool) -> None:
    asked = {**JOB, "requestedAt": (NOW - age).isoformat()}
    proved = producers.proved(QUEUE, "op-1", NAME, signed(told(job=asked)))
    assert proved is not None
    assert proved.is_fresh(NOW) is is_fresh


def test_where_unsigned_ones_are_taken_a_signature_is_still_looked_at(tmp_path: Path) -> None:
    producers = read_producers(file_of(tmp_path, jwk("ed")), takes_unsigned=True)
    assert producers is not None
    assert producers.proved(QUEUE, "op-1", NAME, JOB) is None
    with pytest.raises(NotProvedError, match="does not hold"):
        producers.proved(QUEUE, "op-1", NAME, signed(told(), key=OTHER))


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "has none"),
        ([jwk("ed"), jwk("ed")], "one kid"),
        ([jwk("ed", private=True)], "private"),
        ([jwk("rsa", private=True)], "private"),
        ([{**jwk("ed"), "kid": "Figma"}], "no kid"),
        ([{**jwk("ed"), "kid": 7}], "no kid"),
        ([{"kid": "a", "kty": "oct", "k": "AAAA"}], "another kind"),
        ([{**jwk("ed"), "x": "AA"}], "cannot be used"),
        (["text"], "cannot be used"),
        ([{}], "cannot be used"),
    ],
)
def test_a_file_of_other_things_is_refused(tmp_path: Path, keys: list[Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        read_producers(file_of(tmp_path, *keys), takes_unsigned=False)
    assert (refused.value.reason, refused.value.faults[0].field) == (Reason.INVALID_VALUE, "RTB_HUB_QUEUE_KEYS")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": 7}', "[" * 100_000, "\0"])
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="cannot be used"):
        read_producers(path, takes_unsigned=True)


def test_without_a_file_nothing_is_signed_and_nothing_may_have_to_be(tmp_path: Path) -> None:
    assert read_producers(None, takes_unsigned=True) is None
    with pytest.raises(ConfigError, match="have to be signed"):
        read_producers(None, takes_unsigned=False)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_producers(tmp_path / "gone", takes_unsigned=False)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(made)
    yield made
    made.close()


def put(database: Database, data: Any, producers: Producers, *, age: timedelta = timedelta(0)) -> None:
    """Have it come as BullMQ's `op-1`, so long after it was asked for."""
    came = incoming("figma-queue", SimpleNamespace(id="op-1", name=NAME, data=data, timestamp=1), producers)
    with database.write() as connection:
        came.put(connection, database, "op-1", now=NOW + age)


def rows_of(database: Database) -> list[JobRow]:
    with database.read() as connection:
        return listed(connection)


def test_one_that_comes_late_is_refused_unless_it_came_before(database: Database, producers: Producers) -> None:
    put(database, signed(told()), producers, age=2 * OLDEST)
    (late,) = rows_of(database)
    assert (late.state, late.id == "op-1") == ("dead", False)
    assert "too long ago" in (late.error or {})["faults"][0]["message"]
    put(database, signed(told()), producers)
    put(database, signed(told()), producers, age=2 * OLDEST)
    assert {(one.id, one.state) for one in rows_of(database)} == {(late.id, "dead"), ("op-1", "pending")}


def test_one_that_is_refused_takes_nobodys_id_and_is_not_run_when_retried(
    database: Database, producers: Producers
) -> None:
    for _ in range(2):
        put(database, JOB, producers)
    (dead,) = rows_of(database)
    assert (dead.state, dead.key, (dead.error or {})["reason"]) == ("dead", "", "NotAllowed")
    with database.write() as connection:
        assert retry(connection, dead.id, now=NOW)
    with pytest.raises(ConfigError):
        parsed(dead.name, dead.payload)
    put(database, signed(told()), producers)
    assert {one.id for one in rows_of(database)} == {dead.id, "op-1"}


@pytest.mark.parametrize("data", [{"a": "x" * (1 << 20)}, json.loads("[" * 900 + "]" * 900)], ids=["long", "deep"])
def test_one_that_says_too_much_is_refused_and_what_it_says_is_not_kept(database: Database, data: Any) -> None:
    came = incoming("figma-queue", SimpleNamespace(id="op-1", name=NAME, data=data, timestamp=1), None)
    with database.write() as connection:
        came.put(connection, database, "op-1", now=NOW)
    (dead,) = rows_of(database)
    assert (dead.state, dead.payload, (dead.error or {})["reason"]) == ("dead", {"refused": None}, "InvalidValue")


def test_as_much_as_the_api_takes_is_kept() -> None:
    data = {"a": "x" * (BODY_BYTES - len('{"a": ""}'))}
    came = incoming("figma-queue", SimpleNamespace(id="op-1", name=NAME, data=data, timestamp=1), None)
    assert (came.error, came.job.payload["a"]) == (None, data["a"])
