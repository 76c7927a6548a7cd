"""What is the matter with a browser, or with what it was given: the screen says it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from world import Served, serving, signed_in, watched

LOCALES = ("en-US", "ko-KR")
_NO_COOKIES = "Object.defineProperty(Navigator.prototype, 'cookieEnabled', { get: () => false })"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("bad"), ("RTB-1", "int", "alice")) as made:
        yield made


def said(locale: str, english: str, korean: str) -> str:
    return korean if locale == "ko-KR" else english


@pytest.mark.parametrize("locale", LOCALES)
def test_cookies_switched_off(browser: Browser, served: Served, locale: str) -> None:
    context = browser.new_context(locale=locale)
    context.add_init_script(_NO_COOKIES)
    page = context.new_page()
    page.goto(served.url)
    expect(page.get_by_role("heading", name=said(locale, "Cookies are switched off", "쿠키"))).to_be_visible()
    expect(page.locator("#hub-main")).to_contain_text(said(locale, "Allow them, and load the page anew", "허용"))
    page.goto(f"{served.url}/sign-in?error=expired")
    expect(page.locator("#hub-main")).to_contain_text(said(locale, "needs cookies", "쿠키"))
    context.close()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_off_by_an_hour(browser: Browser, served: Served, locale: str, hours: int) -> None:
    how = ("ahead", "빠릅니다") if hours > 0 else ("behind", "느립니다")
    with signed_in(browser, served, locale=locale) as context:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        page.clock.install(time=datetime.now(UTC) + timedelta(hours=hours))
        page.goto(f"{served.url}/?requester=all")
        left = page.locator("td time").first
        # A day's lease that began some minutes ago at most.
        expect(left).to_contain_text(said(locale, "23 hr", "23시간"))
        expect(page.locator("#hub-main")).to_contain_text(said(locale, *how))
        expect(page.locator("#hub-main")).to_contain_text(said(locale, "take its time from the network", "네트워크"))
        page.clock.run_for(60_000)
        assert not [one for one in asked if "/refresh" in one], "the access token holds for ten minutes by any clock"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("path", ["/previews/int/", "/preview/", "/?text=", "/start?issue="])
def test_a_key_of_ten_thousand_signs(browser: Browser, served: Served, locale: str, path: str) -> None:
    with signed_in(browser, served, locale=locale) as context:
        page = context.new_page()
        wrong = watched(page)
        page.goto(f"{served.url}{path}{'A' * 10_000}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("#hub-main .hub-loading")).to_have_count(0)
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
        assert page.locator("h1").inner_text().count("A") <= 41
        assert not wrong
