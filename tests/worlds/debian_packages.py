"""Programs of Debian for tests: fetched and unpacked beside each other, without root and without installing them.

apt verifies what it downloads by the machine's own keys and lists.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


class PackageError(RuntimeError):
    """They cannot be had; the message says why."""


def unpack(packages: Sequence[str], work: Path, *options: str) -> Path:
    """The packages and what they need that is not installed, unpacked below the empty folder `work`; where they are.

    `options` go to apt-get. Raises `PackageError`.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise PackageError(f"{tool} is missing")
    for name in ("lists/partial", "cache/archives/partial", "root"):
        (work / name).mkdir(parents=True)
    apt = [
        "apt-get", "-q", "-y", "-o", f"Dir::State::lists={work / 'lists'}", "-o", f"Dir::Cache={work / 'cache'}",
        "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3", *options,
    ]  # fmt: skip
    _run(*apt, "update")
    _run(*apt, "install", "--download-only", "--no-install-recommends", *packages)
    for package in sorted((work / "cache/archives").glob("*.deb")):
        _run("dpkg-deb", "-x", str(package), str(work / "root"))
    return work / "root"


def _run(*command: str) -> None:
    ran = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode:
        raise PackageError(f"{command[0]} failed: {ran.stdout[-2000:]}")
