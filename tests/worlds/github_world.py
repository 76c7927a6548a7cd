"""The test server of GitHub with its people, and the GitHub adapter as the hub's App. See `forge_contract.World`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.adapters.github.access import GitHubAccess, open_github
from hub.adapters.github.forge import GitHubForge
from hub.adapters.github.keys import AppKey
from hub.adapters.http import Call, SenderParts
from hub.retrying import Backoff
from reconcilers.ports.forge import CheckState, ReviewState
from worlds.github_server import GitHubServer, add_app
from worlds.github_server.git_http import install_hook
from worlds.github_server.state import App, Key, State
from worlds.local_world import PEOPLE, PeoplesRepository
from worlds.repositories import state_repository

HUB_MAY = {
    "administration": "write",
    "checks": "read",
    "contents": "write",
    "members": "read",
    "pull_requests": "write",
    "statuses": "read",
}
EVENTS = {"approved": "APPROVE", "changes-requested": "REQUEST_CHANGES", "commented": "COMMENT"}


@cache
def key_pair() -> tuple[str, str]:
    """A private key and its public half, PEM; made once."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


@contextmanager
def github_of_code(path: Path) -> Iterator[GitHubServer]:
    """GitHub with the code's repository `acme/web`, where the account `hub-user` may write by `token-of-hub-user`."""
    with GitHubServer(Path(state_repository(path)), State(repo="web")) as server:
        server.state.add_account("hub-user", "write", token="token-of-hub-user")
        yield server
        assert server.violations == []


@dataclass
class GitHubWorld(PeoplesRepository):
    """Start with `with`; at its end the server must have seen nothing that GitHub does not describe."""

    team: str = "acme/prd-approvers"
    no_team: str = "acme/nobodys"
    slept: list[float] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> GitHubWorld:
        install_hook(self.path)
        self.begin = datetime.now(UTC).replace(microsecond=0)
        self.server = GitHubServer(self.path).__enter__()
        state = self.server.state
        for login in PEOPLE:
            state.add_account(login, "write", token=f"token-of-{login}")
        state.add_account("root", "admin", token="token-of-root")
        state.teams["prd-approvers"] = (77, {"bob", "carol"})
        private, public = key_pair()
        self.app = add_app(state, "rtb-hub", public, dict(HUB_MAY))
        ci = self.actions = add_app(state, "github-actions", public, {"checks": "write"})
        state.keys["token-of-ci"] = Key(ci.bot, ci)
        self.forge = self.as_app(private=private)
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.__exit__()
        if failure == (None, None, None):
            assert self.server.violations == [], "\n".join(dict.fromkeys(self.server.violations))

    def remembering(self) -> Callable[[], None]:
        """What brings back all that is not in the repository, when another lies there."""
        server = self.server
        kept = deepcopy(vars(server.state))

        def forget() -> None:
            vars(server.state).update(deepcopy(kept))
            server.calls, server.faults = 0, {}

        return forget

    def as_app(self, app: App | None = None, *, private: str = "", installation: int | None = None) -> GitHubForge:
        pem = private or key_pair()[0]
        return self.opened(
            app=AppKey((app or self.app).id, lambda: pem, installation or (app or self.app).installation)
        )

    def as_token(self, token: str) -> GitHubForge:
        return self.opened(token=lambda: token)

    def opened(self, **access: Any) -> GitHubForge:
        whole = {
            "repository": "acme/state",
            "api": self.server.api,
            "pause_seconds": 0.0,
            "timeout_seconds": 5.0,
            **access,
        }
        backoff = Backoff(tries=4, first_seconds=0.5, sleep=self.slept.append, random=lambda: 1.0)
        return open_github(GitHubAccess(**whole), SenderParts(backoff=backoff, observe=self.calls.append))

    def call(self, login: str, verb: str, path: str, body: object = None) -> Any:
        """Call the API as a person, past the adapter."""
        headers = {"Authorization": f"token token-of-{login}"}
        url = f"{self.server.api}/repos/acme/state/{path}"
        answer = requests.request(verb, url, json=body, headers=headers, timeout=5)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def push(
        self,
        branch: str,
        files: Mapping[str, str | None],
        *,
        by: str = "alice",
        email: str = "",
        onto: str = "",
        author: str = "",
    ) -> str:
        commit = super().push(branch, files, by=by, email=email, onto=onto, author=author)
        if hasattr(self, "server"):
            self.server.pushed(by, branch)
        return commit

    def review(self, number: int, by: str, state: ReviewState) -> None:
        self.call(by, "POST", f"pulls/{number}/reviews", {"event": EVENTS[state], "body": "Seen."})

    def dismiss(self, number: int, of: str) -> None:
        found = self.call("root", "GET", f"pulls/{number}/reviews")
        last = [review["id"] for review in found if review["user"]["login"] == of][-1]
        self.call("root", "PUT", f"pulls/{number}/reviews/{last}/dismissals", {"message": "old"})

    def report(self, commit: str, name: str, state: CheckState) -> None:
        """By an App's check run; what begins with 's' by a commit status, so that both kinds come up."""
        if name.startswith("s"):
            states = {"passed": "success", "failed": "failure", "pending": "pending"}
            self.call("dave", "POST", f"statuses/{commit}", {"state": states[state], "context": name})
            return
        done = {
            "passed": {"conclusion": "success"},
            "failed": {"conclusion": "failure"},
            "pending": {"status": "queued"},
        }
        self.call("ci", "POST", "check-runs", {"name": name, "head_sha": commit, **done[state]})

    def retarget(self, number: int, base: str) -> None:
        """As a person on the request's page."""
        self.call("alice", "PATCH", f"pulls/{number}", {"base": base})

    def leave_team(self, login: str) -> None:
        self.server.state.teams["prd-approvers"][1].discard(login)

    def close(self, number: int, by: str) -> None:
        self.call(by, "PATCH", f"pulls/{number}", {"state": "closed"})

    def merge(self, number: int, by: str) -> None:
        self.call(by, "PUT", f"pulls/{number}/merge", {})

    def label(self, number: int, name: str) -> None:
        self.call("dave", "POST", f"issues/{number}/labels", {"labels": [name]})

    def comment(self, number: int, by: str, body: str) -> None:
        self.call(by, "POST", f"issues/{number}/comments", {"body": body})

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        return [(one["user"]["login"], one["body"]) for one in self.call("root", "GET", f"issues/{number}/comments")]

    def asked(self, number: int) -> frozenset[str]:
        found = self.call("root", "GET", f"pulls/{number}/requested_reviewers")
        return frozenset(f"acme/{team['slug']}" for team in found["teams"])
