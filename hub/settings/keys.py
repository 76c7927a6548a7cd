"""What the hub and the expiry identity show to a forge: one identity's keys, never both in one process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr

from generator.errors import ConfigError, Fault, Reason

#: Which of the hub's two identities a process acts as: the one that asks, or the one that only ends leases.
IdentityName = Literal["hub", "expiry"]
PREFIXES: Mapping[IdentityName, str] = {"hub": "RTB_HUB_FORGE_", "expiry": "RTB_EXPIRY_FORGE_"}
KEYS = ("token", "teams_token", "app_id", "app_key")


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """The keys as they are just now, without white space around them; None: not given. Never printed."""

    token: str | None = field(default=None, repr=False)
    teams_token: str | None = field(default=None, repr=False)
    app_id: str | None = None
    app_key: str | None = field(default=None, repr=False)


class ForgeKeys(BaseModel):
    """What one identity shows to a forge: each a value, or (…_FILE) a file that holds it, read again at each use.

    Of the hub RTB_HUB_FORGE_…, of the expiry identity RTB_EXPIRY_FORGE_…. A process that is given keys of both has
    `is_mixed`, and no key. Nothing else is given either identity's keys, Git neither.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    token: SecretStr | None = None
    """A token of the identity's account. Default: none; an App's key is used instead, or no forge is asked."""
    token_file: Path | None = None
    """The file that holds the token. Default: none. Tokens that expire are renewed there, without a restart."""
    teams_token: SecretStr | None = None
    """A token that may read the members of teams, where the other may not (Gitea, Forgejo). Default: the other."""
    teams_token_file: Path | None = None
    """The file that holds it. Default: none."""
    app_id: str | None = None
    """The number of a GitHub App, as its settings page shows it. Default: none; the token is used."""
    app_id_file: Path | None = None
    """The file that holds it. Default: none."""
    app_key: SecretStr | None = None
    """The App's private key, PEM. Default: none."""
    app_key_file: Path | None = None
    """The file that holds it. Default: none."""
    is_mixed: bool = False
    _seen: set[str] = PrivateAttr(default_factory=set)

    def read(self) -> HeldKeys:
        """The keys now. Raises `ConfigError` (InvalidForge) with each file that cannot be read."""
        faults: list[Fault] = []
        held = {name: self._key(name, faults) for name in KEYS}
        if faults:
            raise ConfigError(Reason.INVALID_FORGE, faults)
        self._seen.update(value for name, value in held.items() if value and name != "app_id")
        return HeldKeys(**held)

    def key(self, name: str) -> str:
        """One key now, such as `token`; empty when there is none (any more). Raises as `read`."""
        return getattr(self.read(), name) or ""

    def seen(self) -> tuple[str, ...]:
        """All secret keys that were read, the longest first: what no log may tell."""
        return tuple(sorted(self._seen, key=len, reverse=True))

    def _key(self, name: str, faults: list[Fault]) -> str | None:
        value = getattr(self, name)
        if value is not None:
            return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        path: Path | None = getattr(self, f"{name}_file")
        if path is None:
            return None
        try:
            return path.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            remedy = "name the file that holds the key"
            faults.append(Fault(f"{path} cannot be read as text", field=f"{name.upper()}_FILE", remedy=remedy))
            return None


def key_fields() -> tuple[str, ...]:
    """The names of the fields of `ForgeKeys` that are read from the process environment."""
    return tuple(name for key in KEYS for name in (key, f"{key}_file"))


def forge_keys(env: Mapping[str, str], identity: IdentityName) -> ForgeKeys:
    """What a process environment gives one identity."""
    others = tuple(prefix for name, prefix in PREFIXES.items() if name != identity)
    if any(name.startswith(others) and value for name, value in env.items()):
        return ForgeKeys(is_mixed=True)
    given = {name: env.get(PREFIXES[identity] + name.upper(), "").strip() for name in key_fields()}
    return ForgeKeys.model_validate({name: value for name, value in given.items() if value})
