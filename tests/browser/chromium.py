"""A Chromium for the tests: that of the machine, else Debian's, fetched once into the user's cache, without root.

`python tests/browser/chromium.py` fetches what is missing and says where it is.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # what tests share

from worlds.debian_packages import PackageError, unpack

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Korean has to be seen too.
PACKAGES = ("chromium", "fonts-noto-cjk")
NAMES = ("chromium", "chromium-browser", "google-chrome")
KOREAN = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


class NoBrowserError(RuntimeError):
    """There is none, and none can be fetched; the message says why and what to do."""


@dataclass(frozen=True)
class Chromium:
    """The program, and what its environment needs."""

    path: Path
    environ: dict[str, str] = field(default_factory=dict)


def chromium(home: Path) -> Chromium:
    """The one of the machine, or the fetched one. Raises `NoBrowserError`."""
    found = next((where for name in NAMES if (where := shutil.which(name))), None)
    if found is not None and KOREAN.exists():
        return Chromium(Path(found))
    kept = folder(home)
    if not (kept / "usr/lib/chromium/chromium").exists():
        raise NoBrowserError("there is no Chromium with Korean fonts: run python tests/browser/chromium.py")
    libraries = [str(path) for path in (kept / "usr/lib").glob("*-linux-gnu*")] + [str(kept / "usr/lib/chromium")]
    nested = [str(path.parent) for path in (kept / "usr/lib").glob("*-linux-gnu*/*/*.so*")]
    environ = {
        "LD_LIBRARY_PATH": ":".join([*libraries, *sorted(set(nested))]),
        "FONTCONFIG_FILE": str(kept / "fonts.conf"),
    }
    return Chromium(kept / "usr/lib/chromium/chromium", environ)


@contextmanager
def launched(home: Path) -> Iterator[Browser]:
    """It as a running browser, ended with it. Raises `NoBrowserError`."""
    from playwright.sync_api import sync_playwright  # what fetches it does without

    found = chromium(home)
    with sync_playwright() as playwright:
        environ = {**os.environ, **found.environ}
        browser = playwright.chromium.launch(executable_path=found.path, args=_FLAGS, env=environ)
        yield browser
        browser.close()


def folder(home: Path) -> Path:
    """Where the fetched one is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "rtb-hub-chromium"


def fetch(kept: Path, *options: str) -> None:
    """Download and unpack; `options` go to apt-get. Raises `NoBrowserError`."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with (kept.parent / f".{kept.name}.lock").open("w") as lock, tempfile.TemporaryDirectory(dir=kept.parent) as made:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (kept / "usr/lib/chromium/chromium").exists():
            return
        try:
            root = unpack(PACKAGES, Path(made), *options)
        except PackageError as err:
            raise NoBrowserError(f"{err}; install Chromium and Noto Sans CJK by your system's own means") from err
        if not (root / "usr/lib/chromium/chromium").exists():
            raise NoBrowserError(
                f"apt has no Chromium for {os.uname().machine}: install one by your system's own means"
            )
        fonts = f"<dir>{kept}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{kept}/fonts-cache</cachedir>"
        header = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        (root / "fonts.conf").write_text(f"{header}<fontconfig>{fonts}</fontconfig>", encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)
        root.rename(kept)


def main() -> int:
    """Have one, or say why not."""
    home = Path.home()
    try:
        try:
            found = chromium(home)
        except NoBrowserError:
            print("fetching Chromium and Noto Sans CJK, once", flush=True)
            fetch(folder(home))
            found = chromium(home)
    except NoBrowserError as err:
        print(err, file=sys.stderr)
        return 1
    print(found.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
