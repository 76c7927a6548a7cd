"""One browser for each process of tests; a context of its own for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from chromium import chromium
from playwright.sync_api import Browser, expect, sync_playwright

from worlds.places import REAL_HOME

#: Deadlines, not waits: a busy machine takes long.
expect.set_options(timeout=30_000)
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = chromium(REAL_HOME)
    with sync_playwright() as playwright:
        environ = {**os.environ, **found.environ}
        made = playwright.chromium.launch(executable_path=found.path, args=_FLAGS, env=environ)
        yield made
        made.close()
