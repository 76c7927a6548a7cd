"""The API in this process, on a real state repository and database, called as a client would."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from contracts.queue_contract import QUICK
from hub.services.api.app import make_app
from hub.services.api.clusters import Clusters
from hub.services.api.context import Api
from hub.services.api.feed import Feed
from hub.services.api.rights import ROLES, Caller
from hub.services.api.sign_in import SignIn
from hub.services.auth.app import ROUTERS
from hub.services.worker.service import working
from reconcilers.state.rereading import StateReader
from worlds.described import Described
from worlds.serving import IMAGES, Serving
from worlds.sign_in import sign_in

#: Who signs in by saying so: one person of each role and one of none, another developer, and services.
PEOPLE = {role: Caller(f"person-{role}", role, "person", "api", role=role) for role in ROLES} | {
    "alice": Caller("person-alice", "alice", "person", "api", role="developer"),
    "guest": Caller("person-guest", "guest", "person", "api"),
    "ci": Caller("token-ci", "ci", "service", "api", scopes=frozenset({"preview:read", "preview:write"})),
    "reader": Caller("token-reader", "reader", "service", "api", scopes=frozenset({"preview:read"})),
    "int-only": Caller(
        "token-int", "int-only", "service", "api", scopes=frozenset({"preview:write"}), environments=frozenset({"int"})
    ),
    "asks-prd": Caller("token-prd", "asks-prd", "service", "api", scopes=frozenset({"preview:request-prd"})),
}
URL = "http://127.0.0.1:3000"


class Said(SignIn):
    """Believes whoever says `Bearer NAME`."""

    def caller(self, request: Request) -> Caller | None:
        name = request.headers.get("authorization", "").removeprefix("Bearer ")
        return PEOPLE[name] if name in PEOPLE else super().caller(request)


@dataclass
class ApiWorld:
    serving: Serving
    api: Api
    app: FastAPI
    client: TestClient

    def call(self, method: str, path: str, *, by: str | None = "alice", **given: Any) -> Any:
        headers = {**({"Authorization": f"Bearer {by}"} if by else {}), **given.pop("headers", {})}
        if by in PEOPLE and PEOPLE[by].kind == "service" and method == "POST":
            headers.setdefault("Idempotency-Key", f"key-{path}-{given.get('json')}"[:200])
        answer = self.client.request(method, path, headers=headers, **given)
        Described(self.app).hold(method, path, answer)
        return answer

    def get(self, path: str, **given: Any) -> Any:
        return self.call("GET", path, **given)

    def post(self, path: str, **given: Any) -> Any:
        return self.call("POST", path, **given)

    def start(
        self, issue: str = "RTB-1", environment: str = "int", *, by: str = "alice", **said: Any
    ) -> dict[str, Any]:
        """Start a preview, to its end."""
        body = {"issue": issue, "environment": environment, "images": IMAGES, **said}
        told = self.post("/api/v1/previews", by=by, json=body, headers={"Prefer": "wait=30"})
        assert told.status_code == 200, told.text
        return dict(told.json())


@contextmanager
def api_world(
    serving: Serving,
    *,
    works: bool = True,
    is_loopback: bool = False,
    screens: Middleware | None = None,
    **signing_in: str,
) -> Iterator[ApiWorld]:
    """The API; with `works` a worker beside it. Its snapshot is read when `api.feed.refresh()` is called.

    `signing_in`: variables of sign-in without RTB_HUB_.
    """
    repository = serving.hub.repository(str(serving.path))
    states = StateReader(repository.store.location, serving.hub.library, serving.hub.entry_cache)
    feed = Feed(repository.store, states, serving.database, now)
    feed.refresh()
    assert feed.error is None, feed.error
    checks = {"database": lambda: True}
    said = Said(serving.database, now, "alice")
    api = Api(feed, serving.jobs, repository, said, now, checks, starter=serving.hub.starter, clusters=Clusters(now))
    app = make_app(api, is_loopback=is_loopback, screens=screens, sign_in=ROUTERS)
    auth = sign_in(serving.database, URL, actor="alice", clock=now, **signing_in)
    said.verify = auth.access.sign_in.verify
    auth.access, auth.environments = api.access, lambda: api.snapshot.states
    app.state.auth = auth
    with TestClient(app, base_url=URL, raise_server_exceptions=False) as client:
        world = ApiWorld(serving, api, app, client)
        if not works:
            yield world
            return
        with working(serving.parts(), serving.jobs, pace=QUICK):
            yield world


def now() -> datetime:
    return datetime.now(UTC)
