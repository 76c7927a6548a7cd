"""Reading again by what changed gives what reading all gives, whatever was changed in between."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import HubError, Reason, Transient
from generator.values.naming import IssueKey
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.store import GitRepository, Identity
from reconcilers.lifecycle.extend import ExtendRequest, plan_extension
from reconcilers.lifecycle.start_or_wait import plan_start
from reconcilers.plan import FileChange, Plan
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.layout import plan_layout
from reconcilers.state.reading import read_states
from reconcilers.state.rereading import StateReader
from worlds.builders import LIBRARY, NOW, environment, start_request
from worlds.commands import git
from worlds.memory_store import MemoryCache, MemorySnapshot, MemoryStore
from worlds.planning import STARTER, layout, put, started, state_store, stopped

PREVIEWS = "environments/int/previews"
ENTRIES = [f"{PREVIEWS}/rtb/0/rtb-{n}/preview.yaml" for n in (1, 2, 3)]
#: Where an entry of the same name stands a second time, in a wrong place.
ASTRAY = f"{PREVIEWS}/abc/0/rtb-1/preview.yaml"
OTHERS = ["environments/int/queue/rtb-8.yaml", "argocd/int/project.yaml", f"{PREVIEWS}/rtb/0/rtb-1/notes.txt"]
POLICIES = ["environments/int/environment.yaml", "environments/base/environment.yaml", "rtb-hub.yaml"]


def told(states: tuple[EnvironmentState, ...]) -> list[Any]:
    """Everything there is to know of the states, in comparable form."""
    return [
        {
            "environment": one.environment,
            "library": one.library.files,
            "at": (one.snapshot.branch, one.snapshot.commit),
            "records": [(r.file, r.name, r.facts, r.faults, r.built()) for r in one.records],
            "names": {name: record.file for name, record in one.by_name.items()},
            "requests": (one.request_heads, one.removals),
            "usage": one.usage,
            "queued": one.queued,
            "queue": one.queue,
            "shares": {name: one.share(name) for name in one.by_name},
        }
        for one in states
    ]


def read_anew(store: MemoryStore | GitRepository) -> list[Any] | Reason:
    """What comes of reading all."""
    return outcome(lambda: read_states(store, LIBRARY))


def outcome(read: Callable[[], tuple[EnvironmentState, ...]]) -> list[Any] | Reason:
    """The states, or why they cannot be read."""
    try:
        return told(read())
    except HubError as err:
        return err.reason


def texts() -> dict[str, bytes]:
    """An entry, the same with an update, and another."""
    store = state_store()
    started(store, key="RTB-1")
    first = store.snapshots()["main"].tree[PurePosixPath(ENTRIES[0])]
    started(store, key="RTB-1", ttl="2h")
    second = store.snapshots()["main"].tree[PurePosixPath(ENTRIES[0])]
    return {"first": first, "second": second, "other": first.replace(b"RTB-1", b"RTB-2").replace(b"rtb-1", b"rtb-2")}


TEXTS = texts()
CONTENTS = [*TEXTS.values(), b"nonsense: [", b"\xff\xfe", None]
edits = st.one_of(
    st.tuples(st.just("put"), st.sampled_from([*ENTRIES, ASTRAY]), st.sampled_from(CONTENTS)),
    st.tuples(st.just("put"), st.sampled_from(OTHERS), st.sampled_from([b"nonsense: [", b"x", None])),
    st.tuples(st.just("limit"), st.sampled_from(POLICIES[:2]), st.sampled_from([b"previews: 7", b"previews: -1"])),
    st.tuples(st.just("start"), st.sampled_from(["int", "stg", "prd"]), st.sampled_from(["RTB-1", "RTB-2"])),
    st.tuples(st.just("stop"), st.sampled_from(["int", "stg", "prd"]), st.sampled_from(["RTB-1", "RTB-2"])),
    st.tuples(st.just("queue"), st.just("int"), st.sampled_from(["RTB-1", "RTB-8"])),
    st.tuples(st.just("merge"), st.just("prd"), st.sampled_from(["RTB-1", "RTB-2"])),
    st.tuples(st.just("branch"), st.sampled_from(["somebody", "main"]), st.booleans()),
)


def make(store: MemoryStore, edit: tuple[str, Any, Any]) -> None:
    """Carry one out, if it can be."""
    what, where, value = edit
    try:
        match what:
            case "put":
                put(store, where, value)
            case "limit":
                text = store.snapshots()["main"].tree[PurePosixPath(where)]
                put(store, where, text.replace(b"previews: 20", value))
            case "start":
                started(store, where, key=value)
            case "stop":
                stopped(store, where, IssueKey.parse(value))
            case "queue":
                wait_in_line(store, value)
            case "merge":
                branch = f"preview/prd/{value.lower()}"
                store.heads["prd"] = store.heads.pop(branch, store.heads["prd"])
            case "branch" if value:
                store.heads.setdefault(where, store.heads["prd"])
            case "branch":
                store.heads.pop(where, None)
    except (HubError, KeyError):
        pass  # not possible as things stand


def wait_in_line(store: MemoryStore, key: str) -> None:
    """A request that finds a full environment, and waits."""
    limits = environment().spec.limits.model_dump(by_alias=True) | {"previews": 1}
    state = replace(read_states(store, LIBRARY)[0], environment=environment("int", limits=limits))
    asked = replace(start_request(key), queue=True)
    store.commit(plan_start(asked, state, starter=STARTER, now=NOW).plan, at=NOW)


@settings(max_examples=150, deadline=None)
@given(rounds=st.lists(st.lists(edits, max_size=3), min_size=1, max_size=6))
def test_reading_by_what_changed_gives_what_reading_all_gives(rounds: list[list[tuple[str, Any, Any]]]) -> None:
    store, cache = state_store(), MemoryCache()
    reader = StateReader("memory", LIBRARY, cache)
    told(reader.read(store.snapshots()).states())
    for some in rounds:
        for edit in some:
            make(store, edit)
        assert outcome(lambda: reader.read(store.snapshots()).states()) == read_anew(store)


@dataclass(frozen=True)
class CountedSnapshot(MemorySnapshot):
    """Tells what is asked of it."""

    asked: list[str] = field(default_factory=list)
    fails: bool = False

    def changed(self, since: Any, below: PurePosixPath) -> Any:
        self.asked.append("changed")
        if self.fails:
            raise Transient(Reason.REPOSITORY_UNREACHABLE, "what was there is gone")
        return plain(self).changed(plain(since), below)

    def listing(self, below: PurePosixPath) -> Any:
        self.asked.append("listing")
        return MemorySnapshot.listing(self, below)


def plain(snapshot: MemorySnapshot) -> MemorySnapshot:
    return MemorySnapshot(snapshot.branch, snapshot.commit, snapshot.tree)


def counted(store: MemoryStore, asked: list[str], *, fails: bool = False) -> dict[str, CountedSnapshot]:
    return {name: CountedSnapshot(s.branch, s.commit, s.tree, asked, fails) for name, s in store.snapshots().items()}


class TestWhatIsRead:
    def test_only_what_changed_is_parsed_and_nothing_is_listed(self) -> None:
        store, cache, asked = state_store(), MemoryCache(), list[str]()
        for n in range(1, 6):
            started(store, key=f"RTB-{n}")
        reader = StateReader("memory", LIBRARY, cache)
        first = reader.read(counted(store, asked)).states()
        assert cache.parsed == 5
        assert "listing" in asked
        asked.clear()
        again = reader.read(counted(store, asked)).states()
        assert asked == [], "the commits are the same"
        assert again[0].entries == first[0].entries
        started(store, key="RTB-9")
        third = reader.read(counted(store, asked)).states()
        assert cache.parsed == 6
        assert asked == ["changed"]
        assert set(first[0].entries) < set(third[0].entries), "the others are the same objects"

    def test_an_entry_that_stays_does_not_hide_what_changed_beside_it(self) -> None:
        store, reader = state_store(), StateReader("memory", LIBRARY)
        started(store, key="RTB-1")
        asked = ExtendRequest(IssueKey.parse("RTB-1"), "alice", by="1h")
        manifest = PurePosixPath(ENTRIES[0]).with_name("manifest.yaml")

        def written() -> set[PurePosixPath]:
            state = reader.read(store.snapshots()).states()[0]
            outcome = plan_extension(asked, state, starter=STARTER, now=NOW + timedelta(hours=1))
            assert outcome.plan
            return {change.path for change in outcome.plan.changes}

        assert written() == {PurePosixPath(ENTRIES[0])}
        put(store, str(manifest), b"# changed by hand")
        assert written() == {PurePosixPath(ENTRIES[0]), manifest}

    def test_what_cannot_be_compared_is_read_anew(self) -> None:
        store = state_store()
        reader = StateReader("memory", LIBRARY)
        reader.read(store.snapshots()).states()
        started(store, key="RTB-9")
        states = reader.read(counted(store, [], fails=True)).states()
        assert [record.name for record in states[0].entries] == ["rtb-9"]

    def test_after_an_error_it_reads_on_from_what_it_read(self) -> None:
        store = state_store()
        started(store, key="RTB-1")
        reader = StateReader("memory", LIBRARY)
        reader.read(store.snapshots()).states()
        layout_file = store.snapshots()["main"].tree[PurePosixPath("rtb-hub.yaml")]
        put(store, "rtb-hub.yaml", layout_file.replace(b"1", b"99"))
        with pytest.raises(HubError, match="layout 99"):
            reader.read(store.snapshots()).states()
        put(store, "rtb-hub.yaml", layout_file)
        assert told(reader.read(store.snapshots()).states()) == read_anew(store)


class TestOnGit:
    """The same on a real repository."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> GitRepository:
        path = tmp_path / "origin.git"
        create_repository(path, bare=True, remote=None, environ=os.environ)
        who = Identity("rtb-hub", "hub@example.com")
        store = open_store(str(path), cache=tmp_path, environ=os.environ, identity=who)
        for plan in plan_layout(layout(), store):
            store.commit(plan, at=NOW)
        return store

    def test_files_come_go_and_become_something_else(self, store: GitRepository) -> None:
        reader = StateReader(store.location, LIBRARY)

        def wrote(*texts: bytes | None) -> str:
            head = store.snapshots()["main"].commit
            changes = [FileChange(PurePosixPath(file), text, "") for file, text in zip(ENTRIES, texts, strict=False)]
            commit = store.commit(Plan("main", head, head, "Change", tuple(changes)), at=NOW)
            assert told(reader.read(store.snapshots()).states()) == read_anew(store)
            return commit

        before = wrote(TEXTS["first"], TEXTS["other"])
        wrote(None, TEXTS["other"], b"nonsense")
        path = Path(store.location)
        entry = git(path, "rev-parse", f"{before}:{ENTRIES[0]}").strip()
        kinds = (("160000", before, ENTRIES[0]), ("120000", entry, ENTRIES[0]), ("100644", entry, f"{ENTRIES[0]}/in"))
        for kind in kinds:
            commit = with_object(path, before, *kind)  # no descendant of what was read last either
            git(path, "update-ref", "refs/heads/main", commit)
            assert told(reader.read(store.snapshots()).states()) == read_anew(store)

    def test_what_was_read_last_is_gone_for_good(self, store: GitRepository) -> None:
        path, reader = Path(store.location), StateReader(store.location, LIBRARY)
        first = store.snapshots()["main"].commit
        plan = Plan("main", first, first, "Change", (FileChange(PurePosixPath(ENTRIES[0]), TEXTS["first"], ""),))
        store.commit(plan, at=NOW)
        assert len(reader.read(store.snapshots()).states()[0].entries) == 1
        git(path, "update-ref", "refs/heads/main", first)
        git(path, "-c", "gc.reflogExpire=now", "reflog", "expire", "--expire=now", "--all")
        git(path, "gc", "--quiet", "--prune=now")
        assert reader.read(store.snapshots()).states()[0].entries == ()


def with_object(path: Path, base: str, mode: str, content: str, file: str) -> str:
    """A commit like `base`, with an object of some kind at `file` or below it in place of the first entry."""
    here = {**os.environ, "GIT_INDEX_FILE": str(path / "other-index")}

    def run(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", path, *arguments], check=True, capture_output=True, text=True, env=here)
        return done.stdout.strip()

    run("read-tree", base)
    run("rm", "--quiet", "--cached", ENTRIES[0])
    run("update-index", "--add", "--cacheinfo", f"{mode},{content},{file}")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return run(*who, "commit-tree", run("write-tree"), "-m", "Other", "-p", base)
