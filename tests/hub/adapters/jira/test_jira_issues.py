"""Issues read from a server that answers as Jira Cloud's published schema says (IssueBean, StatusDetails)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from generator.errors import ConfigError, HubError, Reason, Stalled, Transient, Waiting
from generator.values.naming import IssueKey
from hub.adapters.http import SenderParts
from hub.adapters.jira.editions import DATA_CENTER
from hub.adapters.jira.issues import JiraIssues, open_jira
from hub.adapters.jira.site import Account
from hub.retrying import Backoff
from reconcilers.ports.issues import Issue, IssueChange, IssueHistory
from worlds.http_server import HttpServer, answers, resets, sends
from worlds.jira_server import Issue as IssueThere
from worlds.jira_server import JiraFront, JiraServer

TOKEN = "ATATT3xFfGF0-secret"
KEY = IssueKey("RTB", 12)
ACCOUNT = Account("hub@example.com", lambda: TOKEN)
REFUSED = (Stalled, Reason.JIRA_REFUSED)
UNREACHABLE = (Transient, Reason.JIRA_UNREACHABLE)
LIMITED = (Waiting, Reason.JIRA_LIMITED)


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
def jira(server: HttpServer) -> JiraIssues:
    parts = SenderParts(backoff=Backoff(tries=2, first_seconds=0.0, sleep=lambda _: None))
    return open_jira(server.url, ACCOUNT, parts)


def status(number: str = "10012", category: str = "indeterminate") -> dict[str, Any]:
    home = "https://example.atlassian.net/rest/api/3"
    told = {"self": f"{home}/statuscategory/4", "id": 4, "key": category, "colorName": "yellow", "name": "진행 중"}
    return {"self": f"{home}/status/{number}", "description": "", "iconUrl": "", "name": "검토", "id": number,
            "statusCategory": told}  # fmt: skip


def issue(key: str = "RTB-12", **fields: Any) -> dict[str, Any]:
    user = {"accountId": "5b10a2844c20165700ede21g", "accountType": "atlassian", "displayName": "Mia", "active": True}
    own = {"status": status(), "labels": ["preview", "ui"], "assignee": user, **fields}
    return {
        "expand": "names,schema",
        "id": "10002",
        "self": "https://example.atlassian.net/x",
        "key": key,
        "fields": own,
    }


def test_an_issue_is_what_it_is_now(server: HttpServer, jira: JiraIssues) -> None:
    server.steps = [answers(200, issue())]
    labels = frozenset({"preview", "ui"})
    assert jira.read(KEY) == Issue(KEY, "10012", is_done=False, labels=labels, assignee="5b10a2844c20165700ede21g")
    (seen,) = server.seen
    assert (seen.method, urlsplit(seen.target).path) == ("GET", "/rest/api/3/issue/RTB-12")
    assert parse_qs(urlsplit(seen.target).query) == {"fields": ["status,labels,assignee"]}
    kind, _, value = seen.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(value).decode()) == ("Basic", f"hub@example.com:{TOKEN}")


def test_done_unassigned_and_moved_are_told(server: HttpServer, jira: JiraIssues) -> None:
    server.steps = [answers(200, issue("ABC-9", status=status("10099", "done"), labels=[], assignee=None))]
    assert jira.read(KEY) == Issue(IssueKey("ABC", 9), "10099", is_done=True, labels=frozenset())


def changed(created: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"id": "1", "author": {"accountId": "x"}, "created": created, "items": [*items]}


STATUS = {
    "field": "status",
    "fieldId": "status",
    "from": "10001",
    "fromString": "할 일",
    "to": "10012",
    "toString": "검토",
}
LABELS = {
    "field": "labels",
    "fieldId": "labels",
    "from": "",
    "fromString": "ui old",
    "to": "",
    "toString": "ui preview",
}
OTHER = {"field": "description", "fieldId": "description", "from": None, "fromString": "x", "to": None, "toString": "y"}


@pytest.mark.parametrize(("total", "since"), [(3, "2026-01-01"), (300, "2026-02-01")], ids=["all told", "the newest"])
def test_what_an_issue_was_before_is_told_newest_first(
    server: HttpServer, jira: JiraIssues, total: int, since: str
) -> None:
    log = [
        changed("2026-02-01T09:00:00.000+0900", OTHER),
        changed("2026-02-02T09:00:00.000+0900", STATUS),
        changed("2026-02-03T09:00:00.000+0900", LABELS, OTHER),
    ]
    told = {**issue(created="2026-01-01T09:00:00.000+0900"), "changelog": {"total": total, "histories": log}}
    server.steps = [answers(200, told)]
    found = jira.history(KEY)
    assert found == IssueHistory(
        datetime.fromisoformat(f"{since}T00:00:00Z"),
        (
            IssueChange(datetime(2026, 2, 3, tzinfo=UTC), None, frozenset({"ui", "old"})),
            IssueChange(datetime(2026, 2, 2, tzinfo=UTC), "10001", None),
        ),
    )
    assert parse_qs(urlsplit(server.seen[0].target).query) == {"fields": ["created"], "expand": ["changelog"]}
    server.steps = [answers(404, {})]
    assert jira.history(KEY) is None


def test_an_issue_that_nobody_sees_is_none(server: HttpServer, jira: JiraIssues) -> None:
    server.steps = [
        answers(404, {"errorMessages": ["Issue does not exist or you do not have permission"], "errors": {}})
    ]
    assert jira.read(KEY) is None


@pytest.mark.parametrize(
    ("step", "expected", "told"),
    [
        (answers(401, b"Client must be authenticated"), REFUSED, "token are not accepted"),
        (answers(403, {"errorMessages": ["no\r\nBrowse"]}), REFUSED, "no Browse"),
        (answers(400, {"errorMessages": [1]}), REFUSED, "it answers 400"),
        (answers(302, b"", Location="https://id.atlassian.com/"), REFUSED, "elsewhere"),
        (answers(503, b"x"), UNREACHABLE, "it answers 503"),
        (answers(200, b"<html>log in</html>"), UNREACHABLE, "no JSON"),
        (answers(200, b""), UNREACHABLE, "makes no sense"),
        (answers(200, {"key": "RTB-12", "fields": {}}), UNREACHABLE, "makes no sense"),
        (answers(200, issue("rtb_x-1")), UNREACHABLE, "makes no sense"),
        (answers(200, issue(labels=None)), UNREACHABLE, "makes no sense"),
        (answers(200, issue(status=status("1" * 20))), UNREACHABLE, "makes no sense"),
        (answers(200, b"{}", Content_Length=str(2**22)), UNREACHABLE, "larger"),
        (resets, UNREACHABLE, "connection broke"),
        (sends(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"), UNREACHABLE, "broke"),
        (answers(429, {}, Retry_After="900"), LIMITED, "another 900 s"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_an_error_of_its_kind(
    server: HttpServer, jira: JiraIssues, step: Any, expected: tuple[type[HubError], Reason], told: str
) -> None:
    server.steps = [step]
    kind, reason = expected
    with pytest.raises(kind) as raised:
        jira.read(KEY)
    assert raised.value.reason is reason
    assert told in raised.value.words
    assert TOKEN not in str(raised.value)


def test_what_a_server_repeats_of_the_key_is_not_told(server: HttpServer, jira: JiraIssues) -> None:
    secret = base64.b64encode(f"hub@example.com:{TOKEN}".encode()).decode()
    server.steps = [answers(400, {"errorMessages": [f"bad Authorization: Basic {secret}"]})]
    with pytest.raises(Stalled) as raised:
        jira.read(KEY)
    assert secret not in raised.value.words


def test_all_pages_of_what_changed_are_read(server: HttpServer, jira: JiraIssues) -> None:
    server.steps = [
        answers(200, {"issues": [issue("RTB-2"), issue("RTB-1")], "nextPageToken": "a b/=", "isLast": False}),
        answers(200, {"issues": [issue("RTB-2"), issue("RTB-10")], "isLast": True}),
    ]
    found = jira.changed(["RTB", "ABC"], timedelta(seconds=601))
    assert [str(one) for one in found] == ["RTB-1", "RTB-2", "RTB-10"]
    first, second = (parse_qs(urlsplit(one.target).query) for one in server.seen)
    assert first["jql"] == ['project in ("ABC", "RTB") AND updated >= "-11m" ORDER BY key']
    assert ("nextPageToken" in first, second["nextPageToken"]) == (False, ["a b/="])


def test_a_search_that_never_ends_is_ended(server: HttpServer, jira: JiraIssues) -> None:
    server.steps = [answers(200, {"issues": [], "nextPageToken": "again"})]
    with pytest.raises(Stalled, match="more than 50000"):
        jira.changed(["RTB"], timedelta(minutes=1))
    assert len(server.seen) == 500


def test_a_window_that_ended_before_now_is_asked_for(server: HttpServer, jira: JiraIssues) -> None:
    server.steps = [answers(200, {"issues": [], "isLast": True})]
    assert jira.changed(["RTB"], timedelta(minutes=90), until=timedelta(seconds=1799)) == ()
    (seen,) = (parse_qs(urlsplit(one.target).query) for one in server.seen)
    assert seen["jql"] == ['project in ("RTB") AND updated >= "-90m" AND updated <= "-29m" ORDER BY key']


def test_without_a_project_nothing_is_asked(jira: JiraIssues) -> None:
    assert jira.changed([], timedelta(minutes=10)) == ()
    with pytest.raises(ValueError, match="no keys"):
        jira.changed(['RTB") OR (1'], timedelta(minutes=10))


@pytest.mark.parametrize(
    ("url", "email", "token", "field"),
    [
        ("http://jira.example.com", "a@example.com", TOKEN, "RTB_HUB_JIRA_URL"),
        (f"https://me:{TOKEN}@example.com", "a@example.com", TOKEN, "RTB_HUB_JIRA_URL"),
        ("https://example.atlassian.net", "a:b", TOKEN, "RTB_HUB_JIRA_EMAIL"),
        ("https://example.atlassian.net", "a@example.com", "a\nb", "RTB_HUB_JIRA_TOKEN"),
    ],
)
def test_settings_that_are_none_are_named(url: str, email: str, token: str, field: str) -> None:
    with pytest.raises(ConfigError) as raised:
        open_jira(url, Account(email, lambda: token), SenderParts())
    assert [fault.field for fault in raised.value.faults] == [field]
    assert TOKEN not in raised.value.words


def test_what_is_read_is_what_atlassian_publishes() -> None:
    described = {name: value for name, value in LABELS.items() if name != "toString"}  # it is missing there
    log = [{"id": "1", "created": "2026-11-02T09:00:00.000+0900", "items": [described]}]
    site = JiraServer(issues={"RTB-12": IssueThere("10099", "done", ["ui"], "5b10", log)}, changed=["RTB-12"])
    parts = SenderParts(backoff=Backoff(tries=2, first_seconds=0.0, sleep=lambda _: None))
    with JiraFront(site) as front:
        jira = open_jira(front.url, ACCOUNT, parts)
        assert jira.read(KEY) == Issue(KEY, "10099", is_done=True, labels=frozenset({"ui"}), assignee="5b10")
        told = jira.history(KEY)
        assert told is not None
        assert [one.labels for one in told.changes] == [frozenset({"ui", "old"})]
        assert jira.changed(["RTB"], timedelta(minutes=5)) == (KEY,)
        assert jira.read(IssueKey("RTB", 13)) is None
    assert site.violations == []


def test_of_data_center_all_numbered_pages_are_read_newest_first() -> None:
    log = [{"id": "1", "created": "2026-11-02T09:00:00.000+0900", "items": [STATUS]}]
    keys = [f"RTB-{number}" for number in range(12, 19)]
    site = JiraServer(
        issues={"RTB-12": IssueThere("10099", "done", ["ui"], "JIRAUSER10100", log)},
        changed=keys, edition="data-center", page=3,
    )  # fmt: skip
    account = Account("", lambda: TOKEN, DATA_CENTER)
    with JiraFront(site, prefix="/jira") as front:
        jira = open_jira(front.url, account, SenderParts())
        assert [str(one) for one in jira.changed(["RTB"], timedelta(minutes=5))] == keys
        read = jira.read(KEY)
        told = jira.history(KEY)
        assert jira.read(IssueKey("RTB", 13)) is None
    assert read == Issue(KEY, "10099", is_done=True, labels=frozenset({"ui"}), assignee="JIRAUSER10100")
    assert told is not None
    assert told.changes == (IssueChange(datetime(2026, 11, 2, tzinfo=UTC), "10001", None),)
    assert site.calls.count("get /rest/api/2/search") == 3
    assert site.violations == []


def test_numbered_pages_that_never_end_are_ended_and_empty_ones_end_all(server: HttpServer) -> None:
    jira = open_jira(server.url, Account("", lambda: TOKEN, DATA_CENTER), SenderParts())
    server.steps = [answers(200, {"issues": [issue()], "total": 9}), answers(200, {"issues": [], "total": 9})]
    assert jira.changed(["RTB"], timedelta(minutes=1)) == (KEY,)
    jql = parse_qs(urlsplit(server.seen[0].target).query)["jql"]
    assert jql == ['project in ("RTB") AND updated >= "-1m" ORDER BY updated DESC']
