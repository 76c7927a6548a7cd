"""The server: keys and rights, limits, pages, ETags, redirects, injected faults, and Git over HTTP.

Each request and each answer is held against GitHub's own description; what does not fit stands in `violations`, which a
test must find empty.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from worlds.github_server import (
    directory,
    schemas,
    tellings,  # noqa: F401 - it adds its calls to the table
)
from worlds.github_server.git import Repository
from worlds.github_server.git_http import serve_git
from worlds.github_server.handlers import TABLE, ApiError, Call, Handlers
from worlds.github_server.state import App, Key, State
from worlds.github_server.views import Views

PREFIX = "/api/v3"
LIMIT = 5000
ROUTES = [(operation, schemas.path_pattern(operation)) for operation in TABLE]


@dataclass
class Reply:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """What goes wrong at a call: no connection, or an answer 502; before its effect or after it."""

    when: Literal["before", "after"]
    how: Literal["drop", "502"] = "drop"


class _Server(ThreadingHTTPServer):
    """Says nothing of clients that went away: what a command prints to standard error is looked at beside it."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class GitHubServer:
    """GitHub at a free loopback port, for one repository at `path`."""

    path: Path
    state: State = field(default_factory=State)
    #: Faults by the number of the call, counted from 1 since `calls` was last set to 0.
    faults: dict[int, Fault] = field(default_factory=dict)
    calls: int = 0
    #: Paths that were asked for, with verb and status.
    log: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    remaining: int = LIMIT
    #: Headers of answers 403 that the next calls get instead of being served.
    limited: list[dict[str, str]] = field(default_factory=list)
    #: What happens right after the calls of these numbers.
    then: dict[int, Callable[[], object]] = field(default_factory=dict)
    is_down: bool = False
    #: Raw bodies that the next calls get with status 200 instead of being served.
    instead: list[bytes] = field(default_factory=list)
    page: int = 100

    def __enter__(self) -> GitHubServer:
        self.git = Repository(self.path)
        self._lock = threading.RLock()
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.handlers = Handlers(self.state, self.git, Views(self.state, self.git, self.url + PREFIX))
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def api(self) -> str:
        return self.url + PREFIX

    def pushed(self, login: str, branch: str) -> None:
        """Tell that an account moved a branch by Git."""
        from worlds.github_server import rules

        with self._lock:
            rules.pushed(self.state, self.git, self.state.accounts[login], branch)

    def key_of(self, authorization: str) -> Key:
        """By whom a call is. Raises `ApiError` 401."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() == "bearer" and token.count(".") == 2:
            app = directory.app_of(self.state, token)
            return Key(app.bot, app)
        if not token:
            raise ApiError(401, "Requires authentication")
        if token not in self.state.keys:
            raise ApiError(401, "Bad credentials")
        return self.state.keys[token]

    def answer(self, verb: str, target: str, headers: Any, raw: bytes) -> Reply | None:
        """The answer to one call; None: the connection is dropped."""
        with self._lock:
            self.calls += 1
            fault = self.faults.get(self.calls)
            try:
                reply = None if fault and fault.when == "before" else self._served(verb, target, headers, raw)
            except Exception:
                self.violations.append(traceback.format_exc())
                raise
            self.log.append(f"{verb} {urlsplit(target).path.removeprefix(PREFIX)} {reply.status if reply else '-'}")
            self.then.get(self.calls, lambda: None)()
            if fault:
                return Reply(502, {"message": "Bad Gateway"}) if fault.how == "502" else None
            return reply

    def _served(self, verb: str, target: str, headers: Any, raw: bytes) -> Reply:
        if self.is_down:
            return Reply(503, {"message": "Service Unavailable"})
        if self.instead:
            return Reply(200, self.instead.pop(0))
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if self.state.old_name and parts.path.startswith(f"{PREFIX}/repos/{self.state.old_name}"):
            rest = parts.path.removeprefix(f"{PREFIX}/repos/{self.state.old_name}")
            where = f"{self.api}/repositories/{self.state.id}{rest}" + (f"?{parts.query}" if parts.query else "")
            return Reply(
                301 if verb == "GET" else 307, {"message": "Moved Permanently", "url": where}, {"Location": where}
            )
        path = parts.path.replace(f"{PREFIX}/repositories/{self.state.id}", f"{PREFIX}/repos/{self.state.full_name}")
        try:
            operation, parameters = self._route(verb, path.removeprefix(PREFIX))
        except ApiError as err:
            return Reply(err.status, err.body())
        return self._checked(
            operation, Call(Key(_nobody()), parameters, query, json.loads(raw) if raw else None), headers
        )

    def _checked(self, operation: str, call: Call, headers: Any) -> Reply:
        """Serve a call, and hold it and its answer against the description."""
        try:
            call.key = self.key_of(headers.get("Authorization", ""))
            if self.limited or self.remaining <= 0:
                return self._limit()
            self._must_be_allowed(operation, call)
            if faults := schemas.faults_of_request(operation, call.query, call.body):
                self.violations += faults
                raise ApiError(422, "Invalid request.")
            self.handlers.refresh()
            status, body = TABLE[operation][2](self.handlers, call)
            self.handlers.refresh()
        except ApiError as err:
            status, body = err.status, err.body()
        self.violations += schemas.faults_of_answer(operation, status, body)
        return self._paged(operation, call, Reply(status, body), headers)

    def _route(self, verb: str, path: str) -> tuple[str, dict[str, str]]:
        for operation, pattern in ROUTES:
            found = pattern.fullmatch(path)
            if found and operation.startswith(verb.lower() + " "):
                parameters = {name: unquote(value) for name, value in found.groupdict().items()}
                named = "/".join(parameters.get(part, "") for part in ("owner", "repo"))
                if named != "/" and named.lower() != self.state.full_name.lower():
                    raise ApiError(404, "Not Found")
                return operation, parameters
        self.violations.append(f"no route for {verb} {path}")
        raise ApiError(404, "Not Found")

    def _must_be_allowed(self, operation: str, call: Call) -> None:
        permission, level, _ = TABLE[operation]
        if permission in ("app", "user"):
            return
        if call.key.app is None and call.key.account.role == "none":
            raise ApiError(404, "Not Found")
        if not call.key.may(permission, level):
            said = "Resource not accessible by integration" if call.key.app else "Must have admin rights to Repository."
            raise ApiError(403, said)
        if self.state.is_archived and not operation.startswith("get "):
            raise ApiError(403, "Repository was archived so is read-only.")

    def _limit(self) -> Reply:
        extra = self.limited.pop(0) if self.limited else {}
        secondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        message = "API rate limit exceeded for installation ID 1." if self.remaining <= 0 else secondary
        return Reply(
            403, {"message": message, "documentation_url": "https://docs.github.com/rest"}, {**self._rate(), **extra}
        )

    def _rate(self) -> dict[str, str]:
        reset = str(int(time.time()) + 1800)
        left = str(max(self.remaining, 0))
        return {"X-RateLimit-Limit": str(LIMIT), "X-RateLimit-Remaining": left, "X-RateLimit-Reset": reset}

    def _paged(self, operation: str, call: Call, reply: Reply, headers: Any) -> Reply:
        """Cut into pages, with Link; add ETag, and answer 304 where nothing changed; count."""
        per_page, page = min(int(call.query.get("per_page", 30)), self.page), int(call.query.get("page", 1))
        items = reply.body["check_runs"] if operation.endswith("/check-runs") and reply.status == 200 else reply.body
        is_list = isinstance(items, list) and operation.startswith("get ")
        if is_list and operation == "get /app/hook/deliveries":
            if len(items) > per_page:
                more = urlencode({**call.query, "cursor": f"v1_{items[per_page]['id']}"})
                reply.headers["Link"] = f'<{self.api}/app/hook/deliveries?{more}>; rel="next"'
            reply.body, is_list = items[:per_page], False
        if is_list:
            part = items[(page - 1) * per_page : page * per_page]
            if page * per_page < len(items):
                path = TABLE_PATHS[operation].format(**call.parameters)
                more = urlencode({**call.query, "page": page + 1})
                reply.headers["Link"] = f'<{self.api}{path}?{more}>; rel="next"'
            reply.body = {**reply.body, "check_runs": part} if items is not reply.body else part
        if operation.startswith("get ") and reply.status == 200:
            etag = 'W/"' + hashlib.sha256(json.dumps(reply.body, sort_keys=True).encode()).hexdigest() + '"'
            reply.headers["ETag"] = etag
            if headers.get("If-None-Match") == etag:
                return Reply(304, None, {**self._rate(), "ETag": etag})
        self.remaining -= 1
        reply.headers |= self._rate()
        if call.key.end:
            reply.headers["GitHub-Authentication-Token-Expiration"] = call.key.end
        return reply


TABLE_PATHS = {operation: operation.partition(" ")[2] for operation in TABLE}


def _nobody() -> Any:
    from worlds.github_server.state import Account

    return Account(0, "")


def _handler(server: GitHubServer) -> Any:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body go in two packets

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if ".git/" in self.path:
                serve_git(server, self, raw)
                return
            reply = server.answer(self.command, self.path, self.headers, raw)
            if reply is None:
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            if reply.status in (204, 304):
                content = b""
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    return Handler


def add_app(state: State, slug: str, public_key: str, permissions: dict[str, str]) -> App:
    """Register an App and install it."""
    bot = state.add_account(f"{slug}[bot]", kind="Bot")
    number = state.next_id()
    app = App(number, slug, public_key, permissions, number + 50000, bot)
    state.apps[number] = app
    return app
