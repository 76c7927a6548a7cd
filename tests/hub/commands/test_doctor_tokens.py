"""`rtb-hub doctor --services` tells of tokens before they end: of GitHub's, and of Jira Data Center's."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.actions.doctor_github import check_github
from hub.actions.doctor_own_tokens import check_own_tokens
from hub.actions.doctor_services import JiraAccess, check_jira
from hub.actions.doctor_tokens import check_end
from hub.adapters.github.access import GitHubAccess
from hub.adapters.http import SenderParts
from hub.adapters.http.token_ends import NO_END, TokenEnd, end_at
from hub.adapters.jira.editions import DATA_CENTER
from hub.adapters.jira.rights import TELLING
from hub.adapters.jira.site import Account, open_site
from hub.store import schema, tokens
from hub.store.database import Database, sqlite_url
from hub.store.tokens import Token
from reconcilers.doctor.repository import Diagnosis
from worlds.builders import NOW
from worlds.commands import IMAGES, must, rtb_hub
from worlds.github_server import GitHubServer
from worlds.github_world import github_of_code
from worlds.jira_server import JiraFront, JiraServer
from worlds.repositories import state_repository

PARTS = SenderParts(clock=lambda: NOW)
MINE, SECRET = "123456789012", base64.b64encode(b"123456789012:a secret of it").decode()


def told(found: list[Diagnosis]) -> list[tuple[str, str]]:
    return [(one.severity, one.rule) for one in found if one.rule.startswith("token-")]


@pytest.mark.parametrize(
    ("end", "expected", "words"),
    [
        (NO_END, [], ""),
        (TokenEnd(NOW + timedelta(days=30, seconds=1)), [], ""),
        (TokenEnd(NOW + timedelta(days=30)), [("warning", "token-ends")], "in 30 days"),
        (TokenEnd(NOW + timedelta(days=1)), [("warning", "token-ends")], "in 1 day,"),
        (TokenEnd(NOW + timedelta(seconds=1)), [("warning", "token-ends")], "within a day"),
        (TokenEnd(NOW), [("error", "token-ended")], "ended at 2026-11-23T02:00:00Z"),
        (TokenEnd(unknown="no list"), [("note", "token-end-unknown")], "not known: no list"),
    ],
)
def test_a_token_is_told_of_from_thirty_days_before_its_end(
    end: TokenEnd, expected: list[tuple[str, str]], words: str
) -> None:
    found = list(check_end("RTB_HUB_X", "the token", end, "make a new one", now=NOW))
    assert told(found) == expected
    assert words in "".join(one.message for one in found)
    assert all(one.remedy for one in found)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (None, NO_END),
        ("", NO_END),
        ("2026-12-01 09:00:00 UTC", TokenEnd(datetime(2026, 12, 1, 9, tzinfo=UTC))),
        ("2026-12-01 09:00:00 +0900", TokenEnd(datetime(2026, 12, 1, tzinfo=UTC))),
        ("2026-12-01 09:00:00 -0700", TokenEnd(datetime(2026, 12, 1, 16, tzinfo=UTC))),
        ("2026-12-01T09:00:00.000+0000", TokenEnd(datetime(2026, 12, 1, 9, tzinfo=UTC))),
        ("2026-12-01T09:00:00Z", TokenEnd(datetime(2026, 12, 1, 9, tzinfo=UTC))),
    ],
)
def test_ends_are_read_as_servers_write_them(text: object, end: TokenEnd) -> None:
    assert end_at(text) == end


@pytest.mark.parametrize(
    "text",
    [
        "soon", 1796115600000, ["2026-12-01"], "2026-12-01", "2026-13-01 09:00:00 UTC", "2026-12-01 09:00:00 PST",
        "9999-12-31 23:59:59 -0100", "0001-01-01 00:00:00 +0100", "2026-12-01 09:00:00 UTC\n", "٢٠٢٦-12-01 09:00:00 UTC",
    ],
)  # fmt: skip
def test_what_is_no_time_is_not_known(text: object) -> None:
    end = end_at(text)
    assert (end.at, bool(end.unknown)) == (None, True)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    with github_of_code(tmp_path / "web.git") as server:
        yield server


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("", []),
        ("2027-10-12 09:00:00 UTC", []),
        ("2026-12-20 02:00:00 UTC", [("warning", "token-ends")]),
        ("2026-11-22 02:00:00 UTC", [("error", "token-ended")]),
        ("one day", [("note", "token-end-unknown")]),
    ],
)
def test_github_tells_when_a_token_ends(github: GitHubServer, end: str, expected: list[tuple[str, str]]) -> None:
    github.state.keys["token-of-hub-user"].end = end

    def access(name: str) -> GitHubAccess:
        return GitHubAccess(name, github.api, token=lambda: "token-of-hub-user")

    found, answered = check_github(access, ["acme/web"], PARTS)
    assert (told(found), answered) == (expected, ("acme/web",))


def of(number: str, ends: str | None) -> dict[str, Any]:
    return {"id": int(number), "name": "hub", "createdAt": "2026-01-15T10:30:00.000+0000", "expiringAt": ends}


@pytest.mark.parametrize(
    ("token", "tokens", "expected"),
    [
        (SECRET, [of("7", "2026-11-24T02:00:00.000+0000"), of(MINE, None)], []),
        (SECRET, [of("7", None), of(MINE, "2026-11-24T02:00:00.000+0000")], [("warning", "token-ends")]),
        (SECRET, [of("7", "2026-11-24T02:00:00.000+0000")], [("note", "token-end-unknown")]),
        ("another-form", [of("7", "2026-11-24T02:00:00.000+0000")], [("warning", "token-ends")]),
        ("another-form", [of("7", None), of("8", None)], [("note", "token-end-unknown")]),
        (SECRET, [], [("note", "token-end-unknown")]),
        (SECRET, [{"name": "no id"}], [("note", "token-end-unknown")]),
        (SECRET, None, [("note", "token-end-unknown")]),
    ],
)
@pytest.mark.parametrize("projects", [["RTB"], []])
def test_a_data_center_lists_when_tokens_end(
    token: str, tokens: list[dict[str, Any]] | None, expected: list[tuple[str, str]], projects: list[str]
) -> None:
    jira = JiraServer(rights={"RTB": set(TELLING)}, edition="data-center", tokens=tokens)
    with JiraFront(jira) as front:
        site = open_site(front.url, Account("", lambda: token, DATA_CENTER), PARTS)
        found, _ = check_jira(JiraAccess(site, tells=True, token=lambda: token), projects, clock=lambda: NOW)
    assert told(found) == expected
    assert not any(token in one.message for one in found)
    assert jira.violations == []


def test_a_site_that_does_not_answer_is_told_once() -> None:
    site = open_site("http://127.0.0.1:9", Account("", lambda: SECRET, DATA_CENTER), PARTS)
    found, _ = check_jira(JiraAccess(site, tells=True, token=lambda: SECRET), ["RTB"], clock=lambda: NOW)
    assert [one.rule for one in found] == ["jira-unread"]


def test_the_command_tells_of_it(tmp_path: Path) -> None:
    repo = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repo)
    stored = {"RTB_HUB_DATABASE_URL": sqlite_url(tmp_path / "hub.sqlite")}
    must("db", "upgrade", "--yes", **stored)
    must("token", "create", "ci-web", "--scope", "preview:read", "--days", "20", **stored)
    ended = [of(MINE, "2020-01-01T00:00:00.000+0000")]
    jira = JiraServer(rights={"RTB": set(TELLING)}, edition="data-center", tokens=ended)
    with JiraFront(jira) as front:
        own: dict[str, Any] = {
            "RTB_HUB_JIRA_URL": front.url,
            "RTB_HUB_JIRA_TOKEN": SECRET,
            "RTB_HUB_JIRA_EDITION": "data-center",
        }
        ran = rtb_hub("doctor", "--env", "int", "--services", "--repo", repo, "--output", "json", **own, **stored)
    found, own_tokens = [one for one in ran.json()["findings"] if one["rule"].startswith("token-")]
    assert (found["rule"], found["where"]) == ("token-ended", "RTB_HUB_JIRA_TOKEN")
    assert (own_tokens["rule"], own_tokens["where"]) == ("token-ends", "the hub's service tokens")
    assert "ci-web (rtbh_" in own_tokens["message"]
    assert found["remedy"] == ["make a new personal access token of the account and give it to the hub"]


def test_the_hubs_own_tokens_are_told_of_unless_nobody_misses_them(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    day = timedelta(days=1)

    def keep(name: str, ends: datetime, *, used: datetime | None = None, revoked: datetime | None = None) -> None:
        made = Token(
            f"token_{name}", NOW - 90 * day, name, "rtbh_abc", ("preview:read",), (), "mia", ends, used, revoked
        )
        with database.write() as connection:
            tokens.add(connection, made, f"a secret of {name}")

    with closing(database):
        assert told(check_own_tokens(database, clock=lambda: NOW)) == [("note", "token-end-unknown")]
        schema.upgrade(database)
        assert check_own_tokens(database, clock=lambda: NOW) == []
        keep("later", NOW + 60 * day)
        keep("soon", NOW + 3 * day)
        keep("soon-revoked", NOW + 3 * day, revoked=NOW - day)
        keep("missed", NOW - 2 * day, used=NOW - 3 * day)
        keep("missed-long", NOW - 31 * day, used=NOW - 32 * day)
        keep("unused", NOW - 2 * day)
        keep("replaced", NOW - 2 * day, used=NOW - 3 * day, revoked=NOW - day)
        found = check_own_tokens(database, clock=lambda: NOW)
    named = {one.message.partition(" ")[0]: (one.severity, one.rule) for one in found}
    assert named == {"soon": ("warning", "token-ends"), "missed": ("error", "token-ended")}
    assert all("token_" in str(one.remedy) for one in found)
