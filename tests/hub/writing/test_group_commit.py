"""Group commit: together in one commit, each with its own answer, whatever the store does and whoever gives up."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from generator.errors import HubError, Moved, Reason, Stalled, Transient, Unexpected
from generator.values.naming import ENTRY_FILE, IssueKey
from hub import assets
from hub.adapters.git.opening import create_repository
from hub.retrying import Backoff
from hub.writing.committer import GroupCommitter
from hub.writing.writer import Writer
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.plan import Plan
from reconcilers.state.layout import plan_layout
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW
from worlds.commands import git
from worlds.forking import Forks
from worlds.git_http import GitServer
from worlds.group_commit_process import start_many, starting, writer
from worlds.memory_store import MemorySnapshot, MemoryStore
from worlds.planning import layout, observed, state_store

GONE = Transient(Reason.REPOSITORY_UNREACHABLE, "the network is gone")
MOVED = Moved(Reason.BRANCH_MOVED, "main moved")


@dataclass
class Watched(MemoryStore):
    """A store whose commits can be held up and counted, and whose `fails`-th call fails before or after its effect."""

    commits: list[Plan] = field(default_factory=list)
    calls: int = 0
    fails: int = 0
    error: HubError = GONE
    after: bool = False
    is_open: threading.Event = field(default_factory=threading.Event)
    began: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.is_open.set()

    def _do(self, effect: Callable[[], Any]) -> Any:
        with self.lock:
            self.calls += 1
            fails = self.calls == self.fails
            if fails and not self.after:
                raise self.error
            result = effect()
            if fails:
                raise self.error
            return result

    def snapshots(self) -> Mapping[str, MemorySnapshot]:
        return self._do(lambda: MemoryStore.snapshots(self))  # type: ignore[no-any-return]

    def commit(self, plan: Plan, *, at: datetime) -> str:
        self.began.set()
        assert self.is_open.wait(30)

        def effect() -> str:
            commit = MemoryStore.commit(self, plan, at=at)
            self.commits.append(plan)
            return commit

        return self._do(effect)  # type: ignore[no-any-return]

    def delete_branch(self, branch: str, *, expected: str) -> None:
        self._do(lambda: MemoryStore.delete_branch(self, branch, expected=expected))


def watched(previews: int = 20) -> Watched:
    plain, store = state_store(), Watched()
    store.heads, store.trees, store.logged = plain.heads, plain.trees, plain.logged
    text = assets.environment_files()["environments/base/environment.yaml"]
    roomy = text.replace("previews: 20", f"previews: {previews}").replace("quotaVcpu: 6", "quotaVcpu: 1000")
    for plan in plan_layout(layout(**{"base__environment.yaml": roomy}), plain):
        MemoryStore.commit(store, plan, at=NOW)
    return store


def committing(
    store: MemoryStore, *, most: int = 200, slept: list[float] | None = None, tries: int = 5
) -> GroupCommitter:
    backoff = Backoff(tries=tries, sleep=(slept if slept is not None else []).append, random=lambda: 0.5)
    return GroupCommitter(Writer(store, LIBRARY, lambda: NOW, backoff), most=most)


class Slow:
    """A clock by which each round takes 20 seconds, and nothing else any time."""

    def __init__(self) -> None:
        self.at = 0.0

    def _begins(self) -> datetime:
        self.at += 20.0
        return NOW

    def committing(self, store: MemoryStore, *, window: float, quiet: float, most: int = 200) -> GroupCommitter:
        writer = Writer(store, LIBRARY, self._begins)
        return GroupCommitter(writer, most=most, window=window, quiet=quiet, seconds=lambda: self.at)


def stopping(key: str, env: str = "int") -> Submission[Any]:
    issue = IssueKey.parse(key)
    return Submission(env, issue, lambda state, _: plan_stop(issue, state, requested_by="bob"))


def reasons(futures: list[Future[Any]]) -> list[Reason | None]:
    found = [future.exception(30) for future in futures]
    return [err.reason if isinstance(err, HubError) else None for err in found]


def names(store: MemoryStore, env: str = "int") -> set[str]:
    return {record.name for record in observed(store, env).entries}


def sizes_of(store: Watched) -> list[int]:
    """How many previews each commit has."""
    return [len([1 for name, _ in plan.trailers if name == "Preview"]) for plan in store.commits]


class TestTogether:
    def test_who_arrives_during_a_commit_is_in_the_next_one(self) -> None:
        store = watched(previews=200)
        store.is_open.clear()
        with committing(store) as committer:
            first = committer.submit(starting("RTB-1"))
            assert store.began.wait(30)
            others = [committer.submit(starting(f"RTB-{n}")) for n in range(2, 81)]
            assert not first.done(), "nothing is acknowledged before it is committed"
            store.is_open.set()
            assert set(reasons([first, *others])) == {None}
        assert [len([1 for name, _ in plan.trailers if name == "Preview"]) for plan in store.commits] == [1, 79]
        assert len({other.result().commit for other in others}) == 1
        assert len(names(store)) == 80

    def test_after_a_round_of_several_more_are_let_come(self) -> None:
        store, clock = watched(previews=200), Slow()
        store.is_open.clear()
        with clock.committing(store, window=60.0, quiet=60.0, most=4) as committer:
            asked = [committer.submit(starting("RTB-1"))]
            assert store.began.wait(30)
            asked += [committer.submit(starting(f"RTB-{n}")) for n in range(2, 6)]
            store.is_open.set()
            assert set(reasons(asked)) == {None}
            late = [committer.submit(starting(f"RTB-{n}")) for n in range(6, 10)]
            assert set(reasons(late)) == {None}
        assert sizes_of(store) == [1, 4, 4]

    def test_after_one_in_which_several_came_more_are_let_come_too(self) -> None:
        store, clock = watched(previews=200), Slow()
        store.is_open.clear()
        with clock.committing(store, window=3600.0, quiet=3600.0, most=4) as committer:
            asked = [committer.submit(starting("RTB-1"))]
            assert store.began.wait(30)
            asked += [committer.submit(starting(f"RTB-{n}")) for n in (2, 3)]
            store.is_open.set()
            assert set(reasons(asked[:1])) == {None}
            asked += [committer.submit(starting(f"RTB-{n}")) for n in (4, 5)]
            assert set(reasons(asked)) == {None}
        assert sizes_of(store) == [1, 4]

    @pytest.mark.parametrize(("before", "quiet"), [(1, 3600.0), (3, 0.001)], ids=["one before", "nobody else comes"])
    def test_who_comes_alone_is_not_held_up(self, before: int, quiet: float) -> None:
        store, clock = watched(previews=200), Slow()
        with clock.committing(store, window=3600.0, quiet=quiet) as committer:
            store.is_open.clear()
            first = [committer.submit(starting(f"RTB-{n}")) for n in range(1, before + 1)]
            store.is_open.set()
            assert set(reasons(first)) == {None}
            assert committer.write(starting("RTB-9"), timeout_seconds=30).commit

    def test_who_waits_for_more_is_answered_when_it_closes(self) -> None:
        store, clock = watched(previews=200), Slow()
        store.is_open.clear()
        with clock.committing(store, window=3600.0, quiet=3600.0) as committer:
            asked = [committer.submit(starting("RTB-1"))]
            assert store.began.wait(30)
            asked += [committer.submit(starting(f"RTB-{n}")) for n in (2, 3)]
            store.is_open.set()
            assert set(reasons(asked[:1])) == {None}
        assert set(reasons(asked)) == {None}

    def test_a_round_has_a_bound(self) -> None:
        store = watched(previews=200)
        store.is_open.clear()
        with committing(store, most=4) as committer:
            futures = [committer.submit(starting(f"RTB-{n}")) for n in range(1, 12)]
            store.is_open.set()
            assert set(reasons(futures)) == {None}
        assert max(sizes_of(store)) <= 4
        assert sum(sizes_of(store)) == 11

    def test_requests_for_one_preview_are_done_in_their_order(self) -> None:
        store = watched()
        store.is_open.clear()
        with committing(store) as committer:
            committer.submit(starting("RTB-9"))
            assert store.began.wait(30)
            asked = [starting("RTB-1"), stopping("RTB-1"), starting("RTB-1"), stopping("RTB-1"), stopping("RTB-1")]
            futures = [committer.submit(one) for one in asked]
            store.is_open.set()
            assert reasons(futures) == [None, None, None, None, Reason.PREVIEW_NOT_FOUND]
        assert names(store) == {"rtb-9"}

    def test_what_is_wrong_fails_alone(self) -> None:
        store = watched(previews=2)
        (good, bad, full, more) = Writer(store, LIBRARY, lambda: NOW).write_all(
            [starting("RTB-1"), starting("RTB-2", ttl="900h"), starting("RTB-3"), starting("RTB-4")]
        )
        assert reasons([good, bad, full, more]) == [None, Reason.OVER_LIMIT, None, Reason.CAPACITY_EXHAUSTED]
        assert len(store.commits) == 1

    def test_branches_are_committed_each_for_itself(self) -> None:
        store = watched()
        futures = Writer(store, LIBRARY, lambda: NOW).write_all([starting("RTB-1"), starting("RTB-1", "prd")])
        assert reasons(futures) == [None, None]
        assert [plan.branch for plan in store.commits] == ["main", "preview/prd/rtb-1"]


class TestWhenTheStoreFails:
    def test_everybody_of_the_round_hears_of_it_once_and_the_next_round_goes_on(self) -> None:
        store = watched()
        store.is_open.clear()
        store.fails = store.calls + 3  # observe, commit; then the second round's look
        with committing(store) as committer:
            first = committer.submit(starting("RTB-1"))
            assert store.began.wait(30)
            second = [committer.submit(starting(f"RTB-{n}")) for n in (2, 3)]
            store.is_open.set()
            assert reasons([first, *second]) == [None, *[Reason.REPOSITORY_UNREACHABLE] * 2]
            assert committer.write(starting("RTB-2"), timeout_seconds=30).commit
        assert names(store) == {"rtb-1", "rtb-2"}

    @pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
    @pytest.mark.parametrize("error", [GONE, MOVED], ids=["unreachable", "moved"])
    def test_at_any_call(self, error: HubError, after: bool) -> None:
        def asked() -> list[Submission[Any]]:
            return [starting("RTB-1"), starting("RTB-2"), starting("RTB-1", "prd"), stopping("RTB-7")]

        calm = watched()
        Writer(calm, LIBRARY, lambda: NOW).write(starting("RTB-7"))
        begin = calm.calls
        Writer(calm, LIBRARY, lambda: NOW).write_all(asked())
        assert calm.calls - begin == 3
        for at in range(1, 4):
            store = watched()
            quiet = Backoff(sleep=lambda _: None)
            ours = Writer(store, LIBRARY, lambda: NOW, quiet)
            ours.write(starting("RTB-7"))
            store.fails, store.error, store.after = store.calls + at, error, after
            futures = ours.write_all(asked())
            acknowledged = [future.exception(0) is None for future in futures]
            assert acknowledged[0] == acknowledged[1], "one commit"
            heads = {**store.heads}
            if acknowledged[0]:
                assert {"rtb-1", "rtb-2"} <= names(store)
            if acknowledged[2]:
                assert "preview/prd/rtb-1" in heads
            for future in ours.write_all(asked()):  # the next try brings it to the end, whatever was done
                err = future.exception(0)
                assert err is None or (isinstance(err, HubError) and err.reason is Reason.PREVIEW_NOT_FOUND)
            assert names(store) == {"rtb-1", "rtb-2"}
            assert "preview/prd/rtb-1" in store.heads

    def test_a_branch_that_moves_is_planned_anew_with_growing_pauses_and_a_bound(self) -> None:
        @dataclass
        class Restless(Watched):
            moves: int = 0

            def commit(self, plan: Plan, *, at: datetime) -> str:
                if self.moves:
                    self.moves -= 1
                    raise MOVED
                return Watched.commit(self, plan, at=at)

        plain = watched()
        store = Restless(heads=plain.heads, trees=plain.trees, logged=plain.logged, moves=3)
        slept: list[float] = []
        with committing(store, slept=slept) as committer:
            committer.write(starting("RTB-1"), timeout_seconds=30)
            assert slept == [0.025, 0.05, 0.1]
            store.moves = 6  # the first of them under a plan on what was known, which does not count
            with pytest.raises(Moved):
                committer.write(starting("RTB-2"), timeout_seconds=30)
            committer.write(starting("RTB-3"), timeout_seconds=30)
        assert names(store) == {"rtb-1", "rtb-3"}

    def test_who_waited_longest_goes_first_when_the_branch_moved(self) -> None:
        store = watched(previews=1)
        store.fails, store.error = 2, MOVED
        store.is_open.clear()
        with committing(store) as committer:
            first = committer.submit(starting("RTB-1"))
            assert store.began.wait(30)
            later = [committer.submit(starting(f"RTB-{number}")) for number in (2, 3)]
            store.is_open.set()
            assert reasons([first, *later]) == [None, Reason.CAPACITY_EXHAUSTED, Reason.CAPACITY_EXHAUSTED]
        assert names(store) == {"rtb-1"}

    def test_the_wait_grows_with_how_often_others_were_first_and_the_error_counts_them(self) -> None:
        class Taken(Watched):
            def commit(self, plan: Plan, *, at: datetime) -> str:
                raise MOVED

        plain, slept = watched(), list[float]()
        store = Taken(heads=plain.heads, trees=plain.trees, logged=plain.logged)
        ours = Writer(store, LIBRARY, lambda: NOW, Backoff(sleep=slept.append, random=lambda: 1.0))
        with pytest.raises(Moved, match=f"others were first {Backoff().tries} times"):
            ours.write(starting("RTB-1"))
        assert slept == sorted(slept)
        assert (len(slept), slept[0], slept[-1]) == (Backoff().tries - 1, 0.05, 3.0)

    def test_no_room_beside_what_then_failed_says_nothing(self) -> None:
        store = watched(previews=1)
        store.fails = store.calls + 2
        ours = Writer(store, LIBRARY, lambda: NOW, Backoff(sleep=lambda _: None))
        assert reasons(ours.write_all([starting("RTB-1"), starting("RTB-2")])) == [Reason.REPOSITORY_UNREACHABLE] * 2
        store.fails, store.error = store.calls + 2, MOVED
        assert reasons(ours.write_all([starting("RTB-1"), starting("RTB-2")])) == [None, Reason.CAPACITY_EXHAUSTED]

    def test_a_bug_reaches_its_callers_and_the_committer_goes_on(self) -> None:
        def fails(*_: Any) -> Any:
            raise ZeroDivisionError

        store = watched()
        with committing(store) as committer:
            with pytest.raises(Unexpected) as raised:
                committer.write(Submission("int", IssueKey.parse("RTB-1"), fails), timeout_seconds=30)
            assert isinstance(raised.value.__cause__, ZeroDivisionError)
            committer.write(starting("RTB-2"), timeout_seconds=30)
        assert names(store) == {"rtb-2"}


@dataclass
class Machine(Watched):
    """One of several that share a repository: what it knows is what it saw or did last. `asked` counts its looks."""

    seen: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def snapshots(self) -> Mapping[str, MemorySnapshot]:
        self.asked, self.seen = self.asked + 1, dict(self.heads)
        return Watched.snapshots(self)

    def known(self) -> Mapping[str, MemorySnapshot]:
        return {branch: MemorySnapshot(branch, head, self.trees[head]) for branch, head in sorted(self.seen.items())}

    def commit(self, plan: Plan, *, at: datetime) -> str:
        commit = Watched.commit(self, plan, at=at)
        self.seen[plan.branch] = commit
        return commit


def raising(*_: Any) -> Any:
    raise GONE


def machines(previews: int = 20) -> tuple[Machine, Machine]:
    store = watched(previews)
    first, second = (Machine(heads=store.heads, trees=store.trees, logged=store.logged) for _ in range(2))
    return first, second


class TestOnWhatIsKnown:
    """A round that soon follows another does not ask the remote, and nobody can tell by what comes of it."""

    @staticmethod
    def writing(store: MemoryStore, clock: Callable[[], datetime] = lambda: NOW) -> Writer:
        return Writer(store, LIBRARY, clock, Backoff(sleep=lambda _: pytest.fail("there is no need to wait")))

    def test_one_who_writes_alone_asks_once(self) -> None:
        store, _ = machines()
        ours = self.writing(store)
        for n in range(1, 6):
            ours.write(starting(f"RTB-{n}"))
        assert store.asked == 1
        assert len(names(store)) == 5

    def test_what_others_wrote_is_found_out_and_then_asked_for(self) -> None:
        store, other = machines()
        ours, theirs = self.writing(store), self.writing(other)
        ours.write(starting("RTB-1"))
        theirs.write(starting("RTB-2"))
        ours.write(starting("RTB-3"))
        assert (store.asked, other.asked) == (2, 1), "planned on what was known, in vain, then asked"
        for n in range(4, 10):
            ours.write(starting(f"RTB-{n}"))
        assert store.asked == 8, "others write too, so it asks"
        for n in range(10, 16):
            ours.write(starting(f"RTB-{n}"))
        assert store.asked < 14, "and after a while does not"
        assert len(names(store)) == 15

    def test_a_refusal_is_not_made_on_what_is_known(self) -> None:
        store, other = machines(previews=1)
        ours, theirs = self.writing(store), self.writing(other)
        ours.write(starting("RTB-1"))
        theirs.write(stopping("RTB-1"))
        ours.write(starting("RTB-2"))
        theirs.write(stopping("RTB-2"))
        assert reasons(ours.write_all([stopping("RTB-2"), starting("RTB-3")])) == [Reason.PREVIEW_NOT_FOUND, None]
        assert names(store) == {"rtb-3"}

    def test_nothing_to_do_is_not_said_on_what_is_known(self) -> None:
        store, other = machines()
        ours, theirs = self.writing(store), self.writing(other)
        ours.write(starting("RTB-1"))
        theirs.write(stopping("RTB-1"))
        assert ours.write(starting("RTB-1")).outcome.change == "created"
        assert names(store) == {"rtb-1"}

    def test_in_a_gated_environment_the_remote_is_asked(self) -> None:
        store, _ = machines()
        ours = self.writing(store)
        for n in range(1, 4):
            ours.write(starting(f"RTB-{n}", "prd"))
        assert store.asked == 3

    @pytest.mark.parametrize("minutes", [1, -1], ids=["later", "the clock is set back"])
    def test_after_a_while_the_remote_is_asked(self, minutes: int) -> None:
        store, _ = machines()
        times = iter(NOW + timedelta(minutes=minutes * n) for n in range(3))
        ours = self.writing(store, lambda: next(times))
        for n in range(1, 4):
            ours.write(starting(f"RTB-{n}"))
        assert store.asked == 3

    def test_what_a_round_left_is_read_while_nobody_waits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store, _ = machines()
        ours, read = self.writing(store), list[str]()
        changed = MemorySnapshot.changed

        def told(self: MemorySnapshot, since: Any, below: PurePosixPath) -> Mapping[str, str | None]:
            read.append(self.branch)
            return changed(self, since, below)

        monkeypatch.setattr(MemorySnapshot, "changed", told)
        ours.prepare()
        ours.write(starting("RTB-1"))
        assert read == []
        ours.prepare()
        assert read == ["main"]
        ours.write(starting("RTB-2"))
        assert read == ["main"], "the next round begins with what is there"

    def test_what_cannot_be_read_then_is_told_by_the_next_round(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store, _ = machines()
        ours = self.writing(store)
        ours.write(starting("RTB-1"))
        with monkeypatch.context() as broken:
            broken.setattr(MemoryStore, "snapshots", raising)
            broken.setattr(Machine, "known", raising)
            ours.prepare()
            with pytest.raises(Transient):
                ours.write(starting("RTB-2"))
        ours.write(starting("RTB-3"))
        assert store.asked == 3
        assert names(store) == {"rtb-1", "rtb-3"}

    def test_a_bug_then_does_not_end_the_committer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store, _ = machines()
        began = threading.Event()

        def known(_: Machine) -> Mapping[str, MemorySnapshot]:
            began.set()
            raise ZeroDivisionError

        with committing(store) as committer:
            monkeypatch.setattr(Machine, "known", known)
            committer.write(starting("RTB-1"), timeout_seconds=30)
            assert began.wait(30)
            committer.write(starting("RTB-2"), timeout_seconds=30)
        assert names(store) == {"rtb-1", "rtb-2"}

    def test_after_an_error_the_remote_is_asked(self) -> None:
        store, _ = machines()
        ours = self.writing(store)
        ours.write(starting("RTB-1"))
        store.fails, store.error, store.after = store.calls + 1, GONE, True
        with pytest.raises(Transient):
            ours.write(starting("RTB-2"))
        ours.write(starting("RTB-3"))
        assert store.asked == 2
        assert names(store) == {"rtb-1", "rtb-2", "rtb-3"}


class TestGivingUpAndClosing:
    def test_who_gives_up_before_its_round_is_withdrawn_and_takes_nobody_along(self) -> None:
        store = watched()
        store.is_open.clear()
        with committing(store) as committer:
            first = committer.submit(starting("RTB-1"))
            assert store.began.wait(30)
            with pytest.raises(Transient, match=r"not written within 0\.01 s; nothing was changed"):
                committer.write(starting("RTB-2"), timeout_seconds=0.01)
            third = committer.submit(starting("RTB-3"))
            store.is_open.set()
            assert reasons([first, third]) == [None, None]
        assert names(store) == {"rtb-1", "rtb-3"}

    def test_who_gives_up_during_its_round_is_told_that_it_may_still_come(self) -> None:
        store = watched()
        store.is_open.clear()
        with committing(store) as committer:
            with pytest.raises(Transient, match="it may still be written"):
                committer.write(starting("RTB-1"), timeout_seconds=0.5)
            store.is_open.set()
        assert names(store) == {"rtb-1"}

    def test_a_cancelled_one_is_not_written(self) -> None:
        store = watched()
        store.is_open.clear()
        with committing(store) as committer:
            committer.submit(starting("RTB-1"))
            assert store.began.wait(30)
            second = committer.submit(starting("RTB-2"))
            assert second.cancel()
            store.is_open.set()
        assert names(store) == {"rtb-1"}
        with pytest.raises(CancelledError):
            second.result()

    def test_closing_writes_what_was_taken_and_takes_no_more(self) -> None:
        store = watched()
        store.is_open.clear()
        committer = committing(store, most=2)
        futures = [committer.submit(starting(f"RTB-{n}")) for n in range(1, 8)]
        closing = threading.Thread(target=committer.close)
        closing.start()
        assert store.began.wait(30)
        assert closing.is_alive(), "it ends when all is answered, and nothing is"
        store.is_open.set()
        closing.join()
        assert all(future.done() for future in futures)
        assert len(names(store)) == 7
        with pytest.raises(RuntimeError, match="closed"):
            committer.submit(starting("RTB-9"))
        committer.close()

    def test_one_that_was_never_used_closes(self) -> None:
        committing(watched()).close()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with room for 24 previews of one target group on each of two shards of int."""
    origin = tmp_path / "origin.git"
    create_repository(origin, bare=True, remote=None, environ=os.environ)
    git(origin, "config", "http.receivepack", "true")
    text = assets.environment_files()["environments/base/environment.yaml"]
    for old, new in (("previews: 20", "previews: 200"), ("quotaVcpu: 6", "quotaVcpu: 1000")):
        text = text.replace(old, new)
    text = text.replace("shards: 1", "shards: 2").replace("targetGroupsPerShard: 90", "targetGroupsPerShard: 24")
    store = writer(origin, tmp_path / "layout").store
    for plan in plan_layout(layout(**{"base__environment.yaml": text}), store):
        store.commit(plan, at=NOW)
    return origin


def entries(origin: Path) -> list[str]:
    listed = git(origin, "ls-tree", "-r", "--name-only", "main").splitlines()
    return [Path(path).parent.name for path in listed if path.endswith(ENTRY_FILE)]


def is_whole(origin: Path) -> None:
    """History in one line, every object sound, and a `Preview` trailer for each entry."""
    git(origin, "fsck", "--strict")
    assert git(origin, "rev-list", "--merges", "main") == ""
    told = git(origin, "log", "--format=%(trailers:key=Preview,valueonly)", "main").split()
    assert Counter(told) == Counter(f"int/{name}" for name in entries(origin))


def test_several_committers_on_one_remote_pass_no_shards_cap_and_lose_nothing(remote: Path, tmp_path: Path) -> None:
    done: list[str] = []

    def machine(number: int, url: str) -> None:
        with GroupCommitter(writer(url, tmp_path / f"machine-{number}"), most=8) as committer:
            done.extend(start_many(committer, [f"RTB-{number}{n:02}" for n in range(20)]))

    with GitServer(tmp_path) as server:
        threads = [threading.Thread(target=machine, args=[n, server.url("origin.git")]) for n in range(1, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(key.lower() for key in done) == sorted(entries(remote))
    state = read_state(writer(remote, tmp_path / "look").store, "int", LIBRARY)
    assert state.usage.shards == {"previews-0": 24, "previews-1": 24}, "filled evenly, and to the cap: 60 asked"
    is_whole(remote)


def test_what_a_killed_process_acknowledged_is_there(remote: Path, tmp_path: Path) -> None:
    acknowledged: list[str] = []
    with GitServer(tmp_path) as server, Forks("worlds.group_commit_process:main") as forks:
        for number, kill_after in enumerate((1, 4, 7), 1):
            process = forks.start(server.url("origin.git"), tmp_path / "cache", f"{number}00", 12)
            acknowledged += [process.stdout.readline().strip() for _ in range(kill_after)]
            process.kill()
            acknowledged += process.read().split()
            assert process.wait() == -signal.SIGKILL
        assert acknowledged
        assert set(acknowledged) <= set(entries(remote))
        is_whole(remote)
        with GroupCommitter(writer(server.url("origin.git"), tmp_path / "cache")) as committer:
            assert committer.write(starting("RTB-999")).commit


def test_a_remote_that_is_down_is_told_to_all_and_comes_back(remote: Path, tmp_path: Path) -> None:
    with GitServer(tmp_path) as server, GroupCommitter(writer(server.url("origin.git"), tmp_path / "cache")) as ours:
        server.is_down = True
        futures = [ours.submit(starting(f"RTB-{n}")) for n in range(1, 4)]
        assert reasons(futures) == [Reason.REPOSITORY_UNREACHABLE] * 3
        server.is_down = False
        assert ours.write(starting("RTB-1")).commit
    assert entries(remote) == ["rtb-1"]


def test_the_shards_cap_holds_when_asked_past_it(remote: Path, tmp_path: Path) -> None:
    ours = writer(remote, tmp_path / "cache")
    futures = ours.write_all([starting(f"RTB-{n}") for n in range(1, 52)])
    assert Counter(reasons(futures)) == {None: 48, Reason.CAPACITY_EXHAUSTED: 3}
    with pytest.raises(Stalled, match=r"previews-0: 24, previews-1: 24"):
        futures[-1].result()
