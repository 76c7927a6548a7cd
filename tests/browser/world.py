"""`rtb-hub serve` as a process, on a real state repository, and a browser that is signed in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from worlds.builders import image
from worlds.commands import must
from worlds.places import ROOT
from worlds.repositories import state_repository

LANGUAGES = ("en", "ko")
WIDTHS = {"desktop": 1280, "phone": 390}
THEMES = ("light", "dark")


class Served:
    """The process. `url`: where it answers."""

    def __init__(self, repo: Path, data: Path, **more: str) -> None:
        self.repo, self.data, self.more = repo, data, more
        self.begin()

    def begin(self, port: int = 0) -> None:
        ours = {"PYTHONPATH": str(ROOT), "RTB_HUB_DATA": str(self.data), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "hub.cli.main", "serve", "--repo", str(self.repo), "--port", str(port)]
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.log = (self.data.parent / "log").open("a+", encoding="utf-8")
        self.process = subprocess.Popen(
            command, env={**os.environ, **ours, **self.more}, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        assert self.process.stdout is not None
        told = [self.process.stdout.readline(), self.process.stdout.readline()]
        found = re.search(r"(http://[0-9.]+:\d+)(/api/\S+)", told[1])
        assert found, (told, Path(self.log.name).read_text(encoding="utf-8"))
        self.url, self.link = found[1], found[1] + found[2]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


@contextmanager
def serving(folder: Path, *previews: tuple[str, str, str], **more: str) -> Iterator[Served]:
    """A process on a new state repository; `previews`: (issue, environment, who asks), each started before.

    `more`: variables of its environment.
    """
    repo = folder / "state.git"
    state_repository(repo)
    for issue, environment, who in previews:
        start(repo, issue, environment, who)
    made = Served(repo, folder / "data", **more)
    try:
        yield made
    finally:
        made.end()


def start(repo: Path, issue: str, environment: str, who: str = "alice", *more: str) -> None:
    """Start a preview by the command line."""
    images = [option for name in ("web", "api") for option in ("--image", f"{name}={image(name)}")]
    must("start", issue, "--env", environment, *images, *more, "--repo", repo, RTB_HUB_ACTOR=who)


@contextmanager
def signed_in(browser: Browser, served: Served, **options: Any) -> Iterator[BrowserContext]:
    """A context of a browser in which alice is signed in: the link works once, so it is made once for each process."""
    state = getattr(served, "state", None)
    options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US", "timezone_id": "Asia/Seoul", **options}
    context = browser.new_context(**options, **({"storage_state": state} if state else {}))
    context.set_default_timeout(20_000)
    try:
        if state is None:
            page = context.new_page()
            page.goto(served.link)
            served.state = context.storage_state()  # type: ignore[attr-defined]
            page.close()
        yield context
    finally:
        context.close()


def watched(page: Page) -> list[str]:
    """What goes wrong in a page, as it does: errors of scripts, and what the content policy refuses."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda one: wrong.append(one.text) if "Content Security Policy" in one.text else None)
    return wrong
