"""How much is loaded before the list stands, how much an idle tab asks for, and a list of ten thousand."""

from __future__ import annotations

import asyncio
import gzip
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue

import pytest
from playwright.sync_api import Browser, Request, Response, expect
from world import Served, serving, signed_in, start

from hub.services.api.rights import Caller
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.api_world import PEOPLE, api_world
from worlds.places import ROOT
from worlds.served import on_loopback
from worlds.serving import Serving

from hub.services.screens.files import screens  # isort: skip

SCRIPT_KB, STYLE_KB = 200, 80
STREAMS, CHANGES = 200, 5
#: When the first preview of the list is in the page, in milliseconds after the address was opened.
_FIRST_ROW = """addEventListener('DOMContentLoaded', () => {
  const seen = new MutationObserver(() => {
    if (!document.querySelector('a[data-row]')) return;
    seen.disconnect();
    requestAnimationFrame(() => { window.firstRow = performance.now(); });
  });
  seen.observe(document.documentElement, { childList: true, subtree: true });
});"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("budgets"), ("RTB-1", "int", "alice")) as made:
        yield made


def test_what_is_loaded_until_the_list_stands(browser: Browser, served: Served) -> None:
    for locale in ("en-US", "ko-KR"):
        with signed_in(browser, served, locale=locale) as context:
            page = context.new_page()
            loaded: list[Response] = []
            page.on("response", lambda one: loaded.append(one))  # noqa: PLW0108, B023 - handlers are marked
            page.add_init_script(_FIRST_ROW)
            page.goto(f"{served.url}/?requester=all")
            expect(page.get_by_role("link", name="RTB-1", exact=True)).to_be_visible()
            painted = page.evaluate("() => window.firstRow") / 1000
            sizes = {
                kind: sum(len(gzip.compress(one.body())) for one in loaded if one.url.endswith(kind)) / 1000
                for kind in (".js", ".css")
            }
        print(f"{locale}: the list is painted after {painted:.2f} s")
        print(f"{locale}: JavaScript {sizes['.js']:.0f} kB, CSS {sizes['.css']:.0f} kB gzipped")
        assert sizes[".js"] <= SCRIPT_KB
        assert sizes[".css"] <= STYLE_KB


def test_an_idle_tab_asks_for_one_thing_a_minute_at_most(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?requester=all")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        page.wait_for_timeout(3000)
        asked: list[Request] = []
        page.on("request", lambda one: asked.append(one))  # noqa: PLW0108 - handlers are marked
        page.wait_for_timeout(61_000)
        assert len(asked) <= 1, [one.url for one in asked]


@dataclass
class Streams:
    """Those of `callers`, in turn, at the API at `address`: `begun` has one of each that began, `told` when each told."""

    address: str
    callers: list[str]
    begun: SimpleQueue[None] = field(default_factory=SimpleQueue)
    told: SimpleQueue[float] = field(default_factory=SimpleQueue)

    def follow(self) -> None:
        """Follow all, until each told of each change."""
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            for number in range(STREAMS):
                group.create_task(self._one(self.callers[number % len(self.callers)]))

    async def _one(self, caller: str) -> None:
        host, _, port = self.address.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        asks = f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {caller}\r\n\r\n"
        writer.write(asks.encode())
        left = CHANGES
        async for line in reader:
            if line.startswith(b"event: snapshot"):
                self.begun.put(None)
            elif line.startswith(b"event: changed"):
                self.told.put(time.perf_counter())
                left -= 1
                if not left:
                    break
        writer.close()
        await writer.wait_closed()


def test_a_change_is_told_to_two_hundred_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watchers = {
        f"watcher-{number}": Caller(f"person-{number}", "w", "person", "api", role="viewer") for number in range(40)
    }
    monkeypatch.setattr("worlds.api_world.PEOPLE", PEOPLE | watchers)
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    serving_ = Serving(tmp_path / "state.git", url)
    took = []
    with api_world(serving_, works=False) as world, on_loopback(world.app) as address, ThreadPoolExecutor() as beside:
        streams = Streams(address, list(watchers))
        following = beside.submit(streams.follow)
        for _ in range(STREAMS):
            streams.begun.get(timeout=60)
        for number in range(1, CHANGES + 1):
            start(serving_.path, f"RTB-{number}", "int")
            at = time.perf_counter()
            world.api.feed.refresh()
            took += [streams.told.get(timeout=60) - at for _ in range(STREAMS)]
        following.result()
    serving_.close()
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    print(f"{STREAMS} streams: a change is told after {took[len(took) // 2]:.2f} s (median), {p95:.2f} s (p95)")


def test_ten_thousand_previews(browser: Browser, tmp_path: Path) -> None:
    sys.path.insert(0, str(ROOT / "tests" / "bench"))
    from starts import build

    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    build(tmp_path / "state.git", 10_000)
    serving_ = Serving(tmp_path / "state.git", url)
    with api_world(serving_, works=False, screens=screens()) as world, on_loopback(world.app) as address:
        context = browser.new_context(locale="en-US", extra_http_headers={"Authorization": "Bearer admin"})
        page = context.new_page()
        page.goto(f"{address}/account")
        begin = time.perf_counter()
        page.goto(f"{address}/?requester=all")
        expect(page.locator("a[data-row]")).to_have_count(50)
        print(f"10,000 previews: first list after {time.perf_counter() - begin:.1f} s, {datetime.now(UTC):%H:%M}")
        expect(page.get_by_text("10,000 previews")).to_be_visible()
        page.get_by_role("button", name="Show more").click()
        expect(page.locator("a[data-row]")).to_have_count(100)
        page.get_by_label("Search key, branch, requester").fill("nothing like this")
        expect(page.get_by_text("No preview matches")).to_be_visible()
        context.close()
    serving_.close()
