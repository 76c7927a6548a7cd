"""A real registry on loopback: the project "distribution", built once from the Go module beside this file, and kept.

Images are pushed to it as any client does it. With `users` it asks for a password, with a `TokenServer` for a token.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from worlds.go_programs import built

_OCI = "application/vnd.oci.image"
MANIFEST, INDEX, CONFIG = f"{_OCI}.manifest.v1+json", f"{_OCI}.index.v1+json", f"{_OCI}.config.v1+json"
_LAYER = f"{_OCI}.layer.v1.tar"


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@dataclass(frozen=True)
class Image:
    """The bytes of an image: its manifest, and the blobs and manifests that it refers to."""

    manifest: bytes
    media_type: str
    blobs: tuple[bytes, ...] = ()
    children: tuple[Image, ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def single(architecture: str = "amd64", *, variant: str = "", salt: str = "", kind: str = CONFIG) -> Image:
    """An image for one platform; `salt` makes it another. `kind`: the media type of its configuration."""
    platform = {"os": "linux", "architecture": architecture, **({"variant": variant} if variant else {})}
    config = json.dumps({**platform, "config": {"Labels": {"salt": salt}}, "rootfs": {"type": "layers"}}).encode()
    layer = f"layer {salt}".encode()
    tree = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": kind, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": _LAYER, "digest": digest_of(layer), "size": len(layer)}],
    }
    return Image(json.dumps(tree).encode(), MANIFEST, (config, layer))


def several(*images: tuple[Image, Mapping[str, str]]) -> Image:
    """A list of images, each with the platform that the list tells."""
    entries = [
        {"mediaType": MANIFEST, "digest": one.digest, "size": len(one.manifest), "platform": dict(platform)}
        for one, platform in images
    ]
    tree = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    return Image(json.dumps(tree).encode(), INDEX, (), tuple(one for one, _ in images))


def program() -> Path:
    """The registry's program. Fails with what Go said."""
    return built("registry_server", "registry")


@dataclass
class RegistryServer:
    """A registry in memory. `log` is its access log: a line for each request that it answered."""

    url: str
    log: Path
    user: tuple[str, str] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def push(self, repository: str, tag: str, image: Image) -> str:
        """Put an image, with all that it refers to; its digest."""
        for child in image.children:
            self.push(repository, child.digest, child)
        for blob in image.blobs:
            place = self._sent("POST", f"/v2/{repository}/blobs/uploads/", expected=202).headers["Location"]
            self._sent("PUT", place, data=blob, params={"digest": digest_of(blob)}, expected=201)
        kind = {"Content-Type": image.media_type}
        self._sent("PUT", f"/v2/{repository}/manifests/{tag}", data=image.manifest, headers=kind, expected=201)
        return image.digest

    def _sent(self, method: str, path: str, *, expected: int, **more: Any) -> requests.Response:
        url = path if path.startswith("http") else f"{self.url}{path}"
        headers = {**self.headers, **more.pop("headers", {})}
        answer = requests.request(method, url, headers=headers, auth=self.user, timeout=10, **more)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer

    def asked(self) -> list[str]:
        """What was answered: `GET /v2/…` with its status, in order."""
        text = self.log.read_text(encoding="utf-8")
        return re.findall(r'"((?:GET|HEAD) /v2/\S+) HTTP/1.1" (?:\d+)', text)


@contextlib.contextmanager
def registry(folder: Path, auth: Mapping[str, Any] | None = None) -> Iterator[RegistryServer]:
    """A registry on a free port, ended within."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": False}},
        "storage": {"inmemory": {}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "only-for-tests"},
        **({"auth": dict(auth)} if auth else {}),
    }
    place = folder / f"registry-{port}"
    place.mkdir()
    (place / "config.yml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    log = place / "log"
    env = {"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"}
    with log.open("wb") as out:
        process = subprocess.Popen([program(), place / "config.yml"], stdout=out, stderr=out, env=env, cwd=place)
    try:
        _until_it_listens(port, process, log)
        yield RegistryServer(f"http://127.0.0.1:{port}", log)
    finally:
        process.kill()
        process.wait()


def _until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text(encoding="utf-8")[-2000:]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert time.monotonic() < deadline, "the registry does not listen"
        time.sleep(0.02)


class TokenServer:
    """Gives tokens as the registry's `token` sign-in asks for them: to one user by password, and counts them."""

    def __init__(self, folder: Path, user: tuple[str, str] = ("hub", "secret-of-the-hub")) -> None:
        self.user, self.given = user, 0
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = folder / "tokens.pem"
        self._certificate.write_bytes(self._signed())
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = outer.answer(self.path, self.headers.get("Authorization", ""))
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def auth(self) -> Mapping[str, Any]:
        """The registry's settings that have it ask here."""
        return {
            "token": {
                "realm": f"{self.url}/token",
                "service": "registry-of-tests",
                "issuer": "tests",
                "rootcertbundle": str(self._certificate),
                "signingalgorithms": ["ES256"],
            }
        }

    def answer(self, path: str, authorization: str) -> tuple[int, Mapping[str, Any]]:
        expected = "Basic " + base64.b64encode(":".join(self.user).encode()).decode()
        query = parse_qs(urlsplit(path).query)
        if authorization != expected:
            return 401, {"errors": [{"code": "UNAUTHORIZED"}]}
        self.given += 1
        kind, name, actions = query["scope"][0].rsplit(":", 2)
        del kind
        return 200, {"token": self.token(name.removeprefix("repository:"), actions.split(",")), "expires_in": 300}

    def token(self, repository: str, actions: list[str]) -> str:
        """A token for what `actions` are in a repository."""
        now = datetime.now(UTC)
        chain = base64.b64encode(x509.load_pem_x509_certificate(self._certificate.read_bytes()).public_bytes(
            serialization.Encoding.DER)).decode()  # fmt: skip
        claims = {
            "iss": "tests", "sub": self.user[0], "aud": "registry-of-tests", "jti": str(self.given),
            "iat": now, "nbf": now - timedelta(seconds=30), "exp": now + timedelta(seconds=300),
            "access": [{"type": "repository", "name": repository, "actions": actions}],
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"x5c": [chain]})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def _signed(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tokens of tests")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)
