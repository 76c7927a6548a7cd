"""The key to GitHub: a token, or an App's key that gives tokens for one hour each; and the forge made from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlsplit

from github import Auth, Github
from github.Requester import Requester

from generator.errors import ConfigError, Fault, Reason
from hub import __version__
from hub.adapters.github.answers import App, Part, User, read
from hub.adapters.github.calls import GitHubCalls
from hub.adapters.github.forge import GitHubForge
from reconcilers.ports.forge import Actor, Identity

PUBLIC_API = "https://api.github.com"
_REPOSITORY = re.compile(r"\A[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}\Z")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class AppKey:
    """An App's id and its private key, PEM text. `installation` None: the one that has the repository."""

    app_id: int
    private_key: str = field(repr=False)
    installation: int | None = None


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Which repository (`owner/name`), at which API, by which of the two keys.

    `api` of GitHub Enterprise Server ends with `/api/v3`. `bots` are logins of machines that GitHub takes for people.
    `pause_seconds` is kept between writes, as GitHub asks for.
    """

    repository: str
    api: str = PUBLIC_API
    token: str | None = field(default=None, repr=False)
    app: AppKey | None = None
    bots: frozenset[str] = frozenset()
    pause_seconds: float = 1.0
    timeout_seconds: int = 20


class _Installation(Part):
    id: int


def open_github(access: GitHubAccess, *, clock: Callable[[], datetime], sleep: Callable[[float], None]) -> GitHubForge:
    """The forge. Asks GitHub for the installation of an App that names none, else nothing.

    Raises `ConfigError` (InvalidForge) for what cannot be an address, a name or a key, and what the port says.
    """
    faults = list(_faults(access))
    if faults:
        raise ConfigError(Reason.INVALID_FORGE, faults)
    where = f"{_host(access)}/{access.repository}"
    made = partial(GitHubCalls, where=where, clock=clock, sleep=sleep)
    if access.app is None:
        calls = made(_requester(access, Auth.Token(access.token or "")))
        return GitHubForge(access.repository, calls, partial(_user, calls, access), access.bots)
    key = Auth.AppAuth(access.app.app_id, access.app.private_key)
    as_app = made(_requester(access, key))
    installation = access.app.installation or _installed(as_app, access.repository)
    calls = made(_requester(access, key.get_installation_auth(installation)))
    return GitHubForge(access.repository, calls, partial(_app, as_app, calls, access), access.bots)


def _faults(access: GitHubAccess) -> list[Fault]:
    faults = []
    address = urlsplit(access.api)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
        faults.append(Fault("GitHub's API is not reached by https", allowed=f"such as {PUBLIC_API}"))
    if address.username or address.password or address.query:
        faults.append(Fault("the address of GitHub's API holds more than an address", allowed=f"such as {PUBLIC_API}"))
    if not _REPOSITORY.match(access.repository):
        faults.append(Fault(f"{access.repository!r} is no repository on GitHub", allowed="owner/name"))
    if (access.token is None) == (access.app is None):
        remedy = "give it a token, or the id and private key of an App"
        faults.append(Fault("the hub has no key to GitHub" if access.app is None else "two keys", remedy=remedy))
    if access.token is not None and not re.fullmatch(r"[\x21-\x7e]+", access.token):
        faults.append(Fault("the token to GitHub is empty, or holds what no token does", allowed="one line, no spaces"))
    if access.app is not None and "-----BEGIN" not in access.app.private_key:
        faults.append(Fault("the App's private key is none", allowed="PEM: the file that GitHub gave you"))
    return faults


def _requester(access: GitHubAccess, auth: Auth.Auth) -> Requester:
    client = Github(
        auth=auth,
        base_url=access.api.rstrip("/"),
        timeout=access.timeout_seconds,
        user_agent=f"rtb-hub/{__version__}",
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=access.pause_seconds,
    )
    return client.requester


def _installed(as_app: GitHubCalls, repository: str) -> int:
    answer = as_app.get(f"/repos/{repository}/installation")
    return read(_Installation, answer.data, where=as_app.where).id


def _user(calls: GitHubCalls, access: GitHubAccess) -> Identity:
    return _identity(read(User, calls.get("/user").data, where=calls.where), access)


def _app(as_app: GitHubCalls, calls: GitHubCalls, access: GitHubAccess) -> Identity:
    """An App acts as the bot account named after it; its own key tells the name."""
    slug = read(App, as_app.get("/app").data, where=as_app.where).slug
    return _identity(read(User, calls.get(f"/users/{quote(slug + '[bot]')}").data, where=calls.where), access)


def _identity(user: User, access: GitHubAccess) -> Identity:
    """GitHub maps an account's no-reply address to it, whatever e-mails it has besides."""
    actor = Actor(user.login, is_bot=user.type != "User" or user.login in access.bots)
    return Identity(actor, user.login, f"{user.id}+{user.login}@users.noreply.{_host(access)}")


def _host(access: GitHubAccess) -> str:
    """Where people see it."""
    host = urlsplit(access.api).hostname or ""
    return "github.com" if host == "api.github.com" else host
