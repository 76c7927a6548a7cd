"""Strict reading of YAML that people and machines write, with the place of every value.

Meant for entries, environments, blueprints and manifests. Reads what Kubernetes' own parser would (YAML 1.1 truth
values, octal numbers), but dates and sexagesimals stay text, and what is usually a mistake is a fault: keys twice, keys
that are not text, tags, numbers beyond 64 bits, aliases and merge keys (where not asked for). Depth and size are
bounded, so an alias bomb is refused. JSON may write a character beyond 16 bits as two escapes, as its own grammar says.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from generator.errors import ConfigError, Fault, Location, Reason
from generator.yaml.keys import as_key

MAX_DEPTH = 64
MAX_NODES = 200_000
#: Of a file with one document, such as an entry, which is read in every pass: a tenth of a second.
MAX_FILE_NODES = 20_000
_TAG = "tag:yaml.org,2002:"
_TRUE = frozenset({"y", "yes", "true", "on"})
_FALSE = frozenset({"n", "no", "false", "off"})
_TEXT = f"{_TAG}str"
_MERGE = f"{_TAG}merge"
#: A surrogate pair in an escaped text of JSON, or half of one; an even number of backslashes before it are its own.
_SURROGATES = re.compile(r"((?<!\\)(?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")
_LONE_LOW = re.compile(r"((?<!\\)(?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_COLLECTIONS = frozenset({f"{_TAG}map", f"{_TAG}seq"})
_OTHER_KEYS = frozenset({f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float"})
#: What the API server keeps exact. Go reads a larger number as a float, so it would come back as another one.
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
#: Plain scalars of so many characters at most, and so many of them, have their tag remembered; so are keys kept.
_SHORT, _MOST_RESOLVED = 32, 10_000
_KEYS: dict[str, str] = {}
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

    def nearest_location(self, path: Path) -> Location:
        """The place of `path`'s key, or of its nearest parent that exists; of an empty document, the file."""
        found = (at for end in range(len(path), -1, -1) if (at := self.key_location(path[:end])))
        return next(found, Location(self.source))

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


def load(text: str | bytes, source: str, *, nodes: int = MAX_FILE_NODES) -> Document:
    """The one document in `text`, of at most `nodes` values, without aliases.

    Raises `ConfigError` (UnreadableYaml) with every fault.
    """
    documents = _loaded(text, source, aliases=False, nodes=nodes)
    if len(documents) > 1:
        fault = Fault("holds several documents", documents[1].location(()), allowed="one")
        raise ConfigError(Reason.UNREADABLE_YAML, fault)
    return documents[0] if documents else Document(None, source, None)


def load_all(text: str | bytes, source: str, *, aliases: bool = True, other_keys: bool = False) -> tuple[Document, ...]:
    """All documents in `text`. `aliases` says whether anchors may be used. Raises as `load` does.

    `other_keys`: numbers and truth values that are keys become text, as Kubernetes' own parser makes them.
    """
    return _loaded(text, source, aliases=aliases, nodes=MAX_NODES, other_keys=other_keys)


def _loaded(
    text: str | bytes, source: str, *, aliases: bool, nodes: int, other_keys: bool = False
) -> tuple[Document, ...]:
    reader = _Reader(source, aliases=aliases, other_keys=other_keys)
    decoded = _decoded(text, source)
    try:
        roots = _composed(_joined(decoded) if decoded.lstrip().startswith(("{", "[")) else decoded, source, nodes)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        where = Location(source, mark.line + 1, mark.column + 1) if mark else Location(source)
        message = " ".join(filter(None, [err.context, err.problem]))
        raise ConfigError(Reason.UNREADABLE_YAML, Fault(f"is not YAML: {message}", where)) from err
    except yaml.reader.ReaderError as err:
        fault = Fault(f"holds a character that YAML does not allow at offset {err.position}", Location(source))
        raise ConfigError(Reason.UNREADABLE_YAML, fault) from err
    documents = tuple(Document(reader.value(root, 0), source, root) for root in roots if root is not None)
    if reader.faults:
        raise ConfigError(Reason.UNREADABLE_YAML, reader.faults)
    return documents


class _Loader(yaml.CSafeLoader):
    """libyaml's loader with bounds on depth and size: it recurses in C, where too deep is the end of the process.

    The two methods that count are hooks for resolving tags by path, which nothing here does. Tags of short plain
    scalars are resolved once in a process: thousands of files say the same few hundred words.
    """

    depth = nodes = 0
    most = MAX_NODES
    source = ""
    _resolved: ClassVar[dict[str, str]] = {}

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """The tag of a node without one. `implicit`: whether a scalar is plain, and whether it is quoted."""
        if kind is not yaml.ScalarNode or not implicit[0] or len(value) > _SHORT:
            return self._tag(kind, value, implicit)
        tag = self._resolved.get(value)
        if tag is None:
            if len(self._resolved) >= _MOST_RESOLVED:
                self._resolved.clear()
            tag = self._resolved[value] = self._tag(kind, value, implicit)
        return tag

    def _tag(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]

    def descend_resolver(self, parent: yaml.Node | None, _index: Any) -> None:
        """Called before each node, with the collection it is in."""
        self.depth += 1
        self.nodes += 1
        if self.nodes > self.most and parent is not None:
            fault = Fault(f"holds more than {self.most} values", _location(self.source, parent))
            raise ConfigError(Reason.UNREADABLE_YAML, fault)
        if self.depth > MAX_DEPTH + 1 and parent is not None:
            raise _too_deep(self.source, parent)

    def ascend_resolver(self) -> None:
        """Called after each node."""
        self.depth -= 1


# What Go's parser reads as something else than text and PyYAML's resolver does not know.
_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"[yYnN]$"), [*"yYnN"])
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(r"[-+]?0(?:[oO][0-7_]+|X[0-9a-fA-F_]+|B[01_]+)$"), [*"-+0"])
_Loader.add_implicit_resolver(
    f"{_TAG}float", re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"), [*"-+.0123456789"]
)


def _composed(text: str, source: str, nodes: int) -> list[yaml.Node | None]:
    loader = _Loader(text)
    loader.source, loader.most = source, nodes
    try:
        roots = []
        while loader.check_node():
            roots.append(loader.get_node())
        return roots
    finally:
        loader.dispose()


def _joined(text: str) -> str:
    """JSON whose surrogate pairs are one escape each, as YAML has them. Half of a pair is U+FFFD, as Go reads it."""

    def joined(match: re.Match[str]) -> str:
        high, low = int(match[2], 16), match[3] and int(match[3], 16)
        if not low:
            return f"{match[1]}\\ufffd"
        return f"{match[1]}\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08x}"

    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _LONE_LOW.sub(r"\1\\ufffd", _SURROGATES.sub(joined, text))


def _too_deep(source: str, node: yaml.Node) -> ConfigError:
    fault = Fault(f"is nested deeper than {MAX_DEPTH} levels, aliases included", _location(source, node))
    return ConfigError(Reason.UNREADABLE_YAML, fault)


def _decoded(text: str | bytes, source: str) -> str:
    if isinstance(text, str):
        try:
            text.encode()
        except UnicodeEncodeError as err:
            fault = Fault(f"holds half of a surrogate pair at offset {err.start}", Location(source))
            raise ConfigError(Reason.UNREADABLE_YAML, fault) from err
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        fault = Fault(f"is not UTF-8 at byte {err.start}", Location(source))
        raise ConfigError(Reason.UNREADABLE_YAML, fault) from err


class _Reader:
    """Turns composed nodes into data and collects faults on the way. One instance a text."""

    def __init__(self, source: str, *, aliases: bool, other_keys: bool = False) -> None:
        self.source = source
        self.faults: list[Fault] = []
        self._aliases, self._other_keys = aliases, other_keys
        self._seen: set[int] = set()
        self._nodes = 0

    def value(self, node: yaml.Node, depth: int) -> Any:
        node.end_mark = None  # a document keeps its nodes to say where they begin
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise _too_deep(self.source, node)
        if self._nodes > MAX_NODES:
            what = f"holds more than {MAX_NODES} values, aliases counted as often as used"
            raise ConfigError(Reason.UNREADABLE_YAML, Fault(what, _location(self.source, node)))
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == _TEXT else self._scalar(node)
        if not self._aliases and id(node) in self._seen:
            self._fault(node, "is an alias", "values written out")
        self._seen.add(id(node))
        if node.tag not in _COLLECTIONS:
            self._fault(node, f"has the tag {node.tag.removeprefix(_TAG)!r}", "plain values")
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for written, value in node.value:
            key = self._key(written)
            written.end_mark = None
            if key.tag == _MERGE and self._aliases:
                merged |= {name: one for name, one in self._merged(value, depth).items() if name not in merged}
            elif key.tag != _TEXT or not isinstance(key, yaml.ScalarNode):
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a collection"
                self._fault(key, f"key {shown!r} is not text", "text; put it in quotes")
            elif key.value in found:
                first = next(one for one, _ in node.value if self._key(one).value == key.value)
                what = f"key {key.value!r} stands twice, first in line {first.start_mark.line + 1}"
                self._fault(key, what, "once")
            else:
                key.value = _kept(key.value)
                found[key.value] = self.value(value, depth + 1)
        return {**merged, **found} if merged else found

    def _key(self, key: yaml.Node) -> yaml.Node:
        """The key, as text where it is another scalar and may be one; as it is when it is no value of its kind."""
        if not (self._other_keys and key.tag in _OTHER_KEYS and isinstance(key, yaml.ScalarNode)):
            return key
        try:
            return yaml.ScalarNode(_TEXT, as_key(self._plain(key)), key.start_mark, key.end_mark)
        except ValueError:
            return key

    def _merged(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        """What a merge key adds: one mapping, or several of which the first has the say."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Any] = {}
        for source in sources:
            if isinstance(source, yaml.MappingNode):
                found = {**self.value(source, depth + 1), **found}
            else:
                self._fault(source, "cannot be merged", "a mapping, or a list of mappings")
        return found

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self._plain(node)
        except ValueError:
            # A tag that does not fit (`!!int x`), a prefix without digits (`0x_`), more digits than Python converts.
            self._fault(node, f"{node.value[:40]!r} is not a value of the kind {node.tag.removeprefix(_TAG)!r}", "")
            return node.value

    def _plain(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        match node.tag.removeprefix(_TAG):
            case "timestamp" | "value":
                return text
            case "null":
                return None
            case "bool":
                return _truth(text)
            case "int":
                return text if ":" in text else self._whole(node, _integer(text))
            case "float":
                return text if ":" in text else _float(text)
            case tag:
                self._fault(node, f"has the tag {tag!r}", "plain values")
                return text

    def _whole(self, node: yaml.ScalarNode, value: int) -> int:
        if not _SMALLEST <= value <= _LARGEST:
            shown = f"{node.value[:40]!r} is a number beyond 64 bits"
            self._fault(node, shown, f"{_SMALLEST} to {_LARGEST}; put it in quotes if it is text")
        return value

    def _fault(self, node: yaml.Node, message: str, allowed: str) -> None:
        self.faults.append(Fault(message, _location(self.source, node), allowed=allowed))


def _kept(key: str) -> str:
    """The same text, kept once when it is short: thousands of objects have the same few hundred keys."""
    if len(key) > _SHORT:
        return key
    if len(_KEYS) >= _MOST_RESOLVED:
        _KEYS.clear()
    return _KEYS.setdefault(key, key)


def _truth(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _integer(text: str) -> int:
    """An integer of YAML 1.1: decimal, 0x, 0b, leading-zero octal, underscores."""
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-").lower()
    if digits.startswith(("0x", "0b", "0o")):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits.startswith("0") and digits != "0" else 10)


def _float(text: str) -> float:
    digits = text.replace("_", "").lower()
    value = float(digits.replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(value):
        raise ValueError(text)  # JSON, and so Kubernetes, has no such number
    return value


def _location(source: str, node: yaml.Node) -> Location:
    return Location(source, node.start_mark.line + 1, node.start_mark.column + 1)
