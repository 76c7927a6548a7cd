"""Settings from the process environment: the only room that reads it.

`model` has all of them and `keys` those of a forge, on pydantic. They are imported when they are asked for, since not
every command needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.settings.keys import PREFIXES, ForgeKeys, IdentityName
    from hub.settings.model import Settings, Shown, load_settings, setting_names

__all__ = ["PREFIXES", "ForgeKeys", "IdentityName", "Settings", "Shown", "load_settings", "setting_names"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    from hub.settings import keys, model

    return getattr(keys if hasattr(keys, name) else model, name)
