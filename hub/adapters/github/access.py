"""From what the hub was given to a forge on GitHub: which repository, at which API, by which key."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from generator.errors import ConfigError, Fault, Reason
from hub.adapters.github.answers import App, Part, User, read
from hub.adapters.github.calls import KEPT_ANSWERS, PATIENCE_SECONDS, PEER, GitHubCalls
from hub.adapters.github.forge import GitHubForge
from hub.adapters.github.keys import AppKey, AppSignature, InstallationToken, NotInstalledError
from hub.adapters.github.people import actor
from hub.adapters.http import Origin, OriginError, Route, Secret, Sender, SenderParts
from reconcilers.ports.forge import Identity

PUBLIC_API = "https://api.github.com"
_REPOSITORY = re.compile(r"\A[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}\Z")


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Which repository (`owner/name`), at which API, by which of the two keys.

    `api` of GitHub Enterprise Server ends with `/api/v3`. `bots` are logins of machines that GitHub takes for people.
    `pause_seconds` is kept between writes, as GitHub asks for. A limit that ends within `patience_seconds` is waited
    for. So many answers are kept (`most_kept`), to be read again for nothing where they did not change.
    """

    repository: str
    api: str = PUBLIC_API
    token: Secret | None = field(default=None, repr=False)
    app: AppKey | None = None
    bots: frozenset[str] = frozenset()
    pause_seconds: float = 1.0
    timeout_seconds: float = 20.0
    patience_seconds: float = PATIENCE_SECONDS
    most_kept: int = KEPT_ANSWERS


class _Installation(Part):
    id: int


def open_github(access: GitHubAccess, parts: SenderParts) -> GitHubForge:
    """The forge. Asks GitHub for the installation of an App that names none, else nothing.

    Raises `ConfigError` (InvalidForge) for what cannot be an address, a name or a key, and what the port says.
    """
    faults = list(_faults(access))
    if faults:
        raise ConfigError(Reason.INVALID_FORGE, faults)
    origin = Origin.parse(access.api)
    if access.app is not None:
        return _as_app(access, origin, access.app, parts)
    calls = _calls(access, origin, parts, partial(_by_token, access.token or str))
    return GitHubForge(access.repository, calls, partial(_user, calls, access, origin), access.bots)


def calls_as_app(access: GitHubAccess, key: AppKey, parts: SenderParts) -> GitHubCalls:
    """Calls that an App signs for itself, of access that was opened before."""
    return _calls(access, Origin.parse(access.api), parts, AppSignature(key, parts.clock))


def _as_app(access: GitHubAccess, origin: Origin, key: AppKey, parts: SenderParts) -> GitHubForge:
    as_app = calls_as_app(access, key, parts)
    installation = key.installation or _installed(as_app, access.repository)
    calls = _calls(access, origin, parts, InstallationToken(as_app, installation, parts.clock))
    return GitHubForge(access.repository, calls, partial(_app, as_app, calls, access, origin), access.bots)


def _faults(access: GitHubAccess) -> list[Fault]:
    faults = []
    try:
        Origin.parse(access.api)
    except OriginError as err:
        faults.append(Fault(f"GitHub's API cannot be reached: {err}", allowed=f"such as {PUBLIC_API}"))
    if not _REPOSITORY.match(access.repository):
        faults.append(Fault(f"{access.repository!r} is no repository on GitHub", allowed="owner/name"))
    if (access.token is None) == (access.app is None):
        remedy = "give it a token, or the id and private key of an App"
        faults.append(Fault("the hub has no key to GitHub" if access.app is None else "two keys", remedy=remedy))
    if access.token is not None and not re.fullmatch(r"[\x21-\x7e]+", access.token()):
        faults.append(Fault("the token to GitHub is empty, or holds what no token does", allowed="one line, no spaces"))
    if access.app is not None and "-----BEGIN" not in access.app.private_key():
        faults.append(Fault("the App's private key is none", allowed="PEM: the file that GitHub gave you"))
    return faults


def _calls(access: GitHubAccess, origin: Origin, parts: SenderParts, sign: Callable[[], str]) -> GitHubCalls:
    sender = Sender(PEER, origin, sign, parts, access.patience_seconds)
    where = f"{_host(origin)}/{access.repository}"
    return GitHubCalls(sender, where, access.pause_seconds, access.timeout_seconds, access.most_kept)


def _by_token(token: Secret) -> str:
    return f"token {token()}"


def _installed(as_app: GitHubCalls, repository: str) -> int:
    answer = as_app.get(Route.of("/repos/{+}/installation", repository), expected=(404,))
    if answer.status == 404:
        told = f"{as_app.where} is not there, or the App is not installed there: {answer.message}"
        remedy = "check the name, and install the App where the repository is"
        raise NotInstalledError(Reason.FORGE_REFUSED, told, remedy=remedy)
    return read(_Installation, answer.data, where=as_app.where).id


def _user(calls: GitHubCalls, access: GitHubAccess, origin: Origin) -> Identity:
    return _identity(read(User, calls.get(Route.of("/user")).data, where=calls.where), access, origin)


def _app(as_app: GitHubCalls, calls: GitHubCalls, access: GitHubAccess, origin: Origin) -> Identity:
    """An App acts as the bot account named after it; its own key tells the name."""
    slug = read(App, as_app.get(Route.of("/app")).data, where=as_app.where).slug
    user = calls.get(Route.of("/users/{}", f"{slug}[bot]"))
    return _identity(read(User, user.data, where=calls.where), access, origin)


def _identity(user: User, access: GitHubAccess, origin: Origin) -> Identity:
    """GitHub maps an account's no-reply address to it, whatever e-mails it has besides."""
    return Identity(actor(user, access.bots), user.login, f"{user.id}+{user.login}@users.noreply.{_host(origin)}")


def _host(origin: Origin) -> str:
    """Where people see it."""
    return "github.com" if origin.host == "api.github.com" else origin.host
