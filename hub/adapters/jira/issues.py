"""Issues of one Jira Cloud site, read with an account's API token (REST API, version 3).

https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/ and …/api-group-issue-search/ (enhanced
search). An issue that was moved is answered with its new key, without a redirect. The last page of a search has no
`nextPageToken` (JRACLOUD-92184).
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from generator.errors import ConfigError, Fault, Reason, Stalled, Transient
from generator.values.naming import IssueKey
from hub.adapters.http import (
    Answer,
    Origin,
    OriginError,
    Peer,
    Request,
    Route,
    Secret,
    Sender,
    SenderParts,
    without_secrets,
)
from hub.adapters.jira.changes import Told, history_of
from reconcilers.plan import one_line
from reconcilers.ports.issues import Issue, IssueHistory

#: An answer of the fields that are asked for has a few kB, and a page of a search a hundred of them.
_LIMIT_BYTES = 2 * 1024 * 1024
#: A change of a description has it twice, of 32 kB each.
_CHANGES_BYTES = 16 * 1024 * 1024
_PAGE, _MOST_PAGES = 100, 500
_MINUTE = timedelta(minutes=1)
_FIELDS = "status,labels,assignee"
_REMEDY = "check the network and RTB_HUB_JIRA_URL; nothing is lost, it is tried again"
_PROJECT = re.compile(r"[A-Z][A-Z0-9]{1,9}")
_TOKEN = re.compile(r"[\x21-\x7e]{8,1000}")
_EMAIL = re.compile(r"[\x21-\x39\x3b-\x7e]{1,254}")
PEER = Peer(
    "jira",
    unreachable=Reason.JIRA_UNREACHABLE,
    refused=Reason.JIRA_REFUSED,
    limited=Reason.JIRA_LIMITED,
    remedy=_REMEDY,
)
_M = TypeVar("_M", bound=BaseModel)


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


class _User(_Part):
    account: Annotated[str, Field(alias="accountId", min_length=1, max_length=128)]


class _Fields(_Part):
    status: _Status
    labels: Annotated[tuple[Annotated[str, Field(max_length=255)], ...], Field(max_length=10_000)]
    assignee: _User | None = None


class _Issue(_Part):
    key: Annotated[str, AfterValidator(_key)]
    fields: _Fields


class _Found(_Part):
    key: Annotated[str, AfterValidator(_key)]


class _Page(_Part):
    issues: tuple[_Found, ...]
    next: str | None = Field(None, alias="nextPageToken", min_length=1, max_length=10_000)


@dataclass(frozen=True)
class JiraIssues:
    """The issues that an account sees. `site` is for people. Safe for threads."""

    site: str
    sender: Sender

    def read(self, key: IssueKey) -> Issue | None:
        """See `reconcilers.ports.issues.Issues`."""
        what = f"read {key}"
        answer = self._ask(Route.of("/rest/api/3/issue/{}", key), what, (("fields", _FIELDS),), expected=(404,))
        if answer.status == 404:
            return None
        found = self._read(_Issue, answer.data, what)
        status, assignee = found.fields.status, found.fields.assignee
        return Issue(
            IssueKey.parse(found.key),
            status.id,
            status.category.key == "done",
            frozenset(found.fields.labels),
            assignee.account if assignee else None,
        )

    def history(self, key: IssueKey) -> IssueHistory | None:
        """See `reconcilers.ports.issues.Issues`. Jira tells of some 100 changes, the newest."""
        what = f"read the changes of {key}"
        query = (("fields", "created"), ("expand", "changelog"))
        route = Route.of("/rest/api/3/issue/{}", key)
        answer = self._ask(route, what, query, expected=(404,), limit_bytes=_CHANGES_BYTES)
        if answer.status == 404:
            return None
        return history_of(self._read(Told, answer.data, what))

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
        jql = f'project in ({names}) AND updated >= "-{begin}m"{before} ORDER BY key'
        what, token, keys = "look for issues that changed", None, set()
        for _ in range(_MOST_PAGES):
            query = [("jql", jql), ("fields", "status"), ("maxResults", str(_PAGE))]
            query += [("nextPageToken", token)] if token else []
            page = self._read(_Page, self._ask(Route.of("/rest/api/3/search/jql"), what, tuple(query)).data, what)
            keys |= {IssueKey.parse(one.key) for one in page.issues}
            if page.next is None:
                return tuple(sorted(keys))
            token = page.next
        raise self._refused(what, f"there are more than {_PAGE * _MOST_PAGES}", "ask for a shorter time")

    def _ask(
        self,
        route: Route,
        what: str,
        query: tuple[tuple[str, str], ...],
        expected: Collection[int] = (),
        limit_bytes: int = _LIMIT_BYTES,
    ) -> Answer:
        """The answer to a question. Raises what the port's table says for a status that is not `expected`."""
        purpose = f"{what} on {self.site}"
        request = Request(route=route, purpose=purpose, query=query, limit_bytes=limit_bytes, may_repeat=True)
        answer = self.sender.send(request)
        if answer.status < 300 or answer.status in expected:
            return answer
        match answer.status:
            case 401:
                remedy = "make a new API token of the account (they last a year at most) and give it to the hub"
                raise self._refused(what, "the hub's e-mail address and token are not accepted", remedy)
            case 403:
                raise self._refused(what, _said(answer.data) or "the account may not", "give it Browse Projects")
            case status if status < 400:
                raise self._refused(what, "it answers that it is elsewhere", "name the site's own address")
            case status if status < 500:
                why = _said(answer.data) or f"it answers {status}"
                raise self._refused(what, why, "check hub/services.yaml, and that the account may see its projects")
            case status:
                raise self._unreachable(what, f"it answers {status}")

    def _read(self, model: type[_M], data: object, what: str) -> _M:
        try:
            return model.model_validate(data)
        except ValidationError as err:
            raise self._unreachable(what, "its answer makes no sense") from err

    def _unreachable(self, what: str, why: str) -> Transient:
        return Transient(Reason.JIRA_UNREACHABLE, Fault(f"cannot {what} on {self.site}: {why}", remedy=_REMEDY))

    def _refused(self, what: str, why: str, remedy: str) -> Stalled:
        return Stalled(Reason.JIRA_REFUSED, Fault(f"cannot {what} on {self.site}: {why}", remedy=remedy))


def open_jira(url: str, email: str, token: Secret, parts: SenderParts) -> JiraIssues:
    """The issues of the site at `url`, such as https://example.atlassian.net. Asks the server nothing yet.

    Raises `ConfigError` (InvalidValue) for an address that is none or would send the token in clear, an e-mail address
    or token that is none, and what `token` raises.
    """
    faults = []
    try:
        origin = Origin.parse(url)
    except OriginError as err:
        told = f"{without_secrets(url)[:200] or 'it'} is no address of a Jira site: {err}"
        faults.append(Fault(told, field="RTB_HUB_JIRA_URL", allowed="https://HOST; http only to this machine"))
    if not _EMAIL.fullmatch(email):
        allowed = "the address of the account that the token is of"
        faults.append(Fault("this is no e-mail address", field="RTB_HUB_JIRA_EMAIL", allowed=allowed))
    if not _TOKEN.fullmatch(token()):
        remedy = "make one at id.atlassian.com, under Security, API tokens"
        faults.append(Fault("the token is empty or no token", field="RTB_HUB_JIRA_TOKEN", remedy=remedy))
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)

    def authorization() -> str:
        return "Basic " + base64.b64encode(f"{email}:{token()}".encode()).decode()

    return JiraIssues(str(origin), Sender(PEER, origin, authorization, parts))


def _said(tree: Any) -> str:
    """The first `errorMessages` of a refusal on one line, shortened; empty when there is none."""
    told = tree.get("errorMessages") if isinstance(tree, dict) else None
    return one_line(told[0])[:200] if isinstance(told, list) and told and isinstance(told[0], str) else ""
