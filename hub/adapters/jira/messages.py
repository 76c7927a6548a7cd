"""Messages about previews at an issue of Jira: one comment and one remote link for each environment.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/ (api-group-issue-comments, -issue-comment-properties,
-issue-properties, -issue-remote-links). A comment carries what it told in a property of its own, written with it in one
request; a property of the issue says which comment it is, so that one that somebody deleted is missed. Only comments of
the hub's own account count, whatever properties others give to theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.adapters.http import Request, Route
from hub.adapters.http.values import Method
from hub.adapters.jira.site import JiraSite
from hub.views.messages.document import document_of
from hub.views.messages.drawing import drawn_of
from hub.views.messages.words import Words
from reconcilers.messages.channels import ChannelName, Drawn, Found, Place, Posted, before_data, before_of
from reconcilers.messages.model import GONE, Message
from reconcilers.messages.quiet import Before, Who

#: What the account must be allowed to do in a project, by the names of its permission scheme.
NEEDS: Final = (
    "Browse Projects, Add Comments, Edit Own Comments, Delete Own Comments, Link Issues and Edit Issues in the project"
)
PROPERTY: Final = "rtb-hub"
#: Of an issue's comments, the newest so many are looked through.
NEWEST: Final = 50
_LIMIT_BYTES = 8 * 1024 * 1024
_TIMEOUT_SECONDS = 10.0
_ISSUE, _PROPERTIES = "/issue/{}", "/issue/{}/properties/{}"
_ID = re.compile(r"^[0-9]{1,19}$")
Id = Annotated[str, BeforeValidator(str), Field(pattern=_ID)]


class _Part(BaseModel):
    """What is read of an answer; fields that are not named are not read."""

    model_config = ConfigDict(frozen=True)


class _Property(_Part):
    key: str = ""
    value: Any = None


class _Comment(_Part):
    id: Id
    author: dict[str, Any] = {}
    properties: tuple[_Property, ...] | None = None


class _Comments(_Part):
    comments: tuple[_Comment, ...]  # an answer without them is none: it may not read as an issue without comments


class _Made(_Part):
    id: Id


@dataclass(frozen=True)
class _AtIssue:
    """What both channels share."""

    site: JiraSite

    def ask(  # noqa: PLR0913 - a request
        self,
        what: str,
        route: Route,
        method: Method = "GET",
        *,
        body: Any = None,
        query: tuple[tuple[str, str], ...] = (),
        may_repeat: bool = True,
        expected: Collection[int] = (404,),
    ) -> tuple[int, Any]:
        """Status and data of an answer. What is gone is answered, not raised."""
        request = Request(
            route=route,
            purpose=f"{what} on {self.site.name}",
            method=method,
            query=query,
            body=None if body is None else json.dumps(body, ensure_ascii=True).encode(),
            timeout_seconds=_TIMEOUT_SECONDS,
            limit_bytes=_LIMIT_BYTES,
            may_repeat=may_repeat,
        )
        answer = self.site.ask(request, what, expected)
        return answer.status, answer.data

    def noted(self, place: Place, channel: ChannelName) -> tuple[bool, str | None]:
        """Whether it is noted at the issue where a message is, and where; None: it was deleted, or that is no place."""
        route = self.site.route(_PROPERTIES, place.issue, _name(place, channel))
        status, data = self.ask(f"read what is noted at {place.issue}", route)
        if status == 404:
            return False, None
        value = self.site.read(_Property, data, f"read what is noted at {place.issue}").value
        if not isinstance(value, Mapping) or "message" not in value:
            return False, None
        message = value["message"]
        return True, message if isinstance(message, str) and _ID.fullmatch(message) else None

    def note(self, place: Place, channel: ChannelName, message: str | None) -> None:
        """Note it."""
        route = self.site.route(_PROPERTIES, place.issue, _name(place, channel))
        self.ask(f"note at {place.issue} where its message is", route, "PUT", body={"message": message})


def _name(place: Place, channel: ChannelName) -> str:
    return f"{PROPERTY}.{place.repository}.{place.environment}.{channel}"


@dataclass(frozen=True)
class JiraComments:
    """One comment for each environment of an issue. An edit that alerts tells who watches the issue, others do not.

    Of Data Center each may: the project's notification scheme says so.
    """

    site: JiraSite
    words: Words
    name: ChannelName = "jira-comment"
    alerts: frozenset[Who] = field(default=frozenset({"requester"}))

    @cached_property
    def _at(self) -> _AtIssue:
        return _AtIssue(self.site)

    @cached_property
    def _account(self) -> str:
        """The hub's own account."""
        what = "read the hub's account"
        _, data = self._at.ask(what, self.site.route("/myself"), expected=())
        account = self.site.edition.account_of(data) if isinstance(data, Mapping) else ""
        if not account:
            raise self.site.unreachable(what, "its answer makes no sense")
        return account

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`."""
        return drawn_of(self.site.edition.drawn(document_of(message, self.words)))

    def find(self, place: Place) -> Found | None:
        """See `Channel`. Of the newest 50 comments, and of the one that is noted."""
        query = (("orderBy", "-created"), ("maxResults", str(NEWEST)), ("expand", "properties"))
        what = f"read the comments of {place.issue}"
        status, data = self._at.ask(what, self.site.route(f"{_ISSUE}/comment", place.issue), query=query)
        if status == 404:
            return None
        found = {one.id: one for one in self.site.read(_Comments, data, what).comments}
        is_noted, noted = self._at.noted(place, self.name)
        is_declined = is_noted and noted is None
        if noted is not None and noted not in found:
            one = self._one(place, noted)
            is_declined = one is None
            found |= {one.id: one} if one is not None else {}
        ours = ((one.id, self._before(place, one)) for one in found.values() if self._is_ours(one))
        posted = sorted((int(number), before) for number, before in ours if before is not None)
        return Found(tuple(Posted(str(number), before) for number, before in posted), is_declined)

    def _is_ours(self, comment: _Comment) -> bool:
        return self.site.edition.account_of(comment.author) == self._account

    def _one(self, place: Place, comment: str) -> _Comment | None:
        what = f"read a comment of {place.issue}"
        route = self.site.route(f"{_ISSUE}/comment/{{}}", place.issue, comment)
        status, data = self._at.ask(what, route, query=(("expand", "properties"),))
        return None if status == 404 else self.site.read(_Comment, data, what)

    def _before(self, place: Place, comment: _Comment) -> Before | None:
        """What a comment of ours told; None: it is no message of this preview. A list may leave properties out."""
        if comment.properties is not None:
            values = [one.value for one in comment.properties if one.key == PROPERTY]
            return before_of(values[0], place) if values else None
        route = self.site.route("/comment/{}/properties/{}", comment.id, PROPERTY)
        what = f"read what a comment of {place.issue} told"
        status, data = self._at.ask(what, route)
        return None if status == 404 else before_of(self.site.read(_Property, data, what).value, place)

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`."""
        what, route = f"comment on {place.issue}", self.site.route(f"{_ISSUE}/comment", place.issue)
        body = _body(place, drawn, before)
        status, data = self._at.ask(what, route, "POST", body=body, may_repeat=False)
        return None if status == 404 else self.site.read(_Made, data, what).id

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`."""
        route = self.site.route(f"{_ISSUE}/comment/{{}}", place.issue, message)
        can_be_quiet = self.site.edition.has_quiet_edits
        query = (("notifyUsers", "true" if alerts else "false"),) if can_be_quiet else ()
        body = _body(place, drawn, before)
        is_quiet = can_be_quiet and not alerts  # sent twice, an edit that alerts would alert twice
        status, _ = self._at.ask(
            f"edit a comment of {place.issue}", route, "PUT", body=body, query=query, may_repeat=is_quiet
        )
        return status != 404

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`."""
        route = self.site.route(f"{_ISSUE}/comment/{{}}", place.issue, message)
        self._at.ask(f"delete a second comment of {place.issue}", route, "DELETE")

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`."""
        self._at.note(place, self.name, message)


def _body(place: Place, drawn: Drawn, before: Before) -> dict[str, Any]:
    return {"body": drawn.content, "properties": [{"key": PROPERTY, "value": before_data(place, before)}]}


@dataclass(frozen=True)
class JiraLinks:
    """One remote link for each environment of an issue, crossed out when the preview is gone. It alerts nobody.

    Its `globalId` is the preview's, by which posting it twice makes one. It does not say what it told.
    """

    site: JiraSite
    words: Words
    name: ChannelName = "jira-link"
    alerts: frozenset[Who] = field(default=frozenset())

    @cached_property
    def _at(self) -> _AtIssue:
        return _AtIssue(self.site)

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`. All fields are there: those that are left out would be emptied."""
        document = document_of(message, self.words)
        link = {
            "application": {"type": "io.github.rtb-ai-hub", "name": "RTB AI Hub"},
            "relationship": self.words.relationship,
            "object": {
                "url": message.review or message.url if message.phase == "awaiting approval" else message.url,
                "title": document.title,
                "summary": self.words.states[message.phase],
                "status": {"resolved": message.phase in GONE},
            },
        }
        return drawn_of(link)

    def find(self, place: Place) -> Found | None:
        """See `Channel`. An issue that is not there is one without a link: posting tells."""
        is_noted, noted = self._at.noted(place, self.name)
        what, route = f"read the links of {place.issue}", self.site.route(f"{_ISSUE}/remotelink", place.issue)
        status, data = self._at.ask(what, route, query=(("globalId", _global_id(place)),))
        if status == 404:
            return Found(is_declined=is_noted)
        return Found((Posted(self.site.read(_Made, data, what).id, None),), is_noted and noted is None)

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`."""
        del before
        what, route = f"link {place.issue} to its preview", self.site.route(f"{_ISSUE}/remotelink", place.issue)
        body = {"globalId": _global_id(place), **drawn.content}
        status, data = self._at.ask(what, route, "POST", body=body)
        return None if status == 404 else self.site.read(_Made, data, what).id

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`."""
        del before, alerts
        route = self.site.route(f"{_ISSUE}/remotelink/{{}}", place.issue, message)
        body = {"globalId": _global_id(place), **drawn.content}
        status, _ = self._at.ask(f"edit the link of {place.issue}", route, "PUT", body=body)
        return status != 404

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`."""
        route = self.site.route(f"{_ISSUE}/remotelink/{{}}", place.issue, message)
        self._at.ask(f"delete a second link of {place.issue}", route, "DELETE")

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`."""
        self._at.note(place, self.name, message)


def _global_id(place: Place) -> str:
    return f"rtb-hub:{place.repository}:{place.environment}:{place.issue}"
