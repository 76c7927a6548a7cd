"""Builds the hub's images by their Dockerfiles, without a daemon and without a registry: `python tests/images/builder.py`.

Buildah follows `Dockerfile.hub` and `Dockerfile.auth` and writes `dist/rtb-hub.tar` and `dist/rtb-auth.tar` (OCI
archives). Their base cannot be had where no registry is reached: Debian's own Python of the same release stands for it.
Buildah, mmdebstrap and bubblewrap are Debian's packages, fetched once into the user's cache; building takes root.
"""

from __future__ import annotations

import fcntl
import os
import re
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # what tests share

from worlds.debian_packages import PackageError, unpack

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "dist"
IMAGES = ("hub", "auth")
PACKAGES = ("buildah", "mmdebstrap", "bubblewrap")
SUITE, PYTHON = "trixie", "3.13"
#: What a base image of Python has, that Debian has in packages of their own.
IN_BASE = ("python3", "python3-pip", "python3-venv", "ca-certificates")
_BASE = "localhost/python"
_TRUSTED = "etc/ssl/certs/ca-certificates.crt"
#: Settings of pip that say from where: the build is given them as a secret.
_FROM_WHERE = ("index-url", "extra-index-url", "trusted-host", "timeout")
_POLICY = '{"default": [{"type": "insecureAcceptAnything"}]}'


class BuildError(RuntimeError):
    """They cannot be built; the message says why and what to do."""


def tools() -> Path:
    """Where the programs are unpacked; fetched where they are not. Raises `BuildError`."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = caches / "rtb-hub-images" / "tools"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with (kept.parent / ".lock").open("w") as lock, tempfile.TemporaryDirectory(dir=kept.parent) as made:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            try:
                unpack(PACKAGES, Path(made) / "work").rename(kept)
            except PackageError as err:
                raise BuildError(str(err)) from err
    return kept


def environ(kept: Path) -> dict[str, str]:
    """The variables that the programs are started with."""
    return {**os.environ, "PATH": f"{kept / 'usr/bin'}:{os.environ['PATH']}", "DEBIAN_FRONTEND": "noninteractive"}


def build(kept: Path, work: Path) -> None:
    """Build all images below the empty folder `work`. Raises `BuildError`."""
    if os.geteuid() != 0:
        raise BuildError("building without a daemon takes root; with one: docker build -f Dockerfile.hub .")
    if len(list(DIST.glob("rtb_ai_hub-*.whl"))) != 1:
        raise BuildError("dist/ needs one wheel of the hub: run 'make wheel'")
    storage = {"driver": "overlay", "runroot": work / "run", "graphroot": work / "graph"}
    (work / "storage.conf").write_text(
        "[storage]\n" + "".join(f'{key} = "{value}"\n' for key, value in storage.items())
    )
    (work / "policy.json").write_text(_POLICY)
    (work / "pip.conf").write_text(_pip_conf())
    given = {**environ(kept), "CONTAINERS_STORAGE_CONF": str(work / "storage.conf"), "TMPDIR": str(work)}
    policy = ("--signature-policy", str(work / "policy.json"))
    _say("making a base: Debian's Python, by mmdebstrap")
    include = f"--include={','.join(IN_BASE)}"
    _run("mmdebstrap", "--quiet", "--variant=minbase", include, SUITE, str(work / "base.tar"), env=given)
    trusted = ssl.get_default_verify_paths().cafile or f"/{_TRUSTED}"
    container = _buildah(kept, given, "from", "scratch")
    _buildah(kept, given, "add", "--quiet", container, str(work / "base.tar"), "/")
    _buildah(kept, given, "add", "--quiet", container, trusted, f"/{_TRUSTED}")
    _buildah(kept, given, "commit", "--quiet", "--rm", *policy, container, _BASE)
    for name in IMAGES:
        _say(f"building Dockerfile.{name}")
        image, archive = f"localhost/rtb-{name}", DIST / f"rtb-{name}.tar"
        archive.unlink(missing_ok=True)
        _buildah(
            kept, given, "build", "--isolation=chroot", "--pull-never", *policy, "--build-arg", f"PYTHON={_BASE}",
            "--secret", f"id=pip.conf,src={work / 'pip.conf'}", "--file", str(ROOT / f"Dockerfile.{name}"),
            "--tag", image, str(ROOT),
        )  # fmt: skip
        _buildah(kept, given, "push", "--quiet", *policy, image, f"oci-archive:{archive}")
        _say(f"dist/{archive.name}: {archive.stat().st_size / 2**20:.0f} MiB")


def _buildah(kept: Path, env: Mapping[str, str], *arguments: str) -> str:
    """What it says. It starts itself anew without variables, so its libraries are mounted where those of the machine are."""
    libraries = next((kept / "usr/lib").glob("*-linux-gnu"), None)
    if libraries is None:  # all of them are installed
        return _run("buildah", *arguments, env=env)
    there = f"/usr/lib/{libraries.name}"
    mount = f'mount -t overlay overlay -o "lowerdir={libraries}:{there}" {there} && exec buildah "$@"'
    return _run("unshare", "--mount", "sh", "-c", mount, "buildah", *arguments, env=env)


def _pip_conf() -> str:
    """pip's settings here, that say from where it fetches."""
    told = _run(sys.executable, "-m", "pip", "config", "list", env=os.environ)
    found = re.findall(r"^[^.\n]*\.(\S+)='(.*)'$", told, re.MULTILINE)
    lines = [f"{name} = {value}" for name, value in found if name in _FROM_WHERE]
    return "\n".join(["[global]", f"cert = /{_TRUSTED}", *lines, ""])


def _run(*command: str, env: Mapping[str, str]) -> str:
    ran = subprocess.run(command, check=False, capture_output=True, text=True, env=env, cwd=ROOT)
    if ran.returncode:
        raise BuildError(f"{' '.join(command[:2])} failed:\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}")
    return ran.stdout.strip()


def _say(what: str) -> None:
    print(what, flush=True)


def main() -> int:
    """Build, or say why not."""
    try:
        kept = tools()
        with tempfile.TemporaryDirectory(dir=kept.parent) as work:
            build(kept, Path(work))
    except BuildError as err:
        print(err, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
