"""What the hub's account at a Jira site may do, and whether its clock is ours, asked of the site itself.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/#api-rest-api-3-mypermissions-get.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from hub.adapters.http import Request
from hub.adapters.jira.site import JiraSite

#: Keys of permissions of a project, by the names that its permission scheme shows.
READING: Final[Mapping[str, str]] = {"BROWSE_PROJECTS": "Browse Projects"}
TELLING: Final[Mapping[str, str]] = {
    **READING,
    "ADD_COMMENTS": "Add Comments",
    "EDIT_OWN_COMMENTS": "Edit Own Comments",
    "DELETE_OWN_COMMENTS": "Delete Own Comments",
    "LINK_ISSUES": "Link Issues",
    "EDIT_ISSUES": "Edit Issues",
}


class _Permission(BaseModel):
    model_config = ConfigDict(frozen=True)
    has: Annotated[bool, Field(alias="havePermission")] = False


class _Permissions(BaseModel):
    model_config = ConfigDict(frozen=True)
    permissions: dict[str, _Permission]


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account lacks in a project, by the names of permissions, and how far the site's clock is from ours.

    `ahead` None: the site did not say what time it is.
    """

    lacking: tuple[str, ...]
    ahead: timedelta | None


def rights_in(site: JiraSite, project: str, needed: Mapping[str, str], *, now: datetime) -> Rights:
    """What is lacking of what is `needed` in a project (`RTB`); all of it where the account does not see the project.

    Raises as `JiraSite.ask`.
    """
    what = f"read what the hub's account may do in {project}"
    query = [("projectKey", project)]
    query += [("permissions", ",".join(needed))] if site.edition.names_permissions else []
    purpose = f"{what} on {site.name}"
    request = Request(route=site.route("/mypermissions"), purpose=purpose, query=tuple(query), may_repeat=True)
    answer = site.ask(request, what, (404,))
    has = site.read(_Permissions, answer.data, what).permissions if answer.status != 404 else {}
    lacking = tuple(name for key, name in needed.items() if not (key in has and has[key].has))
    return Rights(lacking, _ahead(answer.headers.get("date", ""), now))


def _ahead(date: str, now: datetime) -> timedelta | None:
    """By the header `Date` (RFC 9110, section 6.6.1), which is of whole seconds."""
    try:
        return parsedate_to_datetime(date) - now
    except (ValueError, TypeError, OverflowError):
        return None
