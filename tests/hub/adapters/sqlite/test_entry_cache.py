"""Entries are parsed once, whatever becomes of the cache; and no cache changes what is read."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest

from generator.values.naming import preview_folder
from hub.adapters.sqlite.entry_cache import KEPT_DAYS, SqliteEntryCache, code_version
from reconcilers.capacity.facts import facts_from, facts_of, facts_text
from reconcilers.lifecycle.start import entry_text
from reconcilers.ports.git import EntryCache, Kept
from reconcilers.state.entries import NOTHING_KEPT, EntryRecord
from reconcilers.state.outlines import outlined
from reconcilers.state.reading import read_states
from worlds.builders import LIBRARY, preview
from worlds.memory_store import MemoryCache, MemoryStore, content_id
from worlds.planning import KEY, merged, put, started, state_store

DAY = 86_400
KEPT = Kept("b", "o", "c")
PATH = str(preview_folder("int", KEY) / "preview.yaml")


class Clock:
    now = 1_000 * DAY

    def __call__(self) -> float:
        return self.now


def opened(folder: Path, *, version: str = "1", clock: Clock | None = None) -> SqliteEntryCache:
    return SqliteEntryCache(folder / "entries", version=version, seconds=clock or Clock())


def file_of(folder: Path) -> Path:
    return next((folder / "entries").glob("*.sqlite"))


def seen(store: MemoryStore, cache: EntryCache) -> list[object]:
    """All that can be read of a repository's entries."""
    states = read_states(store, LIBRARY, cache=cache)
    records: list[EntryRecord] = [record for state in states for record in state.records]
    told = [(r.path, r.name, r.preview, r.facts, r.faults) for r in records]
    outlines = [(record.path, outline) for record, outline in outlined(records)]
    return [told, outlines, [(state.request_heads, state.removals) for state in states]]


def populated() -> MemoryStore:
    """Entries good and bad, in one place and in another; in prd one that is live, with an update requested."""
    store = state_store()
    for key in ("RTB-7", "RTB-123", "RTB-200"):
        started(store, key=key)
    started(store, "prd")
    merged(store)
    started(store, "prd", settings=[("api.cpu", "500m")])
    text = store.trees[store.heads["main"]][PurePosixPath(PATH)].decode()
    put(store, "environments/int/previews/rtb/0/rtb-9/preview.yaml", text.encode())
    put(store, "environments/int/previews/rtb/0/rtb-8/preview.yaml", b"spec: [")
    huge = text.replace("250m", "64000m").replace("RTB-123", "RTB-6").replace("rtb-123", "rtb-6")
    put(store, "environments/int/previews/rtb/0/rtb-6/preview.yaml", huge.encode())
    return store


class TestWhatIsRead:
    def test_is_the_same_with_and_without_a_cache(self, tmp_path: Path) -> None:
        store = populated()
        expected = seen(store, NOTHING_KEPT)
        for cache in (MemoryCache(), opened(tmp_path)):
            assert [seen(store, cache) for _ in range(3)] == [expected] * 3
        assert seen(store, opened(tmp_path)) == expected

    def test_of_thousands_one_that_changed_is_parsed(self) -> None:
        store, cache = state_store(), MemoryCache()
        for number in range(1, 10):
            started(store, key=f"RTB-{number}")
        seen(store, cache)
        assert cache.parsed == 9
        started(store, key="RTB-7", settings=[("api.cpu", "500m")])
        seen(store, cache)
        assert cache.parsed == 10

    def test_one_text_in_two_places_belongs_to_one(self) -> None:
        store = populated()
        records = read_states(store, LIBRARY, cache=MemoryCache())[0].entries
        assert [record.name for record in records if record.faults] == ["rtb-6", "rtb-8", "rtb-9"]
        assert [record.name for record in records if record.facts] == ["rtb-7", "rtb-123", "rtb-200"]

    def test_what_cannot_be_counted_is_set_aside_with_its_place(self) -> None:
        faults = {record.name: record.faults for record in read_states(populated(), LIBRARY)[0].entries}
        assert "fits no Fargate size" in str(faults["rtb-6"][0])

    def test_a_request_is_told_by_what_differs(self) -> None:
        store, cache = populated(), MemoryCache()
        prd = read_states(store, LIBRARY, cache=cache)[1]
        assert [record.name for record in prd.requests] == ["rtb-123"]
        assert prd.removals == frozenset()

    def test_of_two_entries_of_one_name_the_first_is_found(self) -> None:
        store = populated()
        put(store, "environments/int/previews/abc/100/rtb-123/preview.yaml", b"{}")
        state = read_states(store, LIBRARY)[0]
        found = state.entry(KEY)
        assert found is not None
        assert found.path == PurePosixPath("environments/int/previews/abc/100/rtb-123/preview.yaml")


def test_facts_survive_being_kept() -> None:
    facts = facts_of(preview())
    assert facts_from(facts_text(facts)) == facts
    for text in ("", "{}", "[1]", '["a","b","c",1,"x",null,"",""]', '["a","b","c",1,"1",1e99,"",""]'):
        with pytest.raises(ValueError, match=r"."):
            facts_from(text)


class TestFile:
    def test_is_for_its_owner_only(self, tmp_path: Path) -> None:
        opened(tmp_path).keep({"a": KEPT})
        assert (tmp_path / "entries").stat().st_mode & 0o777 == 0o700

    def test_keeps_what_it_is_given_for_other_processes(self, tmp_path: Path) -> None:
        assert opened(tmp_path).keep({"a": Kept("summary", "outline", "entry"), "b": Kept("", "", "")})
        assert opened(tmp_path).summaries(["a", "c"]) == {"a": "summary"}
        assert (opened(tmp_path).entry("a"), opened(tmp_path).entry("c")) == ("entry", None)

    def test_is_another_one_for_other_code(self, tmp_path: Path) -> None:
        opened(tmp_path).keep({"a": Kept("summary", "outline", "entry")})
        assert opened(tmp_path, version="2").summaries(["a"]) == {}
        assert code_version() == code_version()

    def test_drops_what_nobody_asked_for(self, tmp_path: Path) -> None:
        clock = Clock()
        cache = opened(tmp_path, clock=clock)
        cache.keep({"asked for": Kept("1", "1", "1"), "not": Kept("2", "2", "2")})
        opened(tmp_path, version="old").keep({"a": KEPT})
        os.utime(tmp_path / "entries" / "entries-old.sqlite", (clock.now, clock.now))
        for _ in range(KEPT_DAYS // 5 + 1):
            clock.now += 5 * DAY
            assert cache.summaries(["asked for"]) == {"asked for": "1"}
        clock.now += 5 * DAY
        cache.keep({"new": Kept("3", "3", "3")})
        assert cache.summaries(["asked for", "not", "new"]).keys() == {"asked for", "new"}
        assert cache.entry("not") is None
        assert [path.name for path in (tmp_path / "entries").glob("*.sqlite")] == ["entries-1.sqlite"]


def garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def other_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE summary (x)")
    database.close()


def torn(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 + 100 : 4096 + 3000] = b"\xff" * 2900
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


class TestFaults:
    @pytest.mark.parametrize("damage", [garbage, other_tables, torn, cut])
    def test_a_damaged_file_is_made_anew(self, tmp_path: Path, damage: Callable[[Path], None]) -> None:
        store = populated()
        expected = seen(store, NOTHING_KEPT)
        cache = opened(tmp_path)
        seen(store, cache)
        cache.close()
        damage(file_of(tmp_path))
        assert seen(store, opened(tmp_path)) == expected
        cache = opened(tmp_path)
        assert seen(store, cache) == expected
        text = store.trees[store.heads["main"]][PurePosixPath(PATH)]
        assert cache.summaries([content_id(text)]), "it is in use again"

    @pytest.mark.parametrize("column", ["summary", "outline", "entry"])
    def test_a_row_that_is_not_as_written_is_not_believed(self, tmp_path: Path, column: str) -> None:
        store = populated()
        expected = seen(store, opened(tmp_path))
        with closing(sqlite3.connect(file_of(tmp_path))) as database, database:
            database.execute(f"UPDATE {column} SET content = replace(content, 'previews-0', 'previews-9')")
            assert database.total_changes > 0
        database.close()
        assert seen(store, opened(tmp_path)) == expected

    def test_a_file_that_others_hold_costs_time_only(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hub.adapters.sqlite.database._BUSY_SECONDS", 0.01)
        store = populated()
        opened(tmp_path).keep({"a": KEPT})
        holder = sqlite3.connect(file_of(tmp_path), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        cache = opened(tmp_path)
        assert seen(store, cache) == seen(store, NOTHING_KEPT)
        assert cache.summaries(["a"]) == {"a": "b"}
        assert not cache.keep({"x": KEPT})
        holder.close()
        assert cache.keep({"x": KEPT}), "it is used again when it is free"

    def test_a_folder_that_cannot_be_made_costs_time_only(self, tmp_path: Path) -> None:
        (tmp_path / "entries").write_text("a file")
        store = populated()
        assert seen(store, opened(tmp_path)) == seen(store, NOTHING_KEPT)

    def test_what_vanished_meanwhile_is_read_from_git(self, tmp_path: Path) -> None:
        store, cache = populated(), opened(tmp_path)
        expected = seen(store, NOTHING_KEPT)
        seen(store, cache)
        states = read_states(store, LIBRARY, cache=cache)
        with closing(sqlite3.connect(file_of(tmp_path))) as database, database:
            database.execute("DELETE FROM entry")
        database.close()
        assert [r.preview for s in states for r in s.records] == [told[2] for told in expected[0]]  # type: ignore[index]

    def test_several_processes_at_once(self, tmp_path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=keeps_much, args=(tmp_path, n)) for n in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert [worker.exitcode for worker in workers] == [0] * 4
        names = [f"{n}-{i}" for n in range(4) for i in range(50)]
        assert opened(tmp_path).summaries(names).keys() == set(names)


def keeps_much(folder: Path, worker: int) -> None:
    """Keep 50, each in a cache opened anew. One that is held just then may refuse, and takes it the next time."""
    for number in range(50):
        assert any(opened(folder).keep({f"{worker}-{number}": KEPT}) for _ in range(20))


def test_a_whole_entry_is_as_it_was_parsed(tmp_path: Path) -> None:
    store, cache = populated(), opened(tmp_path)
    seen(store, cache)
    for state in read_states(store, LIBRARY, cache=cache):
        for record in state.records:
            if record.preview is not None and record.faults == ():
                text = record.snapshot.read([record.path])[record.path]
                assert entry_text(record.preview).encode() == text
