"""Workers that tell of previews in pull requests of a test's GitHub; each may be killed anywhere. See `announcing`."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from generator.errors import Reason
from hub.actions.telling.posting import Desk
from hub.actions.telling.pulls import OfBuilds, OfPulls, Pulls
from hub.actions.telling.teller import Teller
from hub.adapters.github.calls import PEER, GitHubCalls
from hub.adapters.github.forge import GitHubForge
from hub.adapters.github.keys import NotInstalledError
from hub.adapters.github.messages.code import Code, Pace
from hub.adapters.github.messages.deployments import GitHubDeployments
from hub.adapters.github.messages.verdicts import GitHubChecks
from hub.adapters.github.sources import GitHubSources
from hub.adapters.http.turns import Turns
from hub.adapters.pull_requests.comments import PullComments
from hub.adapters.pull_requests.places import Requests
from hub.adapters.pull_requests.statuses import PullStatuses
from hub.store.tables import MESSAGES
from hub.views.messages.words import ENGLISH, Words
from reconcilers.ports.forge import Actor, Identity
from worlds.announcing import REPOSITORY, Announcing
from worlds.faulty import Faulty, Reply
from worlds.github_server import GitHubServer, add_app
from worlds.github_server.handlers import Handlers
from worlds.github_server.server import PREFIX
from worlds.github_server.state import Comment, Key, Pull, State
from worlds.github_server.views import Views
from worlds.late import Late
from worlds.mortal import Life, MortalDatabase


class GitHubComments(PullComments):
    """As the wiring makes it."""

    def __init__(self, requests: Requests, words: Words) -> None:
        super().__init__(requests, words, "github-comment")


class GitHubStatuses(PullStatuses):
    """As the wiring makes it."""

    def __init__(self, requests: Requests, words: Words) -> None:
        super().__init__(requests, words, "github-status")


Kind = type[GitHubComments] | type[GitHubDeployments] | type[GitHubChecks] | type[GitHubStatuses]
KINDS: tuple[Kind, ...] = (GitHubComments, GitHubDeployments, GitHubChecks, GitHubStatuses)
HUB_MAY = {"pull_requests": "write", "deployments": "write", "checks": "write", "statuses": "write", "contents": "read"}
_TOKENS = itertools.count(1)


@dataclass
class Heads:
    """Branches of a repository that nobody pushes to or merges, without Git: as `github_server.git.Repository`."""

    branches: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def push(self, branch: str, text: str) -> str:
        commit = self.branches[branch] = hashlib.sha1(f"{branch} {text}".encode()).hexdigest()
        self.known.add(commit)
        return commit

    def head(self, branch: str) -> str | None:
        return self.branches.get(branch)

    def heads(self) -> dict[str, str]:
        return dict(self.branches)

    def has(self, commit: str) -> bool:
        return commit in self.known

    def contains(self, commit: str, other: str) -> bool:
        return commit == other

    def merged_tree(self, base: str, head: str) -> str:
        return "a tree"

    def commits(self, base: str, head: str) -> list[list[str]]:
        return []


class Offline(GitHubServer):
    """A GitHub that is asked without a network or Git. `gone`: the App is not installed there any more."""

    gone = False

    def __enter__(self) -> Offline:
        self.git, self.url = Heads(), "https://site.example.com"  # type: ignore[assignment]
        self._lock = threading.RLock()
        self.handlers = Handlers(self.state, self.git, Views(self.state, self.git, f"{self.url}{PREFIX}"))
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def push(self, text: str, branch: str = "feature/RTB-123-login") -> str:
        assert isinstance(self.git, Heads)
        return self.git.push(branch, text)


@dataclass
class CodeSite(Late):
    """A GitHub of several repositories, by their names; `is_app`: who asks is the hub's App, else an account."""

    servers: dict[str, Offline]
    is_app: bool = True
    calls: list[str] = field(default_factory=list)

    def answer(self, method: str, target: str, body: bytes | None) -> Reply:
        self.arrive()
        target = target.removeprefix(PREFIX)
        self.calls.append(f"{method} {target}")
        name = target.split("/")[3].lower() if target.startswith("/repos/") else ""
        renamed = (server for server in self.servers.values() if server.state.old_name)
        server = next(renamed, None) if target.startswith("/repositories/") else self.servers.get(name)
        if server is None:
            return 404, {}, {"message": "Not Found"}
        headers = {"Authorization": f"token {'hub-app' if self.is_app else 'hub-user'}"}
        reply = server.answer(method, f"{PREFIX}{target}", headers, body or b"")
        assert reply is not None
        return reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.body


@dataclass
class PullAnnouncing(Announcing):
    """acme/web with pull request 1 of RTB-123, and the workers of Jira's world. Use with `with`."""

    repositories: tuple[str, ...] = ("web",)
    slept: list[float] = field(default_factory=list)

    def __enter__(self) -> PullAnnouncing:
        self.site = CodeSite({}, clock=self.clock)
        for name in self.repositories:
            self.site.servers[name] = self.server(name)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.site.servers.values():
            server.__exit__()

    def server(self, name: str) -> Offline:
        server = Offline(self.path, State(repo=name)).__enter__()
        server.push("1", "main")
        server.push("1")
        state = server.state
        state.keys["hub-app"] = Key((app := add_app(state, "rtb-hub", "", dict(HUB_MAY))).bot, app)
        state.add_account("rtb-hub-user", "write", token="hub-user")
        state.add_account("alice", "write", token="token-of-alice")
        self.pull(server, 1)
        return server

    def pull(self, server: Offline, number: int, branch: str = "feature/RTB-123-login") -> Pull:
        head, base = server.git.head(branch), server.git.head("main")
        assert head is not None
        assert base is not None
        author = server.state.accounts["alice"]
        made = Pull(number, "login", "", author, branch, "main", base, head, self.now, self.now)
        server.state.pulls[number] = made
        return made

    @property
    def web(self) -> Offline:
        return self.site.servers["web"]

    @property
    def state(self) -> State:
        return self.web.state

    def worker(self, kind: Kind = GitHubComments, life: Life | None = None) -> Teller:  # type: ignore[override]
        """A process that begins anew: it knows nothing but what is in the database."""
        life = life or Life()
        self.site.is_app = kind is not GitHubStatuses
        sender = Faulty(PEER, site=self.site, faults=self._fault, die=life.end)
        calm = Faulty(PEER, site=self.site)
        login = "rtb-hub[bot]" if self.site.is_app else "rtb-hub-user"

        def opened(by: Faulty) -> Callable[[str], GitHubForge]:
            me = Identity(Actor(login, self.site.is_app), login, "hub@example.com")

            def open_(name: str) -> GitHubForge:
                server = self.site.servers.get(name.partition("/")[2])
                if server is not None and server.gone:
                    raise NotInstalledError(Reason.FORGE_REFUSED, "the App is not installed there")
                return GitHubForge(name, GitHubCalls(by, f"github.com/{name}"), lambda: me)

            return open_

        pulls = Pulls(GitHubSources(opened(calm)), self.clock)
        code = Code(opened(sender), Pace(Turns(self.seconds, self.sleep)))
        is_verdict = kind in (GitHubChecks, GitHubStatuses)
        of_builds = OfBuilds(pulls, code.left, is_seen_only=is_verdict)
        spread = OfPulls(pulls, code.left) if kind is GitHubComments else of_builds
        database = MortalDatabase(self.url, self.clock, life)
        token = f"worker-{next(_TOKENS)}"
        desk = Desk(kind(code, ENGLISH), database, REPOSITORY, self.clock, token, self.refusals.append)
        return Teller(desk, spread=spread)

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def pull_comments(self, number: int = 1) -> list[Comment]:
        return self.state.pulls[number].comments

    def body(self) -> str:
        """The one comment's text."""
        (comment,) = self.pull_comments()
        return comment.body

    def rows(self, kind: Kind) -> set[str]:
        """Of which messages of a kind nothing is to be told any more."""
        channel = self.worker(kind).channel.name
        wanted = select(MESSAGES.c.key).where(MESSAGES.c.channel == channel, MESSAGES.c.state == "closed")
        with self.database.read() as connection:
            return set(connection.execute(wanted).scalars())

    def made(self, kind: Kind) -> list[Any]:
        """What there is of a kind; of statuses their contexts, by commit."""
        if kind is GitHubComments:
            return list(self.pull_comments())
        if kind is GitHubDeployments:
            return list(self.state.deployments.values())
        if kind is GitHubChecks:
            return list(self.state.runs)
        return sorted({(one.commit, one.context) for one in self.state.statuses})

    def violations(self) -> list[str]:
        return [one for server in self.site.servers.values() for one in server.violations]
