"""A Kubernetes object as plain data, with its identity and the template it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from generator.errors import ConfigError, Fault, Location, Reason
from generator.yaml.reader import load_all

WAVE_ANNOTATION = "argocd.argoproj.io/sync-wave"
_WAVE = re.compile(r"[-+]?[0-9]{1,9}")


@lru_cache(1000)
def _group_kind(api_version: str, kind: str) -> tuple[str, str]:
    return api_version.rpartition("/")[0], kind


class Identity(NamedTuple):
    """What makes an object one: no two manifests of a preview may share it."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {place}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object. `data` is JSON-like and never changed; `source` names the template or file it came from.

    What every check asks for is read once: `api_version` (`group/version`, or `version` for the core group), `kind`,
    `group_kind` (by which a kind is meant: others may have a kind of the same name), and `metadata`, empty when it is
    absent or no mapping.
    """

    data: Mapping[str, Any]
    source: str
    api_version: str = field(init=False, repr=False, compare=False)
    kind: str = field(init=False, repr=False, compare=False)
    group_kind: tuple[str, str] = field(init=False, repr=False, compare=False)
    metadata: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        api_version, kind = str(self.data.get("apiVersion", "")), str(self.data.get("kind", ""))
        metadata = self.data.get("metadata")
        keep = object.__setattr__
        keep(self, "api_version", api_version)
        keep(self, "kind", kind)
        keep(self, "group_kind", _group_kind(api_version, kind))
        keep(self, "metadata", metadata if isinstance(metadata, Mapping) else {})

    @property
    def identity(self) -> Identity:
        """Group, version, kind, namespace, name."""
        group, _, version = self.api_version.rpartition("/")
        return Identity(
            group, version, self.kind, str(self.metadata.get("namespace", "")), str(self.metadata.get("name", ""))
        )

    @property
    def wave(self) -> int:
        """The Argo CD sync wave; 0 when not annotated. Raises `ValueError` for anything but a whole number as text."""
        annotations = self.metadata.get("annotations")
        wave = annotations.get(WAVE_ANNOTATION, "0") if isinstance(annotations, Mapping) else "0"
        if not (isinstance(wave, str) and _WAVE.fullmatch(wave)):
            raise ValueError(f"{wave!r} is not a whole number")
        return int(wave)

    @property
    def wave_or_0(self) -> int:
        """The wave for putting objects in order; 0 for one that cannot be read, which validation tells."""
        try:
            return self.wave
        except ValueError:
            return 0


def in_wave_order(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Sorted by wave, Namespaces first in theirs, then identity.

    Raises `ConfigError` naming both sources when two share one identity.
    """
    keyed = sorted(((m.wave_or_0, m.kind != "Namespace", m.identity), place, m) for place, m in enumerate(manifests))
    for ((*_, identity), _, first), ((*_, following), _, second) in pairwise(keyed):
        if identity == following and identity.name:
            raise ConfigError(
                Reason.TEMPLATE_INVALID,
                Fault(f"{identity} is rendered twice", field=f"{first.source} and {second.source}"),
            )
    return tuple(manifest for _, _, manifest in keyed)


def manifests_in(text: bytes | str, source: str) -> tuple[Manifest, ...]:
    """The objects in a file of manifests. Raises `ConfigError` (UnreadableYaml) when it holds anything else."""
    manifests = []
    for document in load_all(text, source):
        if isinstance(document.data, Mapping):
            manifests.append(Manifest(document.data, source))
        elif document.data is not None:
            where = document.location(()) or Location(source)
            raise ConfigError(Reason.UNREADABLE_YAML, Fault("is not an object", where, allowed="apiVersion, kind, …"))
    return tuple(manifests)
