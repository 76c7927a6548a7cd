"""How a test's Jira is asked: over HTTP on loopback, or straight, with whatever goes wrong in between."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from generator.errors import Fault as Told
from generator.errors import Reason, Waiting
from hub.adapters.http import Answer, Origin, Request, Sender, Unanswered
from hub.adapters.jira.site import PEER
from worlds.jira_server.site import Fault, JiraServer


class Killed(BaseException):
    """The process that asked is no more."""


@dataclass(frozen=True, eq=False)
class Direct(Sender):
    """Asks a site without a network, once: what goes wrong is what `faults` gives for each call (None: nothing).

    `die` is told when the process is killed.
    """

    peer: Any = PEER
    origin: Any = field(default_factory=lambda: Origin.parse("https://example.atlassian.net"))
    site: JiraServer = field(default_factory=JiraServer)
    faults: Callable[[], Fault | None] = lambda: None
    die: Callable[[], None] = lambda: None

    def send(self, request: Request) -> Answer:
        fault, act = self.faults(), partial(self._answer, request)
        match fault.how if fault else "":
            case "kill-before":
                self._kill()
            case "kill-after":
                act()
                self._kill()
            case "drop-before":
                raise _unanswered(request)
            case "drop-after":
                act()
                raise _unanswered(request)
            case "drop-late":
                assert fault is not None
                self.site.later(self.site.clock() + timedelta(seconds=fault.late_seconds), act)
                raise _unanswered(request)
            case "503-before":
                return Answer(503, {}, b"", None)
            case "503-after":
                act()
                return Answer(503, {}, b"", None)
            case "429" | "429-unnamed":
                assert fault is not None
                seconds = float(fault.retry_after if fault.how == "429" else 60)
                raise Waiting(Reason.JIRA_LIMITED, Told("it limits requests"), retry_after_seconds=seconds)
        return act()

    def _kill(self) -> None:
        self.die()
        raise Killed

    def _answer(self, request: Request) -> Answer:
        status, headers, told = self.site.answer(request.method, request.target, request.body)
        return Answer(status, headers, b"", json.loads(json.dumps(told)))


def _unanswered(request: Request) -> Unanswered:
    fault = Told(f"cannot {request.purpose}: no answer in time")
    return Unanswered(Reason.JIRA_UNREACHABLE, fault, failure="timeout", may_have_acted=True)


@dataclass
class JiraFront:
    """The site at an address of loopback. `replies` are given first, one for each request, in place of its own.

    `context`: it speaks TLS. Who brings no key sees nothing.
    """

    site: JiraServer
    context: ssl.SSLContext | None = None
    replies: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> JiraFront:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length) if length else None
                if front.replies:
                    status, headers = front.replies.pop(0)
                    told: Any = {"errorMessages": ["wait"]}
                elif not self.headers.get("Authorization"):
                    status, headers, told = 401, {}, {"errorMessages": ["Client must be authenticated"]}
                else:
                    status, headers, told = front.site.answer(self.command, self.path, body)
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

    @property
    def url(self) -> str:
        where = "http://127.0.0.1" if self.context is None else "https://localhost"
        return f"{where}:{self._server.server_address[1]}"
