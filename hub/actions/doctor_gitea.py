"""Whether the hub's token may tell of previews in the pull requests of code on a Gitea."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from generator.errors import Location, Stalled, Transient, Waiting
from hub.actions.doctor_asking import archived, read_each, unread
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
    for name, rights in read_each("gitea-unread", repositories, lambda name: code_rights(opened(name)), found):
        answered.append(name)
        if rights.is_archived:
            found.append(archived("gitea-archived", name))
        elif not rights.may_write:
            told = "the hub's account may not write to the code, which commit statuses need"
            step = "give it write access, as a collaborator or by a team"
            found.append(Diagnosis("error", "gitea-rights", Location(name), told, (step,)))
    return found, tuple(answered)
