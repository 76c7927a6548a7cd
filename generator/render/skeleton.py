"""Skeletons: parsed template text with placeholders, into which values are bound like parameters of a query.

A placeholder is U+E000, a number, U+E001: private-use characters that stand in no template and that YAML treats as
letters. The text a template gives holds placeholders only where values go, so its shape is the template's alone; it is
parsed once, and values take their places in the parsed tree. No value is ever read as YAML (docs/adr/0001).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from generator.yaml.reader import load_all

OPEN, CLOSE = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{OPEN}([0-9]+){CLOSE}")

Binder = Callable[[Sequence[Any]], Any]


class Shape(NamedTuple):
    """A document of a skeleton: `bind` gives its plain data for values, `tree` is it with its placeholders."""

    bind: Binder
    tree: Any


class BindError(ValueError):
    """A value cannot stand where the template puts it. `field` is the dotted path within the document."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)


def placeholder(index: int) -> str:
    """The placeholder of the value number `index`."""
    return f"{OPEN}{index}{CLOSE}"


def compile_skeleton(text: str) -> tuple[Shape, ...]:
    """The shape of each document of `text` that is not empty.

    Raises `ConfigError` (UnreadableYaml) when the text is not YAML, or has a key twice. Parts without placeholders are
    built once and shared between results, which are therefore never changed.
    """
    trees = [document.data for document in load_all(text, "")]
    return tuple(Shape(_binder(tree, "") or _constant(tree), tree) for tree in trees if tree is not None)


def binder_of(text: Any) -> Binder | None:
    """A function from values to what stands for `text`, None where no value stands in it."""
    return _text_binder(text, "") if isinstance(text, str) and OPEN in text else None


def _constant(tree: Any) -> Binder:
    return lambda _: tree


def _binder(tree: Any, field: str) -> Binder | None:
    """A function that builds `tree` from values, or None when nothing in it depends on one."""
    if isinstance(tree, str):
        return _text_binder(tree, field) if OPEN in tree else None
    if isinstance(tree, Mapping):
        return _mapping_binder(tree, field)
    if isinstance(tree, list):
        binders = [_binder(item, f"{field}[{index}]") for index, item in enumerate(tree)]
        if any(binders):
            parts = [binder or _constant(item) for binder, item in zip(binders, tree, strict=True)]
            return lambda values: [part(values) for part in parts]
    return None


def _mapping_binder(tree: Mapping[Any, Any], field: str) -> Binder | None:
    fixed: dict[Any, Any] = {}
    bound: list[tuple[Any, Binder | None, Binder]] = []
    for key, value in tree.items():
        below = f"{field}.{key}" if field else str(key)
        binder = _binder(value, _PLACEHOLDER.sub("…", below))
        key_binder = _binder(key, field) if isinstance(key, str) else None
        if binder is None and key_binder is None:
            fixed[key] = value
        else:
            bound.append((key, key_binder, binder or _constant(value)))
    if not bound:
        return None

    def bind(values: Sequence[Any]) -> dict[Any, Any]:
        result = dict(fixed)
        for key, key_binder, binder in bound:
            name = key if key_binder is None else key_binder(values)
            if not isinstance(name, str):
                raise BindError(field, f"key {name!r} is not text")
            if name in result:
                raise BindError(field, f"key {name!r} twice")
            result[name] = binder(values)
        return result

    return bind


def _text_binder(text: str, field: str) -> Binder:
    whole = _PLACEHOLDER.fullmatch(text)
    if whole:
        index = int(whole[1])
        return lambda values: values[index]
    parts = _PLACEHOLDER.split(text)

    def bind(values: Sequence[Any]) -> str:
        pieces = list(parts)
        for position in range(1, len(parts), 2):
            value = values[int(parts[position])]
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise BindError(field, f"a {type(value).__name__} cannot be part of a text")
            pieces[position] = str(value)
        return "".join(pieces)

    return bind
