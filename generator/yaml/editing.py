"""Editing one YAML file that people keep: what is not edited stays as it stands, comments and order among it.

By ruamel.yaml's round trip, since PyYAML, by which everything is read, keeps no comments. Only who edits loads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from generator.errors import ConfigError, Fault, Location, Reason
from generator.yaml.writer import scalar

#: Lines are not broken: what stood on one goes on to.
_WIDTH = 1_000_000
#: Lengths of time and amounts, which people write without quotes and every reader takes for text.
_LENGTH = re.compile(r"(?:[0-9]{1,9}(?:d|h|m|Mi|Gi))+")


@dataclass(frozen=True, slots=True)
class Edit:
    """`set` a value at a path of keys; `add` an item to the list there; `remove` what is there, or one item of it.

    `value` None with `remove`: all of it. `below`: what the list has before an item is added, where the file has none.
    """

    kind: Literal["set", "add", "remove"]
    path: tuple[str, ...]
    value: Any = None
    below: Sequence[Any] = ()

    @property
    def field(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)


class _Written:
    """What ruamel.yaml writes to: a stream of text in memory. Without `encoding` it would be given bytes."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> None:
        """Keep a part."""
        self.parts.append(text)


def edited(text: str, source: str, edits: Sequence[Edit]) -> str:
    """`text`, a file that was read without a fault, after the edits in their order.

    Raises `ConfigError` (InvalidValue) for one that cannot be made: something else than a mapping or a list is in its
    way, or what is to be removed is not in this file.
    """
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.preserve_quotes, yaml.width = True, _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    tree = yaml.load(text)
    faults = [fault for edit in edits if (fault := _apply(tree, edit, source)) is not None]
    if faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    out = _Written()
    yaml.dump(tree, out)
    return "".join(out.parts)


def _apply(tree: Any, edit: Edit, source: str) -> Fault | None:
    *parents, name = edit.path
    node = tree
    for key in parents:
        if not isinstance(node, dict):
            break
        if node.get(key) is None:
            if edit.kind == "remove":
                return _not_there(edit, source)
            node[key] = {}
        node = node[key]
    if not isinstance(node, dict):
        return Fault("is below what has no fields in this file", Location(source), edit.field)
    return _CHANGES[edit.kind](node, name, edit, source)


def _set(node: dict[str, Any], name: str, edit: Edit, source: str) -> Fault | None:
    del source
    node[name] = _told(edit.value)
    return None


def _add(node: dict[str, Any], name: str, edit: Edit, source: str) -> Fault | None:
    found = node.get(name)
    if found is None:
        node[name] = found = _told([*edit.below])
    if not isinstance(found, list):
        return Fault("is no list, so nothing is added to it", Location(source), edit.field, remedy="set it instead")
    if edit.value in found:
        return None
    found.append(_told(edit.value))
    return None


def _remove(node: dict[str, Any], name: str, edit: Edit, source: str) -> Fault | None:
    if name not in node:
        return _not_there(edit, source)
    if edit.value is None:
        del node[name]
        return None
    found = node[name]
    if not isinstance(found, list) or edit.value not in found:
        return Fault(f"has no item {str(edit.value)[:80]!r}", Location(source), edit.field, allowed=_items(found))
    found.remove(edit.value)
    return None


_CHANGES = {"set": _set, "add": _add, "remove": _remove}


def _items(found: Any) -> str:
    return ", ".join(str(one)[:80] for one in found[:20]) if isinstance(found, list) else ""


def _not_there(edit: Edit, source: str) -> Fault:
    remedy = "it is the default, or set by the file below; set another value to lay over that"
    return Fault("is not set in this file", Location(source), edit.field, remedy=remedy)


def _told(value: Any) -> Any:
    """The value as ruamel.yaml writes it: text in quotes wherever any reader might take it for something else."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, str):
        is_plain = _LENGTH.fullmatch(value) or not scalar(value).startswith('"')
        return value if is_plain else DoubleQuotedScalarString(value)
    if isinstance(value, Mapping):
        return CommentedMap((key, _told(one)) for key, one in value.items())
    if isinstance(value, list):
        found = CommentedSeq(map(_told, value))
        if not any(isinstance(one, Mapping | list) for one in value):
            found.fa.set_flow_style()
        return found
    return value
