"""What people of each role see: what they may not do stays in its place, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect
from world import start

from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.api_world import api_world
from worlds.served import on_loopback
from worlds.serving import Serving

from hub.services.screens.files import screens  # isort: skip

#: They take all the room there is, and one more waits.
LARGE, WAITS = ("RTB-2", "RTB-3", "RTB-4"), "RTB-5"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("people")
    url = sqlite_url(folder / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    serving = Serving(folder / "state.git", url)
    start(serving.path, "RTB-1", "int")
    for issue in (*LARGE, WAITS):
        start(serving.path, issue, "int", "alice", "--set", "web.cpu=1", "--set", "api.cpu=1", "--queue")
    with api_world(serving, works=True, screens=screens()) as world, on_loopback(world.app) as address:
        yield address
    serving.close()


@contextmanager
def seen_by(browser: Browser, who: str, locale: str = "en-US") -> Iterator[Page]:
    context = browser.new_context(locale=locale, extra_http_headers={"Authorization": f"Bearer {who}"})
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


@pytest.mark.parametrize(
    ("locale", "title", "todo"),
    [
        ("en-US", "You are signed in, and have no role here", "Ask an administrator"),
        ("ko-KR", "로그인했지만 역할이 없습니다", "관리자에게"),
    ],
)
def test_who_has_no_role_is_told_whom_to_ask(browser: Browser, served: str, locale: str, title: str, todo: str) -> None:
    with seen_by(browser, "guest", locale) as page:
        for path in ("/", "/previews/int/RTB-1", "/start", "/preview/RTB-1"):
            page.goto(served + path)
            expect(page.get_by_role("heading", level=1)).to_have_text(title)
            expect(page.locator("#hub-main")).to_contain_text(todo)
            expect(page).to_have_title(f"{title} · RTB AI Hub")
        page.goto(f"{served}/account")
        expect(page.get_by_role("heading", level=3, name=title)).to_be_visible()


def test_who_may_not_stop_one_that_waits_is_told_why(browser: Browser, served: str) -> None:
    with seen_by(browser, "viewer") as page:
        page.goto(f"{served}/previews/int/{WAITS}")
        expect(page.get_by_role("heading", name="Waiting line")).to_be_visible()
        expect(page.get_by_role("button", name="Stop")).to_have_attribute("aria-disabled", "true")


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
