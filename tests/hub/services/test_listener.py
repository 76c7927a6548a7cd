"""The listener: what is proved is kept with its jobs, once; all else is refused, and nothing is lost by a fault of ours."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn

from hub.actions.inbox import inbox as taking
from hub.actions.inbox.meaning import job_id
from hub.queue.jobs import Jobs
from hub.queue.payloads import parsed
from hub.reconciling.repeating import repeating
from hub.services.binding import bound
from hub.services.listener.app import BODY_BYTES, make_app
from hub.services.listener.receiving import REFUSALS_A_MINUTE
from hub.store import deliveries, tokens
from hub.store.database import Database, sqlite_url
from hub.store.ids import ID
from hub.store.retention import prune
from hub.store.schema import prepare
from hub.store.tables import DELIVERIES, JOBS
from hub.store.tokens import Token
from worlds.commands import must, rtb_hub
from worlds.delivering import (
    GUID,
    NOW,
    Inbox,
    as_json,
    from_github,
    from_jira,
    from_slack,
    inbox,
    issue,
    pull,
)
from worlds.places import ROOT
from worlds.valkey import Valkey, valkey


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(made)
    prepare(database)
    database.close()
    return made


@pytest.fixture
def here(url: str) -> Iterator[Inbox]:
    database = Database(url)
    yield inbox(Jobs(database))
    database.close()


@pytest.fixture
def both(database_url: str) -> Iterator[Inbox]:
    """On SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield inbox(Jobs(database))
    database.close()


def add_token(here: Inbox, *scopes: str, ends: timedelta = timedelta(days=1)) -> str:
    secret, database = tokens.new_secret(), here.jobs.database
    with database.write() as connection:
        now = database.now(connection)
        made = Token("token-1", now, "jira", secret[: tokens.SHOWN], scopes, (), "alice", now + ends)
        tokens.add(connection, made, secret)
    return secret


def automation(here: Inbox, token: str, **said: Any) -> Any:
    body = as_json({"issue": "RTB-1", "updated": "2026-11-27T00:00:00.000+0000", "rule": "77", **said})
    return here.send("jira-automation", body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})


class TestProofs:
    @pytest.mark.parametrize("secret", ["git-new", "git-old"])
    def test_a_delivery_is_kept_with_its_job_by_either_secret(self, both: Inbox, secret: str) -> None:
        answer = both.send("github", pull(), from_github(pull(), secret=secret))
        (kept,), (put,) = both.kept(), both.put()
        assert (answer.status_code, answer.json()["jobs"]) == (202, [put.id])
        assert (kept.delivery_id, kept.event, kept.state, kept.job_id) == (GUID, "pull_request", "processed", put.id)
        assert kept.verified_by == ("secret" if secret == "git-new" else "previous secret")
        assert (put.name, put.key, put.payload["repo"], put.payload["number"]) == (
            "pull.hint", "pull/acme/web/7", "acme/web", 7,
        )  # fmt: skip
        assert "x-hub-signature-256" not in kept.headers
        parsed(put.name, put.payload)

    @pytest.mark.parametrize(
        ("path", "headers"),
        [
            ("github", {}),
            ("github", from_github(pull(), secret="guess")),
            ("github", from_github(pull(8))),
            ("github", {"X-Hub-Signature": "sha1=00", "X-GitHub-Event": "ping"}),
            ("github", {"X-Hub-Signature-256": "sha256=\xe9"}),
            ("github", {"X-Hub-Signature-256": "sha256="}),
            ("jira", from_github(pull())),
            ("jira", {**from_jira(pull()), "X-Hub-Signature": "sha1=00"}),
            ("slack", from_slack(pull(), secret="guess")),
            ("slack", {**from_slack(pull()), "X-Slack-Request-Timestamp": "1e9"}),
            ("slack", from_github(pull())),
            ("jira-automation", {}),
            ("jira-automation", {"Authorization": "Bearer rtbh_guess"}),
            ("jira-automation", {"Authorization": "Basic rtbh_guess"}),
        ],
    )
    def test_what_proves_nothing_is_refused_and_told_nothing(
        self, here: Inbox, path: str, headers: dict[str, str]
    ) -> None:
        sent = {name: value.encode("latin-1") for name, value in headers.items()}
        answer = here.send(path, pull(), sent)  # type: ignore[arg-type]
        assert (answer.status_code, answer.content) == (401, b"")
        assert (here.kept(), here.put()) == ([], [])
        assert here.audited() == [(path, "refused", "no signature that holds")]

    @pytest.mark.parametrize("minutes", [-5, 5])
    def test_a_request_of_slack_is_taken_for_five_minutes(self, here: Inbox, minutes: int) -> None:
        body = as_json({"type": "event_callback", "event_id": "Ev1", "event": {"type": "link_shared"}})
        edge = NOW + timedelta(minutes=minutes)
        late = edge + timedelta(seconds=1 if minutes > 0 else -1)
        assert here.send("slack", body, from_slack(body, at=late)).status_code == 401
        assert here.send("slack", body, from_slack(body, at=edge)).status_code == 200

    def test_a_service_token_may_tell_of_issues_only_by_its_scope_and_while_it_holds(self, here: Inbox) -> None:
        assert automation(here, add_token(here, "jira:event")).status_code == 202
        assert here.put()[0].payload["issue"] == "RTB-1"

    @pytest.mark.parametrize(("scope", "ends"), [("preview:write", timedelta(days=1)), ("jira:event", timedelta(0))])
    def test_another_token_may_not(self, here: Inbox, scope: str, ends: timedelta) -> None:
        assert automation(here, add_token(here, scope, ends=ends)).status_code == 401

    def test_refusals_that_are_written_down_are_bounded(self, here: Inbox) -> None:
        for _ in range(REFUSALS_A_MINUTE + 5):
            assert here.send("github", b"{}", {}).status_code == 401
        assert len(here.audited()) == REFUSALS_A_MINUTE

    def test_a_secret_that_is_not_set_is_a_fault_of_ours(self, here: Inbox) -> None:
        bare = inbox(here.jobs, secrets={})
        answer = bare.send("jira", issue(), from_jira(issue()))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert bare.receiver.unset() == ["github", "jira", "slack"]


class TestKnown:
    def test_what_is_delivered_again_is_acknowledged_and_makes_no_second_job(self, here: Inbox) -> None:
        for _ in range(2):
            assert here.send("jira", issue(), from_jira(issue())).status_code == 202
        again = here.send("jira", issue(), from_jira(issue(), name="1732700000-2"))
        assert (again.status_code, len(here.kept()), len(here.put())) == (202, 2, 2)

    def test_fifty_at_once_become_one_job_each_time(self, both: Inbox) -> None:
        rounds, at_once = 20, 50

        def send(name: str) -> bool:
            headers = {key.lower(): value for key, value in from_jira(issue(), name=name).items()}
            kept = both.receiver.receive("jira", headers, issue(), "")
            assert kept is not None
            return kept.is_new

        with ThreadPoolExecutor(at_once) as pool:
            new = list(pool.map(send, [f"round-{number}" for number in range(rounds) for _ in range(at_once)]))
        assert (len(new), sum(new)) == (rounds * at_once, rounds)
        assert sorted(one.id for one in both.put()) == sorted(f"jira-round-{number}" for number in range(rounds))

    def test_deliveries_of_automation_are_told_apart_by_issue_time_and_rule(self, here: Inbox) -> None:
        token = add_token(here, "jira:event")
        for said in ({}, {}, {"issue": "RTB-2"}, {"updated": "2026-11-27T00:00:01.000+0000"}, {"rule": "78"}):
            assert automation(here, token, **said).status_code == 202
        assert len(here.kept()) == 4

    def test_clicks_of_one_trigger_are_told_apart_by_their_action(self, here: Inbox) -> None:
        for action in ("stop", "stop", "extend"):
            click = {"type": "block_actions", "trigger_id": "1.2.abc", "actions": [{"action_id": action}]}
            body = urlencode({"payload": as_json(click).decode()}).encode()
            answer = here.send("slack", body, from_slack(body, kind="application/x-www-form-urlencoded"))
            assert (answer.status_code, answer.content) == (200, b"")
        assert sorted(one.delivery_id for one in here.kept()) == ["1.2.abc:extend", "1.2.abc:stop"]

    def test_a_command_of_slack_is_kept(self, here: Inbox) -> None:
        hook = "https://hooks.slack.com/commands/T0TEAM/1/x"
        said = {"command": "/preview", "text": "RTB-1 \u00e9", "trigger_id": "9.9", "user_id": "U0ALICE"}
        body = urlencode({**said, "team_id": "T0TEAM", "response_url": hook}).encode()
        assert here.send("slack", body, from_slack(body, kind="application/x-www-form-urlencoded")).status_code == 200
        assert [(one.event, one.state) for one in here.kept()] == [("preview", "processed")]

    def test_slack_is_told_that_we_are_here(self, here: Inbox) -> None:
        body = as_json({"type": "url_verification", "challenge": "3eZbrw1a"})
        assert here.send("slack", body, from_slack(body)).text == "3eZbrw1a"


class TestMeaning:
    @pytest.mark.parametrize(
        ("event", "tree", "numbers"),
        [
            ("workflow_run", {"action": "completed", "workflow_run": {
                "conclusion": "success", "pull_requests": [{"number": 3}, {"number": 4}]}}, [3, 4]),
            ("workflow_run", {"action": "completed", "workflow_run": {"conclusion": "failure"}}, []),
            ("workflow_run", {"action": "completed", "workflow_run": {
                "conclusion": "success", "pull_requests": []}}, []),
            ("workflow_run", {"action": "requested"}, []),
            ("pull_request", {"action": "closed", "pull_request": {"number": 5}}, [5]),
            ("pull_request", {"action": "assigned", "pull_request": {"number": 5}}, []),
            ("ping", {"zen": "Design for failure."}, []),
        ],
    )  # fmt: skip
    def test_pull_requests_are_hinted_at(self, here: Inbox, event: str, tree: Any, numbers: list[int]) -> None:
        body = as_json({**tree, "repository": {"full_name": "acme/web"}})
        assert here.send("github", body, from_github(body, event=event)).status_code == 202
        assert [one.payload["number"] for one in here.put()] == numbers
        (kept,) = here.kept()
        assert (kept.state, bool(kept.reason)) == (("processed", False) if numbers else ("ignored", True))

    @pytest.mark.parametrize(
        ("head", "branch", "is_hinted"),
        [("acme/web", "feature/RTB-1", True), ("fork/web", "feature/RTB-1", False), ("acme/web", None, False)],
    )
    def test_a_run_of_a_branch_without_a_pull_request_is_hinted_at(
        self, here: Inbox, head: str, branch: str | None, is_hinted: bool
    ) -> None:
        run = {
            "conclusion": "success",
            "pull_requests": [],
            "head_branch": branch,
            "head_repository": {"full_name": head},
        }
        body = as_json({"action": "completed", "workflow_run": run, "repository": {"full_name": "acme/web"}})
        assert here.send("github", body, from_github(body, event="workflow_run")).status_code == 202
        assert [(one.name, one.payload["branch"], one.key) for one in here.put()] == (
            [("branch.hint", branch, f"branch/acme/web/{branch}")] if is_hinted else []
        )

    def test_what_is_not_of_an_issue_is_ignored(self, here: Inbox) -> None:
        body = issue(event="sprint_started")
        assert here.send("jira", body, from_jira(body)).json()["state"] == "ignored"

    @pytest.mark.parametrize("name", [GUID, GUID.upper(), "x" * 100, "a:b_c.d", "7"])
    def test_ids_of_jobs_are_such_that_a_queue_takes_them(self, name: str) -> None:
        assert ID.fullmatch(job_id("jira-automation", name))
        assert job_id("github", name) == job_id("github", name) != job_id("github", name, "-2")


BAD: dict[str, bytes] = {
    "cut off": pull()[:-9],
    "empty": b"",
    "no object": b"[1]",
    "no UTF-8": pull(repo="acme/web").replace(b"acme", b"\xff\xfe\xc3"),
    "deep": b'{"a":' * 200_000,
    "deep and whole": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a key twice": pull()[:-1] + b', "action": "closed"}',
    "a byte order mark": b"\xef\xbb\xbf" + pull(),
    "no number": b'{"action": NaN}',
    "a long number": b'{"action": ' + b"9" * 10_000 + b"}",
    "NUL in its text": pull(repo="acme/w\0eb"),
    "half a surrogate": pull(repo="acme/\ud800"),
    "a number as text": pull("7"),
    "a number that is true": pull(number=True),
    "a number out of bounds": pull(2**40),
    "a repository that is a path": pull(repo="../../etc/passwd"),
    "no repository": as_json({"action": "closed", "pull_request": {"number": 1}}),
    "a list for an object": as_json({"action": "closed", "pull_request": [1], "repository": []}),
}


class TestBadBodies:
    @pytest.mark.parametrize("what", BAD)
    def test_what_is_signed_and_cannot_be_read_is_kept_and_said(self, here: Inbox, what: str) -> None:
        body = BAD[what]
        answer = here.send("github", body, from_github(body))
        (kept,) = here.kept()
        assert (answer.status_code, answer.json()["reason"]) == (422, kept.reason)
        assert (kept.state, kept.job_id) == ("failed", None)
        with here.jobs.database.read() as connection:
            assert deliveries.get(connection, kept.id).body == body  # type: ignore[union-attr]
        assert here.send("github", pull(), from_github(pull(), guid="next")).status_code == 202

    @pytest.mark.parametrize(
        "key", ["", "rtb", "RTB-0", "RTB-1\0", "RTB-1\n", "한글-1", "../RTB-1", 7, None, ["RTB-1"]]
    )
    def test_what_is_no_issue_key_makes_no_job(self, here: Inbox, key: Any) -> None:
        answer = here.send("jira", issue(key), from_jira(issue(key)))
        assert (answer.status_code, here.put(), here.kept()[0].state) == (422, [], "failed")

    def test_what_is_compressed_is_kept_as_it_came(self, both: Inbox) -> None:
        body = gzip.compress(pull())
        answer = both.send("github", body, {**from_github(body), "Content-Encoding": "gzip"})
        assert (answer.status_code, "encoded as 'gzip'" in answer.json()["reason"]) == (422, True)

    def test_a_form_of_github_is_read(self, here: Inbox) -> None:
        body = urlencode({"payload": pull().decode()}).encode()
        headers = {**from_github(body), "Content-Type": "application/x-www-form-urlencoded"}
        assert here.send("github", body, headers).json()["state"] == "processed"

    @pytest.mark.parametrize("name", ["", "a b", "\x01", "x" * 200, "a/../b"])
    def test_a_strange_name_of_a_delivery_is_kept_as_its_hash(self, both: Inbox, name: str) -> None:
        for _ in range(2):
            answer = both.send("github", pull(), {**from_github(pull(), guid="x"), "X-GitHub-Delivery": name})
            assert answer.status_code == 202
        (kept,) = both.kept()
        assert kept.delivery_id.startswith("sha256-")
        assert len(both.put()) == 1

    @pytest.mark.parametrize("path", ["github", "jira", "slack", "jira-automation"])
    def test_what_is_too_large_is_refused_unread_and_written_down(self, here: Inbox, path: Any) -> None:
        most = BODY_BYTES[path]

        def parts() -> Iterator[bytes]:
            for _ in range(most // 65536 + 1):
                yield b"x" * 65536

        for content in (b"x" * (most + 1), parts()):
            answer = here.client.post(f"/api/webhook/{path}", content=content)
            assert answer.status_code == 413
        assert here.audited() == [(path, "refused", f"the body has more than {most} bytes")] * 2
        assert here.kept() == []


class TestLimits:
    def test_a_flood_of_one_source_is_told_to_come_again_and_leaves_the_others(
        self, both: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(taking, "MOST_NEW", 3)
        both.jobs.database._clock = lambda: NOW
        other = inbox(Jobs(both.jobs.database))  # another listener on the same database
        answers = [
            here.send("jira", issue(), from_jira(issue(), name=f"flood-{number}")).status_code
            for number, here in enumerate([both, other] * 3)
        ]
        assert answers == [202, 202, 202, 429, 429, 429]
        assert (
            both.send("jira", issue(), from_jira(issue(), name="flood-0")).status_code == 202
        )  # known, and no new one
        assert both.send("github", pull(), from_github(pull())).status_code == 202
        both.jobs.database._clock = lambda: NOW + timedelta(seconds=4)
        assert both.send("jira", issue(), from_jira(issue(), name="flood-5")).status_code == 202
        assert len(both.kept()) == len(both.put()) == 5


class TestFaultsOfOurs:
    def test_without_its_database_nothing_is_acknowledged(self, here: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
        with here.jobs.database.write() as connection:
            JOBS.drop(connection)
        assert here.send("jira", issue(), from_jira(issue())).status_code == 503
        with here.jobs.database.write() as connection:
            JOBS.create(connection)
        assert here.kept() == []  # not kept without its job, so that it is taken the next time
        assert here.send("jira", issue(), from_jira(issue())).status_code == 202
        assert len(here.put()) == 1

    def test_a_database_that_is_gone_is_named(self, postgres: Any, postgres_template: str) -> None:
        with postgres.database(like=postgres_template) as url:
            database = Database(url)
            there = inbox(Jobs(database))
        assert there.send("jira", issue(), from_jira(issue())).status_code == 503
        assert there.client.get("/healthz").status_code == 200
        database.close()


@contextmanager
def served(here: Inbox, *, read_seconds: float = 10.0) -> Iterator[int]:
    """The listener at a port of its own."""
    config = uvicorn.Config(make_app(here.receiver, read_seconds=read_seconds), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with bound("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def sent(port: int, *parts: bytes, ends: bool = False) -> bytes:
    """What is answered to these bytes, to the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        for part in parts:
            one.sendall(part)
        if ends:
            one.shutdown(socket.SHUT_WR)
        found = b""
        while more := one.recv(65536):
            found += more
    return found


class TestConnections:
    def test_a_body_that_does_not_come_is_given_up(self, here: Inbox) -> None:
        head = b"POST /api/webhook/jira HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        with served(here, read_seconds=0.05) as port:
            assert sent(port, head, b"{").startswith(b"HTTP/1.1 408 ")
            answer = sent(port, head.replace(b"100", b"999999999"))
            assert answer.startswith(b"HTTP/1.1 413 ")

    def test_a_body_that_is_cut_off_is_nothing(self, here: Inbox) -> None:
        body = issue()
        head = b"POST /api/webhook/jira HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n" % len(body)
        names = b"".join(f"{name}: {value}\r\n".encode() for name, value in from_jira(body).items())
        with served(here) as port:
            sent(port, head, names, b"\r\n", body[:-1], ends=True)
            whole = sent(port, head, b"Connection: close\r\n", names, b"\r\n", body)
        assert whole.startswith(b"HTTP/1.1 202 ")
        assert len(here.kept()) == 1


class TestProcess:
    def test_the_listener_alone_answers_and_ends(self, url: str, tmp_path: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "RTB_HUB_DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}
        secret = tmp_path / "secret"
        secret.write_text("jira-new\n")
        environ["RTB_HUB_JIRA_WEBHOOK_SECRET_FILE"] = str(secret)
        command = [sys.executable, "-m", "hub.cli.main", "serve", "listener", "--port", "0", "--metrics-port", "0"]
        with valkey() as server:
            environ["RTB_HUB_REDIS_URL"] = server.url
            process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
            self._answers(process, server)
            with server.client() as one:
                assert "jira-1732700000-1" in one.lrange("bull:{jira-queue}:wait", 0, -1)

    def _answers(self, process: subprocess.Popen[str], server: Valkey) -> None:
        assert process.stdout is not None
        with process, process.stdout:
            said = [process.stdout.readline() for _ in range(4)]
            health, port = (int(line.rpartition(":")[2].partition("/")[0]) for line in said[2:])
            head = b"POST /api/webhook/jira HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n"
            names = b"".join(f"{name}: {value}\r\n".encode() for name, value in from_jira(issue()).items())
            answer = sent(port, head % len(issue()), names, b"\r\n", issue())
            ask = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            while b'"parts": {"database": "ok", "redis": "ok"}' not in sent(health, ask):
                assert process.poll() is None
            assert b"404 Not Found" in sent(port, ask)
            figures = sent(health, ask.replace(b"readyz", b"metrics"))
            with server.client() as one:
                while "jira-1732700000-1" not in one.lrange("bull:{jira-queue}:wait", 0, -1):
                    assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) in (0, -signal.SIGTERM)
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert b'rtb_hub_deliveries_total{outcome="processed",source="jira"} 1.0' in figures
        for name in (b"jobs{", b"job_oldest_seconds{", b"relay_lag_seconds "):
            assert b"\nrtb_hub_" + name in figures
        assert ["github" in said[0], "slack" in said[1]] == [True, True]

    def test_one_without_its_schema_is_refused(self, tmp_path: Path) -> None:
        refused = rtb_hub("serve", "listener", RTB_HUB_DATABASE_URL=sqlite_url(tmp_path / "new.sqlite"))
        assert (refused.code, "db upgrade" in refused.err) == (71, True)

    def test_all_in_one_stays_on_loopback(self) -> None:
        assert rtb_hub("serve", "--host", "0.0.0.0").code == 2


class TestRetention:
    def test_bodies_go_before_rows(self, both: Inbox) -> None:
        for name, days in (("now", 0), ("fortnight", 14), ("quarter", 90)):
            both.send("jira", issue(), from_jira(issue(), name=name))
            with both.jobs.database.write() as connection:
                aged = both.jobs.database.now(connection) - timedelta(days=days)
                one = DELIVERIES.c.delivery_id == name
                connection.execute(DELIVERIES.update().where(one).values(created_at=aged))
        prune(both.jobs.database)
        with both.jobs.database.read() as connection:
            found = {name: deliveries.get(connection, name) for name in ("now", "fortnight", "quarter")}
        assert found["quarter"] is None
        assert found["fortnight"] is not None
        assert found["fortnight"].body is None
        assert found["now"] is not None
        assert found["now"].body == issue()

    def test_it_goes_on_after_a_fault(self) -> None:
        told, calls = threading.Event(), []

        def retain() -> None:
            calls.append(1)
            if len(calls) == 1:
                raise OSError("a disk")
            told.set()

        with repeating("retention", retain, every_seconds=0.01):
            assert told.wait(30)

    def test_it_waits_first_where_that_is_said(self) -> None:
        calls: list[str] = []
        with repeating("late", lambda: calls.append("late"), every_seconds=3600, waits_first=True):
            pass
        with repeating("now", lambda: calls.append("now"), every_seconds=3600):
            pass
        assert calls == ["now"]


class TestCommands:
    @pytest.fixture(autouse=True)
    def _database(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RTB_HUB_DATABASE_URL", url)

    def test_deliveries_are_listed_and_shown(self, here: Inbox) -> None:
        here.send("jira", issue(), from_jira(issue()))
        here.send("github", b"{", from_github(b"{"))
        told = must("webhook", "list", "--output", "json").json()
        assert [(one["source"], one["state"]) for one in told["deliveries"]] == [
            ("github", "failed"),
            ("jira", "processed"),
        ]
        assert must("webhook", "list", "--limit", "1", "--output", "json").json()["more"]
        (failed,) = must("webhook", "list", "--state", "failed", "--output", "json").json()["deliveries"]
        assert failed["delivery"] == GUID
        shown = must("webhook", "show", GUID, "--output", "json").json()
        assert (shown["body"], shown["verifiedBy"], shown["id"]) == ("{", "secret", failed["id"])
        assert "cannot be read" in must("webhook", "list").out
        assert "issue_updated" in must("webhook", "show", told["deliveries"][1]["id"]).out

    def test_one_is_done_again(self, here: Inbox) -> None:
        here.send("jira", issue(), from_jira(issue()))
        told = must("webhook", "replay", "1732700000-1", "--output", "json").json()
        first, second = here.put()
        assert told["jobs"] == [second.id]
        assert (second.parent, second.payload["id"], second.payload["issue"]) == (first.id, second.id, "RTB-123")
        assert here.kept()[0].job_id == second.id

    def test_what_cannot_be_done_again_says_why(self, here: Inbox) -> None:
        assert rtb_hub("webhook", "replay", "nothing").code == 76
        here.send("github", b"{", from_github(b"{"))
        assert rtb_hub("webhook", "replay", GUID).code == 14
        with here.jobs.database.write() as connection:
            connection.execute(DELIVERIES.update().values(body=None))
        gone = rtb_hub("webhook", "replay", GUID)
        assert (gone.code, "after 14 days" in gone.err) == (14, True)
        assert "(body deleted)" in must("webhook", "show", GUID).out
