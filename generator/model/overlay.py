"""Environment overlays: deep merge with a memory of which file and line set each value.

Mappings merge key by key; everything else (a list included) replaces what lay below. Two faults at once stay two
faults: nothing stops at the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from generator.errors import ConfigError, Fault, Location, Reason, nearest
from generator.model.environment import Environment
from generator.values.model_faults import faults_of
from generator.yaml.reader import Document, load

BASE = "base"
#: Environments kept read in a process: each pass of a watch reads the same few texts.
_MOST_KEPT = 64
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """One value of a merged tree: its path, the value, and where it was set (None: the model's default)."""

    path: Path
    value: Any
    where: Location | None


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged tree. `layers` run from the lowest to the highest; positions are looked up in them on demand."""

    data: dict[str, Any]
    layers: tuple[Document, ...]

    def where(self, path: Path) -> Location | None:
        """Where the value at `path` was set: in the highest layer that has it. Falls back to its nearest parent."""
        for end in range(len(path), -1, -1):
            for layer in reversed(self.layers):
                if (location := layer.location(path[:end])) is not None:
                    return location
        return None

    def set_at(self, path: Path) -> Location | None:
        """Where exactly this value was set; None when no file sets it."""
        return next((where for layer in reversed(self.layers) if (where := layer.location(path)) is not None), None)


def merge(layers: Sequence[Document]) -> Merged:
    """The layers' data laid over one another, lowest first. Layers that are not mappings count as empty."""
    data: dict[str, Any] = {}
    for layer in layers:
        if isinstance(layer.data, Mapping):
            data = _laid_over(data, layer.data)
    return Merged(data, tuple(layers))


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _laid_over(under, value) if isinstance(under, Mapping) and isinstance(value, Mapping) else value
    return merged


def read_environment(name: str, files: Mapping[str, str]) -> tuple[Environment, Merged]:
    """The environment `name`, merged from `files` (`base` and environment names → (path shown, text)).

    `files` maps the path of each `environment.yaml` to its text, lowest layer first, the environment's own last.
    Raises `ConfigError` with every fault of every file: syntax, unknown and missing fields, wrong values, a name that
    is not the folder's. The same texts give the same two values again, which are therefore never changed.
    """
    return _read(name, tuple(files.items()))


@lru_cache(_MOST_KEPT)
def _read(name: str, files: tuple[tuple[str, str], ...]) -> tuple[Environment, Merged]:
    layers: list[Document] = []
    faults: list[Fault] = []
    for source, text in files:
        try:
            layers.append(load(text, source))
        except ConfigError as err:
            faults.extend(err.faults)
    if faults:
        raise ConfigError(Reason.INVALID_ENVIRONMENT, faults)
    merged = merge(layers)
    faults = [_no_mapping(layer) for layer in layers if not isinstance(layer.data, Mapping)]
    if faults:  # what is missing because of that is no fault of the other files
        raise ConfigError(Reason.INVALID_ENVIRONMENT, faults)
    try:
        environment = Environment.model_validate(merged.data)
    except ValidationError as err:
        faults.extend(faults_of(err, Environment, merged.where))
    else:
        if environment.name != name:
            faults.append(_misnamed(environment.name, name, merged))
        else:
            return environment, merged
    raise ConfigError(Reason.INVALID_ENVIRONMENT, faults)


def _no_mapping(layer: Document) -> Fault:
    told = "is empty" if layer.data is None else f"{repr(layer.data)[:60]} is not a mapping"
    return Fault(told, layer.location(()) or Location(layer.source), allowed="apiVersion, kind, metadata, spec")


def _misnamed(given: str, folder: str, merged: Merged) -> Fault:
    return Fault(
        f"{given!r} is not the name of its folder",
        merged.where(("metadata", "name")),
        field="metadata.name",
        allowed=folder,
    )


def explain(environment: Environment, merged: Merged) -> Iterator[Explained]:
    """Every leaf value of the environment in the order of its fields, with where it was set."""
    yield from _leaves(environment.as_tree(), merged, ())


def _leaves(value: Any, merged: Merged, path: Path) -> Iterator[Explained]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from _leaves(child, merged, (*path, key))
    else:
        yield Explained(path, value, merged.set_at(path))


def unknown_environment(name: str, known: Sequence[str]) -> ConfigError:
    """The error for an environment that has no folder."""
    return ConfigError(
        Reason.UNKNOWN_ENVIRONMENT,
        Fault(
            f"there is no environment {name[:60]!r}",
            field="environment",
            allowed=", ".join(known) or "none is defined",
            nearest=nearest(name, known),
            remedy="an environment is a folder below environments/ with an environment.yaml",
        ),
    )
