"""The channels that messages about previews stand in, as the settings say, and what keeps them up to date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from hub.wiring.channels import Opened
from hub.wiring.slack import slack_channels
from hub.wiring.telling_gitea import gitea_channels
from hub.wiring.telling_github import code_of, github_channels

if TYPE_CHECKING:
    from hub.actions.telling.previews import Previews
    from hub.actions.telling.teller import Teller
    from hub.actions.telling.telling import Telling
    from hub.adapters.jira.site import JiraSite
    from hub.store.database import Database
    from hub.wiring.composing import Hub
    from reconcilers.ports.git import ClusterReader


def open_channels(ours: Hub, database: Database | None = None) -> tuple[Opened, ...]:
    """Those that the settings name. `database`: whose accounts are whose; None: nobody knows.

    Raises `ConfigError` (InvalidValue) for what is missing or wrong.
    """
    of_code = (*github_channels(ours), *gitea_channels(ours))
    return (*_jira_channels(ours), *of_code, *slack_channels(ours, database))


def _jira_channels(ours: Hub) -> tuple[Opened, ...]:
    settings = ours.settings
    language = settings.jira_messages
    if language is None:
        return ()
    site = open_jira_site(ours)
    if site is None:
        remedy = "name the site with RTB_HUB_JIRA_URL, and its account with RTB_HUB_JIRA_EMAIL and RTB_HUB_JIRA_TOKEN"
        fault = Fault("names no site that messages could stand at", field="RTB_HUB_JIRA_MESSAGES", remedy=remedy)
        raise ConfigError(Reason.INVALID_VALUE, fault)
    from hub.adapters.jira.messages import JiraComments, JiraLinks
    from hub.views.messages.words import LANGUAGES

    words = LANGUAGES[language]
    return Opened(JiraLinks(site, words), language), Opened(JiraComments(site, words), language)


def open_jira_site(ours: Hub) -> JiraSite | None:
    """The site that the settings name; None: they name none. Raises `ConfigError` (InvalidValue)."""
    settings = ours.settings
    if settings.jira_url is None:
        return None
    from hub.adapters.jira.messages import NEEDS
    from hub.adapters.jira.site import open_site
    from hub.wiring.services import jira_account

    return open_site(settings.jira_url, jira_account(settings), ours.sending, needs=NEEDS)


def open_telling(ours: Hub, repo: str | None, database: Database, *, is_lasting: bool = True) -> Telling:
    """What keeps the messages about a repository's previews up to date; of no channel where the settings name none.

    `ours` is for it alone: a repository that is open serves one thread. Raises as `open_channels`, and what opening the
    repository and clusters raises.
    """
    channels = open_channels(ours, database)
    from hub.actions.telling.departed import Departed, Unheard
    from hub.actions.telling.telling import Telling
    from hub.wiring.clusters import looked_at

    clusters = looked_at(replace(ours), repo)
    previews = open_previews(ours, repo, database, clusters)
    previews = replace(previews, departed=Departed(previews.store, ours.clock, ours.telemetry.refused))
    location = previews.store.location
    tellers = tuple(teller_of(ours, one, database, location, is_lasting=is_lasting) for one in channels)
    if not is_lasting:
        return Telling(previews, tellers, unheard=Unheard(tellers))
    from hub.wiring.noticing import Noticed

    return Telling(previews, tellers, Noticed(replace(ours), repo, clusters).noticing, Unheard(tellers))


def open_previews(ours: Hub, repo: str | None, database: Database, clusters: Mapping[str, ClusterReader]) -> Previews:
    """What tells of a repository's previews, to one thread; `ours` is for it alone. `clusters`: by environment.

    Of those that are gone it knows the ones that it is asked about. Raises what opening the repository raises.
    """
    from hub.actions.telling.previews import Previews
    from hub.store.messages import review_of
    from reconcilers.state.rereading import StateReader

    def review(key: str) -> str:
        with database.read() as connection:
            return review_of(connection, key)

    store = ours.store(repo)
    states = StateReader(store.location, ours.library, ours.entry_cache)
    return Previews(store, lambda: states.read(store.snapshots()), ours.clock, clusters, review, code_of(ours))


def teller_of(ours: Hub, one: Opened, database: Database, location: str, *, is_lasting: bool) -> Teller:
    """What posts and edits in a channel, for the state repository at `location`."""
    from hub.actions.telling.posting import MISSING, Desk
    from hub.actions.telling.teller import Teller, new_token, one_each
    from hub.actions.telling.telling import repository_id

    own, refused = repository_id(location), ours.telemetry.refused
    desk = Desk(one.channel, database, own, ours.clock, new_token(), refused, one.missing or MISSING, one.renews)
    return Teller(desk, ours.telemetry, is_lasting, one.spread or one_each, one.is_of_previews)
