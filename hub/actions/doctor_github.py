"""Whether the hub's key may tell of previews in the pull requests of their code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from generator.errors import Location
from hub.actions.doctor_asking import archived, read_each
from hub.actions.doctor_tokens import check_end
from hub.adapters.github.access import GitHubAccess
from hub.adapters.github.rights import CodeRights, code_rights
from hub.adapters.http import SenderParts
from hub.adapters.http.token_ends import NO_END
from reconcilers.doctor.repository import Diagnosis

_SETTING = "RTB_HUB_FORGE_TOKEN"
_RENEW = "make a new token of its account (Settings, Developer settings), and put it into RTB_HUB_FORGE_TOKEN_FILE"


def repositories_of(projects: Iterable[str], code: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The repositories of the code of projects that have previews, sorted, each once."""
    found = {name.casefold(): name for project in projects for name in code.get(project, ())}
    return tuple(found[name] for name in sorted(found))


def check_github(
    access: Callable[[str], GitHubAccess], repositories: Iterable[str], parts: SenderParts
) -> tuple[list[Diagnosis], tuple[str, ...]]:
    """What keeps the key from its work in these repositories, and which of them GitHub answered about.

    Where GitHub cannot be asked, that is told once.
    """
    found, answered, is_app, end = list[Diagnosis](), list[str](), True, NO_END

    def read(name: str) -> tuple[CodeRights, bool]:
        given = access(name)
        return code_rights(given, parts), given.app is not None

    for name, (rights, is_app) in read_each("github-unread", repositories, read, found):
        answered.append(name)
        end = rights.token_end
        if rights.is_archived:
            found.append(archived("github-archived", name))
        if rights.lacking:
            told = f"the hub's key lacks there: {', '.join(rights.lacking)}"
            step = "give the App these permissions, and have them accepted where it is installed"
            step = step if is_app else "give its account that role in the repository"
            found.append(Diagnosis("error", "github-rights", Location(name), told, (step,)))
    if not is_app and answered:
        told = "the hub's key is a token: commit statuses stand in place of check runs, which only an App may write"
        step = "give the hub a GitHub App's key where causes are to be read in the pull request's checks"
        found.append(Diagnosis("warning", "github-token", Location(_SETTING), told, (step,)))
        found += check_end(_SETTING, "the hub's token at GitHub", end, _RENEW, now=parts.clock())
    return found, tuple(answered)
