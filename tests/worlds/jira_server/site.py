"""The site: what it keeps, and what each call does. What does not fit Atlassian's description is in `violations`."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hub.adapters.jira.editions import EditionName
from worlds.faulty import Reply
from worlds.jira_server import schemas
from worlds.late import Late

ROUTES = [(operation, schemas.path_pattern(operation)) for operation in schemas.OPERATIONS]
HUB = "5b10a2844c20165700ede21g"
APIS: dict[EditionName, str] = {"cloud": "/rest/api/3", "data-center": "/rest/api/2"}


@dataclass
class Comment:
    id: int
    author: str
    body: Any
    properties: dict[str, Any]
    alerts: int = 0
    edits: int = 0


@dataclass
class Issue:
    """One, with its status (id and category), labels and who has it; `changes`: of its log, each with its `created`."""

    status: str = "10012"
    category: str = "indeterminate"
    labels: list[str] = field(default_factory=list)
    assignee: str | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, Comment] = field(default_factory=dict)
    links: dict[int, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass
class JiraServer(Late):
    """`issues` by key; `moved`: old key → new; `changed`: what a search for changes finds; `rights`: keys of
    permissions by project. `lists_properties` False: lists of comments leave properties out. `page`: of a search.
    `tokens`: the account's, of Data Center; None: it has no such list.

    `denied`: method and path beginning, as of Cloud, that the account may not. `clock` is that of late effects. Of Data
    Center each edit alerts, people have a key, and a comment is text.
    """

    issues: dict[str, Issue] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    rights: dict[str, set[str]] = field(default_factory=dict)
    lists_properties: bool = True
    edition: EditionName = "cloud"
    tokens: list[dict[str, Any]] | None = None
    page: int = 100
    denied: list[tuple[str, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(10001)

    def answer(self, method: str, target: str, body: bytes | None) -> Reply:
        """What it answers to a request, after its effect."""
        with self._lock:
            self.arrive()
            parts = urlsplit(target)
            query = dict(parse_qsl(parts.query))
            is_cloud = self.edition == "cloud"
            if method == "GET" and is_cloud and parts.path == "/rest/api/3/search/jql":  # younger than the description
                return 200, {}, {"issues": [{"id": "10001", "key": key} for key in self.changed], "isLast": True}
            if method == "GET" and not is_cloud and parts.path == "/rest/pat/latest/tokens":  # of a part of its own
                return (404, {}, _error("no such resource")) if self.tokens is None else (200, {}, self.tokens)
            for operation, pattern in ROUTES:
                found = pattern.fullmatch(parts.path)
                if found is None or not operation.startswith(f"{method.lower()} {APIS[self.edition]}/"):
                    continue
                self.calls.append(operation)
                data = None if body is None else json.loads(body)
                self.violations += schemas.faults_of_request(operation, query, data)
                at = {name: unquote(value) for name, value in found.groupdict().items()}
                status, told = self._act(operation, at, query, data)
                self.violations += schemas.faults_of_answer(operation, status, told)
                return status, {}, told
            self.violations.append(f"{method} {parts.path} is not described")
            return 404, {}, _error("no such resource")

    def _act(self, operation: str, at: dict[str, str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        method, _, path = operation.replace(APIS[self.edition], APIS["cloud"]).partition(" ")
        if any(method == verb.lower() and path.startswith(begin) for verb, begin in self.denied):
            return 403, _error("You do not have permission to do this")
        if path.endswith("/mypermissions"):
            if query["projectKey"] not in self.rights:
                return 404, _error("No project could be found with key")
            has = self.rights[query["projectKey"]]
            asked = query["permissions"].split(",") if self.edition == "cloud" else [*has, "ADMINISTER"]
            return 200, {"permissions": {key: {"id": "1", "key": key, "havePermission": key in has} for key in asked}}
        if path.endswith("/myself"):
            return 200, {**self._person(HUB), "active": True}
        if path.endswith("/search"):
            begin = int(query.get("startAt", 0))
            found = [{"id": "10001", "key": key} for key in self.changed[begin : begin + self.page]]
            return 200, {"startAt": begin, "maxResults": self.page, "total": len(self.changed), "issues": found}
        if path.startswith("/rest/api/3/comment/"):
            return self._property_of_comment(int(at["commentId"]), at["propertyKey"])
        key = at["issueIdOrKey"]
        issue = self.issues.get(self.moved.get(key, key))
        if issue is None:
            return 404, _error("Issue does not exist or you do not have permission to see it.")
        if path == "/rest/api/3/issue/{issueIdOrKey}":
            return 200, self._issue(self.moved.get(key, key), issue, has_log="changelog" in query.get("expand", ""))
        if "/properties/" in path:
            return _issue_property(method, issue, at["propertyKey"], body)
        if "/remotelink" in path:
            return self._link(method, issue, at.get("linkId"), query, body)
        return self._comment(method, issue, at.get("id"), query, body)

    def _property_of_comment(self, number: int, key: str) -> tuple[int, Any]:
        for issue in self.issues.values():
            if number in issue.comments and key in issue.comments[number].properties:
                return 200, {"key": key, "value": issue.comments[number].properties[key]}
        return 404, _error("not found")

    def _comment(
        self, method: str, issue: Issue, number: str | None, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        expands = query.get("expand") == "properties" and self.lists_properties
        if number is None and method == "get":
            newest = sorted(issue.comments.values(), key=lambda one: one.id, reverse=query.get("orderBy") == "-created")
            page = [self._told(one, expands=expands) for one in newest[: int(query.get("maxResults", 50))]]
            return 200, {"startAt": 0, "maxResults": 50, "total": len(issue.comments), "comments": page}
        if number is None:
            properties = {one["key"]: one["value"] for one in body.get("properties", [])}
            made = Comment(next(self._numbers), HUB, body["body"], properties)
            issue.comments[made.id] = made
            return 201, self._told(made, expands=False)
        found = issue.comments.get(int(number))
        if found is None:
            return 404, _error("Can not find a comment for the id")
        if method == "delete":
            del issue.comments[found.id]
            return 204, None
        if method == "put":
            found.body, found.edits = body["body"], found.edits + 1
            found.properties |= {one["key"]: one["value"] for one in body.get("properties", [])}
            found.alerts += query.get("notifyUsers", "true") == "true" or self.edition != "cloud"
        return 200, self._told(found, expands=expands)

    def _link(self, method: str, issue: Issue, number: str | None, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if number is None and method == "get":
            found = [one for one in issue.links.values() if one["globalId"] == query["globalId"]]
            return (200, found[0]) if found else (404, _error("not found"))
        if number is None:
            known = [one["id"] for one in issue.links.values() if one["globalId"] == body["globalId"]]
            made = known[0] if known else next(self._numbers)
            issue.links[made] = {**_empty(), **body, "id": made}
            return (200 if known else 201), {"id": made, "self": f"https://example.atlassian.net/link/{made}"}
        if int(number) not in issue.links:
            return 404, _error("not found")
        if method == "delete":
            del issue.links[int(number)]
            return 204, None
        issue.links[int(number)] = {**_empty(), **body, "id": int(number)}
        return 204, None

    def _person(self, account: str) -> dict[str, Any]:
        if self.edition == "cloud":
            return {"accountId": account, "displayName": "Mia", "active": True}
        return {"key": account, "name": "mia", "displayName": "Mia", "active": True}

    def _issue(self, key: str, issue: Issue, *, has_log: bool) -> dict[str, Any]:
        category = {"id": 4, "key": issue.category, "colorName": "yellow", "name": "진행 중"}
        user = self._person(issue.assignee) if issue.assignee else None
        status = {"id": issue.status, "name": "검토", "statusCategory": category}
        fields = {"status": status, "labels": issue.labels, "assignee": user, "created": "2026-11-01T09:00:00.000+0900"}
        told = {"id": "10001", "key": key, "self": f"https://example.atlassian.net/{key}", "fields": fields}
        log = {"startAt": 0, "maxResults": 100, "total": len(issue.changes), "histories": issue.changes}
        return {**told, "changelog": log} if has_log else told

    def _told(self, one: Comment, *, expands: bool) -> dict[str, Any]:
        properties = [{"key": key, "value": value} for key, value in one.properties.items()]
        told = {"id": str(one.id), "author": self._person(one.author), "body": one.body}
        told["created"] = "2026-11-23T02:00:00.000+0000"
        return {**told, "properties": properties} if expands else told


def _issue_property(method: str, issue: Issue, key: str, body: Any) -> tuple[int, Any]:
    if method == "put":
        status = 200 if key in issue.properties else 201
        issue.properties[key] = body
        return status, {}
    return (200, {"key": key, "value": issue.properties[key]}) if key in issue.properties else (404, _error("none"))


def _empty() -> dict[str, Any]:
    """Fields of a link that a request leaves out are emptied, as the description says."""
    return {"application": {}, "relationship": "links to"}


def _error(text: str) -> dict[str, Any]:
    return {"errorMessages": [text], "errors": {}}
