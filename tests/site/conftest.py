"""The built site on loopback, and the browser of the other tests."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from worlds.places import REAL_HOME, ROOT, TESTS

sys.path.insert(0, str(TESTS / "browser"))
from chromium import launched

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
    with launched(REAL_HOME) as made:
        yield made
