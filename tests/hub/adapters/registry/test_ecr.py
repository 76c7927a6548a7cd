"""Amazon ECR on moto, in the registry's own account; what AWS answers else, on a server that says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from contracts.registry_contract import RegistryContract
from generator.errors import HubError, Reason, Stalled, Transient
from generator.model.registries import RegistryRule
from hub.adapters.http import SenderParts
from hub.adapters.registry.aws import ROLE_SECONDS, Account, Clients
from hub.adapters.registry.ecr import EcrRegistry, open_ecr
from reconcilers.ports.images import FoundImage, ImageName
from worlds.http_server import HttpServer, answers
from worlds.moto_aws import ACCOUNT, HOST, KEYS, REGION, ROLE, Aws, moto_aws
from worlds.registry import single

RULE = RegistryRule(kind="ecr", role_arn=ROLE)


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with moto_aws() as made:
        yield made


class World:
    host = HOST

    def __init__(self, aws: Aws) -> None:
        self.push = aws.push
        self.registry = open_ecr(HOST, RULE, SenderParts(), endpoint=aws.url)


class TestEcr(RegistryContract):
    @pytest.fixture
    def world(self, aws: Aws) -> World:
        return World(aws)


def names(count: int, repository: str = "many") -> list[ImageName]:
    return [ImageName(HOST, repository, f"t{number}") for number in range(count)]


def test_a_hundred_tags_are_one_call(aws: Aws) -> None:
    images = [single(salt=str(number)) for number in range(3)]
    for number, image in enumerate(images):
        aws.push("many", f"t{number}", image)
    one = open_ecr(HOST, RULE, SenderParts(), endpoint=aws.url)
    aws.calls.clear()
    found = one.look(names(101))
    assert aws.calls.count("BatchGetImage") == 2
    assert [found[name].digest for name in names(3)] == [image.digest for image in images]  # type: ignore[union-attr]
    assert {found[name] for name in names(101)[3:]} == {None}
    aws.calls.clear()
    one.look(names(3))
    assert aws.calls == ["BatchGetImage"]  # what was read of a digest stays known


def test_without_the_role_the_account_is_another(aws: Aws) -> None:
    aws.push("own", "t0", single())
    other = open_ecr(HOST, RegistryRule(kind="ecr"), SenderParts(), endpoint=aws.url)
    assert other.look(names(1, "own")) == {names(1, "own")[0]: None}
    assert isinstance(
        open_ecr(HOST, RULE, SenderParts(), endpoint=aws.url).look(names(1, "own")).popitem()[1], FoundImage
    )


def test_a_role_is_assumed_anew_before_it_ends(aws: Aws) -> None:
    time = [0.0]
    clients = Clients("ecr", Account(REGION, ROLE, aws.url), lambda: time[0])
    first = clients.get()
    assert clients.get() is first
    time[0] = ROLE_SECONDS - 601.0
    assert clients.get() is first
    time[0] = ROLE_SECONDS - 600.0
    assert clients.get() is not first


def told(*steps: Any, monkeypatch: pytest.MonkeyPatch, times: int = 1) -> HubError:
    """What a registry tells of an image where AWS answers like this."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with HttpServer([*steps]) as server:
        found = open_ecr(HOST, RegistryRule(kind="ecr"), SenderParts(), endpoint=server.url).look(names(1))
        assert len(server.seen) == times
    (error,) = found.values()
    assert isinstance(error, HubError)
    return error


def aws_error(status: int, code: str) -> Any:
    return answers(
        status, {"__type": code, "message": f"arn:aws:sts::{ACCOUNT}:x"}, content_type="application/x-amz-json-1.1"
    )


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnrecognizedClientException", "InvalidParameterException"])
def test_what_is_not_allowed_is_refused_at_once(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    error = told(aws_error(400, code), monkeypatch=monkeypatch)
    assert (type(error), error.reason) == (Stalled, Reason.REGISTRY_REFUSED)
    assert code in str(error)
    assert "arn:" not in str(error)


@pytest.mark.parametrize(("status", "code"), [(400, "ThrottlingException"), (500, "ServerException")])
def test_what_is_for_later_is_tried_again_and_then_told(
    status: int, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    error = told(aws_error(status, code), monkeypatch=monkeypatch, times=4)
    assert (type(error), error.reason) == (Transient, Reason.REGISTRY_UNREACHABLE)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://169.254.169.254/latest", "names no address"), ("https://evil.example.com/x", "not at AWS"),
        ("https://evil-amazonaws.com/x", "not at AWS"), ("", "names no address"),
    ],
)  # fmt: skip
def test_a_configuration_is_fetched_from_aws_alone(url: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = {"imageId": {"imageTag": "t0"}, "imageManifest": single().manifest.decode()}
    batch, layer = answers(200, {"images": [image], "failures": []}), answers(200, {"downloadUrl": url})
    error = told(batch, layer, monkeypatch=monkeypatch, times=2)
    assert error.reason is Reason.REGISTRY_REFUSED
    assert says in str(error)


@pytest.mark.parametrize(
    ("code", "kind"), [("ImageNotFound", None), ("UpstreamUnavailable", Transient), ("KmsError", Stalled)]
)
def test_failures_of_one_image_are_its_own(code: str, kind: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    answer = {"images": [], "failures": [{"imageId": {"imageTag": "t0"}, "failureCode": code}]}
    with HttpServer([answers(200, answer)]) as server:
        found = open_ecr(HOST, RegistryRule(kind="ecr"), SenderParts(), endpoint=server.url).look(names(1))
    (one,) = found.values()
    assert one is None if kind is None else isinstance(one, kind)  # type: ignore[arg-type]


def test_boto3_is_imported_where_it_is_used_alone() -> None:
    code = (
        "import sys; from pathlib import Path; import hub.cli.main, hub.services.worker.service;"
        "from generator.model.registries import RegistryRule; from hub.adapters.http import SenderParts;"
        "from hub.adapters.registry.ecr import open_ecr;"
        f"open_ecr({HOST!r}, RegistryRule(kind='ecr'), SenderParts());"
        "sys.exit(any(name.split('.')[0] in ('boto3', 'botocore') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_registry_is_its_host() -> None:
    one: EcrRegistry = open_ecr(HOST, RULE, SenderParts())
    assert (one.account, one.clients.account.region) == (ACCOUNT, REGION)
