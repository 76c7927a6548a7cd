"""How much is loaded before the list stands, how much an idle tab asks for, and a list of ten thousand."""

from __future__ import annotations

import gzip
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request, Response, expect
from world import Served, serving, signed_in

from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.api_world import api_world
from worlds.places import ROOT
from worlds.served import on_loopback
from worlds.serving import Serving

from hub.services.screens.files import screens  # isort: skip

SCRIPT_KB, STYLE_KB = 200, 80


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
            page.goto(f"{served.url}/?requester=all")
            expect(page.get_by_role("link", name="RTB-1", exact=True)).to_be_visible()
            sizes = {
                kind: sum(len(gzip.compress(one.body())) for one in loaded if one.url.endswith(kind)) / 1000
                for kind in (".js", ".css")
            }
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
