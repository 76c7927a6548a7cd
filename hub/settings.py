"""Settings from the process environment. The only module that reads it; a flag, where there is one, wins."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from generator.errors import ConfigError, Fault, Reason

#: Which of the hub's two identities a process acts as: the one that asks, or the one that only ends leases.
IdentityName = Literal["hub", "expiry"]
LogLevel = Literal["debug", "info", "warning", "error"]
_PREFIXES: Mapping[IdentityName, str] = {"hub": "RTB_HUB_FORGE_", "expiry": "RTB_EXPIRY_FORGE_"}


@dataclass(frozen=True, slots=True)
class ForgeKeys:
    """What one identity shows to a forge; None or empty: not given. Never printed.

    Of the hub RTB_HUB_FORGE_TOKEN, …_TEAMS_TOKEN, …_APP_ID, …_APP_KEY; of the expiry identity RTB_EXPIRY_FORGE_….
    A name with _FILE behind it names a file that holds the value. A process that is given keys of both identities has
    `is_mixed`, and no key.
    """

    token: str | None = field(default=None, repr=False)
    teams_token: str | None = field(default=None, repr=False)
    app_id: str | None = None
    app_key: str | None = field(default=None, repr=False)
    is_mixed: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process environment says.

    `repo`: RTB_HUB_REPO, path or URL of the state repository. `environments`: RTB_HUB_ENVIRONMENTS, a folder used by
    commands that need no state repository. `actor`: RTB_HUB_ACTOR, who asks; the login name by default. `cache`:
    RTB_HUB_CACHE, mirrors of remote repositories and parsed entries. `kubeconfig`: KUBECONFIG, one path or several with
    ':' between, else ~/.kube/config. `git_name` and `git_email`: RTB_HUB_GIT_NAME and …_EMAIL, author of the hub's
    commits: those that the forge maps to the hub's account. `identity`: RTB_HUB_IDENTITY, hub or expiry; None: neither,
    as for a person. `forge`: that identity's keys.
    `log_level`: RTB_HUB_LOG_LEVEL, what is told on standard error beside what a command prints; None: mistakes of our
    own, and with --watch what is done. `step_summary`: GITHUB_STEP_SUMMARY, a file that GitHub shows beside a job.
    `environ` is handed to git, which keeps what it needs of it.
    """

    repo: str | None
    environments: Path | None
    actor: str
    cache: Path
    kubeconfig: str
    step_summary: Path | None
    git_name: str
    git_email: str
    identity: IdentityName | None
    log_level: LogLevel | None
    forge: ForgeKeys = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    def secrets(self) -> tuple[str, ...]:
        """The keys that this process holds: what no log may tell."""
        return tuple(filter(None, (self.forge.token, self.forge.teams_token, self.forge.app_key)))


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings once. Raises `ConfigError` for an identity there is not, or a key's file that is not there."""
    env = dict(os.environ if environ is None else environ)
    home = Path(env.get("HOME") or "/tmp")  # noqa: S108 - no home at all
    caches = Path(env.get("XDG_CACHE_HOME") or home / ".cache")
    environments = env.get("RTB_HUB_ENVIRONMENTS")
    identity = _identity(env)
    return Settings(
        repo=env.get("RTB_HUB_REPO") or None,
        environments=Path(environments) if environments else None,
        actor=env.get("RTB_HUB_ACTOR") or _login(),
        cache=Path(env.get("RTB_HUB_CACHE") or caches / "rtb-ai-hub"),
        kubeconfig=env.get("KUBECONFIG") or str(home / ".kube" / "config"),
        step_summary=Path(summary) if (summary := env.get("GITHUB_STEP_SUMMARY")) else None,
        git_name=env.get("RTB_HUB_GIT_NAME") or "rtb-hub",
        git_email=env.get("RTB_HUB_GIT_EMAIL") or "rtb-hub@rtb-ai-hub.invalid",
        identity=identity,
        log_level=_log_level(env),
        forge=_forge_keys(env, identity or "hub"),
        environ={name: value for name, value in env.items() if not name.startswith(tuple(_PREFIXES.values()))},
    )


def _identity(env: Mapping[str, str]) -> IdentityName | None:
    text = env.get("RTB_HUB_IDENTITY") or None
    if text is None or text in _PREFIXES:
        return text  # type: ignore[return-value]
    fault = Fault(f"{text[:40]!r} is none of the hub's identities", field="RTB_HUB_IDENTITY", allowed="hub, expiry")
    raise ConfigError(Reason.INVALID_VALUE, fault)


def _log_level(env: Mapping[str, str]) -> LogLevel | None:
    text, levels = env.get("RTB_HUB_LOG_LEVEL") or None, get_args(LogLevel)
    if text is None or text in levels:
        return text  # type: ignore[return-value]
    fault = Fault(f"{text[:40]!r} is no level of a log", field="RTB_HUB_LOG_LEVEL", allowed=", ".join(levels))
    raise ConfigError(Reason.INVALID_VALUE, fault)


def _forge_keys(env: Mapping[str, str], identity: IdentityName) -> ForgeKeys:
    others = tuple(prefix for name, prefix in _PREFIXES.items() if name != identity)
    if any(name.startswith(others) and value for name, value in env.items()):
        return ForgeKeys(is_mixed=True)
    prefix = _PREFIXES[identity]
    return ForgeKeys(
        token=_secret(env, f"{prefix}TOKEN"),
        teams_token=_secret(env, f"{prefix}TEAMS_TOKEN"),
        app_id=_secret(env, f"{prefix}APP_ID"),
        app_key=_secret(env, f"{prefix}APP_KEY"),
    )


def _secret(env: Mapping[str, str], name: str) -> str | None:
    """A value, or the content of the file that `name`_FILE names. Raises `ConfigError` (InvalidForge) for no file."""
    if value := env.get(name):
        return value.strip()
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as err:
        fault = Fault(f"{path} cannot be read as text", field=f"{name}_FILE", remedy="name the file that holds the key")
        raise ConfigError(Reason.INVALID_FORGE, fault) from err


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in the password database, as in many containers
        return "unknown"
