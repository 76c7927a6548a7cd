"""Whether the hub's token may tell of previews in the pull requests of code on a Gitea."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from generator.errors import ConfigError, Location, Stalled, Transient, Waiting
from hub.actions.doctor_github import unread
from hub.adapters.gitea.api import GiteaApi
from hub.adapters.gitea.rights import code_rights, lacking_scopes
from reconcilers.doctor.repository import Diagnosis

_SERVER, _TOKEN = Location("RTB_HUB_GITEA_URL"), Location("RTB_HUB_FORGE_TOKEN")


def check_gitea(
    opened: Callable[[str], GiteaApi], repositories: Sequence[str]
) -> tuple[list[Diagnosis], tuple[str, ...]]:
    """What keeps the token from its work in these repositories, and which of them the server answered about.

    Where the server cannot be asked, or takes no token, that is told once.
    """
    found, answered = list[Diagnosis](), list[str]()
    if not repositories:
        return found, ()
    try:
        lacking = lacking_scopes(opened(repositories[0]))
    except (Stalled, Transient, Waiting) as err:
        return [unread("gitea-unread", err, _SERVER)], ()
    if lacking:
        told = f"the hub's token lacks scopes: {', '.join(lacking)}"
        step = "make a token of the hub's account that has them, on the server under Settings, Applications"
        found.append(Diagnosis("error", "gitea-scopes", _TOKEN, told, (step,)))
    for name in repositories:
        where = Location(name)
        try:
            rights = code_rights(opened(name))
        except (Stalled, ConfigError) as err:
            found.append(unread("gitea-unread", err, where))
            continue
        except (Transient, Waiting) as err:
            found.append(unread("gitea-unread", err, where))
            break
        answered.append(name)
        if rights.is_archived:
            step = "unarchive it, or leave it out of hub/services.yaml: nothing is told there"
            found.append(Diagnosis("error", "gitea-archived", where, "the repository is archived", (step,)))
        elif not rights.may_write:
            told = "the hub's account may not write to the code, which commit statuses need"
            step = "give it write access, as a collaborator or by a team"
            found.append(Diagnosis("error", "gitea-rights", where, told, (step,)))
    return found, tuple(answered)
