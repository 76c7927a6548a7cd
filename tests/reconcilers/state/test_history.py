"""History: who did what to which preview, from trailers, over memory and a real repository."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import Reason, Stalled
from generator.model.blueprint import TemplateLibrary
from generator.values.naming import IssueKey
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.store import Identity
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.plan import FileChange, Plan, combined
from reconcilers.ports.git import GitStore
from reconcilers.state.history import BY_HAND, Event, blocks, homes_of, read_history
from reconcilers.state.layout import plan_layout
from reconcilers.state.policies import find_environments
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW
from worlds.commands import git
from worlds.memory_store import MemoryStore
from worlds.planning import KEY, REQUEST, layout, planned

OTHER = IssueKey.parse("RTB-9")
FOLDER = "environments/int/previews/rtb/100/rtb-123"
WHO = Identity("rtb-hub", "hub@example.com")


@pytest.fixture(params=["memory", "git"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> GitStore:
    """A repository laid out, with a clock that goes on a minute with each commit."""
    made: Any = MemoryStore()
    if request.param == "git":
        create_repository(tmp_path / "state.git", bare=True, remote=None, environ=os.environ)
        made = open_store(str(tmp_path / "state.git"), cache=tmp_path, environ=os.environ, identity=WHO)
    for plan in plan_layout(layout(), made):
        made.commit(plan, at=NOW - timedelta(days=1))
    return made  # type: ignore[no-any-return]


@pytest.fixture
def clock() -> Callable[[], datetime]:
    minutes: Iterator[int] = count()
    return lambda: NOW + timedelta(minutes=next(minutes))


def start(store: Any, clock: Callable[[], datetime], env: str = "int", **fields: Any) -> str:
    outcome = planned(store, env, **fields)
    return store.commit(outcome.plan, at=clock())  # type: ignore[no-any-return]


def stop(store: Any, clock: Callable[[], datetime], key: IssueKey = KEY, env: str = "int", reason: str = "") -> str:
    outcome = plan_stop(key, read_state(store, env, LIBRARY), requested_by="bob", reason=reason)
    assert outcome.plan
    return store.commit(outcome.plan, at=clock())  # type: ignore[no-any-return]


def by_hand(store: GitStore, clock: Callable[[], datetime], path: str, **fields: Any) -> str:
    head = store.snapshots()["main"].commit
    change = FileChange(PurePosixPath(path), b"by hand\n", "")
    return store.commit(Plan("main", head, head, **{"subject": "Fix it", **fields}, changes=(change,)), at=clock())


def told(store: GitStore, env: str | None = None, **fields: Any) -> list[Event]:
    environments = find_environments(store.snapshots(), store.location, TemplateLibrary({}))
    homes, _ = homes_of(environments, only=env)
    return list(read_history(homes, store, **fields))


def brief(events: list[Event]) -> list[tuple[str, str, str, str, str]]:
    return [(event.environment, event.name, event.action, event.who, event.why) for event in events]


def test_who_did_what_and_why_newest_first(store: GitStore, clock: Callable[[], datetime]) -> None:
    first = start(store, clock)
    start(store, clock, key="RTB-9", requested_by="carol")
    start(store, clock, settings=[("web.cpu", "500m")])
    last = stop(store, clock, reason="done\nAction: start")
    events = told(store, key=KEY)
    assert brief(events) == [
        ("int", "rtb-123", "stop", "bob", "done Action: start"),
        ("int", "rtb-123", "update", "alice", ""),
        ("int", "rtb-123", "start", "alice", ""),
    ]
    assert (events[0].commit, events[-1].commit) == (last, first)
    assert [event.at for event in events] == [NOW + timedelta(minutes=n) for n in (3, 2, 0)]
    assert dict(events[-1].details).keys() == {"Rendered-Digest", "Generator"}
    assert [event.name for event in told(store)] == ["rtb-123", "rtb-123", "rtb-9", "rtb-123"]
    assert told(store, "stg") == told(store, key=IssueKey.parse("RTB-1")) == []
    assert brief(told(store, since=NOW + timedelta(minutes=3))) == brief(events[:1])


def test_one_commit_of_many_previews_is_an_event_of_each(store: GitStore, clock: Callable[[], datetime]) -> None:
    start(store, clock)
    start(store, clock, key="RTB-9")
    state = read_state(store, "int", LIBRARY)
    plans = [plan_stop(key, state, requested_by=who, reason=why).plan for key, who, why in ((KEY, "bob", "a"), (OTHER, "carol", "b"))]  # fmt: skip
    commit = store.commit(combined([plan for plan in plans if plan], "Stop 2 previews in int"), at=clock())
    events = told(store)
    assert brief(events[:2]) == [("int", "rtb-123", "stop", "bob", "a"), ("int", "rtb-9", "stop", "carol", "b")]
    assert {event.commit for event in events[:2]} == {commit}
    assert brief(told(store, key=OTHER))[0] == ("int", "rtb-9", "stop", "carol", "b")


def test_a_commit_by_hand_is_told_with_its_author(store: GitStore, clock: Callable[[], datetime]) -> None:
    start(store, clock)
    by_hand(store, clock, f"{FOLDER}/manifest.yaml")
    by_hand(
        store, clock, f"{FOLDER}/note", subject="Note", trailers=(("Signed-off-by", "x"), ("Preview", "stg/rtb-123"))
    )
    by_hand(store, clock, "environments/int/environment.yaml.txt")
    by_hand(store, clock, "environments/stg/previews/rtb/100/rtb-123/note", subject="Elsewhere")
    hand = ("int", "rtb-123", BY_HAND, "rtb-hub")
    assert brief(told(store, "int", key=KEY)) == [
        (*hand, "Note"),
        (*hand, "Fix it"),
        ("int", "rtb-123", "start", "alice", ""),
    ]
    assert [event[:3] for event in brief(told(store, "int"))] == [
        ("int", "", BY_HAND), ("int", "", BY_HAND), ("int", "rtb-123", "start"),
    ]  # fmt: skip
    assert [event.environment for event in told(store, key=KEY)] == ["stg", "int", "int", "int"]


def test_what_awaits_its_merge_is_told_with_its_branch(store: GitStore, clock: Callable[[], datetime]) -> None:
    start(store, clock, "prd")
    start(store, clock, "prd", settings=[("web.cpu", "500m")])
    start(store, clock)
    assert [(e.environment, e.action, e.awaits) for e in told(store, key=KEY)] == [
        ("int", "start", None), ("prd", "update", REQUEST), ("prd", "start", REQUEST),
    ]  # fmt: skip
    assert brief(told(store, "prd")) == brief(told(store, "prd", key=KEY))
    assert told(store, "prd", key=OTHER) == []


def test_what_was_merged_is_told_once_also_when_the_branch_stays(
    store: GitStore, clock: Callable[[], datetime]
) -> None:
    start(store, clock, "prd")
    prd, asked = (store.snapshots()[branch].commit for branch in ("prd", REQUEST))
    if isinstance(store, MemoryStore):
        store.heads["prd"] = asked
    else:
        git(Path(store.location), "update-ref", "refs/heads/prd", asked, prd)
    assert [(e.action, e.awaits) for e in told(store, "prd")] == [("start", None)]
    start(store, clock, "prd", settings=[("web.cpu", "500m")])
    expected = [("update", REQUEST), ("start", None)]
    assert [(e.action, e.awaits) for e in told(store, "prd")] == expected
    assert [(e.action, e.awaits) for e in told(store, key=KEY)] == expected


def test_a_branch_that_is_no_previews_is_passed_over(store: GitStore, clock: Callable[[], datetime]) -> None:
    start(store, clock, "prd")
    prd = store.snapshots()["prd"].commit
    path = PurePosixPath("environments/prd/previews/note")
    store.commit(Plan("preview/prd/not-a-key", prd, None, "x", (FileChange(path, b"", ""),)), at=clock())
    assert [event.action for event in told(store, "prd")] == ["start"]


def test_a_short_history_is_an_error_and_not_told_as_all(tmp_path: Path) -> None:
    create_repository(tmp_path / "state.git", bare=True, remote=None, environ=os.environ)
    store = open_store(str(tmp_path / "state.git"), cache=tmp_path, environ=os.environ, identity=WHO)
    for plan in plan_layout(layout(), store):
        store.commit(plan, at=NOW)
    start(store, lambda: NOW)
    git(
        tmp_path,
        "clone",
        "--quiet",
        "--depth=1",
        "--no-single-branch",
        "--bare",
        f"file://{tmp_path}/state.git",
        "short.git",
    )
    git(tmp_path / "short.git", "remote", "remove", "origin")
    short = open_store(str(tmp_path / "short.git"), cache=tmp_path, environ=os.environ, identity=WHO)
    with pytest.raises(Stalled, match="shallow") as caught:
        told(short)
    assert caught.value.reason is Reason.REPOSITORY_REFUSED


TRAILER = st.tuples(st.sampled_from(["Preview", "Action", "Reason", "X"]), st.text(max_size=5))


@given(st.lists(TRAILER, max_size=12))
def test_blocks_hold_every_trailer_after_the_first_preview_in_order(trailers: list[tuple[str, str]]) -> None:
    found = list(blocks(trailers))
    flat = [trailer for name, block in found for trailer in (("Preview", name), *block)]
    first = next((n for n, trailer in enumerate(trailers) if trailer[0] == "Preview"), len(trailers))
    assert flat == trailers[first:]
