"""Every screen in both languages, widths and themes: axe finds nothing, no text is cut, no word is left in English."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from pictures import DIALOGS, PREVIEWS, SCREENS, settled
from playwright.sync_api import Browser, Page, expect
from world import LANGUAGES, THEMES, WIDTHS, Served, serving, signed_in, start

from worlds.places import ROOT

AXE = ROOT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
#: Texts that stand between tags, outside of what is said to be English or is a name, an address or code.
_WORDS = """() => {
  const found = [];
  const walk = document.createTreeWalker(document.querySelector('#root'), NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const parent = node.parentElement;
    if (parent.closest('[lang=en], code, kbd, pre, .hub-address, .hub-brand, .hub-name, option, td, th[scope=row], label, .pf-v6-c-form__label')) continue;
    if (/[A-Za-z]{4,}/.test(node.textContent) && !/[가-힣]/.test(node.textContent)) found.push(node.textContent.trim());
  }
  return found;
}"""
#: Names, as they are.
_NAMES = {"RTB AI Hub", "English", "RTB-123", "Fargate vCPU", "alice", "root", "vCPU"}
_WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
#: What can be used, and lies beside the window or the panel that holds it.
_BESIDE = """() => {
  const right = document.querySelector('.hub-page').getBoundingClientRect().right;
  return [...document.querySelectorAll('#hub-main button, #hub-main a, #hub-main input, #hub-main select')]
    .filter((one) => one.getClientRects().length > 0 && one.getBoundingClientRect().right > right + 1 && !one.closest('.hub-scroll, .pf-v6-c-tabs'))
    .map((one) => 'beside the panel: ' + (one.getAttribute('aria-label') || one.textContent));
}"""
_CUT = """() => [...document.querySelectorAll('#hub-main *')].filter((one) => {
  const style = getComputedStyle(one);
  return style.overflowX === 'hidden' && style.clipPath === 'none' && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1
    && one.textContent.trim() !== '' && !one.closest('.pf-v6-screen-reader, svg, table thead');
}).map((one) => one.className + ': ' + one.textContent.slice(0, 60))"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("accessible"), *PREVIEWS) as made:
        start(made.repo, "RTB-123", "prd", "alice")
        yield made


def violations(page: Page) -> list[str]:
    """What axe finds."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(f"() => axe.run({json.dumps(_RULES)})")
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("language", "width", "theme"), list(product(LANGUAGES, WIDTHS, THEMES)), ids=str)
def test_every_screen(browser: Browser, served: Served, language: str, width: str, theme: str) -> None:
    options = {
        "locale": "ko-KR" if language == "ko" else "en-US",
        "viewport": {"width": WIDTHS[width], "height": 900},
        "color_scheme": theme,
        "reduced_motion": "reduce",
        "bypass_csp": True,
    }
    wrong: dict[str, Any] = {}
    with signed_in(browser, served, **options) as context:
        page = context.new_page()
        for name, path in SCREENS.items():
            page.goto(served.url + path)
            settled(page)
            words = set(page.evaluate(_WORDS)) - _NAMES if language == "ko" else set()
            found = [
                *violations(page),
                *page.evaluate(_CUT),
                *page.evaluate(_BESIDE),
                *(f"not Korean: {one}" for one in words),
            ]
            if page.evaluate(_WIDER) > 0:
                found.append("wider than the window")
            wrong |= {name: found} if found else {}
        for name, number in DIALOGS.items():
            page.goto(served.url + "/previews/int/RTB-123")
            settled(page)
            page.locator(".hub-heading-acts button").nth(number).click()
            dialog = page.get_by_role("dialog")
            dialog.wait_for()
            expect(dialog.locator(".hub-loading")).to_have_count(0)
            found = violations(page)
            wrong |= {name: found} if found else {}
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


def test_at_twice_the_size_nothing_is_beside_the_window(browser: Browser, served: Served) -> None:
    """200 % of 1280 px is 640 px of layout."""
    with signed_in(browser, served, viewport={"width": 640, "height": 450}, device_scale_factor=2) as context:
        page = context.new_page()
        for name, path in SCREENS.items():
            page.goto(served.url + path)
            settled(page)
            assert page.evaluate(_WIDER) <= 0, name


def test_a_change_of_the_open_preview_is_said_once(browser: Browser, served: Served) -> None:
    with signed_in(browser, served) as context:
        page = context.new_page()
        page.goto(f"{served.url}/previews/int/RTB-311")
        settled(page)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        page.evaluate(
            "() => { window.heard = []; new MutationObserver(() => window.heard.push(document.getElementById('hub-heard').textContent))"
            ".observe(document.getElementById('hub-heard'), { childList: true, characterData: true, subtree: true }); }"
        )
        from worlds.commands import must

        must("extend", "RTB-311", "--env", "int", "--by", "4h", "--repo", served.repo, RTB_HUB_ACTOR="carol")
        expect(page.locator("#hub-heard")).to_contain_text("RTB-311")
        assert len(page.evaluate("() => window.heard")) == 1
