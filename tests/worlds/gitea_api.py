"""A server that answers as a test says, in the order it says, and remembers what it was asked. Loopback only."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hub.adapters.gitea.access import GiteaAccess, open_gitea
from hub.adapters.gitea.forge import GiteaForge
from hub.adapters.http import SenderParts
from hub.retrying import Backoff


def open_gitea_forge(
    url: str,
    *,
    token: str,
    teams_token: str = "",
    machines: Iterable[str] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> GiteaForge:
    """The adapter on a repository, with keys that do not change and pauses that nothing shortens."""
    teams = (lambda: teams_token) if teams_token else None
    access = GiteaAccess(url, lambda: token, teams, frozenset(machines))
    return open_gitea(access, SenderParts(backoff=Backoff(tries=4, first_seconds=0.5, sleep=sleep, random=lambda: 1.0)))


ROOT = "/api/v1/repos/acme/state"
HEAD, BASE_AT, MERGE = "a" * 40, "b" * 40, "c" * 40
#: The connection ends without an answer.
LOST = 0


@dataclass(frozen=True)
class Reply:
    """A status, a body (a tree is sent as JSON, text as it is) and headers."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class GiteaApi:
    """`replies`: by 'METHOD path', where a path is below the repository unless it begins with '/'.

    The last reply of a list stays. A list is given whole, its pages are cut here; `pages` says how long one is.
    """

    replies: dict[str, list[Reply]] = field(default_factory=dict)
    pages: int = 50
    seen: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def __enter__(self) -> GiteaApi:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        self.on("GET /api/v1/settings/api", Reply({"max_response_items": self.pages}))
        self.on("GET /api/v1/user", Reply(user("rtb-hub", 7)))
        self.on("GET ", Reply({"full_name": "acme/state"}))
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def on(self, call: str, *replies: Reply) -> None:
        """What is answered to a call, one reply after the other."""
        method, _, path = call.partition(" ")
        full = path if path.startswith("/") else f"{ROOT}/{path}".rstrip("/")
        self.replies[f"{method} {full}"] = [*replies]

    def count(self, method: str) -> int:
        """How many calls of this method there were."""
        return sum(call.startswith(f"{method} ") for call in self.seen)

    def bodies(self, call: str) -> list[Any]:
        """What was sent with a call, each time."""
        return [json.loads(body) for one, body in self.sent if one == call]

    def reply(self, method: str, target: str) -> Reply:
        """The next reply to a call."""
        self.seen.append(f"{method} {target}")
        path, _, query = target.partition("?")
        told = self.replies.get(f"{method} {path}", [Reply({"message": "not found"}, 404)])
        one = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(one.body, list) and one.status == 200 and "X-Total-Count" not in one.headers:
            asked = dict(part.split("=") for part in query.split("&") if part)
            size = min(int(asked.get("limit", len(one.body) or 1)), self.pages)
            first = (int(asked.get("page", 1)) - 1) * size
            return Reply(one.body[first : first + size], 200, {"X-Total-Count": str(len(one.body))})
        return one


def _handler(api: GiteaApi) -> Any:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            api.sent.append((f"{self.command} {self.path}", body))
            api.tokens.add(self.headers.get("Authorization", ""))
            reply = api.reply(self.command, self.path)
            if reply.status == LOST:
                self.close_connection = True
                return
            data = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

    return Handler


def user(login: str, number: int = 1) -> dict[str, Any]:
    """An account as Gitea shows it; -1 is the ghost of deleted ones."""
    return {"id": number, "login": login, "full_name": "", "email": f"{login}@example.com"}


def pull(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A pull request as Gitea shows it: open, mergeable, from rtb-1 to prd."""
    tree = {
        "number": number, "html_url": f"http://x/{number}", "title": "t", "body": "b", "state": "open", "merged": False,
        "draft": False, "mergeable": True, "user": user("rtb-hub", 7), "labels": [], "requested_reviewers_teams": [],
        "head": {"label": "preview/prd/rtb-1", "ref": "preview/prd/rtb-1", "sha": HEAD, "repo_id": 1},
        "base": {"label": "prd", "ref": "prd", "sha": BASE_AT, "repo_id": 1, "repo": {"archived": False}},
        "created_at": "2026-11-23T01:00:00Z", "updated_at": "2026-11-23T02:00:00Z", "closed_at": None, "merged_at": None, "merge_commit_sha": None,
    }  # fmt: skip
    return tree | fields


def merged(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A merged pull request."""
    at = "2026-11-23T02:00:00Z"
    ended = {"state": "closed", "merged": True, "merged_at": at, "closed_at": at, "merge_commit_sha": MERGE}
    return pull(number, **ended, mergeable=False) | fields


def review(login: str, state: str, **fields: Any) -> dict[str, Any]:
    """A review as Gitea shows it."""
    tree = {"id": 1, "user": user(login), "state": state, "dismissed": False, "commit_id": HEAD}
    return tree | {"submitted_at": "2026-11-23T01:30:00Z"} | fields
