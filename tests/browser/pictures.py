"""Pictures of every screen, in both languages, widths and themes: `python tests/browser/pictures.py FOLDER [SCREEN…]`.

`python tests/browser/pictures.py readme` takes the four of the README.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from itertools import product
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from chromium import launched  # noqa: E402
from playwright.sync_api import Page, expect  # noqa: E402
from world import LANGUAGES, THEMES, WIDTHS, Served, serving, signed_in, start  # noqa: E402

from worlds.builders import image  # noqa: E402
from worlds.places import REAL_HOME, ROOT  # noqa: E402

SCREENS = {
    "previews": "/?requester=all",
    "preview": "/previews/int/RTB-123",
    "change": "/previews/int/RTB-123?tab=change",
    "history": "/previews/int/RTB-123?tab=history",
    "request": "/previews/prd/RTB-123",
    "start": "/start?issue=RTB-400&env=int",
    "start-prd": "/start?issue=RTB-400&env=prd",
    "waiting": "/waiting",
    "environments": "/environments",
    "calendar": "/calendar?requester=all",
    "statistics": "/statistics",
    "operations": "/operations",
    "jobs": "/operations?tab=jobs",
    "audit": "/operations?tab=audit",
    "account": "/account",
    "sign-in": "/sign-in?error=expired&requestId=3f2a",
    "way": "/preview/RTB-999",
    "none": "/?text=nothing",
}
#: Dialogs of a preview, by which of its buttons opens them.
DIALOGS = {"extend": 0, "stop": 1}
PREVIEWS = (
    ("RTB-123", "int", "alice"), ("RTB-123", "stg", "alice"), ("RTB-207", "int", "bob"), ("RTB-311", "int", "carol"),
    ("RTB-512", "stg", "alice"), ("PAY-7", "int", "dave"),
)  # fmt: skip


def settled(page: Page) -> None:
    """Nothing loads any more, and what is shown stands."""
    page.wait_for_selector("h1")
    expect(page.locator(".hub-loading")).to_have_count(0)
    page.evaluate("document.fonts.ready")


def take(served: Served, to: Path, wanted: list[str]) -> None:
    """All pictures."""
    with launched(REAL_HOME) as browser:
        with signed_in(browser, served):
            pass
        for language, width, theme in product(LANGUAGES, WIDTHS, THEMES):
            options = {
                "locale": "ko-KR" if language == "ko" else "en-US",
                "viewport": {"width": WIDTHS[width], "height": 1100 if width == "desktop" else 1900},
                "color_scheme": theme,
                "reduced_motion": "reduce",
            }
            with signed_in(browser, served, **options) as context:
                page = context.new_page()
                for name, path in SCREENS.items():
                    if wanted and name not in wanted:
                        continue
                    page.goto(served.url + path)
                    settled(page)
                    page.screenshot(path=to / f"{name}-{language}-{width}-{theme}.png", full_page=True)
                for name, number in DIALOGS.items():
                    if wanted and name not in wanted:
                        continue
                    page.goto(served.url + "/previews/int/RTB-123")
                    settled(page)
                    page.locator(".hub-heading-acts button").nth(number).click()
                    page.get_by_role("dialog").wait_for()
                    expect(page.locator("[role=dialog] .hub-loading")).to_have_count(0)
                    page.screenshot(path=to / f"{name}-{language}-{width}-{theme}.png")


def readme(served: Served) -> None:
    """The four pictures of the README, small."""
    with launched(REAL_HOME) as browser:
        wide = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        phone = {"viewport": {"width": 390, "height": 720}, "locale": "ko-KR", "reduced_motion": "reduce"}
        with signed_in(browser, served, **wide) as context:
            page = context.new_page()
            for name, path in (
                ("previews", SCREENS["previews"]),
                ("preview", SCREENS["preview"]),
                ("start", SCREENS["start-prd"]),
            ):
                page.goto(served.url + path)
                settled(page)
                if name == "start":
                    for component in ("web", "api"):
                        page.locator(f"#image-{component}").fill(image(component))
                    page.locator(".hub-room").first.wait_for()
                    page.locator("h1").scroll_into_view_if_needed()
                _save(page, name, 0.6)
        with signed_in(browser, served, **phone) as context:
            page = context.new_page()
            page.goto(served.url + SCREENS["preview"])
            settled(page)
            page.locator(".hub-heading-acts button").first.click()
            page.get_by_role("dialog").locator(".hub-facts").wait_for()
            _save(page, "phone", 0.67)


def _save(page: Page, name: str, scale: float) -> None:
    """What is seen, as a small WebP beside the README's other picture."""
    size = page.viewport_size
    assert size is not None
    clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": scale}
    wanted = {"format": "webp", "quality": 70, "clip": clip}
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", wanted)
    (ROOT / "docs" / "pictures" / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


def main(arguments: list[str]) -> None:
    """Take them of a repository with previews of several people and a request for prd; `readme`: the README's."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), *PREVIEWS) as served:
        start(served.repo, "RTB-123", "prd", "alice")
        if arguments == ["readme"]:
            readme(served)
            return
        to = Path(arguments[0])
        to.mkdir(parents=True, exist_ok=True)
        take(served, to, arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
