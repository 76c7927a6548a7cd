"""Teams of an organisation on GitHub, by `ORG/SLUG`."""

from __future__ import annotations

from generator.errors import Reason, Stalled
from hub.adapters.github.answers import Team, User, read, read_all
from hub.adapters.github.calls import GitHubCalls
from hub.adapters.http import Route


def team_route(team: str) -> Route:
    """Where the team `ORG/SLUG` is. Raises `Stalled` (ForgeDenied) for what names no organisation."""
    organisation, _, slug = team.partition("/")
    if not organisation or not slug:
        message = f"{team!r} names no team of an organisation"
        raise Stalled(Reason.FORGE_DENIED, message, remedy="name it ORG/TEAM by its slug")
    return Route.of("/orgs/{}/teams/{}", organisation, slug)


def read_team(calls: GitHubCalls, team: str) -> Team:
    """The team `ORG/SLUG`. Raises `Stalled` (ForgeDenied) when it is not there, or not for this key."""
    answer = calls.get(team_route(team), expected=(404,))
    if answer.status == 404:
        remedy = "name it ORG/TEAM by its slug, and let the App read members"
        raise Stalled(Reason.FORGE_DENIED, f"{calls.where} shows no team {team}", remedy=remedy)
    return read(Team, answer.data, where=calls.where)


def read_members(calls: GitHubCalls, team: str) -> frozenset[str]:
    """The logins of a team's members, those of teams below it among them, as GitHub counts. Raises like `read_team`."""
    read_team(calls, team)
    members = calls.pages(team_route(team).below("members"))
    return frozenset(user.login for user in read_all(User, members, where=calls.where))
