"""Values of a Helm chart: their defaults with comments (`values.yaml`), and what they may be (`values.schema.json`).

Which values there are, and where they stand, is not known here.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.yaml.writer import dump, quoted

Path = tuple[str, ...]
_WIDTH = 100
#: What Go's templates take for the name of a field; others need `index`.
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DRAFT = "http://json-schema.org/draft-07/schema#"


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its default, the JSON Schema (draft 7) that it is held to, and its comment, if it has one."""

    default: Any
    schema: Mapping[str, Any]
    comment: str = ""


class Values:
    """Values by path, such as `("images", "hub", "digest")`. `groups`: comments by path, in the order to write them."""

    def __init__(self, groups: Mapping[Path, str]) -> None:
        self._groups = groups
        self._found: dict[Path, Value] = {}

    def use(self, path: Path, value: Value) -> str | None:
        """What a template calls it; None where the path has another default already: that place keeps what it has."""
        if self._found.setdefault(path, value).default != value.default:
            return None
        return reference(path)

    def below(self, group: str) -> list[str]:
        """The names of a group's values, sorted."""
        return sorted(path[1] for path in self._found if path[0] == group and len(path) > 1)

    def defaults(self) -> str:
        """`values.yaml`, without a header."""
        return "\n".join(self._lines(self._tree(), (), ""))

    def schema(self) -> str:
        """`values.schema.json`. `global` is what Helm hands to charts within charts."""
        tree = self._schema(self._tree(), ())
        tree["properties"] = {**tree["properties"], "global": {"type": "object"}}
        return json.dumps({"$schema": _DRAFT, **tree}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def _tree(self) -> dict[str, Any]:
        order = [path[0] for path in self._groups if len(path) == 1]
        tree: dict[str, Any] = {}
        for path in sorted(self._found, key=lambda path: (order.index(path[0]), path)):
            *above, name = path
            node = tree
            for key in above:
                node = node.setdefault(key, {})
            node[name] = self._found[path]
        return tree

    def _lines(self, tree: Mapping[str, Any], above: Path, indent: str) -> Iterator[str]:
        for key, child in tree.items():
            path = (*above, key)
            comment = child.comment if isinstance(child, Value) else self._groups.get(path, "")
            if not above:
                yield ""
            yield from (f"{indent}# {line}" for line in textwrap.wrap(comment, _WIDTH - len(indent)))
            if isinstance(child, Value):
                yield textwrap.indent(dump({key: child.default}), indent).rstrip("\n")
            else:
                yield f"{indent}{quoted(key)}:"
                yield from self._lines(child, path, f"{indent}  ")
        if not above:
            yield ""

    def _schema(self, tree: Mapping[str, Any], above: Path) -> dict[str, Any]:
        properties = {}
        for key, child in tree.items():
            path = (*above, key)
            if isinstance(child, Value):
                properties[key] = {**child.schema, **({"description": child.comment} if child.comment else {})}
            else:
                properties[key] = self._schema(child, path)
        said = self._groups.get(above)
        return {
            "type": "object",
            "additionalProperties": False,
            "required": sorted(tree),
            "properties": properties,
            **({"description": said} if said else {}),
        }


def reference(path: Path) -> str:
    """A value as a template of Helm calls it, as one operand."""
    plain = next((at for at, key in enumerate(path) if _FIELD.fullmatch(key) is None), len(path))
    field = ".".join((".Values", *path[:plain]))
    if plain == len(path):
        return field
    return f"(index {field} {' '.join(map(json.dumps, path[plain:]))})"
