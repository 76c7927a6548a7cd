"""The registries that this process may ask, by host, each opened when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason
from generator.model.registries import Registries, RegistryRule, read_registries
from hub.adapters.http import SenderParts
from reconcilers.ports.images import ImageName, ImageRegistry

#: A file with fifty registries has some kilobytes.
_LIMIT_BYTES = 256 * 1024


@dataclass(eq=False)
class ConfiguredRegistries:
    """Registries by host. No other is ever asked, whatever a job, a rule or a person names. Safe for threads."""

    rules: Mapping[str, RegistryRule]
    parts: SenderParts
    source: str = "RTB_HUB_REGISTRIES"
    _open: dict[str, ImageRegistry] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def knows(self, name: ImageName) -> bool:
        """Whether an image's registry may be asked for it."""
        rule = self.rules.get(name.host)
        return rule is not None and rule.allows(name.repository)

    def of(self, name: ImageName) -> ImageRegistry:
        """The registry of an image. Raises `ConfigError` (RegistryRefused) for one that may not be asked."""
        rule = self.rules.get(name.host)
        if rule is None or not rule.allows(name.repository):
            what = f"repository {name.repository} of {name.host}" if rule else f"registry {name.host}"
            allowed = ", ".join(sorted(self.rules)) if rule is None else ", ".join(rule.repositories)
            remedy = f"give the image by its digest, or have an administrator add it to {self.source}"
            fault = Fault(f"{what} is not one that the hub may ask for {name}", allowed=allowed, remedy=remedy)
            raise ConfigError(Reason.REGISTRY_REFUSED, fault)
        with self._lock:
            if name.host not in self._open:
                self._open[name.host] = _opened(name.host, rule, self.parts)
            return self._open[name.host]


def open_registries(path: Path, parts: SenderParts) -> ConfiguredRegistries:
    """Those of a file. Asks none yet. Raises `ConfigError` (InvalidRegistries, UnreadableYaml)."""
    return ConfiguredRegistries(read_file(path).registries, parts, str(path))


def read_file(path: Path) -> Registries:
    """What a file says. Raises `ConfigError` (InvalidRegistries, UnreadableYaml)."""
    try:
        with path.open("rb") as file:
            text = file.read(_LIMIT_BYTES + 1)
    except OSError as err:
        fault = Fault(f"{path} cannot be read: {err.strerror}", field="RTB_HUB_REGISTRIES", remedy="name a file")
        raise ConfigError(Reason.INVALID_REGISTRIES, fault) from err
    if len(text) > _LIMIT_BYTES:
        fault = Fault(f"{path} has more than {_LIMIT_BYTES} bytes", field="RTB_HUB_REGISTRIES")
        raise ConfigError(Reason.INVALID_REGISTRIES, fault)
    return read_registries(text, str(path))


def _opened(host: str, rule: RegistryRule, parts: SenderParts) -> ImageRegistry:
    if rule.kind == "ecr":
        from hub.adapters.registry.ecr import open_ecr

        return open_ecr(host, rule, parts)
    from hub.adapters.registry.oci import open_oci

    return open_oci(host, rule, parts)
