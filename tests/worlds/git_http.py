"""A real `git http-backend` on a free loopback port, with optional password and faults."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class GitServer:
    """Serves the repositories below `root`. `drop_after_push`: the push is done, its answer is lost. `is_down`: 503.

    `forbids`: 403. `hangs`: no answer before the event is set. `holds`: no push is done before the event is set, and
    `held` says how many came meanwhile.

    `on_push` is told the refs (name → commit) of the repository before and after each push.
    """

    root: Path
    password: str | None = None
    drop_after_push: bool = False
    is_down: bool = False
    forbids: bool = False
    hangs: threading.Event | None = None
    holds: threading.Event | None = None
    held: int = 0
    on_push: Callable[[dict[str, str], dict[str, str]], None] | None = None
    requests: list[str] = field(default_factory=list)

    def __enter__(self) -> GitServer:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def url(self, name: str, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self._http.server_address[1]}/{name}"


def _handler(server: GitServer) -> Any:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self._body())

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _serve(self, body: bytes) -> None:
            server.requests.append(f"{self.command} {self.path}")
            wanted = "Basic " + base64.b64encode(f"hub:{server.password}".encode()).decode()
            if server.password is not None and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if server.hangs is not None:
                server.hangs.wait()
            if server.is_down or server.forbids:
                self.send_error(503 if server.is_down else 403)
                return
            is_push = self.command == "POST" and self.path.endswith("git-receive-pack")
            if is_push and server.holds is not None:
                server.held += 1
                server.holds.wait()
            before = self._refs() if is_push and server.on_push else {}
            head, _, content = self._backend(body).partition(b"\r\n\r\n")
            if is_push and server.on_push:
                server.on_push(before, self._refs())
            if server.drop_after_push and is_push:
                self.close_connection = True
                return
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _refs(self) -> dict[str, str]:
            repository = server.root / self.path.removesuffix("/git-receive-pack").lstrip("/")
            command = [
                "git",
                "-C",
                repository,
                "-c",
                "safe.directory=*",
                "for-each-ref",
                "--format=%(refname) %(objectname)",
            ]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            return dict(line.split() for line in told.splitlines())

        def _backend(self, body: bytes) -> bytes:
            path, _, query = self.path.partition("?")
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": "hub",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
            }
            done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False)
            return done.stdout or b"Status: 500 Internal Server Error\r\n\r\n"

    return Handler
