"""What an answer with `expand=changelog` says of an issue's status and labels before, by Jira's REST API, version 3.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-get.
Some 100 changes are told, the newest; `total` counts all.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from reconcilers.ports.issues import IssueChange, IssueHistory


class _Part(BaseModel):
    """What is read of an answer; fields that are not named are not read."""

    model_config = ConfigDict(frozen=True)


class _Item(_Part):
    """One field of a change. Labels are told as words with blanks between, a status by its id."""

    field: str = ""
    before: Annotated[str | None, Field(alias="from")] = None
    words: Annotated[str | None, Field(alias="fromString")] = None


class _Change(_Part):
    created: AwareDatetime
    items: tuple[_Item, ...]

    def told(self) -> IssueChange | None:
        """What it says of status and labels; None: nothing."""
        items = {one.field: one for one in self.items}
        status, labels = items.get("status"), items.get("labels")
        if status is None and labels is None:
            return None
        words = frozenset((labels.words or "").split()) if labels else None
        return IssueChange(self.created, status.before if status else None, words)


class _Log(_Part):
    total: Annotated[int, Field(ge=0)]
    histories: tuple[_Change, ...]


class _Made(_Part):
    created: AwareDatetime


class Told(_Part):
    """An issue with the fields `created` and `changelog`."""

    fields: _Made
    changelog: _Log


def history_of(told: Told) -> IssueHistory:
    """The same as the port says it; in whatever order the site lists changes."""
    given = sorted(told.changelog.histories, key=lambda one: one.created, reverse=True)
    since = given[-1].created if given and told.changelog.total > len(given) else told.fields.created
    return IssueHistory(since, tuple(one for one in (change.told() for change in given) if one is not None))
