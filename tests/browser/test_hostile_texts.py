"""Texts of strangers in every field that is shown: they are text, whatever they look like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect
from world import watched

from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.api_world import api_world
from worlds.builders import image
from worlds.commands import must
from worlds.served import on_loopback
from worlds.serving import Serving

from hub.services.screens.files import screens  # isort: skip

IMAGE = '<img src=x onerror="alert(1)">'
#: Turns what follows round; entries do not keep it.
OVERRIDE = "\N{RIGHT-TO-LEFT OVERRIDE}"
TEXTS = (
    IMAGE,
    "<script>alert(1)</script>",
    '"><svg/onload=alert(1)>',
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "' OR 1=1 --",
    "%3Cscript%3E",
    "a" * 300,
    "한글 ﷽ 𝕳𝖊𝖑𝖑𝖔 " + OVERRIDE + "txet desrever",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hostile")
    url = sqlite_url(folder / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    serving = Serving(folder / "state.git", url)
    images = [option for name in ("web", "api") for option in ("--image", f"{name}={image(name)}")]
    for number, text in enumerate(TEXTS):
        who = text.encode("ascii", "replace").decode()[:60]
        must("start", f"RTB-{number + 1}", "--env", "int", *images, "--repo", serving.path, RTB_HUB_ACTOR=who)
        must(
            "extend",
            f"RTB-{number + 1}",
            "--env",
            "int",
            "--by",
            "4h",
            "--reason",
            text[:200],
            "--repo",
            serving.path,
            RTB_HUB_ACTOR=who,
        )
    with api_world(serving, works=False, screens=screens()) as world, on_loopback(world.app) as address:
        yield address
    serving.close()


def open_page(browser: Browser, wrong: list[str]) -> Page:
    context = browser.new_context(locale="en-US", extra_http_headers={"Authorization": "Bearer admin"})
    page = context.new_page()
    wrong.extend(watched(page))

    def opened(dialog: Dialog) -> None:
        wrong.append(f"a script ran: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", opened)
    return page


def test_they_are_shown_as_they_are(browser: Browser, served: str, tmp_path: Path) -> None:
    wrong: list[str] = []
    page = open_page(browser, wrong)
    page.goto(f"{served}/?requester=all")
    expect(page.get_by_role("link", name="RTB-1", exact=True)).to_be_visible()
    assert page.locator("tbody").inner_text().count("<script>alert(1)</script>") == 1
    for number, text in enumerate(TEXTS, 1):
        page.goto(f"{served}/previews/int/RTB-{number}?tab=history")
        expect(page.locator(".hub-history")).to_contain_text(text[:200].replace(OVERRIDE, "").strip())
        assert page.locator("img, .hub-history script, .hub-history svg").count() == 0
    assert not wrong
    page.context.close()


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_they_do_nothing_in_an_address(browser: Browser, served: str, text: str) -> None:
    wrong: list[str] = []
    page = open_page(browser, wrong)
    from urllib.parse import quote

    for path in (
        f"/?text={quote(text)}&env={quote(text)}&requester={quote(text)}",
        f"/previews/{quote(text.replace('/', ''), safe='')}/RTB-1",
        f"/start?issue={quote(text)}",
        f"/sign-in?next={quote(text)}&error={quote(text)}",
    ):
        page.goto(served + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator("#root img, #root script").count() == 0
    assert not wrong
    page.context.close()
