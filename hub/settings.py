"""Settings from the process environment. The only module that reads it; a flag, where there is one, wins."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process environment says.

    `repo`: RTB_HUB_REPO, path or URL of the state repository. `environments`: RTB_HUB_ENVIRONMENTS, a folder used by
    commands that need no state repository. `actor`: RTB_HUB_ACTOR, who asks; the login name by default. `cache`:
    RTB_HUB_CACHE, mirrors of remote repositories. `kubeconfig`: KUBECONFIG, one path or several with ':' between, else
    ~/.kube/config. `step_summary`: GITHUB_STEP_SUMMARY, a file that GitHub shows beside a job.
    `environ` is handed to git, which keeps what it needs of it.
    """

    repo: str | None
    environments: Path | None
    actor: str
    cache: Path
    kubeconfig: str
    step_summary: Path | None
    environ: Mapping[str, str] = field(repr=False)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings once. Raises nothing: values are checked where they are used."""
    env = dict(os.environ if environ is None else environ)
    home = Path(env.get("HOME") or "/tmp")  # noqa: S108 - no home at all
    caches = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
    environments = env.get("RTB_HUB_ENVIRONMENTS")
    return Settings(
        repo=env.get("RTB_HUB_REPO") or None,
        environments=Path(environments) if environments else None,
        actor=env.get("RTB_HUB_ACTOR") or _login(),
        cache=Path(env.get("RTB_HUB_CACHE") or caches / "rtb-ai-hub"),
        kubeconfig=env.get("KUBECONFIG") or str(home / ".kube" / "config"),
        step_summary=Path(summary) if (summary := env.get("GITHUB_STEP_SUMMARY")) else None,
        environ=env,
    )


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in the password database, as in many containers
        return "unknown"
