"""From what the hub was given to a forge on Gitea: where the repository is, and by which tokens it is seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from generator.errors import ConfigError, Fault, Reason
from hub.adapters.gitea.api import PEER, GiteaApi
from hub.adapters.gitea.forge import GiteaForge
from hub.adapters.http import Origin, OriginError, Secret, Sender, SenderParts, without_secrets

_NAME = re.compile(r"\A(?!\.{1,2}\Z)[A-Za-z0-9_.-]{1,100}\Z")
_TOKEN = re.compile(r"\A[\x21-\x7e]{8,200}\Z")
_MOST_OPEN = 200
_ALLOWED = "https://HOST[:PORT][/PREFIX]/OWNER/NAME; http only to this machine"


@dataclass(frozen=True, slots=True)
class GiteaAccess:
    """The repository at `url`, such as https://git.example.com/acme/state, seen by the account of `token`.

    `teams_token` reads teams, None: by `token` too. `machines`: logins of accounts that are no people.
    """

    url: str
    token: Secret = field(repr=False)
    teams_token: Secret | None = field(default=None, repr=False)
    machines: frozenset[str] = frozenset()


def open_gitea(access: GiteaAccess, parts: SenderParts) -> GiteaForge:
    """The forge. Asks the server nothing yet.

    Raises `ConfigError` (InvalidForge): an address that is none, one that would send the token in clear, no token.
    """
    api = _connected(access.url, access.token, parts)
    teams = _connected(access.url, access.teams_token, parts) if access.teams_token else api
    return GiteaForge(api, teams, frozenset(login.casefold() for login in access.machines))


def open_code(server: str, token: Secret, parts: SenderParts) -> Callable[[str], GiteaApi]:
    """Repositories of code on the Gitea at `server`, each by its name (`owner/name`). Asks the server nothing yet.

    Raises `ConfigError` (InvalidForge) as `open_gitea`, then and for a name that is none.
    """
    connected = lru_cache(maxsize=_MOST_OPEN)(lambda name: _connected(f"{server.rstrip('/')}/{name}", token, parts))
    connected("owner/name")
    return connected


def _connected(url: str, token: Secret, parts: SenderParts) -> GiteaApi:
    base, owner, name = (["", "", *url.rstrip("/").removesuffix(".git").rsplit("/", 2)])[-3:]
    try:
        if not (_NAME.match(owner) and _NAME.match(name)):
            raise OriginError("it does not end with OWNER/NAME")
        origin = Origin.parse(base)
    except OriginError as err:
        shown = without_secrets(url) or "it"
        fault = Fault(f"{shown} is not the address of a repository on Gitea: {err}", allowed=_ALLOWED)
        raise ConfigError(Reason.INVALID_FORGE, fault) from err
    if not _TOKEN.match(token()):
        remedy = "make one on the server, under Settings, Applications"
        raise ConfigError(Reason.INVALID_FORGE, Fault("the token for Gitea is empty or no token", remedy=remedy))
    below = replace(origin, prefix=f"{origin.prefix}/api/v1")
    return GiteaApi(str(origin), f"{owner}/{name}", Sender(PEER, below, lambda: f"token {token()}", parts))
