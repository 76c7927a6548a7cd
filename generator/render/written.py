"""The YAML text of a document whose shape is known: what all of that shape share is written once.

The text is to the letter what `generator.yaml.writer.dump` gives for the bound document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from generator.errors import ConfigError
from generator.render.skeleton import CLOSE, OPEN, Binder, binder_of
from generator.yaml.writer import dump, listed, placed

#: A line that ends in a placeholder as the writer writes it: what stands before it, and the key that it belongs to.
_LINE = re.compile(r'(?P<before> *(?:- )*)(?P<key>.+:)?(?(key) )"\\ue000(?P<number>[0-9]+)\\ue001"')
Text = Callable[[Sequence[Any]], str]


class Document(NamedTuple):
    """What a template gave: plain data, which must not be changed, and how its text is written of `values`."""

    data: Any
    values: Sequence[Any]
    write: Text | None

    def text(self) -> str:
        """The document as YAML. Raises as `generator.yaml.writer.dump`."""
        return dump(self.data) if self.write is None else self.write(self.values)


class _Place(NamedTuple):
    """Where a value goes: behind `head`, a key whose mapping is indented by `indent`, or dashes and blanks."""

    head: str
    indent: str
    is_keyed: bool
    value: Binder


def text_of(tree: Any) -> Text | None:
    """A function from values to the text of `tree`, a parsed skeleton; None when only the bound tree tells it.

    That is so where keys are values, which decide on the order, and where nothing could be written.
    """
    binders: list[Binder] = []
    try:
        lines = dump(_numbered(tree, binders)).splitlines()
    except (_KeyIsAValueError, TypeError, ConfigError):
        return None
    parts: list[str | _Place] = []
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is not None:
            before, key, value = found["before"], found["key"], binders[int(found["number"])]
            parts.append(_Place(before + (key or ""), " " * len(before), key is not None, value))
        elif parts and isinstance(parts[-1], str):
            parts[-1] += f"\n{line}"
        else:
            parts.append(line)
    return lambda values: _joined(parts, values)


class _KeyIsAValueError(Exception):
    """A key of the document is a value."""


def _joined(parts: Sequence[str | _Place], values: Sequence[Any]) -> str:
    lines: list[str] = []
    for part in parts:
        if isinstance(part, str):
            lines.append(part)
        elif part.is_keyed:
            placed(part.head, part.value(values), part.indent, lines)
        else:
            listed(part.head, part.value(values), lines)
    return "\n".join(lines) + "\n"


def _numbered(tree: Any, binders: list[Binder]) -> Any:
    """`tree` with a number in place of each text that is or holds values, whose binder is added to `binders`."""
    if isinstance(tree, Mapping):
        if any(isinstance(key, str) and OPEN in key for key in tree):
            raise _KeyIsAValueError
        return {key: _numbered(value, binders) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_numbered(item, binders) for item in tree]
    binder = binder_of(tree)
    if binder is None:
        return tree
    binders.append(binder)
    return f"{OPEN}{len(binders) - 1}{CLOSE}"
