"""How GitHub is called: limits, pages elsewhere, the pause between writes, and keys that change while the hub runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from generator.errors import HubError, Reason, Stalled, Transient, Waiting
from hub.adapters.github.access import GitHubAccess, open_github
from hub.adapters.github.calls import PEER, GitHubCalls, Unsure, limit_of
from hub.adapters.github.keys import AppKey, AppSignature
from hub.adapters.github.rulesets import Rulesets
from hub.adapters.http import Answer, Limit, Origin, Route, Sender, SenderParts
from hub.retrying import Backoff
from worlds.github_world import GitHubWorld, key_pair
from worlds.http_server import HttpServer, answers, resets, sends

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
LATER = str(int(NOW.timestamp()) + 120)
PULLS = Route.of("/repos/{+}/pulls", "acme/state")


@dataclass
class Clock:
    """Seconds and times that move when they are slept, or told to."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def seconds(self) -> float:
        return self.now.timestamp()

    def parts(self) -> SenderParts:
        backoff = Backoff(tries=4, first_seconds=0.5, sleep=self.sleep, random=lambda: 1.0)
        return SenderParts(backoff=backoff, clock=lambda: self.now, seconds=self.seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
def calls(server: HttpServer, clock: Clock) -> GitHubCalls:
    sender = Sender(PEER, Origin.parse(f"{server.url}/api/v3"), lambda: "token t", clock.parts(), 30.0)
    return GitHubCalls(sender, "github.example/acme/state", pause_seconds=1.0)


@pytest.mark.parametrize(
    ("status", "headers", "data", "limit"),
    [
        (200, {"retry-after": "5"}, None, None),
        (403, {}, {"message": "Resource not accessible by integration"}, None),
        (403, {"x-ratelimit-remaining": "1", "x-ratelimit-reset": LATER}, {}, None),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": LATER}, {}, Limit(120.0)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, {}, Limit(0.0)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "nan"}, {}, Limit(60.0)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 12}, {}, Limit(60.0)),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 6_000}, {}, Limit(60.0)),
        (403, {"x-ratelimit-remaining": "nan", "x-ratelimit-reset": "inf"}, {}, None),
        (403, {"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "-1"}, {}, None),
        (403, {"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": LATER}, {}, Limit(7.0)),
        (403, {"retry-after": "nan"}, {}, Limit(60.0)),
        (403, {"retry-after": "-5"}, {}, Limit(60.0)),
        (403, {"retry-after": "9" * 6_000}, {}, Limit(60.0)),
        (403, {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, {}, Limit(60.0)),
        (403, {"retry-after": "Fri, 27 Nov 2026 12:01:30 GMT"}, {}, Limit(90.0)),
        (403, {}, {"message": "You have exceeded a secondary rate limit. Please wait."}, Limit(60.0)),
        (403, {}, {"message": "API rate limit exceeded for installation ID 1."}, Limit(60.0)),
        (403, {}, {"message": 1}, None),
        (403, {}, None, None),
        (429, {}, None, Limit(60.0)),
        (429, {"retry-after": "0"}, {}, Limit(0.0)),
    ],
    ids=[
        "well", "no right", "some left", "none left", "renewed long ago", "renewed at nan", "renewed in year 33658", "renewed at 6,000 digits",
        "nan left", "less than none left", "named and none left", "nan seconds", "negative seconds", "6,000 digits of seconds", "year 9999", "a date",
        "secondary", "primary", "a number for a message", "no message", "unnamed", "no seconds",
    ],
)  # fmt: skip
def test_what_is_a_limit_and_for_how_long(status: int, headers: dict[str, str], data: Any, limit: Limit | None) -> None:
    assert limit_of(Answer(status, headers, data=data), NOW) == limit


@pytest.mark.parametrize("host", ["https://evil.example/api/v3/pulls?page=2", "http://127.0.0.1:1/api/v3/pulls?page=2"])
def test_a_next_page_elsewhere_is_not_asked_for(calls: GitHubCalls, server: HttpServer, host: str) -> None:
    server.steps = [answers(200, [1], Link=f'<{host}>; rel="next"')]
    with pytest.raises(Transient, match="makes no sense"):
        list(calls.pages(PULLS))
    assert len(server.seen) == 1


def test_pages_follow_their_links(calls: GitHubCalls, server: HttpServer) -> None:
    link = f'<{server.url}/api/v3/repositories/1/pulls?page=2>; rel="next", <{server.url}/x>; rel="last"'
    server.steps = [answers(200, [1], Link=link), answers(200, [2], Link=f'<{server.url}/x>; rel="first"')]
    assert list(calls.pages(PULLS, {"state": "open"})) == [1, 2]
    assert [seen.target for seen in server.seen] == [
        "/api/v3/repos/acme/state/pulls?per_page=100&state=open",
        "/api/v3/repositories/1/pulls?page=2",
    ]


def test_pages_without_end_are_bounded(calls: GitHubCalls, server: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.adapters.github.calls.MAX_PAGES", 3)
    server.steps = [answers(200, [1], Link=f'<{server.url}/api/v3/again>; rel="next"')]
    with pytest.raises(Stalled, match="more than 3 pages"):
        list(calls.pages(PULLS))


def test_a_moved_read_is_followed_on_the_same_server_only(calls: GitHubCalls, server: HttpServer) -> None:
    server.steps = [
        answers(301, Location=f"{server.url}/api/v3/repositories/1"),
        answers(200, {"full_name": "acme/new"}),
    ]
    assert calls.get(Route.of("/repos/{+}", "acme/state")).data == {"full_name": "acme/new"}
    with HttpServer([answers(200, {})]) as other:
        server.steps = [answers(301, Location=f"{other.url}/api/v3/repositories/1")]
        with pytest.raises(Stalled, match="has moved"):
            calls.get(Route.of("/repos/{+}", "acme/old"))
        server.steps = [answers(307, Location=f"{server.url}/api/v3/repositories/1/pulls")]
        with pytest.raises(Stalled, match="has moved"):
            calls.send("POST", PULLS, {})
        assert other.seen == []
    assert [seen.method for seen in server.seen] == ["GET", "GET", "GET", "POST"]


def test_a_second_lies_between_two_writes(calls: GitHubCalls, server: HttpServer, clock: Clock) -> None:
    server.steps = [answers(200, {})]
    calls.send("POST", PULLS, {})
    clock.now += timedelta(seconds=0.25)
    calls.send("POST", PULLS, {})
    assert clock.slept == [0.75]
    clock.now += timedelta(seconds=1)
    calls.send("PATCH", PULLS, {})
    calls.get(PULLS)
    assert clock.slept == [0.75]


@pytest.mark.parametrize(
    ("step", "kind"),
    [(answers(502), Unsure), (resets, Unsure), (sends(b""), Unsure), (answers(200, b"<html>"), Unsure), (answers(409, {}), Stalled)],
    ids=["a server's fault", "a reset", "no answer", "no JSON", "a refusal"],
)  # fmt: skip
def test_a_write_whose_outcome_is_not_known_is_sent_once(
    calls: GitHubCalls, server: HttpServer, step: Any, kind: type[HubError]
) -> None:
    server.steps = [step]
    with pytest.raises(kind):
        calls.send("PUT", PULLS, {})
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("required_status_checks", {"required_status_checks": [{}]}),
        ("required_status_checks", {"required_status_checks": 1}),
        ("required_status_checks", {"required_status_checks": [{"context": None}]}),
        ("pull_request", {"required_approving_review_count": "many"}),
        ("pull_request", {"required_reviewers": [1]}),
        ("pull_request", {"required_reviewers": [{"file_patterns": ["*"], "minimum_approvals": 1}]}),
        ("pull_request", {"required_reviewers": [{"file_patterns": 1, "minimum_approvals": 1, "reviewer": {"id": 1}}]}),
        ("pull_request", {"dismiss_stale_reviews_on_push": []}),
    ],
)
def test_a_rule_that_makes_no_sense_is_transient(
    calls: GitHubCalls, server: HttpServer, kind: str, parameters: dict[str, Any]
) -> None:
    server.steps = [answers(200, [{"type": kind, "parameters": parameters}])]
    with pytest.raises(Transient, match="makes no sense"):
        Rulesets("acme/state", calls).protection("prd")


@pytest.mark.parametrize("etag", ['"x"', 'W/"x"'])
def test_an_answer_that_did_not_change_is_kept(calls: GitHubCalls, server: HttpServer, etag: str) -> None:
    server.steps = [answers(200, [1], ETag=etag), answers(304)]
    assert calls.get(PULLS).data == calls.get(PULLS).data == [1]
    assert server.seen[1].headers["if-none-match"] == etag


@pytest.mark.parametrize(
    "etag", ["x", '"' + "x" * 300 + '"', '"é"', ""], ids=["unquoted", "long", "not ASCII", "empty"]
)
def test_an_etag_that_is_none_is_not_sent_back(calls: GitHubCalls, server: HttpServer, etag: str) -> None:
    server.steps = [answers(200, [1], ETag=etag), answers(200, [2])]
    calls.get(PULLS)
    assert calls.get(PULLS).data == [2]
    assert "if-none-match" not in server.seen[1].headers


def test_a_token_that_is_renewed_in_its_file_is_used(server: HttpServer, clock: Clock) -> None:
    tokens = ["old", "old", "new"]
    access = GitHubAccess(
        "acme/state", f"{server.url}/api/v3", token=lambda: tokens.pop(0) if len(tokens) > 1 else tokens[0]
    )
    server.steps = [answers(401, {"message": "Bad credentials"}), answers(200, {"id": 1, "login": "hubot"})]
    assert open_github(access, clock.parts()).whoami().actor.login == "hubot"
    assert [seen.headers["authorization"] for seen in server.seen] == ["token old", "token new"]


class TestApps:
    def test_a_signature_is_kept_while_it_is_good_and_made_anew_with_another_key(self, clock: Clock) -> None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pems = [key_pair()[0], other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()]
        sign = AppSignature(AppKey(7, lambda: pems[0]), lambda: clock.now)
        first = sign()
        assert first.startswith("Bearer ")
        clock.now += timedelta(minutes=3, seconds=59)
        assert sign() is first
        clock.now += timedelta(seconds=1)
        assert sign() is not first
        pems.reverse()
        assert sign() != first
        assert "PRIVATE KEY" not in repr(sign)

    @pytest.mark.parametrize(
        ("expires", "lasts"),
        [("2026-11-27T12:10:00Z", 9), ("2026-11-27T13:00:00Z", 59), ("9999-12-31T23:59:59Z", 59), ("2026-11-27T12:00:30Z", 0)],
        ids=["ten minutes", "an hour", "for ever", "half a minute"],
    )  # fmt: skip
    def test_an_installations_token_is_renewed_before_it_ends(
        self, server: HttpServer, clock: Clock, expires: str, lasts: int
    ) -> None:
        token, user = answers(201, {"token": "ghs_x", "expires_at": expires}), answers(200, [])
        server.steps = [token, user, *([user] if lasts else []), token, user]
        app = AppKey(7, lambda: key_pair()[0], 70)
        forge = open_github(GitHubAccess("acme/state", f"{server.url}/api/v3", app=app), clock.parts())
        asked = [0] if not lasts else [0, lasts * 60 - 1, 1]
        for seconds in [*asked, *([] if lasts else [0])]:
            clock.now += timedelta(seconds=seconds)
            forge.calls.forget(PULLS)
            forge.calls.get(PULLS)
        paths = [seen.target.rpartition("/")[2] for seen in server.seen]
        assert paths.count("access_tokens") == 2
        assert {seen.headers["authorization"] for seen in server.seen if "pulls" in seen.target} == {"token ghs_x"}

    def test_no_app_is_installed_there(self, server: HttpServer, clock: Clock) -> None:
        server.steps = [answers(404, {"message": "Not Found"})]
        app = AppKey(7, lambda: key_pair()[0], 70)
        forge = open_github(GitHubAccess("acme/state", f"{server.url}/api/v3", app=app), clock.parts())
        with pytest.raises(Stalled, match="not installed") as caught:
            forge.request(1)
        assert caught.value.reason == Reason.FORGE_DENIED


def test_a_limit_of_the_app_itself_is_told(tmp_path: Path) -> None:
    with GitHubWorld(tmp_path / "state.git") as world:
        world.server.limited = [{"Retry-After": "3600"}]
        with pytest.raises(Waiting):
            world.as_app().request(1)
