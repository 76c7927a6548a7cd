"""Access to an EKS cluster by AWS: what is asked, what the token is, and that both are made anew before they end."""

from __future__ import annotations

import base64
import http.server
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from generator.errors import ConfigError, Reason, Stalled, Transient
from hub.adapters.http import Origin, Peer, Sender, SenderParts
from hub.adapters.kubernetes import aws, in_cluster
from hub.adapters.kubernetes.aws import EksAccess
from hub.adapters.kubernetes.cluster import Cluster
from hub.adapters.kubernetes.eks import eks_cluster
from hub.adapters.kubernetes.in_cluster import own_cluster
from hub.adapters.kubernetes.opening import OpenedLater
from hub.retrying import Backoff
from hub.wiring.clusters import cluster_of
from worlds.builders import environment
from worlds.kube_api import TOKEN, KubeApi
from worlds.observations import FakeCluster, cluster

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")
ROLE = "arn:aws:iam::111111111111:role/rtb-hub-reader"
REGION, CLUSTER = "ap-northeast-2", "rtb-int"
BEGIN = datetime.now(UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **length: float) -> None:
        self.now += timedelta(**length)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An account with a cluster; the list tells which operations were asked for."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    asked: list[str] = []
    with moto.mock_aws():
        network = {"subnetIds": ["subnet-1", "subnet-2"]}
        inside = access(Clock()).client("eks")  # only who is of that account sees it
        inside.create_cluster(name=CLUSTER, roleArn=ROLE, resourcesVpcConfig=network)
        from botocore.client import BaseClient

        real = BaseClient._make_api_call

        def counting(self: Any, name: str, arguments: Any) -> Any:
            asked.append(name)
            return real(self, name, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", counting)
        yield asked


def access(clock: Clock, **fields: Any) -> EksAccess:
    return EksAccess(**({"cluster": CLUSTER, "region": REGION, "role": ROLE, "clock": clock} | fields))


def decoded(authorization: str) -> tuple[str, dict[str, str]]:
    assert authorization.startswith("Bearer k8s-aws-v1.")
    token = authorization.removeprefix("Bearer k8s-aws-v1.")
    assert "=" not in token
    parts = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    assert (parts.scheme, parts.path) == ("https", "/")
    return parts.hostname or "", {name: values[0] for name, values in parse_qs(parts.query).items()}


def test_the_token_is_a_presigned_question_for_this_cluster_alone(account: list[str]) -> None:
    host, query = decoded(access(Clock()).authorization())
    assert host == "sts.ap-northeast-2.amazonaws.com", "of the region, not of the world"
    assert (query["Action"], query["X-Amz-Expires"]) == ("GetCallerIdentity", "60")
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert query["X-Amz-Security-Token"], "of the assumed role"
    assert account == ["AssumeRole"]


def test_token_session_and_address_are_made_anew_before_they_end(account: list[str]) -> None:
    clock = Clock()
    one = access(clock)
    first = one.authorization()
    clock.pass_(minutes=11, seconds=59)
    assert one.authorization() == first
    one.described()
    assert account == ["AssumeRole", "DescribeCluster"]
    clock.pass_(seconds=1)
    one.authorization()
    assert account.count("AssumeRole") == 1, "the session still holds"
    clock.pass_(minutes=38)
    one.authorization()
    assert account.count("AssumeRole") == 2
    one.described()
    assert account.count("DescribeCluster") == 1
    clock.pass_(minutes=22)
    one.described()
    assert account.count("DescribeCluster") == 2


def test_many_threads_make_one_token(account: list[str]) -> None:
    one, found = access(Clock()), set()
    threads = [threading.Thread(target=lambda: found.add(one.authorization())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), account) == (1, ["AssumeRole"])


@pytest.mark.parametrize(
    ("code", "status", "message", "kind", "told"),
    [
        ("AccessDenied", 403, "not authorized to perform: sts:AssumeRole", Stalled, "trust this process's role"),
        ("ResourceNotFoundException", 404, "No cluster found", Stalled, "correct cluster.name"),
        ("SignatureDoesNotMatch", 403, "Signature expired: 20261123T010000Z is now earlier", Stalled, "clock of this machine is off"),
        ("Throttling", 400, "Rate exceeded", Transient, "Throttling"),
        ("TooManyRequestsException", 429, "Rate exceeded", Transient, "TooManyRequestsException"),
        ("ServerException", 500, "Internal error", Transient, "ServerException"),
        ("ServiceUnavailableException", 503, "Service is unavailable", Transient, "ServiceUnavailableException"),
    ],
)  # fmt: skip
def test_what_aws_refuses_is_told(  # noqa: PLR0917
    account: list[str],
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    status: int,
    message: str,
    kind: type[Exception],
    told: str,
) -> None:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    def refuse(self: Any, name: str, arguments: Any) -> Any:
        answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, name)

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse)
    with pytest.raises(kind) as caught:
        access(Clock()).authorization()
    error = caught.value
    assert told in f"{error} {error.faults[0].remedy}"  # type: ignore[attr-defined]


def test_without_boto3_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name.partition(".")[0])

    monkeypatch.setattr(aws, "import_module", missing)
    with pytest.raises(ConfigError) as caught:
        access(Clock()).authorization()
    assert "rtb-ai-hub[aws]" in str(caught.value.faults[0].remedy)


class Server:
    """An API server that takes the token of this cluster only, for as long as it holds."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = folder / "ca.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
             "-out", self.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
        server = self
        self.statuses: list[int] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status = server.judged(self.headers.get("authorization", ""))
                server.statuses.append(status)
                body = json.dumps({"items": []} if status == 200 else {"message": "Unauthorized"}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.refused: set[str] = set()
        self.takes_any = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def certify(self, certificate: Path, key: Path) -> None:
        """Have it another certificate, for connections that begin now."""
        self.context.load_cert_chain(certificate, key)

    def end(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def judged(self, authorization: str) -> int:
        if not self.takes_any:
            return 401
        try:
            host, query = decoded(authorization)
        except (AssertionError, ValueError):
            return 401
        made = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        is_fresh = abs(datetime.now(UTC) - made) < timedelta(minutes=15)
        is_signed = "x-k8s-aws-id" in query["X-Amz-SignedHeaders"].split(";")
        return 200 if host.startswith("sts.") and is_fresh and is_signed and authorization not in self.refused else 401


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server(tmp_path)
    yield one
    one.end()


class Prepared(EksAccess):
    """Its cluster is the server of the test; tokens are those of AWS."""

    address: tuple[str, str]
    told: list[timedelta]

    def described(self, lasts: timedelta = aws.CLUSTER_LASTS) -> tuple[str, str]:
        self.told.append(lasts)
        return self.address


def opened(server: Server, clock: Clock) -> tuple[Prepared, Any]:
    one = Prepared(CLUSTER, REGION, ROLE, clock)
    one.told = []
    one.address = (f"https://127.0.0.1:{server.server.server_port}", server.certificate.read_text())
    parts = SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None))
    return one, eks_cluster(environment().spec, one, parts)


def test_a_cluster_takes_the_token_over_tls_of_its_own_authority(account: list[str], server: Server) -> None:
    _, cluster = opened(server, Clock())
    assert cluster.observe("argocd").applications == {}
    assert server.statuses == [200, 200, 200]


def test_a_token_that_is_refused_is_made_anew_without_an_error(account: list[str], server: Server) -> None:
    one, cluster = opened(server, Clock())
    cluster.observe("argocd")
    server.refused.add(one.authorization())
    server.statuses.clear()
    assert cluster.observe("argocd").applications == {}
    assert (server.statuses, account.count("AssumeRole")) == ([401, 200, 200, 200], 2)


def test_a_role_without_an_access_entry_is_told_after_one_new_token(account: list[str], server: Server) -> None:
    server.takes_any = False
    _, cluster = opened(server, Clock())
    for _ in range(3):
        with pytest.raises(Stalled, match=r"does not accept the credentials.*an access entry"):
            cluster.observe("argocd")
    assert (server.statuses, account.count("AssumeRole")) == ([401] * 4, 2)


def test_another_authority_or_address_is_asked_for_when_the_known_one_is_refused(
    account: list[str], server: Server, tmp_path: Path
) -> None:
    """A cluster whose authority was rotated, and one that was made anew under its name: each costs one question."""
    (tmp_path / "anew").mkdir()
    anew = Server(tmp_path / "anew")
    try:
        one, cluster = opened(server, Clock())
        cluster.observe("argocd")
        one.address = (f"https://127.0.0.1:{anew.server.server_port}", anew.certificate.read_text())
        assert cluster.observe("argocd").applications == {}
        assert (len(server.statuses), anew.statuses, one.told) == (6, [], [aws.CLUSTER_LASTS])
        server.certify(anew.certificate, tmp_path / "anew" / "key.pem")
        assert cluster.observe("argocd").applications == {}
        assert (len(server.statuses), anew.statuses) == (6, [200, 200, 200])
        assert one.told == [aws.CLUSTER_LASTS, aws.REFUSED_LASTS]
    finally:
        anew.end()


def test_a_cluster_made_anew_is_found_at_its_new_address(
    account: list[str], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def resolve(host: Any, *rest: Any, **named: Any) -> Any:
        if host == "gone.example.com":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    one, _ = opened(server, Clock())
    now, one.address = one.address, ("https://gone.example.com", one.address[1])
    cluster = eks_cluster(environment().spec, one, SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None)))
    one.address = now
    assert cluster.observe("argocd").applications == {}
    assert server.statuses == [200, 200, 200]


def test_a_certificate_that_stays_refused_is_told_with_what_was_done(
    account: list[str], server: Server, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Server(tmp_path / "other")
    try:
        _, cluster = opened(server, Clock())
        server.certify(other.certificate, tmp_path / "other" / "key.pem")
        with pytest.raises(Stalled, match="its certificate is not accepted") as caught:
            cluster.observe("argocd")
        assert "AWS was asked" in str(caught.value.faults[0].remedy)
        assert server.statuses == []
    finally:
        other.end()


def test_what_aws_told_lately_is_not_asked_for_again(account: list[str]) -> None:
    clock = Clock()
    one = access(clock)
    one.described()
    before = account.count("DescribeCluster")
    one.described(aws.REFUSED_LASTS)
    clock.pass_(seconds=59)
    one.described(aws.REFUSED_LASTS)
    assert account.count("DescribeCluster") == before
    clock.pass_(seconds=1)
    one.described(aws.REFUSED_LASTS)
    assert account.count("DescribeCluster") == before + 1


def test_inside_a_pod_the_token_is_read_with_each_request(tmp_path: Path) -> None:
    with KubeApi() as api:
        (tmp_path / "ca.crt").write_text(PEM)
        environ = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(api.server.server_port)}
        (tmp_path / "token").write_text("an old one\n")
        parts = SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None))
        cluster = own_cluster(environ, parts, account=tmp_path, scheme="http")
        with pytest.raises(Stalled):
            cluster.observe("argocd")
        (tmp_path / "token").write_text(f"{TOKEN}\n")
        assert cluster.observe("argocd").applications == {}
    with pytest.raises(Stalled, match="does not run in a pod"):
        own_cluster({}, parts, account=tmp_path)


PEM = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"


def test_an_environment_knows_its_cluster_and_a_context_that_is_named_wins() -> None:
    asked: list[str] = []

    def by_context(context: str) -> Any:
        asked.append(context)
        return context

    given: dict[str, Any] = {"by_context": by_context, "environ": {}, "parts": SenderParts(), "clock": Clock()}
    assert cluster_of(environment("int"), contexts={"int": "rtb-int", "stg": "x"}, **given) == "rtb-int"
    assert asked == ["rtb-int"]


def test_aws_is_asked_for_target_groups_of_own_clusters_and_by_pods_that_have_a_role(
    account: list[str], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened(server, Clock())[1].groups is not None
    around = Cluster(
        "in-cluster", Sender(Peer("x", Reason.CLUSTER_UNREACHABLE, Reason.CLUSTER_REFUSED), Origin.parse("https://x"))
    )
    monkeypatch.setattr(in_cluster, "is_inside", lambda _: True)
    monkeypatch.setattr(in_cluster, "own_cluster", lambda *_: around)
    made = environment("int")
    hosting = made.model_copy(update={"spec": made.spec.model_copy(update={"hub": object()})})
    given: dict[str, Any] = {"contexts": {}, "by_context": pytest.fail, "parts": SenderParts(), "clock": Clock()}
    assert cluster_of(hosting, environ={}, **given).groups is None
    irsa = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"}
    assert cluster_of(hosting, environ=irsa, **given).groups is not None


def test_an_own_cluster_is_opened_once_when_it_is_first_read_and_again_after_it_could_not_be() -> None:
    lacking = ConfigError(Reason.INVALID_VALUE, "boto3 is not installed")
    answers: list[Any] = [Transient(Reason.CLUSTER_UNREACHABLE, "no answer"), lacking, FakeCluster(cluster())]
    opened: list[str] = []

    def opening() -> Any:
        opened.append("int")
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    later = OpenedLater("int", opening)
    assert (later.context, opened) == ("int", [])
    with pytest.raises(Transient, match="no answer"):
        later.observe("argocd")
    with pytest.raises(Stalled, match="boto3 is not installed"):
        later.observe("argocd")
    assert later.observe("argocd").context == "here"
    assert set(later.details(["preview-rtb-1"])) == {"preview-rtb-1"}
    assert (later.context, opened) == ("here", ["int"] * 3)
