"""Semantic difference of two sets of objects: by identity, then field by field. Order and formatting do not count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from generator.objects.manifest import Identity, Manifest
from generator.values.model_faults import field_path

Path = tuple[str | int, ...]
#: Lists whose items are matched by a key field rather than by position, as Kubernetes merges them.
_KEYED = ("name", "secretKey", "path", "mountPath")


class Absent:
    """The value of a field that is not there (unlike one that is null)."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: its path as shown (`spec.replicas`), and its value before and after (`ABSENT` where there is none).

    `path` has the same in parts, an item of a list by the value of its key field where the list has one.
    """

    field: str
    before: Any
    after: Any
    path: Path = ()


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that is added, removed or changed; `fields` is empty but for a change."""

    kind: Literal["added", "removed", "changed"]
    identity: Identity
    fields: tuple[FieldChange, ...] = ()


def compare(before: Sequence[Manifest], after: Sequence[Manifest]) -> tuple[ObjectChange, ...]:
    """What changes between two sets of objects, in the order of the new set, removed ones last."""
    old = {manifest.identity: manifest for manifest in before}
    new = {manifest.identity: manifest for manifest in after}
    changes: list[ObjectChange] = []
    for identity, manifest in new.items():
        if identity not in old:
            changes.append(ObjectChange("added", identity))
        elif fields := tuple(_fields(old[identity].data, manifest.data, ())):
            changes.append(ObjectChange("changed", identity, fields))
    changes.extend(ObjectChange("removed", identity) for identity in old if identity not in new)
    return tuple(changes)


def compare_trees(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """What changes between two trees of plain values, field by field."""
    return tuple(_fields(before, after, ()))


def _fields(before: Any, after: Any, path: Path) -> Iterator[FieldChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _fields(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _items(before, after, path)
    elif type(before) is not type(after) or before != after:
        yield FieldChange(field_path(path), before, after, path)


def _items(before: list[Any], after: list[Any], path: Path) -> Iterator[FieldChange]:
    key = next((k for k in _KEYED if _is_keyed(before, k) and _is_keyed(after, k)), None)
    if key is not None:
        yield from _fields({item[key]: item for item in before}, {item[key]: item for item in after}, path)
        return
    for index in range(max(len(before), len(after))):
        old = before[index] if index < len(before) else ABSENT
        new = after[index] if index < len(after) else ABSENT
        yield from _fields(old, new, (*path, index))


def _is_keyed(items: list[Any], key: str) -> bool:
    names = [item[key] for item in items if isinstance(item, Mapping) and isinstance(item.get(key), str)]
    return len(names) == len(items) == len(set(names))


def indexed(data: Any, path: Path) -> Path:
    """`path` of a `FieldChange` with the places in lists of `data` in place of key fields' values."""
    found: list[str | int] = []
    for part in path:
        step: str | int = part
        if isinstance(data, list) and isinstance(part, str):
            keyed = (n for n, item in enumerate(data) for key in _KEYED if _is_keyed(data, key) and item[key] == part)
            step = next(keyed, len(data))
        found.append(step)
        inside = isinstance(data, list) and isinstance(step, int) and step < len(data)
        data = data[step] if inside else data.get(step) if isinstance(data, Mapping) else None
    return tuple(found)
