"""The built site on loopback, and the browser of the other tests."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from worlds.places import REAL_HOME, ROOT, TESTS

sys.path.insert(0, str(TESTS / "browser"))
from chromium import chromium

BUILT = ROOT / "site"
#: Deadlines, not waits: a busy machine takes long.
expect.set_options(timeout=30_000)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder that `tools/site.py` built."""
    assert (BUILT / "index.html").is_file(), "run 'make site'"
    return BUILT


@pytest.fixture(scope="session")
def url(built: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(built)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = chromium(REAL_HOME)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        made = playwright.chromium.launch(executable_path=found.path, args=flags, env={**os.environ, **found.environ})
        yield made
        made.close()
