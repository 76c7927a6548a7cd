"""Issues of one Jira site, read with an account's token; of Data Center by the same names (`editions`).

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ and …/api-group-issue-search/ (enhanced
search). An issue that was moved is answered with its new key, without a redirect. The last page of a search has no
`nextPageToken` (JRACLOUD-92184).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from generator.errors import ConfigError
from generator.values.naming import IssueKey
from hub.adapters.http import Answer, Request, Route, SenderParts
from hub.adapters.jira.changes import Told, history_of
from hub.adapters.jira.site import Account, JiraSite, open_site
from reconcilers.ports.issues import Issue, IssueHistory

#: An answer of the fields that are asked for has a few kB, and a page of a search a hundred of them.
_LIMIT_BYTES = 2 * 1024 * 1024
#: A change of a description has it twice, of 32 kB each.
_CHANGES_BYTES = 16 * 1024 * 1024
_PAGE, _MOST_PAGES = 100, 500
_MINUTE = timedelta(minutes=1)
_FIELDS = "status,labels,assignee"
_PROJECT = re.compile(r"[A-Z][A-Z0-9]{1,9}")


def _key(text: str) -> str:
    try:
        return str(IssueKey.parse(text))
    except ConfigError as err:
        raise ValueError("is no issue key") from err


class _Part(BaseModel):
    """What is read of an answer; fields that are not named are not read."""

    model_config = ConfigDict(frozen=True)


class _Category(_Part):
    key: str


class _Status(_Part):
    id: Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
    category: _Category = Field(alias="statusCategory")


class _Fields(_Part):
    status: _Status
    labels: Annotated[tuple[Annotated[str, Field(max_length=255)], ...], Field(max_length=10_000)]
    assignee: dict[str, Any] | None = None


class _Issue(_Part):
    key: Annotated[str, AfterValidator(_key)]
    fields: _Fields


class _Found(_Part):
    key: Annotated[str, AfterValidator(_key)]


class _Page(_Part):
    """`total`: of Data Center's alone."""

    issues: tuple[_Found, ...]
    next: str | None = Field(None, alias="nextPageToken", min_length=1, max_length=10_000)
    total: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class JiraIssues:
    """The issues that an account sees. Safe for threads."""

    site: JiraSite

    def read(self, key: IssueKey) -> Issue | None:
        """See `reconcilers.ports.issues.Issues`."""
        what = f"read {key}"
        answer = self._ask(self.site.route("/issue/{}", key), what, (("fields", _FIELDS),), expected=(404,))
        if answer.status == 404:
            return None
        found = self.site.read(_Issue, answer.data, what)
        status, assignee = found.fields.status, found.fields.assignee
        return Issue(
            IssueKey.parse(found.key),
            status.id,
            status.category.key == "done",
            frozenset(found.fields.labels),
            (self.site.edition.account_of(assignee) or None) if assignee else None,
        )

    def history(self, key: IssueKey) -> IssueHistory | None:
        """See `reconcilers.ports.issues.Issues`. Jira tells of some 100 changes, the newest."""
        what = f"read the changes of {key}"
        query = (("fields", "created"), ("expand", "changelog"))
        route = self.site.route("/issue/{}", key)
        answer = self._ask(route, what, query, expected=(404,), limit_bytes=_CHANGES_BYTES)
        if answer.status == 404:
            return None
        return history_of(self.site.read(Told, answer.data, what))

    def changed(
        self, projects: Collection[str], within: timedelta, *, until: timedelta = timedelta()
    ) -> tuple[IssueKey, ...]:
        """See `reconcilers.ports.issues.Issues`. Raises `Stalled` (JiraRefused) for more than 50,000."""
        if not projects:
            return ()
        if wrong := [one for one in projects if not _PROJECT.fullmatch(one)]:
            raise ValueError(f"no keys of projects: {wrong}")
        begin, end = max(1, math.ceil(within / _MINUTE)), max(0, math.floor(until / _MINUTE))
        names = ", ".join(f'"{one}"' for one in sorted(projects))
        before = f' AND updated <= "-{end}m"' if end else ""
        has_tokens = self.site.edition.has_tokens_of_pages
        # Numbered pages: what leaves the time that is asked for is last, so that none moves to a page that was read.
        order = "key" if has_tokens else "updated DESC"
        jql = f'project in ({names}) AND updated >= "-{begin}m"{before} ORDER BY {order}'
        what, at, read, keys = "look for issues that changed", tuple[tuple[str, str], ...](), 0, set[IssueKey]()
        for _ in range(_MOST_PAGES):
            query = (("jql", jql), ("fields", "status"), ("maxResults", str(_PAGE)), *at)
            answer = self._ask(self.site.route(self.site.edition.search), what, query)
            page = self.site.read(_Page, answer.data, what)
            keys |= {IssueKey.parse(one.key) for one in page.issues}
            read += len(page.issues)
            if (page.next is None) if has_tokens else (not page.issues or read >= page.total):
                return tuple(sorted(keys))
            at = (("nextPageToken", page.next or ""),) if has_tokens else (("startAt", str(read)),)
        raise self.site.refused(what, f"there are more than {_PAGE * _MOST_PAGES}", "ask for a shorter time")

    def _ask(
        self,
        route: Route,
        what: str,
        query: tuple[tuple[str, str], ...],
        expected: Collection[int] = (),
        limit_bytes: int = _LIMIT_BYTES,
    ) -> Answer:
        """The answer to a question, which may be asked again."""
        purpose = f"{what} on {self.site.name}"
        request = Request(route=route, purpose=purpose, query=query, limit_bytes=limit_bytes, may_repeat=True)
        return self.site.ask(request, what, expected)


def open_jira(url: str, account: Account, parts: SenderParts) -> JiraIssues:
    """The issues of a site. Asks the server nothing yet. Raises as `open_site`."""
    return JiraIssues(open_site(url, account, parts))
