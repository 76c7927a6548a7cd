"""Who is in a team of an organisation on Gitea.

Gitea shows a team's members to themselves and to the organisation's owners only. A token for this needs the scope
read:organization and no other: with it nobody can approve, push or merge.
"""

from __future__ import annotations

from hub.adapters.gitea import objects
from hub.adapters.gitea.answers import Named, User
from hub.adapters.gitea.api import GiteaApi
from hub.adapters.http import Route

_REMEDY = (
    "check the name; Gitea shows a team to its members and to owners: give the hub a token of one of them, of the scope"
    " read:organization"
)


def read_team(api: GiteaApi, team: str) -> frozenset[str]:
    """The logins of the members of `team`, which is ORG/TEAM. Raises what the port says of `team_members`."""
    what = f"read the team {team}"
    organisation, _, name = team.partition("/")
    if not organisation or not name or "/" in name:
        raise api.denied(what, "a team is named ORG/TEAM", remedy=_REMEDY)
    teams = Route.of("/orgs/{}/teams", organisation)
    if api.ask("GET", teams, what, query={"limit": "1"}, expected=(403, 404)).status != 200:
        raise api.denied(what, f"there is no organisation {organisation}, or it hides its teams", remedy=_REMEDY)
    known = {row.name.casefold(): row.id for row in api.every(Named, teams, what, key="id")}
    if name.casefold() not in known:
        raise api.denied(what, "there is no such team", remedy=_REMEDY)
    members = Route.of("/teams/{}/members", known[name.casefold()])
    if api.ask("GET", members, what, query={"limit": "1"}, expected=(403, 404)).status != 200:
        raise api.denied(what, "it hides its members from this account", remedy=_REMEDY)
    return frozenset(objects.actor(row, ()).login for row in api.every(User, members, what, key="id"))
