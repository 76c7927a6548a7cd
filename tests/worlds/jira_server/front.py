"""How a test's Jira is asked: over HTTP on loopback, or straight, with whatever goes wrong in between."""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hub.adapters.http.peer import Peer
from hub.adapters.jira.site import PEER
from worlds.faulty import Faulty, Site
from worlds.jira_server.site import JiraServer


@dataclass(frozen=True, eq=False)
class Direct(Faulty):
    """Asks a test's Jira without a network."""

    peer: Peer = PEER
    site: JiraServer = field(default_factory=JiraServer)


_KEYS = {"cloud": "Basic ", "data-center": "Bearer "}


@dataclass
class Front:
    """The site at an address of loopback. `replies` are given first, one for each request, in place of its own.

    `context`: it speaks TLS. `prefix`: the path that it is below. Who brings no key of its edition sees nothing, but
    below `is_open_below`.
    """

    site: Site
    context: ssl.SSLContext | None = None
    prefix: str = ""
    is_open_below: str | None = None
    replies: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> Front:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length) if length else None
                if front.replies:
                    status, headers = front.replies.pop(0)
                    told: Any = {"errorMessages": ["wait"]}
                elif not front._is_signed(self.path, self.headers.get("Authorization", "")):
                    status, headers, told = 401, {}, {"errorMessages": ["Client must be authenticated"]}
                else:
                    target = self.path.removeprefix(front.prefix)
                    status, headers, told = front.site.answer(self.command, target, body)
                data = b"" if told is None else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names that are looked for

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _is_signed(self, path: str, key: str) -> bool:
        if self.is_open_below is not None and path.startswith(self.is_open_below):
            return True
        return bool(key) and (not isinstance(self.site, JiraServer) or key.startswith(_KEYS[self.site.edition]))

    @property
    def url(self) -> str:
        where = "http://127.0.0.1" if self.context is None else "https://localhost"
        return f"{where}:{self._server.server_address[1]}{self.prefix}"


JiraFront = Front
