"""A place in an object: its value, and the way to it, which is only spelled out when something is wrong there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.objects.findings import Finding, Path
from generator.objects.manifest import Manifest


class Cursor:
    """One place in `manifest`. `data` is what stands there, None where nothing does; nothing here raises.

    Mappings are dicts, as the readers and the renderer make them: what is asked of every object must be quick.
    """

    __slots__ = ("_below", "_parent", "data", "manifest")

    def __init__(self, manifest: Manifest, data: Any, parent: Cursor | None = None, below: Path = ()) -> None:
        self.manifest, self.data, self._parent, self._below = manifest, data, parent, below

    @classmethod
    def of(cls, manifest: Manifest) -> Cursor:
        """The whole object."""
        return cls(manifest, manifest.data)

    @property
    def path(self) -> Path:
        """Keys and indexes from the root."""
        return self._below if self._parent is None else (*self._parent.path, *self._below)

    def at(self, *keys: str) -> Cursor:
        """The place below, key by key."""
        data = self.data
        for key in keys:
            data = data.get(key) if isinstance(data, dict) else None
        return Cursor(self.manifest, data, self, keys)

    def with_data(self, data: Any) -> Cursor:
        """This place with `data` in it."""
        return Cursor(self.manifest, data, self)

    def without(self, key: str) -> Cursor:
        """This place without what stands at `key`; as it is when it is no mapping."""
        inside = isinstance(self.data, dict) and key in self.data
        return self.with_data({name: self.data[name] for name in self.data if name != key}) if inside else self

    def through(self, path: Path) -> Cursor:
        """The place at `path`, as `at` for keys that may be indexes."""
        here = self
        for key in path:
            if isinstance(key, int):
                inside = isinstance(here.data, list) and key < len(here.data)
                here = Cursor(self.manifest, here.data[key] if inside else None, here, (key,))
            else:
                here = here.at(key)
        return here

    def items(self, *keys: str) -> list[Cursor]:
        """The items of the list at `keys`; none when it is no list. Null is an object without fields, as for Go."""
        data = self.data
        for key in keys:
            data = data.get(key) if isinstance(data, dict) else None
        if not (data and isinstance(data, list)):
            return []
        place = self.at(*keys)
        items = enumerate(place.data)
        return [Cursor(self.manifest, {} if item is None else item, place, (index,)) for index, item in items]

    def entries(self, *keys: str) -> Iterator[tuple[str, Cursor]]:
        """Key and value of each entry of the mapping at `keys`; none when it is no mapping."""
        place = self.at(*keys)
        if isinstance(place.data, dict):
            for key, value in place.data.items():
                yield str(key), Cursor(self.manifest, value, place, (key,))

    def get(self, key: str) -> Any:
        """What stands at `key`."""
        return self.data.get(key) if isinstance(self.data, dict) else None

    def text(self, key: str) -> str | None:
        """The text at `key`; None when there is none, or another type, which the schemas tell."""
        value = self.get(key)
        return value if isinstance(value, str) else None

    def number(self, key: str) -> int | None:
        """The whole number at `key`; None when there is none, or another type."""
        return whole(self.get(key))

    def chosen(self, names: frozenset[str] | tuple[str, ...]) -> list[str]:
        """Which of `names` have a value here, in their order in the object."""
        if not isinstance(self.data, dict):
            return []
        return [key for key, value in self.data.items() if value is not None and key in names]

    def finding(self, rule: str, message: str, remedy: str = "") -> Finding:
        """What is wrong at this place."""
        return Finding.of(self.manifest, rule, message, self.path, remedy)


def whole(value: Any) -> int | None:
    """`value` as a whole number; None for any other, truth values included."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
