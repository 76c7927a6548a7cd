"""Opening the forge that an environment names, with the keys of this process's identity and no other's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from generator.model.lifecycle import ForgePolicy
from hub.settings import ForgeKeys, Settings
from hub.telemetry.telemetry import SILENT, Telemetry

if TYPE_CHECKING:
    from hub.adapters.git.reader import GitReader
    from hub.adapters.github.access import GitHubAccess
    from hub.adapters.github.keys import AppKey
    from hub.adapters.http import SenderParts
    from reconcilers.ports.forge import Forge
    from reconcilers.ports.sources import Sources


@dataclass(frozen=True, slots=True)
class ForgeOpener:
    """Opens forges for this process's identity.

    `repository`: the bare repository that a local forge is beside, and what reads it where it is open already.
    `sending`: what senders of this process share.
    """

    settings: Settings
    clock: Callable[[], datetime]
    repository: Callable[[], tuple[Path, GitReader | None]]
    sending: Callable[[], SenderParts]
    telemetry: Telemetry = SILENT

    def open(self, policy: ForgePolicy) -> Forge:
        """The forge. Raises `ConfigError` (InvalidForge), and what its adapter raises."""
        keys = self.settings.forge
        refuse_mixed(keys)
        match policy.kind:
            case "github":
                return _github(policy, keys, self.sending())
            case "gitea":
                return _gitea(policy, keys, self.sending())
            case "local":
                return self._local()

    def _local(self) -> Forge:
        from hub.adapters.local_forge.accounts import HUB
        from hub.adapters.local_forge.forge import local_forge, open_local_forge

        path, reader = self.repository()
        if reader is not None:
            return local_forge(path, reader, actor=HUB, clock=self.clock)
        environ, telemetry = self.settings.environ, self.telemetry
        return open_local_forge(path, actor=HUB, clock=self.clock, environ=environ, telemetry=telemetry)


def refuse_mixed(keys: ForgeKeys) -> None:
    """Raise `ConfigError` (InvalidForge) when the process was given keys of both identities."""
    if keys.is_mixed:
        fault = Fault(
            "this process is given keys of both identities, the hub's and the expiry identity's",
            remedy="run the two apart: RTB_HUB_FORGE_… for the hub, and for the other RTB_EXPIRY_FORGE_… with"
            " RTB_HUB_IDENTITY=expiry",
        )
        raise ConfigError(Reason.INVALID_FORGE, fault)


def lacking_keys(policy: ForgePolicy, settings: Settings) -> str | None:
    """What this process would have to be given to look at the forge, in words; None: it has what it needs."""
    keys = settings.forge.read()
    if policy.kind == "local" or keys.token or (policy.kind == "github" and keys.app_id and keys.app_key):
        return None
    prefix = "RTB_EXPIRY_FORGE_" if settings.identity == "expiry" else "RTB_HUB_FORGE_"
    app = f", or {prefix}APP_ID and {prefix}APP_KEY" if policy.kind == "github" else ""
    return f"set {prefix}TOKEN{app} (with _FILE behind the name: a file that holds it)"


def _github(policy: ForgePolicy, keys: ForgeKeys, sending: SenderParts) -> Forge:
    from hub.adapters.github.access import PUBLIC_API, GitHubAccess, open_github

    held, app = keys.read(), app_key(keys)
    access = GitHubAccess(
        repository=policy.repository or "",
        api=policy.url or PUBLIC_API,
        token=partial(keys.key, "token") if held.token and not app else None,
        app=app,
        bots=frozenset(policy.machines),
    )
    return open_github(access, sending)


def code_access(keys: ForgeKeys, api: str | None) -> Callable[[str], GitHubAccess] | None:
    """How a repository of code is reached on the GitHub at `api` (None: github.com), by its name.

    None: there is no key that is GitHub's. An App's key is; a token may be another forge's, and is shown only where
    `api` says that it is this one's. Raises `ConfigError` (InvalidForge) for keys that cannot be used.
    """
    refuse_mixed(keys)
    held, app = keys.read(), app_key(keys)
    if app is None and (held.token is None or api is None):
        return None
    from hub.adapters.github.access import PUBLIC_API, GitHubAccess

    token = partial(keys.key, "token") if app is None else None
    return lambda name: GitHubAccess(name, api or PUBLIC_API, token, app)


def open_code(keys: ForgeKeys, api: str | None, sending: SenderParts) -> Sources | None:
    """Repositories of code, read. None and raises as `code_access`."""
    access = code_access(keys, api)
    if access is None:
        return None
    from hub.adapters.github.access import open_github
    from hub.adapters.github.sources import GitHubSources

    return GitHubSources(lambda name: open_github(access(name), sending))


def app_key(keys: ForgeKeys) -> AppKey | None:
    """The App's key; None: there is none. Raises `ConfigError` (InvalidForge) for an id that is no number."""
    from hub.adapters.github.keys import AppKey

    held = keys.read()
    return AppKey(_app_id(held.app_id), partial(keys.key, "app_key")) if held.app_id and held.app_key else None


def _app_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        fault = Fault("the App's id is not a number", field="APP_ID", remedy="its settings page shows it as 'App ID'")
        raise ConfigError(Reason.INVALID_FORGE, fault)
    return int(text)


def _gitea(policy: ForgePolicy, keys: ForgeKeys, sending: SenderParts) -> Forge:
    from hub.adapters.gitea.access import GiteaAccess, open_gitea

    held = keys.read()
    if held.token is None:
        fault = Fault(
            "the hub has no key to the forge", remedy="put a token into RTB_HUB_FORGE_TOKEN, or name its file"
        )
        raise ConfigError(Reason.INVALID_FORGE, fault)
    access = GiteaAccess(
        url=policy.url or "",
        token=partial(keys.key, "token"),
        teams_token=partial(keys.key, "teams_token") if held.teams_token else None,
        machines=frozenset(policy.machines),
    )
    return open_gitea(access, sending)
