"""What did not come by itself is asked for again: GitHub's deliveries and Jira's issues, once, with nothing left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.queue_contract import QUICK
from generator.errors import HubError, Reason, Stalled, Transient, Waiting
from generator.model.lifecycle import ForgePolicy
from generator.values.naming import IssueKey
from hub.actions.inbox.changed import LONGEST, look_for_changed
from hub.actions.inbox.lost import MOST_PAGES, Looked, look_for_lost
from hub.adapters.github.deliveries import AppDeliveries, open_deliveries
from hub.adapters.github.keys import AppKey
from hub.adapters.http import SenderParts
from hub.queue.jobs import Jobs
from hub.retrying import Backoff
from hub.services.listener.upkeep import put_catch_up
from hub.services.worker.service import working
from hub.store import catch_ups
from hub.store.catch_ups import CaughtUp
from hub.store.database import Database
from hub.store.jobs import JobRow
from hub.store.tables import JOBS
from reconcilers.ports.issues import Issue, IssueHistory
from worlds.commands import git
from worlds.delivering import Inbox, from_github, inbox, pull
from worlds.github_server import GitHubServer, add_app
from worlds.github_server.state import Delivered
from worlds.github_world import key_pair
from worlds.serving import Serving

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def go_on() -> None:
    """Nobody else has the job."""


@dataclass
class GitHub:
    """The test server of GitHub with an App, a listener it delivers to, and the adapter."""

    server: GitHubServer
    listener: Inbox
    app: Any
    slept: list[float] = field(default_factory=list)
    #: What the listener's port answers before the listener is reached; None: it is reached.
    broken: int | None = None

    def __post_init__(self) -> None:
        self.server.state.redeliver = self.deliver

    @property
    def database(self) -> Database:
        return self.listener.jobs.database

    def deliver(self, one: Delivered) -> int:
        if self.broken is not None:
            return self.broken
        number = int(one.guid.removeprefix("guid-"))
        body = pull(number + 1)
        return int(self.listener.send("github", body, from_github(body, guid=one.guid)).status_code)

    def happened(self, number: int, *, ago: timedelta = MINUTE) -> None:
        """Something happened, and GitHub tried to deliver it."""
        state = self.server.state
        made = Delivered(state.next_id(), self.app.id, f"guid-{number}", NOW - ago, 0)
        state.delivered.append(replace(made, status=self.deliver(made)))

    def deliveries(self) -> AppDeliveries:
        backoff = Backoff(tries=2, first_seconds=0.5, sleep=self.slept.append, random=lambda: 1.0)
        key = AppKey(self.app.id, lambda: key_pair()[0])
        return open_deliveries(key, self.server.api, SenderParts(backoff=backoff))

    def look(self, may_go_on: Callable[[], None] = go_on) -> Looked:
        return look_for_lost(self.database, self.deliveries(), may_go_on=may_go_on)

    def kept(self) -> CaughtUp:
        with self.database.read() as connection:
            return catch_ups.get(connection, f"github/{self.app.id}")

    def known(self) -> list[str]:
        return sorted(one.delivery_id for one in self.listener.kept())

    def asked(self) -> int:
        return sum(1 for line in self.server.log if line.startswith("POST"))


@pytest.fixture
def github(tmp_path: Path, database_url: str) -> Iterator[GitHub]:
    git(tmp_path, "init", "-q", "--bare", "state.git")
    database = Database(database_url)
    with GitHubServer(tmp_path / "state.git") as server:
        yield GitHub(server, inbox(Jobs(database)), add_app(server.state, "rtb-hub", key_pair()[1], {}))
    database.close()
    assert server.violations == []


class TestGitHub:
    def test_what_was_not_taken_is_delivered_again_and_makes_its_job_once(self, github: GitHub) -> None:
        github.happened(0)
        github.broken = 503
        for number in (1, 2):
            github.happened(number)
        github.broken = 0
        github.happened(3)
        github.broken = None
        assert github.look() == Looked(pages=1, again=3, is_whole=True)
        assert github.known() == ["guid-0", "guid-1", "guid-2", "guid-3"]
        assert len(github.listener.put()) == 4
        assert github.look().again == 0
        assert len(github.listener.put()) == 4

    def test_what_was_kept_though_its_answer_came_too_late_is_not_asked_for(self, github: GitHub) -> None:
        github.happened(1)
        github.server.state.delivered[-1].status = 504
        assert github.look() == Looked(pages=1, is_whole=True)

    def test_what_is_too_large_is_not_asked_for_again(self, github: GitHub) -> None:
        github.broken = 413
        github.happened(1)
        assert github.look().again == 0

    def test_all_pages_are_read_and_a_look_goes_on_where_its_turn_ended(self, github: GitHub) -> None:
        github.server.page = 2
        github.broken = 503
        for number in range(2 * MOST_PAGES + 3):
            github.happened(number)
        github.broken = None
        first = github.look()
        assert (first.pages, first.is_whole, github.kept().good_at) == (MOST_PAGES, False, None)
        second = github.look()
        assert (second.is_whole, first.again + second.again) == (True, 2 * MOST_PAGES + 3)
        assert len(github.known()) == 2 * MOST_PAGES + 3

    def test_a_later_look_reads_no_further_than_it_must(self, github: GitHub) -> None:
        github.server.page = 2
        for number in range(20):
            github.happened(number, ago=timedelta(hours=3) - number * MINUTE)
        assert github.look().pages == 10
        github.happened(20, ago=timedelta(0))
        assert github.look().pages == 3  # the begin of the last look, and a little before it

    @pytest.mark.parametrize("call", [1, 2, 3])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_look_that_fails_leaves_nothing_out(self, github: GitHub, call: int, when: Any) -> None:
        from worlds.github_server.server import Fault

        github.broken = 503
        for number in range(3):
            github.happened(number)
        github.broken, github.server.calls = None, 0
        github.server.faults = {number: Fault(when) for number in range(call, call + 2)}
        with pytest.raises(Transient):
            github.look()
        assert github.kept() == CaughtUp()
        github.server.faults = {}
        assert github.look().is_whole
        assert github.known() == ["guid-0", "guid-1", "guid-2"]
        assert len(github.listener.put()) == 3

    def test_a_limit_is_waited_for_by_the_job(self, github: GitHub) -> None:
        github.broken = 503
        github.happened(1)
        github.server.limited = [{"Retry-After": "900"}]
        with pytest.raises(Waiting) as raised:
            github.look()
        assert raised.value.retry_after_seconds >= 900
        github.broken = None
        assert github.look().again == 1

    def test_what_github_does_not_keep_any_more_is_told(self, github: GitHub) -> None:
        github.broken = 503
        for number in range(2):
            github.happened(number)
        gone = github.server.state.delivered[0]
        github.broken = None
        github.server.then = {1: lambda: github.server.state.delivered.remove(gone)}
        github.server.calls = 0
        assert github.look() == Looked(pages=1, again=1, gone=1, is_whole=True)

    def test_where_it_stopped_too_long_ago_it_begins_anew(self, github: GitHub) -> None:
        github.broken = 503
        github.happened(1)
        github.broken = None
        with github.database.write() as connection:
            kept = CaughtUp({"page": "stale", "since": None, "begun": None})
            catch_ups.keep(connection, github.database, f"github/{github.app.id}", kept)
        assert github.look() == Looked(pages=2, again=1, is_whole=True)

    def test_another_worker_that_has_the_job_is_not_disturbed(self, github: GitHub) -> None:
        github.broken = 503
        github.happened(1)

        def lost() -> None:
            raise Transient(Reason.NOT_IN_TIME, "another has it")

        with pytest.raises(Transient):
            github.look(lost)
        assert (github.asked(), github.kept()) == (0, CaughtUp())

    def test_while_nothing_takes_them_a_turn_is_bounded(self, github: GitHub) -> None:
        github.broken = 503
        for number in range(250):
            github.happened(number)
        assert github.look() == Looked(pages=3, again=200, is_whole=False)
        github.broken = None
        assert github.look().is_whole
        assert len(github.known()) == 50
        github.look()
        assert len(github.known()) == 250  # the tries that failed meanwhile are later ones

    def test_a_wrong_key_is_told(self, github: GitHub) -> None:
        github.app = add_app(github.server.state, "other", "no key", {})
        with pytest.raises(Stalled, match="does not accept"):
            github.look()

    @pytest.mark.parametrize("raw", [b"[]x", b"{}", b'[{"id": -1}]', b'[{"id": 1, "guid": ""}]'])
    def test_an_answer_that_makes_no_sense_is_no_empty_one(self, github: GitHub, raw: bytes) -> None:
        github.server.instead = [raw] * 2
        with pytest.raises(Transient):
            github.look()
        assert github.kept() == CaughtUp()


@dataclass
class Jira:
    """Issues that changed at a time, by Jira's clock, which may differ from ours."""

    updated: dict[str, datetime] = field(default_factory=dict)
    now: datetime = NOW
    error: HubError | None = None
    asked: list[tuple[timedelta, timedelta]] = field(default_factory=list)

    def read(self, key: IssueKey) -> Issue | None:
        del key
        return None

    def history(self, key: IssueKey) -> IssueHistory | None:
        del key
        return None

    def changed(
        self, projects: Collection[str], within: timedelta, *, until: timedelta = timedelta()
    ) -> tuple[IssueKey, ...]:
        self.asked.append((within, until))
        if self.error is not None:
            raise self.error
        begin, end = self.now - within, self.now - until
        keys = [IssueKey.parse(key) for key, at in self.updated.items() if begin <= at <= end]
        return tuple(sorted(key for key in keys if key.project in projects))


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Looking:
    jobs: Jobs
    clock: Clock
    jira: Jira

    def look(self, job_id: str = "catch-up-jira-1") -> tuple[int, bool]:
        return look_for_changed(self.jobs, self.jira, {"RTB"}, job_id, may_go_on=go_on)

    def hinted(self) -> list[str]:
        return [one.payload["issue"] for one in sorted(self.jobs.listed(limit=100), key=lambda one: one.seq)]

    def pass_time(self, by: timedelta) -> None:
        self.clock.now += by
        self.jira.now += by


@pytest.fixture
def looking(database_url: str) -> Iterator[Looking]:
    clock = Clock()
    database = Database(database_url, clock=clock)
    yield Looking(Jobs(database), clock, Jira())
    database.close()


class TestJira:
    @pytest.mark.parametrize("off", [timedelta(0), timedelta(minutes=10), -timedelta(minutes=10)])
    def test_each_issue_that_changed_is_hinted_at_whatever_the_clocks_say(
        self, looking: Looking, off: timedelta
    ) -> None:
        looking.jira.now += off
        here = looking.jira.now
        looking.jira.updated = {"RTB-1": here - MINUTE, "RTB-2": here - timedelta(hours=2), "ABC-1": here}
        assert looking.look() == (1, True)
        looking.pass_time(timedelta(minutes=10))
        looking.jira.updated["RTB-3"] = looking.jira.now - 9 * MINUTE
        assert looking.look("catch-up-jira-2") == (1, True)
        assert looking.hinted() == ["RTB-1", "RTB-3"]

    def test_one_that_is_hinted_at_already_is_left_to_that(self, looking: Looking) -> None:
        looking.jira.updated = {"RTB-1": NOW}
        assert [looking.look("catch-up-jira-1"), looking.look("catch-up-jira-2")] == [(1, True), (0, True)]

    def test_a_look_that_fails_is_made_up_for_by_the_next(self, looking: Looking) -> None:
        looking.look()
        looking.pass_time(timedelta(minutes=30))
        looking.jira.updated = {"RTB-1": looking.jira.now - 29 * MINUTE}
        looking.jira.error = Transient(Reason.JIRA_UNREACHABLE, "down")
        with pytest.raises(Transient):
            looking.look("catch-up-jira-2")
        looking.jira.error = None
        looking.pass_time(timedelta(minutes=30))
        assert looking.look("catch-up-jira-3") == (1, True)

    def test_a_long_time_is_looked_at_in_windows_and_turns(self, looking: Looking) -> None:
        looking.look()
        looking.pass_time(timedelta(days=2))
        looking.jira.updated = {f"RTB-{hours + 1}": looking.jira.now - timedelta(hours=hours) for hours in (1, 20, 40)}
        looking.jira.asked.clear()
        assert looking.look("catch-up-jira-2") == (1, False)
        assert len(looking.jira.asked) == 24
        assert looking.look("catch-up-jira-3") == (2, True)
        assert looking.hinted() == ["RTB-41", "RTB-21", "RTB-2"]
        assert all(within - until <= timedelta(minutes=62) for within, until in looking.jira.asked)

    def test_no_look_goes_back_for_ever(self, looking: Looking) -> None:
        looking.look()
        looking.pass_time(timedelta(days=400))
        looking.jira.asked.clear()
        looking.look("catch-up-jira-2")
        assert looking.jira.asked[0][0] <= LONGEST + timedelta(hours=1)


class TestPutting:
    def test_two_listeners_put_one_for_an_interval(self, looking: Looking) -> None:
        every = timedelta(minutes=5)
        other = Jobs(looking.jobs.database)
        told = [put_catch_up(one, "github", every) for one in (looking.jobs, other, looking.jobs)]
        assert told == [True, False, False]

    @pytest.mark.parametrize(("state", "minutes", "is_put"), [
        ("done", 5, True), ("active", 5, False), ("waiting", 50, False), ("dead", 5, False), ("dead", 60, True),
    ])  # fmt: skip
    def test_none_is_put_while_the_one_before_holds_it_up(
        self, looking: Looking, state: str, minutes: int, is_put: bool
    ) -> None:
        put_catch_up(looking.jobs, "jira", timedelta(minutes=5))
        with looking.jobs.database.write() as connection:
            connection.execute(JOBS.update().values(state=state, ended_at=NOW))
        looking.pass_time(timedelta(minutes=minutes))
        assert put_catch_up(looking.jobs, "jira", timedelta(minutes=5)) is is_put


def of_github(serving: Serving) -> None:
    """Have the environments name a forge on GitHub, as a person would."""
    work = serving.path.parent / "work"
    git(serving.path.parent, "clone", "-q", "-b", "main", str(serving.path), str(work))
    file = work / "environments" / "int" / "environment.yaml"
    forge = "  forge: {kind: github, repository: acme/state, url: http://127.0.0.1:9/api/v3}\n"
    file.write_text(file.read_text().replace("spec:\n", f"spec:\n{forge}", 1))
    git(work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qam", "Name the forge")
    git(work, "push", "-q")


def ended(serving: Serving, source: Any, *states: str) -> JobRow:
    assert put_catch_up(serving.jobs, source, timedelta(days=1))
    (row,) = serving.jobs.listed()
    return serving.ended(row.id, *states)


class TestWorker:
    def test_it_asks_the_app_of_the_environments_forge(self, tmp_path: Path, github: GitHub, database_url: str) -> None:
        serving = Serving(tmp_path / "previews.git", database_url)
        of_github(serving)
        github.broken = 503
        github.happened(1)
        github.broken = None
        policies: list[ForgePolicy] = []

        def opened(policy: ForgePolicy) -> AppDeliveries:
            policies.append(policy)
            return github.deliveries()

        with working(serving.parts(), serving.jobs, pace=QUICK, deliveries=opened):
            row = ended(serving, "github")
        assert row.result is not None
        assert row.result["senders"][f"github/{github.app.id}"]["again"] == 1
        assert {one.kind for one in policies} == {"github"}
        serving.close()

    def test_without_a_key_the_job_says_so(self, tmp_path: Path, database_url: str) -> None:
        serving = Serving(tmp_path / "previews.git", database_url)
        with working(serving.parts(), serving.jobs, pace=QUICK):
            assert "RTB_HUB_FORGE_APP_ID" in (ended(serving, "github").result or {})["why"]
        serving.close()
