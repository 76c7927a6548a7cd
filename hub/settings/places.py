"""Where things are that completion looks at, as the process environment says. Read without a library: see `server`.

`hub.settings.model` has the same variables among all others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: What git needs to know of the user to take a repository as theirs.
_OF_GIT = ("PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")


@dataclass(frozen=True, slots=True)
class Places:
    """The state repository that is named, if one is; the folders and files of the user's; what git is told."""

    repo: str | None
    is_server_named: bool
    environments: Path | None
    cache: Path
    kubeconfigs: tuple[Path, ...]
    git_environ: Mapping[str, str] = field(repr=False)


def places(environ: Mapping[str, str] | None = None) -> Places:
    """As `load_settings` has them. Empty variables count as not given."""
    env = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    home = Path(env.get("HOME", "/tmp"))  # noqa: S108 - no home at all
    below = Path(env["XDG_CACHE_HOME"]) if "XDG_CACHE_HOME" in env else home / ".cache"
    folder = env.get("RTB_HUB_ENVIRONMENTS")
    kubeconfigs = env.get("KUBECONFIG") or str(home / ".kube" / "config")
    return Places(
        repo=env.get("RTB_HUB_REPO"),
        is_server_named="RTB_HUB_SERVER" in env,
        environments=Path(folder) if folder else None,
        cache=Path(env["RTB_HUB_CACHE"]) if "RTB_HUB_CACHE" in env else below / "rtb-ai-hub",
        kubeconfigs=tuple(Path(one) for one in kubeconfigs.split(":") if one),
        git_environ={name: env[name] for name in _OF_GIT if name in env},
    )
