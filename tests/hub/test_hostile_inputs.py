"""Hostile times, numbers and texts wherever they come from: declared errors only, the rest goes on, nothing is deleted.

`--inputs` says how many are read of each kind; files of previews are read twenty-five at a time, among good ones.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from generator.errors import HubError
from generator.model.overlay import read_environment
from generator.model.queued import queued_of
from generator.values.formats import format_time, parse_time
from hub import assets
from hub.adapters.git.log import read_log
from hub.adapters.git.objects import committed_at, signed_at
from hub.adapters.git.process import Git
from hub.adapters.gitea import answers as gitea
from hub.adapters.github import answers as github
from reconcilers.capacity.capacity import EMPTY
from reconcilers.guard.lines import date_refusals
from reconcilers.guard.walk import Dated
from reconcilers.lifecycle.start import draft_of
from reconcilers.plan import FileChange, Plan
from reconcilers.scheduled.admission import plan_queue
from reconcilers.scheduled.expiry import plan_expiry
from reconcilers.scheduled.stamp import plan_stamp
from worlds.builders import NOW, start_request
from worlds.hostile import CORPUS
from worlds.memory_store import MemoryStore
from worlds.planning import STARTER, committed, files_of, observed, put, removed, started, state_store

HOUR = timedelta(hours=1)
AT_ONCE = 25
TIMES = (
    "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1999-12-31T23:59:59Z", "2199-12-31T23:59:59Z", "2200-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z", "57875-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T02:00:60Z",
)  # fmt: skip
LENGTHS = ("0h", "0m", "99999h", "99999h99999m", "-1h", "1e9h", "9" * 400 + "h", "1h1h", "١h")
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, 10**400, 1.5, float("inf"), float("-inf"), float("nan"), True, None)
DEEP = "[" * 3000
hostile = st.one_of(
    st.sampled_from(TIMES), st.sampled_from(LENGTHS), st.sampled_from(NUMBERS), st.sampled_from(CORPUS),
    st.sampled_from(([], {}, [[]], {"": None}, [1] * 500, {str(n): n for n in range(100)})),
    st.integers(), st.floats(), st.text(max_size=40), st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}Z"),
)  # fmt: skip


@pytest.fixture
def inputs(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--inputs"))


def every(count: int, strategy: st.SearchStrategy[Any], read: Callable[[Any], None]) -> None:
    """Have so many inputs of the strategy read; the first that breaks is shown as it is."""

    @settings(max_examples=count, database=None, phases=[Phase.generate])
    @given(strategy)
    def each(one: Any) -> None:
        read(one)

    each()


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value may be replaced: every key and item, however deep."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


@st.composite
def mutated(draw: st.DrawFn, tree: Any) -> Any:
    """A tree in which up to three values are replaced, removed or joined by others."""
    changed = deepcopy(tree)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(changed)) or [(0,)]))
        home = changed
        for key in way:
            home = home[key]
        match draw(st.integers(0, 5)):
            case 0 if isinstance(home, dict):
                home.pop(last, None)
            case 1 if isinstance(home, dict):
                home[draw(st.text(max_size=8))] = deepcopy(draw(hostile))
            case _:
                home[last] = deepcopy(draw(hostile))
        if not list(places(changed)):
            break
    return changed


def text_of(tree: Any) -> bytes:
    """A file with `tree`: JSON is YAML, but for numbers that it has not."""
    return json.dumps(tree).replace("NaN", ".nan").replace("Infinity", ".inf").encode()


@st.composite
def files(draw: st.DrawFn, tree: Any) -> bytes:
    text = text_of(draw(mutated(tree)))
    match draw(st.integers(0, 19)):
        case 0:
            return draw(st.binary(max_size=200))
        case 1:
            at = draw(st.integers(0, len(text)))
            return text[:at] + draw(st.binary(max_size=4)) + text[at:]
        case 2:
            return text[: draw(st.integers(0, len(text)))]
        case 3:
            return DEEP.encode()
    return text


def tree_of(store: MemoryStore, path: str, branch: str = "main") -> Any:
    import yaml

    return yaml.safe_load(files_of(store, branch)[PurePosixPath(path)])


def entry(env: str, number: int, name: str = "preview.yaml") -> str:
    return f"environments/{env}/previews/rtb/0/rtb-{number}/{name}"


@pytest.mark.parametrize("env", ["int", "prd"])
def test_entries(env: str, inputs: int) -> None:
    """One that is due, one that is not, and hostile ones: what goes was read whole, and its end is past."""
    store = state_store()
    branch = "prd" if env == "prd" else "main"
    started(store, key="RTB-1", ttl="1h")
    started(store, key="RTB-2")
    good = {n: (entry("int", n), tree_of(store, entry("int", n))) for n in (1, 2)}
    if env == "prd":
        for n, (_, tree) in good.items():
            tree["spec"] |= {"environment": "prd"}
            tree["spec"]["lease"]["activatedAt"] = tree["spec"]["lease"]["requestedAt"]
            put(store, entry("prd", n), text_of(tree), "prd")
    tree = good[1][1]
    begun = store.heads[branch]

    def read(texts: list[bytes]) -> None:
        store.heads[branch] = begun
        changes = tuple(
            FileChange(PurePosixPath(entry(env, n)), text.replace(b'RTB-1"', b'RTB-%d"' % n).replace(b'rtb-1"', b'rtb-%d"' % n), "")
            for n, text in enumerate(texts, 10)
        )  # fmt: skip
        store.commit(Plan(branch, begun, begun, "By hand", changes), at=NOW)
        state = observed(store, env, expiry={"maxRemovals": 100, "maxShare": 100})
        at = NOW + 2 * HOUR
        expired = plan_expiry(state, at=at)
        gone = {path.parent for path in removed(expired.plan)}
        assert PurePosixPath(entry(env, 1)).parent in gone
        assert PurePosixPath(entry(env, 2)).parent not in gone
        for record in state.entries:
            if record.path.parent in gone:
                assert record.preview
                lease = record.preview.spec.lease
                assert parse_time(lease.activated_at or lease.requested_at) <= parse_time(lease.expires_at or "") <= at
        plan_stamp(state, at=at, merged_at={})

    every(inputs // AT_ONCE // 2, st.lists(files(tree), min_size=AT_ONCE, max_size=AT_ONCE), read)


def test_queue_files(inputs: int) -> None:
    store = state_store()
    state = observed(store)
    entry = draft_of(start_request("RTB-1"), state.environment, state.library, None, room=EMPTY, now=NOW)
    good = queued_of(entry, format_time(NOW))
    tree = good.model_dump(mode="json", by_alias=True, exclude_none=True)
    begun = store.heads["main"]

    def read(texts: list[bytes]) -> None:
        store.heads["main"] = begun
        whole = [*texts, text_of(tree)]
        changes = tuple(
            FileChange(PurePosixPath(f"environments/int/queue/rtb-{n}.yaml"), text.replace(b'RTB-1"', b'RTB-%d"' % n).replace(b'rtb-1"', b'rtb-%d"' % n), "")
            for n, text in enumerate(whole, 10)
        )  # fmt: skip
        store.commit(Plan("main", begun, begun, "By hand", changes), at=NOW)
        found = observed(store)
        plan = plan_queue(found, starter=STARTER, now=NOW)
        committed(store, plan.plan)
        started_too = {record.name for record in observed(store).entries}
        assert f"rtb-{9 + len(whole)}" in started_too

    every(max(1, inputs // AT_ONCE), st.lists(files(tree), min_size=AT_ONCE, max_size=AT_ONCE), read)


@pytest.mark.parametrize("name", ["int", "prd"])
def test_environment_files(name: str, inputs: int) -> None:
    store = state_store()
    branch = "prd" if name == "prd" else "main"
    base = assets.environment_files()["environments/base/environment.yaml"]
    tree = tree_of(store, f"environments/{name}/environment.yaml", branch)

    def read(text: bytes) -> None:
        try:
            read_environment(name, {"base": base, name: text.decode("utf-8", "replace")})
        except HubError:
            return

    every(inputs // 2, files(tree), read)


DATES = st.one_of(
    st.sampled_from((0, -1, 10**9, 253402300800, 2**63, 10**17, 10**30)), st.integers(-(10**12), 10**15)
).map(str)
ODD = st.one_of(DATES, st.sampled_from(("", "x", "1.5", "1e9", "9" * 5000, "-", "١")))


def test_dates_of_commits(inputs: int) -> None:
    def read(dates: tuple[str, str, str]) -> None:
        written, made, zone = dates
        text = f"tree {'a' * 40}\nauthor a <a> {written} {zone}\ncommitter a <a> {made} {zone}\n\nx\n".encode()
        committed_at(text)
        list(date_refusals([Dated("c", *signed_at(text))], NOW))

    every(inputs, st.tuples(ODD, ODD, st.sampled_from(("+0000", "-9999", "+99999", "", "Z"))), read)


def test_a_history_of_commits_with_odd_dates_and_trailers(tmp_path: Path, inputs: int) -> None:
    """One history of them all: each commit is told, in order, and none keeps the others from it."""
    git = Git(os.environ, tmp_path / "x.git")
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "x.git"], check=True)
    drawn: list[tuple[str, str]] = []
    trailer = st.one_of(st.sampled_from(CORPUS), st.text(max_size=20)).filter(lambda text: "\0" not in text)
    every(max(20, inputs // 100), st.tuples(ODD, trailer), drawn.append)
    tree, parent = git.must("mktree").text, ""
    for at, said in drawn:
        on = f"parent {parent}\n" if parent else ""
        message = f"x\n\nRequested-By: {said}\n".encode("utf-8", "surrogatepass")
        text = f"tree {tree}\n{on}author a <a> {at} +0000\ncommitter a <a> {at} +0000\n\n".encode() + message
        parent = git.must("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=text).text
    found = list(read_log(git, tmp_path / "x.git", parent, below=None, since=None))
    assert len(found) == len(drawn)
    assert all(one.at.tzinfo for one in found)


@pytest.mark.parametrize("forge", ["github", "gitea"])
def test_answers_of_forges(forge: str, inputs: int) -> None:
    from worlds import gitea_api

    def read(pull: Any) -> None:
        try:
            if forge == "github":
                github.read(github.Pull, pull, where="x")
            else:
                gitea.Pull.model_validate(pull)
        except (HubError, ValueError):
            return

    every(inputs // 2, mutated(gitea_api.pull()), read)
