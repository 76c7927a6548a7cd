"""Which hub that runs as a service is asked, by what token. Read without a library: its client starts quickly.

`hub.settings.model` has the same variables among all others, for `rtb-hub config`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hub.settings.secret_files import text_of

URL, TOKEN, TOKEN_FILE = "RTB_HUB_SERVER", "RTB_HUB_SERVER_TOKEN", "RTB_HUB_SERVER_TOKEN_FILE"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the process environment says of a server. `environ`: all of it, but the token."""

    url: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    _token: str | None = field(default=None, repr=False)

    def token(self) -> str | None:
        """The token now; None: there is none. Raises `ConfigError` (InvalidValue) for a file that cannot be read."""
        if self._token:
            return self._token
        path = self.environ.get(TOKEN_FILE)
        return text_of(Path(path), TOKEN_FILE) if path else None


def server_settings(flag: str | None = None, environ: Mapping[str, str] | None = None) -> ServerSettings:
    """What is said of a server; its address by `flag` first. Empty variables count as not given."""
    env = dict(os.environ if environ is None else environ)
    token = env.pop(TOKEN, "").strip()
    return ServerSettings(flag or env.get(URL) or None, env, token or None)


def is_repository_named(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the process environment names a state repository."""
    return bool((os.environ if environ is None else environ).get("RTB_HUB_REPO"))


def is_database_named(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the process environment names the services' database, or the folder that it is in."""
    env = os.environ if environ is None else environ
    return any(env.get(f"RTB_HUB_{name}") for name in ("DATABASE_URL", "DATABASE_URL_FILE", "DATA"))
