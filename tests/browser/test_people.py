"""What people of each role see: what they may not do stays in its place, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.api_world import api_world
from worlds.builders import image
from worlds.commands import must
from worlds.served import on_loopback
from worlds.serving import Serving

from hub.services.screens.files import screens  # isort: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("people")
    url = sqlite_url(folder / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    serving = Serving(folder / "state.git", url)
    images = [option for name in ("web", "api") for option in ("--image", f"{name}={image(name)}")]
    must("start", "RTB-1", "--env", "int", *images, "--repo", serving.path, RTB_HUB_ACTOR="alice")
    with api_world(serving, works=True, screens=screens()) as world, on_loopback(world.app) as address:
        yield address
    serving.close()


@contextmanager
def seen_by(browser: Browser, who: str) -> Iterator[Page]:
    context = browser.new_context(locale="en-US", extra_http_headers={"Authorization": f"Bearer {who}"})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("who", "why"), [("viewer", "This needs the role “developer”."), ("developer", "It is alice's")]
)
def test_who_may_not_change_it_is_told_why(browser: Browser, served: str, who: str, why: str) -> None:
    with seen_by(browser, who) as page:
        page.goto(f"{served}/?requester=all")
        stop = page.get_by_role("button", name="Stop RTB-1 in int")
        expect(stop).to_have_attribute("aria-disabled", "true")
        stop.focus()
        expect(page.get_by_role("tooltip")).to_contain_text(why)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_owner_may(browser: Browser, served: str) -> None:
    with seen_by(browser, "alice") as page:
        page.goto(f"{served}/previews/int/RTB-1")
        page.get_by_role("button", name="Extend").click()
        page.get_by_role("dialog").get_by_role("button", name="Extend", exact=True).click()
        expect(page.get_by_text("1 preview extended")).to_be_visible()


def test_an_operators_screens_say_whom_they_are_for(browser: Browser, served: str) -> None:
    with seen_by(browser, "viewer") as page:
        page.goto(f"{served}/operations?tab=jobs")
        expect(page.get_by_text("You have no right to see this")).to_be_visible()
    with seen_by(browser, "operator") as page:
        page.goto(f"{served}/operations?tab=audit")
        expect(page.get_by_role("tabpanel")).not_to_contain_text("no right")


def test_an_operator_freezes_starts_and_lifts_it(browser: Browser, served: str) -> None:
    with seen_by(browser, "operator") as page:
        page.goto(f"{served}/environments")
        page.get_by_role("button", name="Freeze starts").first.click()
        dialog = page.get_by_role("dialog", name="Freeze starts in int")
        dialog.get_by_label("Reason").fill("release day")
        dialog.get_by_role("button", name="Freeze starts").click()
        expect(page.get_by_text("Nothing starts in int now")).to_be_visible()
        page.get_by_role("button", name="Lift it").click()
        expect(page.get_by_text("Nothing starts in int now")).to_have_count(0)
