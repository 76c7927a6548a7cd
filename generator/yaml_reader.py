"""Strict reading of YAML that people and machines write, with the place of every value.

Meant for entries, environments, blueprints and manifests. Reads what Kubernetes' own parser would (YAML 1.1 truth
values, octal numbers), but dates and sexagesimals stay text, and what is usually a mistake is a fault: keys twice, keys
that are not text, tags, aliases (where not asked for). Depth and size are bounded, so an alias bomb is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from generator.errors import ConfigError, Fault, Location, Reason

MAX_DEPTH = 64
MAX_NODES = 200_000
_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"y", "yes", "true", "on"})
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: plain data, and the places of its values, looked up on demand."""

    data: Any
    source: str
    _root: yaml.Node | None

    def location(self, path: Path) -> Location | None:
        """The place of the value at `path` (keys and list indexes from the root), or None when there is none."""
        found = self._find(path)
        return None if found is None else _location(self.source, found[1])

    def key_location(self, path: Path) -> Location | None:
        """The place of the key that leads to `path`; for a list's item and the root, of the value."""
        found = self._find(path)
        return None if found is None else _location(self.source, found[0])

    def nearest_location(self, path: Path) -> Location | None:
        """The place of `path`'s key, or of its nearest parent that exists."""
        return next((at for end in range(len(path), -1, -1) if (at := self.key_location(path[:end]))), None)

    def _find(self, path: Path) -> tuple[yaml.Node, yaml.Node] | None:
        node = self._root
        key = node
        for part in path:
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == part), None)
                if pair is None:
                    return None
                key, node = pair
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                key = node = node.value[part]
            else:
                return None
        return None if node is None or key is None else (key, node)


def load(text: str | bytes, source: str) -> Document:
    """The one document in `text`, without aliases. Raises `ConfigError` (UnreadableYaml) with every fault."""
    documents = load_all(text, source, aliases=False)
    if len(documents) > 1:
        fault = Fault("holds several documents", documents[1].location(()), allowed="one")
        raise ConfigError(Reason.UNREADABLE_YAML, fault)
    return documents[0] if documents else Document(None, source, None)


def load_all(text: str | bytes, source: str, *, aliases: bool = True) -> tuple[Document, ...]:
    """All documents in `text`. `aliases` says whether anchors may be used. Raises as `load` does."""
    reader = _Reader(source, aliases=aliases)
    try:
        roots = list(yaml.compose_all(_decoded(text, source), Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        where = Location(source, mark.line + 1, mark.column + 1) if mark else Location(source)
        message = " ".join(filter(None, [err.context, err.problem]))
        raise ConfigError(Reason.UNREADABLE_YAML, Fault(f"is not YAML: {message}", where)) from err
    except yaml.reader.ReaderError as err:
        fault = Fault(f"holds a character that YAML does not allow at offset {err.position}", Location(source))
        raise ConfigError(Reason.UNREADABLE_YAML, fault) from err
    except RecursionError as err:
        raise ConfigError(Reason.UNREADABLE_YAML, Fault("is nested too deep", Location(source))) from err
    documents = tuple(Document(reader.value(root, 0), source, root) for root in roots if root is not None)
    if reader.faults:
        raise ConfigError(Reason.UNREADABLE_YAML, reader.faults)
    return documents


def _decoded(text: str | bytes, source: str) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        fault = Fault(f"is not UTF-8 at byte {err.start}", Location(source))
        raise ConfigError(Reason.UNREADABLE_YAML, fault) from err


class _Reader:
    """Turns composed nodes into data and collects faults on the way. One instance a text."""

    def __init__(self, source: str, *, aliases: bool) -> None:
        self.source = source
        self.faults: list[Fault] = []
        self._aliases = aliases
        self._seen: set[int] = set()
        self._nodes = 0

    def value(self, node: yaml.Node, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            what = f"more than {MAX_NODES} values" if self._nodes > MAX_NODES else f"deeper than {MAX_DEPTH} levels"
            fault = Fault(f"holds {what}, aliases counted as often as used", _location(self.source, node))
            raise ConfigError(Reason.UNREADABLE_YAML, fault)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if not self._aliases and id(node) in self._seen:
            self._fault(node, "is an alias", "values written out")
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return dict(self._pairs(node, depth))

    def _pairs(self, node: yaml.Node, depth: int) -> Iterator[tuple[str, Any]]:
        known: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a collection"
                self._fault(key, f"key {shown!r} is not text", "text; put it in quotes")
            elif key.value in known:
                first = known[key.value].start_mark.line + 1
                self._fault(key, f"key {key.value!r} stands twice, first in line {first}", "once")
            else:
                known[key.value] = key
                yield key.value, self.value(value, depth + 1)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            case "str" | "timestamp" | "value":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() in _TRUE
            case "int":
                return text if ":" in text else _integer(text)
            case "float":
                return text if ":" in text else _float(text)
            case tag:
                self._fault(node, f"has the tag {tag!r}", "plain values")
                return text

    def _fault(self, node: yaml.Node, message: str, allowed: str) -> None:
        self.faults.append(Fault(message, _location(self.source, node), allowed=allowed))


def _integer(text: str) -> int:
    """An integer of YAML 1.1: decimal, 0x, 0b, leading-zero octal, underscores."""
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    if digits.startswith(("0x", "0b", "0o")):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits.startswith("0") and digits != "0" else 10)


def _float(text: str) -> float:
    digits = text.replace("_", "").lower()
    return float(digits.replace(".inf", "inf").replace(".nan", "nan"))


def _location(source: str, node: yaml.Node) -> Location:
    return Location(source, node.start_mark.line + 1, node.start_mark.column + 1)
