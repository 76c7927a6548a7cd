"""What the hub's token may do in a repository of code, asked of the Gitea itself; nothing is written.

Sources: `routers/api/v1/api.go` of Gitea 1.26. A request beyond a token's scopes is refused with the scopes that it
has; `/admin` needs one that the hub's has not. A server that does not name them (Forgejo) leaves them unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from generator.errors import Fault, Reason, Stalled
from hub.adapters.gitea.answers import Limits, Part
from hub.adapters.gitea.api import GiteaApi, said
from hub.adapters.http import Route

#: What telling needs, as Gitea's page of applications names it.
TELLING: Final = ("write:repository", "write:issue", "read:user")
_SCOPES = re.compile(r"token scope=([a-z:,-]{0,400})")


class _Role(Part):
    push: bool = False


class _Repository(Part):
    archived: bool
    permissions: _Role = Field(default_factory=_Role)


@dataclass(frozen=True, slots=True)
class CodeRights:
    """Whether the account may write to a repository of code, and whether nobody can."""

    may_write: bool
    is_archived: bool


def lacking_scopes(api: GiteaApi) -> tuple[str, ...]:
    """The scopes that the token lacks to tell of previews; none, too, where the server does not name them.

    Raises as the port of forges; `Stalled` (ForgeRefused) where no Gitea answers.
    """
    what = "read the settings"
    found = api.ask("GET", Route.of("/settings/api"), what, expected=(404,))
    if found.status == 404:
        fault = Fault(f"no Gitea or Forgejo answers at {api.server}", remedy="check the address: RTB_HUB_GITEA_URL")
        raise Stalled(Reason.FORGE_REFUSED, fault)
    api.read(Limits, found.data, what)
    refused = api.ask("GET", Route.of("/admin/cron"), "read the token's scopes", expected=(403, 404))
    told = _SCOPES.search(said(refused.data)) if refused.status == 403 else None
    if told is None:
        api.account()  # raises where the token is not accepted
        return ()
    has = set(told[1].split(","))
    return tuple(one for one in TELLING if not {"all", one, one.replace("read:", "write:")} & has)


def code_rights(api: GiteaApi) -> CodeRights:
    """What the account may do in the repository. Raises as the port of forges."""
    what = "read the repository"
    found = api.read(_Repository, api.ask("GET", api.at(), what).data, what)
    return CodeRights(found.permissions.push, found.archived)
