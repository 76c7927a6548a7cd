"""The two ways in which people without a mouse use a page: keys alone, and a finger at 390 px."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from playwright.sync_api import Locator, Page, expect

#: More stops than any screen has: whoever needs that many has not found it.
_MOST_TABS = 150
#: CSS pixels: WCAG 2.2, 2.5.8.
_LEAST = 24
_IS_FOCUSED = "one => one === document.activeElement || one.contains(document.activeElement)"


class Hands(Protocol):
    page: Page

    def press(self, what: Locator) -> None:
        """Use a button or a link."""

    def write(self, where: Locator, text: str) -> None:
        """Type into a field."""

    def screen(self, name: str) -> None:
        """Open a screen by the menu."""


@dataclass
class Keys:
    """Tab, Enter and letters."""

    page: Page

    def reach(self, what: Locator) -> None:
        expect(what).to_be_visible()
        for _ in range(_MOST_TABS):
            if what.evaluate(_IS_FOCUSED):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no key leads to {what}")

    def press(self, what: Locator) -> None:
        expect(what).to_be_enabled()
        self.reach(what)
        self.page.keyboard.press("Enter")

    def write(self, where: Locator, text: str) -> None:
        self.reach(where)
        self.page.keyboard.type(text)

    def screen(self, name: str) -> None:
        self.press(self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True))


@dataclass
class Finger:
    """Taps, on what is large enough to be hit."""

    page: Page

    def press(self, what: Locator) -> None:
        expect(what).to_be_enabled()
        box = what.bounding_box()
        assert box is not None, what
        size: dict[str, Any] = dict(box)
        assert size["height"] >= _LEAST or what.evaluate("one => getComputedStyle(one).display === 'inline'"), size
        what.tap()

    def write(self, where: Locator, text: str) -> None:
        where.tap()
        self.page.keyboard.type(text)

    def screen(self, name: str) -> None:
        self.press(self.page.locator(".pf-v6-c-masthead__toggle button"))
        self.press(self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True))


#: How a context of a browser is made for each way.
WAYS: dict[str, tuple[type[Keys] | type[Finger], dict[str, Any]]] = {
    "keys": (Keys, {"viewport": {"width": 1280, "height": 900}}),
    "finger": (Finger, {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}),
}
