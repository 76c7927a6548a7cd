"""The built site has every page, in both languages, loads nothing from others, fits, and is searched in both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from worlds.places import ROOT

PAGES = ["/", "/PREVIEW_ENVIRONMENT/", "/OPERATIONS/", "/SECURITY/", "/reference/commands/", "/adr/"]
#: What makes a browser fetch something by itself.
LOADING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "link": "href",
    "object": "data",
    "video": "src",
}


class _Loaded(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if value and LOADING.get(tag) == name]


def is_elsewhere(address: str) -> bool:
    return bool(re.match(r"(?:[a-z][a-z0-9+.-]*:)?//", address, re.IGNORECASE))


def test_no_page_and_no_style_names_another_host_to_load_from(built: Path) -> None:
    pages, styles = sorted(built.rglob("*.html")), sorted(built.rglob("*.css"))
    assert len(pages) > 100
    found = []
    for path in pages:
        read = _Loaded()
        read.feed(path.read_text(encoding="utf-8"))
        assert read.found
        found += [(path.name, one) for one in read.found if is_elsewhere(one)]
    for path in styles:
        loads = re.findall(r"(?:url\(|@import\s+)['\"]?([^'\")]+)", path.read_text(encoding="utf-8"))
        found += [(path.name, one) for one in loads if is_elsewhere(one)]
    assert found == []


def test_every_document_is_a_page_in_both_languages(built: Path) -> None:
    sources = [one for one in (ROOT / "docs").rglob("*.md") if one.name != "0000-template.md"]
    for source in sources:
        name = source.relative_to(ROOT / "docs").with_suffix("")
        place = Path("ko", str(name).removesuffix(".ko")) if name.name.endswith(".ko") else name
        assert (built / place / "index.html").is_file(), place
        if not name.name.endswith(".ko"):
            assert (built / "ko" / place / "index.html").is_file(), place


@contextmanager
def opened(browser: Browser, url: str, *, width: int = 1280, theme: str = "light") -> Iterator[Page]:
    """A page that may load from the site alone and says no error."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.wait_for_load_state("networkidle")
    assert asked
    assert [one for one in asked if not one.startswith((f"{url}/", "data:", "blob:"))] == []
    # The theme looks for a list of addresses at each language's page, and does without where there is none.
    assert [one for one in wrong if not one.endswith("/sitemap.xml")] == []
    context.close()


@pytest.mark.parametrize("language", ["", "/ko"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_in_every_width_and_theme_and_loads_its_own_alone(
    browser: Browser, url: str, path: str, language: str
) -> None:
    colours = set()
    for width, theme in ((1280, "light"), (1280, "dark"), (390, "light")):
        with opened(browser, url, width=width, theme=theme) as page:
            page.goto(url + language + path)
            expect(page.locator("h1")).to_be_visible()
            assert page.locator("html").get_attribute("lang") == (language.strip("/") or "en")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
            colours.add((theme, page.evaluate("getComputedStyle(document.body).backgroundColor")))
    assert len(colours) == 2


@pytest.mark.parametrize(
    ("language", "words", "leads_to"),
    [
        ("", "set-frozen", "/OPERATIONS/"),
        ("", "RTB_HUB_QUEUE_TRUST", "/reference/settings/"),
        ("/ko", "프리뷰", "/ko/"),
        ("/ko", "연장", "/ko/"),
    ],
)
def test_it_is_searched(browser: Browser, url: str, language: str, words: str, leads_to: str) -> None:
    with opened(browser, url) as page:
        page.goto(f"{url}{language}/")
        page.locator(".md-search__input").click()
        page.locator(".md-search__input").fill(words)
        found = page.locator(".md-search-result__link")
        expect(found.first).to_be_visible()
        assert any(leads_to in (one.get_attribute("href") or "") for one in found.all())
