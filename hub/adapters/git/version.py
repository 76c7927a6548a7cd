"""Which `git` there is: one that is missing, or older than what is asked of it, is told before anything is done."""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache

from generator.errors import Fault, Reason, Stalled

#: `merge-tree`'s and `maintenance`'s settings, `--initial-branch`, `rev-parse` of three answers: docs/adr/0006.
OLDEST = (2, 30)
_ALLOWED = f"{OLDEST[0]}.{OLDEST[1]} or later"
_REMEDY = f"install Git {_ALLOWED}, and put it first on the PATH"
_SAID = re.compile(r"git version (\d{1,4})\.(\d{1,4})")
_SECONDS = 20


@lru_cache(8)
def check_git(search_path: str) -> None:
    """Raise `Stalled` (GitUnusable) unless the `git` on `search_path` (PATH) is new enough. Asked once a process."""
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
        raise no_git() from err
    except OSError as err:
        message = f"the git on the PATH cannot be run: {err.strerror or os.strerror(err.errno or 0)}"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, remedy=_REMEDY)) from err
    except subprocess.TimeoutExpired as err:
        message = f"the git on the PATH said nothing in {_SECONDS} s"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, remedy=_REMEDY)) from err
    said = asked.stdout[:200].decode("utf-8", "replace").strip()
    found = _SAID.match(said)
    if found is None:
        what = repr(said[:80]) if said else f"nothing, with exit code {asked.returncode}"
        message = f"the git on the PATH is none: asked for its version, it says {what}"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, remedy=_REMEDY))
    if (int(found[1]), int(found[2])) < OLDEST:
        message = f"the git on the PATH is {found[1]}.{found[2]}, which is too old"
        raise Stalled(Reason.GIT_UNUSABLE, Fault(message, allowed=_ALLOWED, remedy=_REMEDY))


def no_git() -> Stalled:
    """There is none, or none any more."""
    return Stalled(Reason.GIT_UNUSABLE, Fault("there is no git on the PATH", remedy=_REMEDY))
