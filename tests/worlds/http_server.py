"""An HTTP server on loopback that does as a test says, down to the bytes, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: What is done with a connection once a request was read from it.
Step = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Seen:
    """A request as it came: method, target, headers by lower-case name, body."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def sends(*pieces: bytes) -> Step:
    """Send these bytes, then close."""

    def step(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return step


def answers(status: int, body: Any = b"", **headers: str) -> Step:
    """A whole answer; a body that is no bytes is sent as JSON. '_' in a header's name is '-'."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Told"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [] if any(name.lower() == "content_length" for name in headers) else [f"Content-Length: {len(data)}"]
    return sends("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + data)


def resets(connection: socket.socket) -> None:
    """End the connection at once, so that the other side gets an error."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def self_signed(path: Path) -> Path:
    """A file with a key and a certificate of its own for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class HttpServer:
    """`steps` are taken one for each request; the last one stays. Each answer ends its connection.

    `greeting` is sent before a request is read. `certificate`: speak TLS with the key and certificate of this file.
    """

    steps: list[Step] = field(default_factory=list)
    greeting: bytes = b""
    certificate: Path | None = None
    seen: list[Seen] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> HttpServer:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive(), "the server did not end"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def drips(self, head: bytes, piece: bytes, *, every: float = 0.01) -> Step:
        """Send `head`, then `piece` again and again until the other side or the test has enough."""

        def step(connection: socket.socket) -> None:
            connection.sendall(head)
            while not self.is_over.wait(every):
                connection.sendall(piece)

        return step

    def waits(self, head: bytes = b"") -> Step:
        """Send `head`, and nothing after it until the test has enough."""

        def step(connection: socket.socket) -> None:
            connection.sendall(head)
            self.is_over.wait()

        return step

    def _accept(self) -> None:
        while not self.is_over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if self.greeting:
                connection.sendall(self.greeting)
            if self.certificate is None:
                self._answer(connection)
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            with context.wrap_socket(connection, server_side=True) as secure:
                self._answer(secure)

    def _answer(self, connection: socket.socket) -> None:
        request = _read(connection)
        if request is None:
            return
        self.seen.append(request)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        step(connection)


def _read(connection: socket.socket) -> Seen | None:
    with connection.makefile("rb") as stream:
        first = stream.readline().decode("latin-1").split()
        if len(first) < 2:
            return None
        headers = {}
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Seen(first[0], first[1], headers, stream.read(int(headers.get("content-length", 0))))
