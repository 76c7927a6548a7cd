"""From a change to its event at each of two hundred streams, beside one stream alone; all in one process with the server.

A change is in Git when the time begins: what is told is what reading it and telling of it take.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from hub.services.api import events
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.api_world import ApiWorld, api_world
from worlds.commands import IMAGES, must
from worlds.served import on_loopback
from worlds.serving import Serving

STREAMS, CHANGES = 200, 10
_ASKED = "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer operator\r\n\r\n"


def main() -> None:
    """Print p95 of both, and how many times that of one stream that of many is."""
    with tempfile.TemporaryDirectory() as folder:
        one, many = (_p95(told(Path(folder) / str(count), count)) for count in (1, STREAMS))
    found = f"{many * 1000:.0f} ms, {many / one:.1f} x that of 1"
    print(f"{f'change to event at {STREAMS} streams, p95':<46}{found:<32}goal 1000 ms")


def told(folder: Path, streams: int, *, changes: int = CHANGES) -> list[float]:
    """Seconds from each change to its event at each stream."""
    folder.mkdir()
    url = sqlite_url(folder / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    serving = Serving(folder / "state.git", url)
    limit = patch.object(events, "STREAMS_OF_ONE", streams)
    with limit, api_world(serving, works=False) as world, on_loopback(world.app) as address:
        took = asyncio.run(_told(world, urlsplit(address).netloc, streams, changes))
    serving.close()
    return took


async def _told(world: ApiWorld, host: str, streams: int, changes: int) -> list[float]:
    name, _, port = host.partition(":")
    opened = [await asyncio.open_connection(name, int(port)) for _ in range(streams)]
    for _, writer in opened:
        writer.write(_ASKED.format(host=host).encode())
    await asyncio.gather(*(reader.readuntil(b"event: snapshot") for reader, _ in opened))
    took: list[float] = []

    async def seen(reader: asyncio.StreamReader, begin: float) -> None:
        await reader.readuntil(b"event: changed")
        took.append(time.perf_counter() - begin)

    for number in range(1, changes + 1):
        start = ("start", f"RTB-{number}", "--env", "int", *IMAGES, "--repo", world.serving.path)
        must(*start)  # nothing is told meanwhile
        begin = time.perf_counter()
        waits = [asyncio.ensure_future(seen(reader, begin)) for reader, _ in opened]
        await asyncio.to_thread(world.api.feed.refresh)
        await asyncio.gather(*waits)
    for _, writer in opened:
        writer.close()
    return took


def _p95(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)]
