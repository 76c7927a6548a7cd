"""The event stream: what changed, to whoever wants it, once; and `reset` where that cannot be kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.services.api import events, feed
from hub.services.api.limits import STREAMS_OF_ONE
from hub.services.api.shapes.streaming import StreamEvents
from hub.services.api.snapshot import Wanted
from worlds.api_world import PEOPLE, ApiWorld
from worlds.commands import must
from worlds.listed import listed_at

BEGIN = {"revision": "r", "asOf": "2026-11-27T00:00:00Z", "total": 0}
Told = list[tuple[str, dict[str, Any]]]


def run(world: ApiWorld, act: Callable[[AsyncIterator[Any]], Awaitable[None]], **given: Any) -> None:
    """Let `act` read a stream."""

    async def main() -> None:
        world.api.ending = asyncio.Event()
        wanted = given.get("wanted", Wanted())
        stream = events._stream(world.api, PEOPLE["alice"], wanted, BEGIN, given.get("last"))
        try:
            await act(stream)
        finally:
            await stream.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
    assert world.api.streams == {}
    assert world.api.feed._subscribers == []


async def read(stream: AsyncIterator[Any], count: int) -> tuple[Told, list[str]]:
    found, ids = [], []
    for _ in range(count):
        one = await asyncio.wait_for(stream.__anext__(), 30)
        found.append((one.event, json.loads(one.data)))
        StreamEvents.model_fields[one.event].annotation.model_validate(found[-1][1])  # type: ignore[union-attr]
        ids.append(one.id)
    return found, ids


def issues(told: dict[str, Any]) -> list[str]:
    return [one["issue"] for one in told["previews"]]


def start(world: ApiWorld, issue: str, environment: str = "int") -> None:
    image = f"web=registry.example.com/web@sha256:{'a' * 64}"
    told = ("start", issue, "--env", environment, "--blueprint", "web", "--image", image)
    must(*told, "--repo", world.serving.path)
    world.api.feed.refresh()


def test_what_starts_changes_and_ends_is_told(world: ApiWorld) -> None:
    async def act(stream: AsyncIterator[Any]) -> None:
        assert (await read(stream, 1))[0] == [("snapshot", BEGIN)]
        start(world, "RTB-1")
        must("extend", "RTB-1", "--env", "int", "--by", "1h", "--repo", world.serving.path)
        world.api.feed.refresh()
        must("stop", "RTB-1", "--env", "int", "--repo", world.serving.path)
        world.api.feed.refresh()
        told, ids = await read(stream, 3)
        assert [(name, issues(one)) for name, one in told] == [("changed", ["RTB-1"])] * 2 + [("gone", ["RTB-1"])]
        assert told[1][1]["revision"] != told[0][1]["revision"]
        assert ids == [f"{world.api.feed.name}-{number}" for number in (1, 2, 3)]

    run(world, act)


def test_a_filter_is_kept_to(world: ApiWorld) -> None:
    async def act(stream: AsyncIterator[Any]) -> None:
        await read(stream, 1)
        start(world, "RTB-1", "stg")
        start(world, "RTB-2", "int")
        told, _ = await read(stream, 1)
        assert issues(told[0][1]) == ["RTB-2"]

    run(world, act, wanted=Wanted(env="int"))


def test_one_that_matches_a_filter_no_more_is_gone_to_it(world: ApiWorld) -> None:
    async def act(stream: AsyncIterator[Any]) -> None:
        await read(stream, 1)
        start(world, "RTB-1")
        later = datetime.now(UTC) + timedelta(hours=23.5)
        world.api.feed.clock = lambda: later
        world.api.feed.refresh()
        told, _ = await read(stream, 2)
        assert [name for name, _ in told] == ["changed", "gone"]
        assert told[1][1]["previews"] == [{"issue": "RTB-1", "environment": "int", "isRequest": False}]

    run(world, act, wanted=Wanted(phase="active"))


def test_what_changes_at_once_is_told_at_once_and_of_many_only_that_they_are(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_ROWS", 2)

    async def act(stream: AsyncIterator[Any]) -> None:
        await read(stream, 1)
        for count in (2, 3):
            before = world.api.feed.snapshot
            rows = [listed_at(before, number, datetime.now(UTC) + timedelta(hours=count)) for number in range(count)]
            world.api.feed._tell(before, tuple(feed._differences(before, replace(before, rows=tuple(rows)))), [])
        told, _ = await read(stream, 2)
        assert [(len(one["previews"]), one["isMany"]) for _, one in told] == [(2, False), (0, True)]

    run(world, act)


def test_what_is_kept_for_who_comes_back_is_bounded(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "_KEPT", 5)
    before = world.api.feed.snapshot
    row = listed_at(before, 1, datetime.now(UTC))
    for _ in range(9):
        world.api.feed._tell(before, (feed.RowChange(None, feed.Traits.of(row), {}),), [])
    assert [one.id for one in world.api.feed._kept] == [8, 9]
    assert world.api.feed.subscribe(print, after=7)[0] != None  # noqa: E711
    assert world.api.feed.subscribe(print, after=6)[0] is None
    for _ in range(2):
        world.api.feed.unsubscribe(print)


def test_an_operation_that_ended_is_told(world: ApiWorld) -> None:
    async def act(stream: AsyncIterator[Any]) -> None:
        await read(stream, 1)
        body = {
            "issue": "RTB-1",
            "environment": "int",
            "blueprint": "web",
            "images": {"web": "registry.example.com/w:x"},
        }
        failed = await asyncio.to_thread(world.post, "/api/v1/previews", json=body, headers={"Prefer": "wait=30"})
        world.api.feed.refresh()
        world.api.feed.refresh()
        (told,), _ = await read(stream, 1)
        assert (told[0], told[1]["id"]) == ("operation", failed.json()["operation"]["id"])
        assert (told[1]["state"], told[1]["error"]["reason"]) == ("failed", "ImageNotPinned")

    run(world, act)


def test_who_comes_back_gets_what_was_missed(world: ApiWorld) -> None:
    start(world, "RTB-1")
    start(world, "RTB-2")

    async def act(stream: AsyncIterator[Any]) -> None:
        told, ids = await read(stream, 1)
        assert (issues(told[0][1]), ids) == (["RTB-2"], [f"{world.api.feed.name}-2"])

    run(world, act, last=f"{world.api.feed.name}-1")


@pytest.mark.parametrize("last", ["NAME-77", "1", "deadbeef-1", "x", "NAME--1", "NAME-²", "", "NAME-"])
def test_a_last_event_that_nobody_knows_is_a_reset(world: ApiWorld, last: str) -> None:
    async def act(stream: AsyncIterator[Any]) -> None:
        (told,), _ = await read(stream, 1)
        assert told[0] == "reset"
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()

    start(world, "RTB-1")
    run(world, act, last=last.replace("NAME", world.api.feed.name))


def test_who_reads_too_slowly_is_told_to_read_anew(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 2)

    async def act(stream: AsyncIterator[Any]) -> None:
        await read(stream, 1)
        for number in range(1, 5):
            start(world, f"RTB-{number}")
        await asyncio.sleep(0)
        told, _ = await read(stream, 1)
        while told[0][0] != "reset":
            told, _ = await read(stream, 1)
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()

    run(world, act)


def test_a_stream_ends_with_the_process(world: ApiWorld) -> None:
    async def act(stream: AsyncIterator[Any]) -> None:
        await read(stream, 1)
        world.api.ending.set()
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()

    run(world, act)


def test_one_caller_has_six_streams(world: ApiWorld) -> None:
    world.api.streams["person-alice"] = STREAMS_OF_ONE
    assert world.get("/api/v1/events").status_code == 429
