"""Manifests of a Helm chart or a kustomization, rendered by their own tools on this machine.

Each is run with a list of arguments, a time limit, a home of its own, no cluster and, as far as an environment can say
so to a process, no network: proxies lead nowhere, and Git speaks no protocol but that of files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from generator.errors import ConfigError, Fault, Location, Reason

SECONDS: Final = 60
#: Of what a tool prints: more is no application that previews have.
MOST_BYTES: Final = 16 * 1024 * 1024
_INSTALL: Final = {
    "helm": "install Helm (helm.sh/docs/intro/install), or name a folder of what 'helm template' printed",
    "kustomize": "install kustomize (kubectl.docs.kubernetes.io), or name a folder of what 'kustomize build' printed",
}
#: Seconds until it is looked again how much a tool has printed: it must not fill the disk.
_LOOK: Final = 0.1
_NOWHERE: Final = "http://127.0.0.1:9"


def helm(chart: Path, name: str, values: Sequence[Path], environ: Mapping[str, str], seconds: float = SECONDS) -> bytes:
    """What `helm template` prints of the chart in a folder, as the release `name`, with further files of values.

    Raises `ConfigError`: FileUnusable without Helm, InvalidValue for a chart that it does not render, and in time.
    """
    named = [word for path in values for word in ("--values", str(path.resolve()))]
    arguments = ["template", name, str(chart.resolve()), "--namespace", "preview", *named]
    return _printed("helm", arguments, chart, environ, seconds)


def kustomize(folder: Path, environ: Mapping[str, str], seconds: float = SECONDS) -> bytes:
    """What `kustomize build` prints of a folder, without plug-ins. Raises as `helm` does."""
    return _printed("kustomize", ["build", str(folder.resolve())], folder, environ, seconds)


def _printed(tool: str, arguments: list[str], source: Path, environ: Mapping[str, str], seconds: float) -> bytes:
    program = shutil.which(tool, path=environ.get("PATH", os.defpath))
    if program is None:
        fault = Fault(f"there is no {tool} on the PATH", Location(str(source)), remedy=_INSTALL[tool])
        raise ConfigError(Reason.FILE_UNUSABLE, fault)
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, no shell
                [program, *arguments],
                cwd=home,
                env=_environment(environ, home),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as failed:
            fault = Fault(f"{program} cannot be run: {failed.strerror}", Location(str(source)), remedy=_INSTALL[tool])
            raise ConfigError(Reason.FILE_UNUSABLE, fault) from failed
        try:
            code = _code(process, (out, err), seconds)
        except subprocess.TimeoutExpired as expired:
            fault = Fault(f"{tool} was not done in {seconds:g} s", Location(str(source)), remedy=_BY_HAND[tool])
            raise ConfigError(Reason.INVALID_VALUE, fault) from expired
        finally:
            _end(process)
        out.seek(0)
        err.seek(0)
        if code not in (0, None):
            said = " ".join(err.read(1_000_000).decode("utf-8", "replace").split())[-600:] or f"exit code {code}"
            fault = Fault(f"{tool} does not render it: {said}", Location(str(source)), remedy=_BY_HAND[tool])
            raise ConfigError(Reason.INVALID_VALUE, fault)
        printed = out.read(MOST_BYTES + 1)
    if code is None or len(printed) > MOST_BYTES:
        fault = Fault(
            f"{tool} prints over {MOST_BYTES >> 20} MiB of it", Location(str(source)), remedy="import a part of it"
        )
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return printed


_BY_HAND: Final = {
    "helm": "try 'helm template' on it; 'helm dependency build' fetches charts that it needs, --values has values",
    "kustomize": "try 'kustomize build' on it; what it fetches from elsewhere has to be in the folder",
}


def _code(process: subprocess.Popen[bytes], printed: Sequence[IO[bytes]], seconds: float) -> int | None:
    """Its exit code; None: it goes on, and has printed too much. Raises `TimeoutExpired`."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return process.wait(min(_LOOK, max(0.0, ends - time.monotonic())))
        except subprocess.TimeoutExpired:
            if any(os.fstat(one.fileno()).st_size > MOST_BYTES for one in printed):
                return None
            if time.monotonic() >= ends:
                raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(environ: Mapping[str, str], home: str) -> dict[str, str]:
    proxies = {f"{name}_proxy": _NOWHERE for name in ("http", "https", "all")}
    return {
        "PATH": environ.get("PATH", os.defpath),
        "HOME": home,
        "XDG_CACHE_HOME": home,
        "XDG_CONFIG_HOME": home,
        "XDG_DATA_HOME": home,
        "KUBECONFIG": os.devnull,
        "LC_ALL": "C",
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_TERMINAL_PROMPT": "0",
        **proxies,
        **{name.upper(): text for name, text in proxies.items()},
    }
