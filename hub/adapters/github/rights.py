"""What the hub's key may do in a repository of code, asked of GitHub itself.

https://docs.github.com/en/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app tells an App's
permissions there; of an account's token, https://docs.github.com/en/rest/repos/repos#get-a-repository tells whether it
may push. Which permissions a fine-grained token has, nothing tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from hub.adapters.github.access import GitHubAccess, calls_as_app, open_github
from hub.adapters.github.answers import Part, read
from hub.adapters.http import Route, SenderParts
from hub.adapters.http.token_ends import NO_END, TokenEnd

#: Permissions of an App that tells of previews, by the names that its settings page shows.
TELLING: Final[Mapping[str, str]] = {
    "pull_requests": "Pull requests",
    "deployments": "Deployments",
    "checks": "Checks",
}


class _Installation(Part):
    permissions: dict[str, str] = Field(default_factory=dict)


class _Role(Part):
    push: bool = False


class _Repository(Part):
    full_name: str
    archived: bool = False
    permissions: _Role = _Role()


@dataclass(frozen=True, slots=True)
class CodeRights:
    """What a key lacks in a repository, in GitHub's words, and whether nothing can be written there at all.

    `token_end`: when a personal access token ends; an App's key has no end.
    """

    lacking: tuple[str, ...]
    is_archived: bool
    token_end: TokenEnd = NO_END


def code_rights(access: GitHubAccess, parts: SenderParts) -> CodeRights:
    """What is lacking to tell of previews there. Raises as the port of forges, also where the App is not installed."""
    forge = open_github(access, parts)
    answer = forge.calls.get(Route.of("/repos/{+}", access.repository))
    found = read(_Repository, answer.data, where=forge.calls.where)
    if access.app is None:
        lacking = () if found.permissions.push else ("the role Write",)
        return CodeRights(lacking, found.archived, answer.token_end)
    as_app = calls_as_app(access, access.app, parts)
    installed = as_app.get(Route.of("/repos/{+}/installation", access.repository)).data
    has = read(_Installation, installed, where=as_app.where).permissions
    return CodeRights(
        tuple(f"{name}: write" for key, name in TELLING.items() if has.get(key) != "write"), found.archived
    )
