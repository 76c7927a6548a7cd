"""Any order of start, extend, stop, expire, revive and drift, with crashes and moved heads between any two calls of the
store, keeps the rules: a model of what people were told against what stands in the repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from generator.errors import ConfigError, HubError, Moved, Reason, Stalled, Transient
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey
from hub.retrying import Backoff
from hub.writing.writer import Writer
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.extend import ExtendRequest, plan_extension
from reconcilers.lifecycle.revive import ReviveRequest, plan_revival
from reconcilers.lifecycle.start_or_wait import plan_start
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.plan import Plan
from reconcilers.results import commits
from reconcilers.scheduled.expiry import plan_expiry
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.layout import plan_layout
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW, image, start_request
from worlds.memory_store import MemorySnapshot, MemoryStore
from worlds.planning import STARTER, layout, put

KEYS = [f"RTB-{number}" for number in (1, 2, 100, 101)]
TTL, CAP = timedelta(hours=24), timedelta(hours=72)
MOST = 3
TRIES = 8


@dataclass
class Shaky(MemoryStore):
    """Before or after the effect of its next calls something goes wrong, as `faults` says in turn."""

    faults: list[str] = field(default_factory=list)
    others: int = 0

    def snapshots(self) -> Mapping[str, MemorySnapshot]:
        if self._next() == "crash":
            raise Transient(Reason.REPOSITORY_UNREACHABLE, "the network is gone")
        return MemoryStore.snapshots(self)

    def commit(self, plan: Plan, *, at: datetime) -> str:
        match self._next():
            case "crash":
                raise Transient(Reason.REPOSITORY_UNREACHABLE, "the network is gone")
            case "moved":
                self.others += 1
                put_by_somebody(self, self.others)
            case "lost answer":
                MemoryStore.commit(self, plan, at=at)
                raise Transient(Reason.REPOSITORY_UNREACHABLE, "the answer was lost")
        return MemoryStore.commit(self, plan, at=at)

    def _next(self) -> str:
        return self.faults.pop(0) if self.faults else ""


def put_by_somebody(store: Shaky, number: int) -> None:
    """Another writer's commit on the same branch."""
    faults, store.faults = store.faults, []
    put(store, "notes.txt", str(number).encode())
    store.faults = faults


@dataclass(frozen=True)
class Life:
    """What people were told of a live preview."""

    begun: datetime
    ends: datetime


some_faults = st.lists(st.sampled_from(["", "", "crash", "moved", "lost answer"]), max_size=4)
some_key = st.sampled_from(KEYS)


class Lives(RuleBasedStateMachine):
    """`live` is the model; `gone` maps what was removed to when."""

    @initialize()
    def lay_out(self) -> None:
        self.now = NOW
        self.store = Shaky()
        for plan in plan_layout(layout(), self.store):
            self.store.commit(plan, at=NOW)
        text = layout().environment_files["environments/int/environment.yaml"]
        limits = f"  limits:\n    previews: {MOST}\n  fargate:\n    quotaVcpu: 100\n"
        assert "limits:" not in text, "else the lines below would stand twice"
        put(self.store, "environments/int/environment.yaml", (text.rstrip() + "\n" + limits).encode())
        self.live: dict[str, Life] = {}
        self.gone: dict[str, datetime] = {}

    # What people and the scheduled job do

    @rule(key=some_key, letter=st.sampled_from("abc"), faults=some_faults)
    def start(self, key: str, letter: str, faults: list[str]) -> None:
        images = {name: image(name, letter) for name in ("web", "api")}
        asked = start_request(key, images=images)
        running = self.live.get(key)
        is_over = running is not None and running.ends <= self.now
        full = running is None and len(self.live) >= MOST
        outcome = self.write(key, lambda s, now: plan_start(asked, s, starter=STARTER, now=now), faults)
        if full:
            assert isinstance(outcome, Stalled)
            assert outcome.reason is Reason.CAPACITY_EXHAUSTED
            return
        assert not isinstance(outcome, HubError), outcome
        if running is None or is_over:
            self.live[key] = Life(self.now, self.now + TTL)
            self.gone.pop(key, None)

    @rule(key=some_key, hours=st.integers(1, 60), who=st.sampled_from(["alice", "bob"]), faults=some_faults)
    def extend(self, key: str, hours: int, who: str, faults: list[str]) -> None:
        self.now += timedelta(minutes=2)  # longer than what is taken for one click
        asked = ExtendRequest(IssueKey.parse(key), who, f"{hours}h")
        running = self.live.get(key)

        def plan(state: EnvironmentState, now: datetime) -> Any:
            nonlocal asked
            outcome = plan_extension(asked, state, starter=STARTER, now=now)
            asked = outcome.again
            return outcome

        outcome = self.write(key, plan, faults)
        if running is None:
            assert isinstance(outcome, ConfigError)
            return
        cap = running.begun + CAP
        begin = max(running.ends, self.now)
        if begin >= cap:
            assert isinstance(outcome, HubError), "at the cap"
            return
        assert not isinstance(outcome, HubError), outcome
        self.live[key] = Life(running.begun, min(begin + timedelta(hours=hours), cap))

    @rule(key=some_key, faults=some_faults)
    def stop(self, key: str, faults: list[str]) -> None:
        outcome = self.write(key, lambda s, _: plan_stop(IssueKey.parse(key), s, requested_by="bob"), faults)
        if key in self.live:
            assert not isinstance(outcome, HubError) or outcome.reason is Reason.PREVIEW_NOT_FOUND  # a lost answer
            del self.live[key]
            self.gone[key] = self.now
        else:
            assert isinstance(outcome, ConfigError)

    @rule(key=some_key, faults=some_faults)
    def revive(self, key: str, faults: list[str]) -> None:
        asked = ReviveRequest(IssueKey.parse(key), "carol")

        def plan(state: EnvironmentState, now: datetime) -> Any:
            return plan_revival(asked, state, store=self.store, starter=STARTER, now=now)

        outcome = self.write(key, plan, faults)
        if key in self.live:
            assert not isinstance(outcome, HubError)
        elif key not in self.gone or self.now - self.gone[key] > timedelta(days=7) or len(self.live) >= MOST:
            assert isinstance(outcome, HubError)
        else:
            assert not isinstance(outcome, HubError), outcome
            self.live[key] = Life(self.now, self.now + TTL)
            del self.gone[key]

    @rule(faults=some_faults)
    def expire(self, faults: list[str]) -> None:
        self.store.faults = list(faults)
        for _ in range(TRIES):
            try:
                one = plan_expiry(self.state(), at=self.now)
                assert one.held is None, "three are few"
                for plan in commits([one], "Expire"):
                    self.store.commit(plan, at=self.now)
            except (Transient, Moved):
                continue
            break
        self.store.faults = []
        for key in [key for key, life in self.live.items() if life.ends <= self.now]:
            del self.live[key]
            self.gone[key] = self.now

    @rule(hours=st.integers(1, 80))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: len(self.live) < MOST)
    @rule(keys=st.lists(some_key, min_size=2, max_size=4, unique=True), faults=some_faults)
    def start_together(self, keys: list[str], faults: list[str]) -> None:
        self.store.faults = list(faults)
        asked = [start_request(key) for key in keys]
        submissions = [
            Submission("int", one.key, lambda s, now, one=one: plan_start(one, s, starter=STARTER, now=now))
            for one in asked
        ]
        answers = self.writer().write_all(submissions)
        self.store.faults = []
        # What was not acknowledged may be there or not; what was must be. Asked again, all that fit are there.
        for key, answer in zip(keys, answers, strict=True):
            if answer.exception() is None:
                assert key in self.entries()
        for key in keys:
            self.start(key, "a", [])

    # What must hold

    @invariant()
    def the_repository_is_what_people_were_told(self) -> None:
        if not hasattr(self, "store"):
            return
        found = self.entries()
        assert found == {key: life.ends for key, life in self.live.items()}
        assert len(found) <= MOST
        for life in self.live.values():
            assert life.ends - life.begun <= CAP
        state = self.state()
        for record in state.entries:
            assert record.preview is not None, record.faults
            listed = {path.name for path in state.snapshot.files(record.path.parent)}
            assert listed == {ENTRY_FILE, MANIFEST_FILE}
            text = state.snapshot.read([record.path.parent / MANIFEST_FILE])[record.path.parent / MANIFEST_FILE]
            assert STARTER.rendered(record.preview, state.environment, state.library)[1].text.encode() == text

    # Ways in

    def write(self, key: str, plan: Callable[[EnvironmentState, datetime], Any], faults: list[str]) -> Any:
        """Ask until it is answered by other than a failure that may pass, as people do: the outcome, or the error."""
        self.store.faults = list(faults)
        try:
            for _ in range(TRIES):
                try:
                    return self.writer().write(Submission("int", IssueKey.parse(key), plan)).outcome
                except Transient:
                    continue
                except HubError as err:
                    return err
            raise AssertionError("faults are fewer than tries")
        finally:
            self.store.faults = []

    def writer(self) -> Writer:
        return Writer(self.store, LIBRARY, lambda: self.now, Backoff(sleep=lambda _: None))

    def state(self) -> EnvironmentState:
        return read_state(self.store, "int", LIBRARY)

    def entries(self) -> dict[str, datetime]:
        return {
            record.name.upper(): record.facts.expires_at
            for record in self.state().entries
            if record.facts and record.facts.expires_at
        }


Lives.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLives = pytest.mark.timeout(1500)(Lives.TestCase)  # many examples, each with many steps on real Git
