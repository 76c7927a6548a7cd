"""The channels in pull requests of code that is on a Gitea, as the settings say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from hub.wiring.channels import Opened

if TYPE_CHECKING:
    from hub.adapters.gitea.api import GiteaApi
    from hub.wiring.composing import Hub


def gitea_channels(ours: Hub) -> tuple[Opened, ...]:
    """Commit statuses and comments; none where the settings say so.

    Raises `ConfigError` (InvalidValue, InvalidForge) for what is missing or wrong.
    """
    opened, language = gitea_code(ours), ours.settings.gitea_messages
    if opened is None or language is None:
        return ()
    from hub.actions.telling.pulls import OfBuilds, OfPulls, Pulls
    from hub.adapters.gitea.messages import GiteaCode
    from hub.adapters.gitea.sources import GiteaWorks
    from hub.adapters.pull_requests.comments import PullComments
    from hub.adapters.pull_requests.statuses import PullStatuses
    from hub.views.messages.words import LANGUAGES

    requests, pulls, words = GiteaCode(opened), Pulls(GiteaWorks(opened), ours.clock), LANGUAGES[language]
    return (
        Opened(PullStatuses(requests, words, "gitea-status"), language, OfBuilds(pulls, is_seen_only=True)),
        Opened(PullComments(requests, words, "gitea-comment"), language, OfPulls(pulls, pulls.left)),
    )


def gitea_code(ours: Hub) -> Callable[[str], GiteaApi] | None:
    """How repositories are reached that previews are told of in; None: the settings say nothing of a Gitea.

    Raises as `gitea_channels`.
    """
    settings = ours.settings
    if settings.gitea_messages is None:
        return None
    faults = []
    if settings.gitea_url is None:
        remedy = "name the server: RTB_HUB_GITEA_URL"
        faults.append(Fault("names no server that the code is on", field="RTB_HUB_GITEA_MESSAGES", remedy=remedy))
    if settings.github_messages is not None:
        told = "the code is on one forge, and messages are to stand on GitHub and on Gitea"
        remedy = "set RTB_HUB_GITHUB_MESSAGES or RTB_HUB_GITEA_MESSAGES"
        faults.append(Fault(told, field="RTB_HUB_GITEA_MESSAGES", remedy=remedy))
    if settings.forge.read().token is None:
        remedy = "give the hub a token of its account there: RTB_HUB_FORGE_TOKEN_FILE"
        faults.append(Fault("there is no token for the Gitea", field="RTB_HUB_GITEA_MESSAGES", remedy=remedy))
    if settings.gitea_url is None or faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    from hub.adapters.gitea.access import open_code

    return open_code(settings.gitea_url, partial(settings.forge.key, "token"), ours.sending)
