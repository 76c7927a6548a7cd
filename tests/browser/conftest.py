"""One browser for each process of tests; a context of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import launched
from playwright.sync_api import Browser, expect

from worlds.places import REAL_HOME

#: Deadlines, not waits: a busy machine takes long.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched(REAL_HOME) as made:
        yield made
