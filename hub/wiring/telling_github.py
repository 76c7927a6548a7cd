"""The channels in pull requests of the code, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from hub.wiring.channels import Opened

if TYPE_CHECKING:
    from hub.adapters.github.access import GitHubAccess
    from hub.adapters.github.forge import GitHubForge
    from hub.wiring.composing import Hub
    from reconcilers.state.policies import Environments

_TIMEOUT_SECONDS = 10.0


def github_channels(ours: Hub) -> tuple[Opened, ...]:
    """Deployments, check runs (with an App's key, else commit statuses) and comments; none where the settings say so.

    Raises `ConfigError` (InvalidValue, InvalidForge) where there is no key that is GitHub's.
    """
    language = ours.settings.github_messages
    if language is None:
        return ()
    from hub.actions.telling.pulls import OfBuilds, OfPulls, Pulls
    from hub.adapters.github.access import open_github
    from hub.adapters.github.messages.code import Code, Pace
    from hub.adapters.github.messages.deployments import GitHubDeployments
    from hub.adapters.github.messages.verdicts import GitHubChecks
    from hub.adapters.http.turns import Turns
    from hub.adapters.pull_requests.comments import PullComments
    from hub.adapters.pull_requests.statuses import PullStatuses
    from hub.approval.opening import app_key
    from hub.views.messages.words import LANGUAGES
    from hub.wiring.outside import open_sources

    keys, sending = ours.settings.forge, ours.sending
    access, sources = github_access(ours), open_sources(ours)
    if access is None or sources is None:
        return ()

    def opened(name: str) -> GitHubForge:
        # `Code` keeps the time between writes; and what is waited for ends before it is looked whether it was done.
        alone = replace(access(name), pause_seconds=0.0, timeout_seconds=_TIMEOUT_SECONDS, patience_seconds=0.0)
        return open_github(replace(alone, most_kept=0), sending)

    code = Code(opened, Pace(Turns.of(sending)))
    words, pulls = LANGUAGES[language], Pulls(sources, ours.clock)
    statuses = PullStatuses(code, words, "github-status")
    verdicts = statuses if app_key(keys) is None else GitHubChecks(code, words)
    return (
        Opened(GitHubDeployments(code, words), language, OfBuilds(pulls, code.left)),
        Opened(verdicts, language, OfBuilds(pulls, code.left, is_seen_only=True)),
        Opened(PullComments(code, words, "github-comment"), language, OfPulls(pulls, code.left)),
    )


def github_access(ours: Hub) -> Callable[[str], GitHubAccess] | None:
    """How repositories are reached that previews are told of in; None: the settings say nothing of GitHub.

    Raises as `github_channels`.
    """
    if ours.settings.github_messages is None:
        return None
    from hub.approval.opening import code_access

    access = code_access(ours.settings.forge, ours.settings.github_api)
    if access is None:
        remedy = (
            "give the hub an App's key (RTB_HUB_FORGE_APP_ID, RTB_HUB_FORGE_APP_KEY_FILE), or a token"
            " (RTB_HUB_FORGE_TOKEN_FILE) with RTB_HUB_GITHUB_API"
        )
        told = "previews are to be told of on GitHub, and there is no key to it"
        raise ConfigError(Reason.INVALID_VALUE, Fault(told, field="RTB_HUB_GITHUB_MESSAGES", remedy=remedy))
    return access


def code_of(ours: Hub) -> Callable[[Environments], Mapping[str, tuple[str, ...]]]:
    """What gives the repositories of the code of each project, where anybody is told of previews there.

    A file with mistakes is told of when they come up, and names none: messages go on where they are.
    """
    from reconcilers.state.project_rules import code_by_project

    told = ""

    def read(environments: Environments) -> Mapping[str, tuple[str, ...]]:
        nonlocal told
        if ours.settings.github_messages is None and ours.settings.gitea_messages is None:
            return {}
        try:
            found = code_by_project(environments)
        except ConfigError as err:
            if str(err) != told:
                ours.telemetry.refused(err)
            told = str(err)
            return {}
        told = ""
        return found

    return read
