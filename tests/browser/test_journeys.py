"""Whole journeys of alice, in Chromium against `rtb-hub serve` on a real state repository."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect
from world import Served, serving, signed_in, start, watched

from worlds.builders import image
from worlds.commands import git, must


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("journeys"), ("RTB-7", "int", "alice"), ("RTB-8", "int", "bob")) as made:
        yield made


def row(page: Page, issue: str) -> object:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=issue, exact=True))


def ends(served: Served, issue: str) -> str:
    told = must("show", issue, "--env", "int", "--repo", served.repo, "--output", "json").json()
    found = re.search(r'"expiresAt": ?"([^"]+)"', str(told).replace("'", '"'))
    assert found, told
    return found[1]


def test_from_the_form_to_the_end(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        wrong = watched(page)
        page.goto(served.url)
        page.get_by_role("link", name="Start a preview").first.click()
        expect(page.get_by_role("heading", name="Start a preview")).to_be_visible()
        page.get_by_label("Issue").fill("RTB-41")
        page.get_by_label("Image of web").fill(image("web"))
        page.get_by_label("Image of api").fill(image("api"))
        plan = page.locator(".hub-aside")
        expect(plan.get_by_text(re.compile(r"Objects: \d+ added"))).to_be_visible()
        assert "RTB-41" not in git(served.repo, "log", "--format=%s", "main"), "a plan writes nothing"
        page.get_by_role("button", name="Start in int").click()
        expect(page.get_by_role("heading", name="RTB-41", exact=True)).to_be_visible()
        assert "RTB-41" in git(served.repo, "log", "--format=%s", "main")
        page.get_by_role("tab", name="History").click()
        expect(page.locator(".hub-history li").first).to_contain_text("alice")
        page.get_by_role("button", name="Stop").click()
        dialog = page.get_by_role("dialog", name="Stop RTB-41 in int")
        dialog.get_by_label("Reason").fill("done with it")
        dialog.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("1 preview stopped")).to_be_visible()
        page.goto(f"{served.url}/previews/int/RTB-41")
        page.get_by_role("button", name="Revive").click()
        revive = page.get_by_role("dialog", name="Revive RTB-41 in int")
        revive.get_by_role("button", name="Revive").click()
        expect(page.get_by_text("1 preview revived")).to_be_visible()
        expect(page.get_by_role("heading", name="RTB-41", exact=True)).to_be_visible()
        assert not wrong


def test_two_tabs_extend_at_once_and_it_counts_once(browser: Browser, served: Served) -> None:
    before = ends(served, "RTB-7")
    with signed_in(browser, served) as context:
        tabs = [context.new_page(), context.new_page()]
        for page in tabs:
            page.goto(f"{served.url}/previews/int/RTB-7")
            page.get_by_role("button", name="Extend").click()
            expect(page.get_by_role("dialog").get_by_text("At the latest")).to_be_visible()
        for page in tabs:
            page.get_by_role("dialog").get_by_role("button", name="Extend", exact=True).click()
        expect(tabs[0].get_by_role("dialog")).to_have_count(0)
        expect(tabs[1].get_by_text("1 preview extended").or_(tabs[1].get_by_role("alert")).first).to_be_visible()
        told = git(served.repo, "log", "--format=%s", "main").lower()
        assert told.count("extend") == 1, told
    assert ends(served, "RTB-7") > before


def test_what_another_does_is_seen_without_asking(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?requester=all")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        button = page.locator(".hub-heading-acts a")
        button.focus()
        start(served.repo, "RTB-77", "int", "carol")
        expect(page.get_by_role("link", name="RTB-77", exact=True)).to_be_visible()
        expect(button).to_be_focused()


def test_what_changed_behind_another_screen_is_seen_when_one_comes_back(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?requester=all")
        page.get_by_role("link", name="RTB-7", exact=True).click()
        expect(page.get_by_role("heading", name="RTB-7", exact=True)).to_be_visible()
        start(served.repo, "RTB-78", "int", "carol")
        deadline = time.monotonic() + 30
        while page.request.get(f"{served.url}/api/v1/previews/int/RTB-78").status != 200:
            assert time.monotonic() < deadline, "the server has not seen it"
        page.go_back()
        expect(page.get_by_role("link", name="RTB-78", exact=True)).to_be_visible()


def test_a_session_that_ends_in_the_middle_of_a_form_keeps_the_form(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/start")
        page.get_by_label("Issue").fill("RTB-55")
        page.get_by_label("Image of web").fill(image("web"))
        cookies = context.cookies()
        context.clear_cookies()
        page.get_by_label("Image of api").fill(image("api"))
        page.get_by_role("button", name="Start in int").click()
        expect(page.get_by_role("heading", name="You are not signed in any more")).to_be_visible()
        expect(page.get_by_label("Issue")).to_have_value("RTB-55")
        page.get_by_role("button", name="I am signed in: go on").click()
        expect(page.get_by_text("You are still not signed in.")).to_be_visible()
        context.add_cookies(cookies)  # as signing in in the other tab does
        page.get_by_role("button", name="I am signed in: go on").click()
        expect(page.get_by_role("heading", name="You are not signed in any more")).to_have_count(0)
        expect(page.get_by_label("Image of api")).to_have_value(image("api"))
        page.reload()
        expect(page.get_by_label("Issue")).to_have_value("RTB-55")
        page.get_by_role("button", name="Start in int").click()
        expect(page.get_by_role("heading", name="RTB-55", exact=True)).to_be_visible()


def test_nobody_is_led_to_sign_in_and_back(browser: Browser, served: Served) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{served.url}/previews/int/RTB-8?tab=history")
    expect(page).to_have_url(f"{served.url}/sign-in?next=%2Fpreviews%2Fint%2FRTB-8%3Ftab%3Dhistory")
    expect(page.get_by_text("The link is in the terminal")).to_be_visible()
    context.close()


def test_filters_are_in_the_address(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?requester=all")
        page.get_by_label("Search key, branch, requester").fill("rtb-8")
        expect(page).to_have_url(re.compile("text=rtb-8"))
        expect(page.get_by_role("link", name="RTB-7", exact=True)).to_have_count(0)
        page.reload()
        expect(page.get_by_label("Search key, branch, requester")).to_have_value("rtb-8")
        expect(page.get_by_role("link", name="RTB-8", exact=True)).to_be_visible()


def test_the_language_is_the_browsers_and_can_be_switched(browser: Browser, served: Served) -> None:
    with signed_in(browser, served, locale="ko-KR") as context:
        page = context.new_page()
        page.goto(served.url)
        expect(page.get_by_role("heading", name="프리뷰", exact=True)).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "ko"
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", name="Previews", exact=True)).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Previews", exact=True)).to_be_visible()
        assert page.locator("html").get_attribute("lang") == "en"


def test_keys_alone_do_a_whole_task_and_focus_comes_back(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?requester=all&sort=key")
        expect(page.get_by_role("link", name="RTB-7", exact=True)).to_be_visible()
        page.keyboard.press("/")
        expect(page.get_by_label("Search key, branch, requester")).to_be_focused()
        page.keyboard.type("RTB-8")
        expect(page.get_by_role("link", name="RTB-7", exact=True)).to_have_count(0)
        page.locator("h1").focus()
        page.keyboard.press("j")
        link = page.get_by_role("link", name="RTB-8", exact=True)
        expect(link).to_be_focused()
        page.keyboard.press("e")
        dialog = page.get_by_role("dialog", name="Extend RTB-8 in int")
        expect(dialog.get_by_text("At the latest")).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(link).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="RTB-8", exact=True)).to_be_focused()


def test_single_keys_can_be_switched_off(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/account")
        page.get_by_label("Single-key shortcuts are on.").uncheck(force=True)
        page.goto(f"{served.url}/?requester=all")
        expect(page.get_by_role("link", name="RTB-8", exact=True)).to_be_visible()
        page.locator("h1").focus()
        page.keyboard.press("j")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("h1")).to_be_focused()


def test_an_address_with_a_key_of_ten_thousand_signs(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        wrong = watched(page)
        page.goto(f"{served.url}/previews/int/{'A' * 10_000}")
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("A" * 40 + "…")
        assert not wrong


def test_an_old_tab_after_an_upgrade_says_so(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(served.url)
        expect(page.get_by_role("heading", name="Previews", exact=True)).to_be_visible()
        # The next release has other names: what the open page would load is gone.
        page.route(re.compile(r"/assets/Calendar-"), lambda route: route.fulfill(status=404, body="gone"))
        page.get_by_role("link", name="Calendar").click()
        expect(page.get_by_text("A newer release of this page is there").first).to_be_visible()


def test_the_server_is_started_anew_under_an_open_page(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, ("RTB-1", "int", "alice")) as served, signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?requester=all")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        served.end()
        # What was shown stays, and the page says that it is not of now; signing in anew goes on where one was.
        expect(page.get_by_text(re.compile("As of .*(reconnecting|not connected)"))).to_be_visible()
        expect(page.get_by_role("link", name="RTB-1", exact=True)).to_be_visible()
        served.begin(int(served.url.rpartition(":")[2]))
        other = context.new_page()
        other.goto(served.link)
        other.close()
        expect(
            page.get_by_text("Live", exact=True).or_(page.get_by_role("button", name="I am signed in: go on"))
        ).to_be_visible()
        again = page.get_by_role("button", name="I am signed in: go on")
        if again.is_visible():
            again.click()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_the_content_policy_holds_on_every_screen(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        wrong = watched(page)
        seen: list[str] = []

        def note(answer: Response) -> None:
            if not answer.url.startswith(served.url):
                seen.append(answer.url)

        page.on("response", note)
        for path in ("/", "/previews/int/RTB-8", "/start", "/waiting", "/environments", "/statistics", "/account"):
            page.goto(served.url + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert not wrong
        assert not seen, "no request leaves this site"


def test_signing_out_everywhere_ends_every_session_after_a_long_sleep_too(browser: Browser, tmp_path: Path) -> None:
    """The access token of a tab that slept has run out: it is renewed, and what does not end is not said to have."""
    with serving(tmp_path, ("RTB-1", "int", "alice")) as served:
        with signed_in(browser, served) as context:
            page = context.new_page()
            page.goto(f"{served.url}/account")
            expect(page.get_by_text("(this one)")).to_be_visible()
            context.clear_cookies(name=re.compile("access"))
            page.route("**/api/auth/logout-everywhere", lambda route: route.abort())
            page.get_by_role("button", name="Sign out everywhere").click()
            expect(page.get_by_text("The server does not answer").first).to_be_visible()
            page.unroute("**/api/auth/logout-everywhere")
            page.get_by_role("button", name="Sign out everywhere").click()
            expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        with signed_in(browser, served) as before:
            before.clear_cookies(name=re.compile("access"))
            page = before.new_page()
            page.goto(served.url)
            expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_signing_out_everywhere_ends_every_tab(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, ("RTB-1", "int", "alice")) as served, signed_in(browser, served) as context:
        other, page = context.new_page(), context.new_page()
        other.goto(f"{served.url}/?requester=all")
        expect(other.get_by_role("link", name="RTB-1", exact=True)).to_be_visible()
        page.goto(f"{served.url}/account")
        expect(page.get_by_text("(this one)")).to_be_visible()
        page.get_by_role("button", name="Sign out everywhere").click()
        expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        other.reload()
        expect(other.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
        assert not [one for one in context.cookies() if "access" in one["name"]]


#: What is typed at the very moment when the address takes what was typed before.
_TYPED_MEANWHILE = """() => {
  const push = history.pushState, put = history.replaceState;
  const typing = (real) => function (...args) {
    real.apply(this, args);
    const field = document.getElementById("hub-search");
    if (!new URL(location.href).searchParams.get("text") || field.value !== "RTB") return;
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, "RTB-");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  history.pushState = typing(push);
  history.replaceState = typing(put);
}"""


def test_what_is_typed_while_a_search_begins_stays(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/?requester=all")
        search = page.locator("#hub-search")
        expect(search).to_be_visible()
        page.evaluate(_TYPED_MEANWHILE)
        search.fill("RTB")
        expect(page).to_have_url(re.compile(r"text=RTB-"))
        expect(search).to_have_value("RTB-")
