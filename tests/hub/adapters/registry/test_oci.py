"""Any registry by the distribution protocol: on a real one, and what others answer on a server that says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.registry_contract import RegistryContract
from generator.errors import HubError, Reason, Stalled, Transient, Waiting
from generator.model.registries import RegistryRule
from hub.adapters.http import SenderParts
from hub.adapters.registry.oci import OciRegistry, open_oci
from hub.retrying import Backoff
from reconcilers.ports.images import PLATFORM, FoundImage, ImageName
from worlds.http_server import HttpServer, Seen, answers, resets
from worlds.registry import RegistryServer, TokenServer, digest_of, registry, single

#: The first of them builds the registry, once.
pytestmark = pytest.mark.timeout(1200)
PARTS = SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None))
OCI = RegistryRule(kind="oci")


def looked(one: OciRegistry, reference: str = "one", repository: str = "web") -> object:
    name = ImageName(one.host, repository, reference)
    return one.look([name])[name]


def refusal(one: OciRegistry, reference: str = "one") -> HubError:
    found = looked(one, reference)
    assert isinstance(found, HubError)
    return found


class World:
    def __init__(self, server: RegistryServer) -> None:
        self.push, self.host = server.push, server.host
        self.registry = open_oci(server.host, OCI, PARTS)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry(tmp_path_factory.mktemp("registry")) as made:
        yield made


class TestOciRegistry(RegistryContract):
    @pytest.fixture
    def world(self, server: RegistryServer) -> World:
        return World(server)


def test_what_was_seen_is_asked_for_by_head(server: RegistryServer) -> None:
    server.push("known", "one", single())
    one = open_oci(server.host, OCI, PARTS)
    before = len(server.asked())
    for _ in range(3):
        assert isinstance(looked(one, repository="known"), FoundImage)
    methods = [line.split()[0] for line in server.asked()[before:]]
    assert methods == ["GET", "GET", "HEAD", "HEAD"]  # the manifest and its configuration, then what they still are


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    made = TokenServer(tmp_path_factory.mktemp("tokens"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def guarded(tokens: TokenServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry(tmp_path_factory.mktemp("guarded"), tokens.auth) as made:
        yield made


def signed_in(guarded: RegistryServer, tokens: TokenServer, path: Path, password: str | None = None) -> OciRegistry:
    path.write_text(f"{tokens.user[1] if password is None else password}\n")
    rule = RegistryRule(kind="oci", username=tokens.user[0], password_file=str(path), token_hosts=[tokens.host])
    return open_oci(guarded.host, rule, PARTS)


def test_a_token_is_asked_for_once_a_repository(guarded: RegistryServer, tokens: TokenServer, tmp_path: Path) -> None:
    guarded.headers["Authorization"] = f"Bearer {tokens.token('web', ['pull', 'push'])}"
    digest = guarded.push("web", "one", single())
    one, before = signed_in(guarded, tokens, tmp_path / "password"), tokens.given
    for reference in ("one", "one", "two", digest):
        looked(one, reference)
    assert looked(one) == FoundImage(digest, (PLATFORM,))
    assert tokens.given == before + 1
    assert looked(one, "two") is None


def test_a_wrong_password_and_an_empty_one_are_refused(
    guarded: RegistryServer, tokens: TokenServer, tmp_path: Path
) -> None:
    wrong = refusal(signed_in(guarded, tokens, tmp_path / "wrong", "something-else"))
    assert (type(wrong), wrong.reason) == (Stalled, Reason.REGISTRY_REFUSED)
    assert "something-else" not in str(wrong)
    assert "passwordFile" in refusal(signed_in(guarded, tokens, tmp_path / "empty", "")).faults[0].field


def test_a_password_goes_to_no_host_that_is_not_named(
    guarded: RegistryServer, tokens: TokenServer, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text(tokens.user[1])
    rule = RegistryRule(kind="oci", username=tokens.user[0], password_file=str(tmp_path / "password"))
    before = tokens.given
    error = refusal(open_oci(guarded.host, rule, PARTS))
    assert error.reason is Reason.REGISTRY_REFUSED
    assert f"add {tokens.host} to its tokenHosts" in str(error)
    assert tokens.given == before


def test_a_password_is_shown_where_it_is_asked_for(tmp_path: Path) -> None:
    with HttpServer([answers(401, b"", www_authenticate='Basic realm="x"'), answers(404)]) as server:
        (tmp_path / "password").write_text("secret-of-the-hub")
        rule = RegistryRule(kind="oci", username="hub", password_file=str(tmp_path / "password"))
        one = open_oci(server.url.removeprefix("http://"), rule, PARTS)
        assert looked(one) is None
        assert looked(one) is None
    shown = [seen.headers.get("authorization") for seen in server.seen]
    assert shown == [None, "Basic aHViOnNlY3JldC1vZi10aGUtaHVi", "Basic aHViOnNlY3JldC1vZi10aGUtaHVi"]


IMAGE = single()
CONFIG = IMAGE.blobs[0]


def against(*steps: object, rule: RegistryRule = OCI) -> tuple[object, list[Seen]]:
    with HttpServer([*steps]) as server:  # type: ignore[list-item]
        return looked(open_oci(server.url.removeprefix("http://"), rule, PARTS)), server.seen


@pytest.mark.parametrize(
    ("steps", "kind", "says"),
    [
        ([resets], Transient, "the connection broke"),
        ([answers(500)], Transient, "answers 500"),
        ([answers(429, b"", retry_after="900")], Waiting, "limits requests for another 900 s"),
        ([answers(403)], Stalled, "does not let who shows no password see"),
        ([answers(401, b"", www_authenticate="Negotiate")], Stalled, "does not let"),
        ([answers(400)], Stalled, "refuses"),
        ([answers(200, b"<html>")], Transient, "no JSON"),
        ([answers(200, b"[]")], Transient, "no JSON object"),
        ([answers(200, b"[" * 100_000)], Transient, "no JSON"),
        ([answers(200, {"schemaVersion": 1})], Transient, "neither a manifest"),
        ([answers(200, {"mediaType": IMAGE.media_type, "schemaVersion": 2, "manifests": []})], Transient, "neither"),
        ([answers(200, {"manifests": [{}] * 1001})], Transient, "is none"),
        ([answers(200, b"x" * 20, content_length="5000000")], Transient, "larger than any should be"),
        ([answers(200, IMAGE.manifest, docker_content_digest="sha256:" + "1" * 64)], Transient, "its bytes have"),
        ([answers(200, IMAGE.manifest), answers(404)], Transient, "its configuration is not there"),
        ([answers(200, IMAGE.manifest), answers(200, b"{}")], Transient, "another digest"),
        ([answers(200, IMAGE.manifest), answers(307, location="https://evil.example.com/x")], Stalled, "blobHosts"),
        ([answers(200, IMAGE.manifest), answers(307, location="http://169.254.169.254/x")], Stalled, "in clear"),
        ([answers(200, IMAGE.manifest), answers(307, location="/again")], Transient, "not there (status 307)"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_as_that(steps: list[object], kind: type[HubError], says: str) -> None:
    found, _ = against(*steps)
    assert isinstance(found, kind), repr(found)
    assert found.reason in (Reason.REGISTRY_UNREACHABLE, Reason.REGISTRY_REFUSED)
    assert says in str(found)


@pytest.mark.parametrize(
    "challenge",
    [
        'Bearer realm="http://169.254.169.254/latest"', 'Bearer realm="https://user:pw@registry.example.com/t"',
        'Bearer realm="file:///etc/passwd"', 'Bearer realm="https://tokens.example.com/t",service="x"',
    ],
)  # fmt: skip
def test_a_realm_elsewhere_is_never_asked(challenge: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret")
    rule = RegistryRule(kind="oci", username="hub", password_file=str(tmp_path / "password"))
    found, seen = against(answers(401, b"", www_authenticate=challenge), rule=rule)
    assert isinstance(found, Stalled)
    assert found.reason is Reason.REGISTRY_REFUSED
    assert [one.target for one in seen] == ["/v2/web/manifests/one"]


def test_a_configuration_kept_elsewhere_is_fetched_without_a_key(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret")
    with HttpServer([answers(200, CONFIG)]) as elsewhere:
        host = elsewhere.url.removeprefix("http://")
        rule = RegistryRule(kind="oci", username="hub", password_file=str(tmp_path / "password"), blob_hosts=[host])
        away = answers(307, location=f"{elsewhere.url}/blob?sig=1")
        found, seen = against(
            answers(401, b"", www_authenticate="Basic"), answers(200, IMAGE.manifest), away, rule=rule
        )
    assert found == FoundImage(IMAGE.digest, (PLATFORM,))
    assert "authorization" in seen[-1].headers
    assert [(one.target, "authorization" in one.headers) for one in elsewhere.seen] == [("/blob?sig=1", False)]


def test_an_image_of_docker_is_read_alike() -> None:
    config = json.dumps({"os": "linux", "architecture": "amd64"}).encode()
    manifest = {
        "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": digest_of(config)},
    }  # fmt: skip
    found, seen = against(answers(200, manifest), answers(200, config))
    assert isinstance(found, FoundImage)
    assert found.platforms == (PLATFORM,)
    assert "application/vnd.docker.distribution.manifest.list.v2+json" in seen[0].headers["accept"]


def test_names_that_are_none_of_this_machine_are_asked_by_tls() -> None:
    assert str(open_oci("registry.example.com:5000", OCI, PARTS).origin) == "https://registry.example.com:5000"
    assert str(open_oci("docker.io", OCI, PARTS).origin) == "https://registry-1.docker.io"
