"""The memo of verified manifests: it saves time only, whatever happens to its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hub.adapters.sqlite import verified_memo
from hub.adapters.sqlite.verified_memo import SqliteVerifiedMemo
from reconcilers.ports.git import VerifiedMemo
from worlds.memory_store import MemoryMemo

PAIRS = {(f"{n:040x}", f"{n + 1:040x}"): f"sha256:{n % 2}" for n in range(3000)}


def opened(folder: Path, version: str = "1") -> SqliteVerifiedMemo:
    return SqliteVerifiedMemo(folder / "drift" / "verified.sqlite", version=version)


@pytest.fixture(params=["memory", "sqlite"])
def memo(request: pytest.FixtureRequest, tmp_path: Path) -> VerifiedMemo:
    return MemoryMemo() if request.param == "memory" else opened(tmp_path)


def test_what_was_remembered_is_recalled(memo: VerifiedMemo) -> None:
    assert memo.recall(PAIRS) == {}
    memo.remember(PAIRS)
    memo.remember({})
    assert memo.recall(PAIRS) == PAIRS
    assert memo.recall([("a", "b")]) == {}
    assert memo.recall([]) == {}


def test_another_basis_takes_the_place_of_the_one_before(memo: VerifiedMemo) -> None:
    memo.remember({("a", "b"): "x", ("c", "d"): "x"})
    memo.remember({("a", "b"): "y"})
    assert memo.recall([("a", "b"), ("c", "d")]) == {("a", "b"): "y", ("c", "d"): "x"}


def test_both_files_count(memo: VerifiedMemo) -> None:
    memo.remember({("a", "b"): "x"})
    assert memo.recall([("a", "c"), ("c", "b"), ("b", "a")]) == {}


def test_other_processes_see_it_and_other_code_does_not(tmp_path: Path) -> None:
    opened(tmp_path).remember({("a", "b"): "x"})
    assert opened(tmp_path).recall([("a", "b")]) == {("a", "b"): "x"}
    assert opened(tmp_path, "2").recall([("a", "b")]) == {}


def test_it_is_for_its_owner_only_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verified_memo, "MAX_PAIRS", 2)
    memo = opened(tmp_path)
    for name in "abc":
        memo.remember({(name, name): "x"})
    assert memo.recall([("a", "a"), ("b", "b"), ("c", "c")]) == {("c", "c"): "x"}
    assert (tmp_path / "drift").stat().st_mode & 0o777 == 0o700


def garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def other_tables(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE verified (x)")
    database.close()


def torn(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [garbage, other_tables, torn])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    memo = opened(tmp_path)
    memo.remember(PAIRS)
    memo.close()
    damage(tmp_path / "drift" / "verified.sqlite")
    again = opened(tmp_path)
    assert again.recall(PAIRS) == {}
    again.remember(PAIRS)
    assert opened(tmp_path).recall(PAIRS) == PAIRS


def test_a_row_that_is_not_as_written_counts_for_nothing(tmp_path: Path) -> None:
    opened(tmp_path).remember({("a", "b"): "x"})
    with closing(sqlite3.connect(tmp_path / "drift" / "verified.sqlite")) as database, database:
        database.execute("UPDATE verified SET basis = x'00ff'")
    database.close()
    assert opened(tmp_path).recall([("a", "b")]) == {}


def test_a_file_that_another_process_writes_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.adapters.sqlite.database._BUSY_SECONDS", 0.01)
    memo = opened(tmp_path)
    memo.remember({("a", "b"): "x"})
    holder = sqlite3.connect(tmp_path / "drift" / "verified.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    memo.remember({("c", "d"): "x"})
    assert memo.recall([("a", "b"), ("c", "d")]) == {("a", "b"): "x"}
    holder.close()
    memo.remember({("c", "d"): "x"})
    assert memo.recall([("c", "d")]) == {("c", "d"): "x"}


def test_a_folder_that_cannot_be_made_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "drift").write_text("a file")
    memo = opened(tmp_path)
    memo.remember({("a", "b"): "x"})
    assert memo.recall([("a", "b")]) == {}
