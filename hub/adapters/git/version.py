"""Which `git` there is: one that is missing, or older than what is asked of it, is told before anything is done."""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache

from generator.errors import Fault, Reason, Stalled

#: `merge-tree`'s and `maintenance`'s settings, `--initial-branch`, `rev-parse` of three answers: docs/adr/0006.
OLDEST = (2, 30)
_SAID = re.compile(r"git version (\d{1,4})\.(\d{1,4})")
_SECONDS = 20


@lru_cache(8)
def check_git(search_path: str) -> None:
    """Raise `Stalled` (GitUnusable) unless the `git` on `search_path` (PATH) is new enough. Asked once a process."""
    oldest = ".".join(map(str, OLDEST))
    remedy = f"install Git {oldest} or later, and put it first on the PATH"
    try:
        asked = subprocess.run(
            ["git", "--version"],  # noqa: S607 - the one that will be used
            env={"PATH": search_path, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as err:
        raise Stalled(Reason.GIT_UNUSABLE, Fault("there is no git on the PATH", remedy=remedy)) from err
    except OSError as err:
        message = f"the git on the PATH cannot be run: {err.strerror or os.strerror(err.errno or 0)}"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, remedy=remedy)) from err
    except subprocess.TimeoutExpired as err:
        message = f"the git on the PATH said nothing in {_SECONDS} s"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, remedy=remedy)) from err
    said = asked.stdout[:200].decode("utf-8", "replace").strip()
    found = _SAID.match(said)
    if found is None:
        what = repr(said[:80]) if said else f"nothing, with exit code {asked.returncode}"
        message = f"the git on the PATH is none: asked for its version, it says {what}"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, remedy=remedy))
    if (int(found[1]), int(found[2])) < OLDEST:
        message = f"the git on the PATH is {found[1]}.{found[2]}, which is too old"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, allowed=f"{oldest} or later", remedy=remedy))
