"""What the hub speaks TLS with, on this machine: a front for a server that has none, and a Jira with some issues."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class TlsFront:
    """Takes TLS on a free port and passes on to `port`; started and ended by `with`."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._behind, self._context = port, context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> TlsFront:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(30)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            behind, to = await asyncio.open_connection("127.0.0.1", self._behind)
            await asyncio.gather(_passed(reader, to), _passed(behind, writer))

    async def _end(self) -> None:
        self._server.close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _passed(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    """Pass on until either side has ended, then end the other."""
    try:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                to.write(data)
                await to.drain()
    finally:
        to.close()


@dataclass
class Jira:
    """Answers for issues (key → id of its status) as Jira Cloud does, and finds none that changed lately.

    Started and ended by `with`.
    """

    context: ssl.SSLContext
    statuses: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Jira:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _answering(self))
        self._http.socket = self.context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"https://localhost:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def issue(self, key: str) -> dict[str, Any] | None:
        """What it tells of an issue."""
        number = self.statuses.get(key)
        if number is None:
            return None
        status = {"id": number, "name": "x", "statusCategory": {"id": 4, "key": "indeterminate", "name": "x"}}
        fields = {"status": status, "labels": [], "assignee": None, "created": "2026-11-01T09:00:00.000+0900"}
        return {"id": "10001", "key": key, "fields": fields, "changelog": {"total": 0, "histories": []}}


def _answering(jira: Jira) -> Any:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            jira.asked.append(self.path)
            found = re.match(r"/rest/api/3/issue/([A-Z][A-Z0-9]*-[0-9]+)(\?|$)", self.path)
            told = jira.issue(found[1]) if found else None
            if self.path.startswith("/rest/api/3/search/jql?"):
                told = {"issues": []}
            if not self.headers.get("Authorization"):
                told = None
            body = json.dumps(told or {"errorMessages": ["Issue does not exist"], "errors": {}}).encode()
            self.send_response(200 if told else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
