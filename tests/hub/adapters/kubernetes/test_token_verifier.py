"""Tokens for EKS against what EKS verifies them by: aws-iam-authenticator's own code, and a signature as STS checks it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from hub.adapters.kubernetes.aws import PREFIX, EksAccess
from worlds.go_programs import built

boto3 = pytest.importorskip("boto3")
CLUSTER, REGION = "rtb-int", "ap-northeast-2"
HOST = f"sts.{REGION}.amazonaws.com"
ARN = "arn:aws:sts::111111111111:assumed-role/rtb-hub-reader/rtb-hub"
SECRET = "of-the-session"


class Sts:
    """STS behind a proxy: tells who asks when the signature holds for the headers that came."""

    def __init__(self, folder: Path) -> None:
        self.certificate, key = folder / "sts.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
             "-out", self.certificate, "-days", "2", "-subj", "/CN=sts", "-addext", f"subjectAltName=DNS:{HOST}"],
            check=True, capture_output=True,
        )  # fmt: skip
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.certificate, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with suppress(OSError), connection:
                assert _head(connection).startswith(f"CONNECT {HOST}:443 ")
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                with self._tls.wrap_socket(connection, server_side=True) as secure:
                    secure.sendall(_answer(_head(secure)))


def _head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            raise OSError("the connection ended")
        head += piece
    return head.decode()


def _answer(head: str) -> bytes:
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    is_right = (
        signature_of(first.split()[1], headers) == dict(parse_qsl(urlsplit(first.split()[1]).query))["X-Amz-Signature"]
    )
    told = {"Account": "111111111111", "Arn": ARN, "UserId": "AROAEXAMPLE:rtb-hub"}
    tree: dict[str, Any] = {"Error": {"Code": "SignatureDoesNotMatch"}}
    if is_right:
        tree = {"GetCallerIdentityResponse": {"GetCallerIdentityResult": told, "ResponseMetadata": {"RequestId": "1"}}}
    body = json.dumps(tree).encode()
    status = "200 OK" if is_right else "403 Forbidden"
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def signature_of(target: str, headers: dict[str, str]) -> str:
    """Signature version 4 of a presigned request (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)."""
    query = dict(parse_qsl(urlsplit(target).query))
    asked = "&".join(f"{quote(k, '')}={quote(v, '')}" for k, v in sorted(query.items()) if k != "X-Amz-Signature")
    names = query["X-Amz-SignedHeaders"]
    signed = "".join(f"{name}:{headers.get(name, '')}\n" for name in names.split(";"))
    request = "\n".join(("GET", "/", asked, signed, names, hashlib.sha256(b"").hexdigest()))
    scope = query["X-Amz-Credential"].partition("/")[2]
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    told = "\n".join(("AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, hashlib.sha256(request.encode()).hexdigest()))
    return hmac.new(key, told.encode(), "sha256").hexdigest()


@pytest.fixture
def sts(tmp_path: Path) -> Iterator[Sts]:
    one = Sts(tmp_path)
    yield one
    one.end()


def verified(sts: Sts, *tokens: str, cluster: str = CLUSTER) -> list[dict[str, str]]:
    """What the verifier of a cluster says of each token."""
    environ = {"HTTPS_PROXY": sts.url, "SSL_CERT_FILE": str(sts.certificate)}
    command = [str(built("token_verifier", "token-verifier")), cluster, REGION]
    given = "".join(f"{one}\n" for one in tokens)
    ran = subprocess.run(command, input=given, env=environ, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    """A token as the hub makes it, by a session of the account's role."""
    keys = {"AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": SECRET, "SessionToken": "a+token/with=signs"}
    assumed = SimpleNamespace(assume_role=lambda **_: {"Credentials": keys})
    own = SimpleNamespace(client=lambda *_, **__: assumed)
    role = "arn:aws:iam::111111111111:role/rtb-hub-reader"
    access = EksAccess(CLUSTER, REGION, role, lambda: datetime.now(UTC), session=own)
    return access.authorization().removeprefix("Bearer ")


def test_the_verifier_of_eks_takes_the_token_and_sts_its_signature(sts: Sts, token: str) -> None:
    assert verified(sts, token) == [{"arn": ARN}]


def test_it_is_good_for_this_cluster_alone(sts: Sts, token: str) -> None:
    (told,) = verified(sts, token, cluster="another")
    assert "got 403" in told["error"]


def test_one_that_was_changed_or_is_none_is_refused(sts: Sts, token: str) -> None:
    url = base64.urlsafe_b64decode(token.removeprefix(PREFIX) + "==").decode()
    longer = (
        base64.urlsafe_b64encode(url.replace("X-Amz-Expires=60", "X-Amz-Expires=900").encode()).rstrip(b"=").decode()
    )
    told = verified(sts, PREFIX + longer, f"{token}=", token.removeprefix(PREFIX))
    assert ["got 403" in told[0]["error"], *("error" in one for one in told)] == [True] * 4
