"""Printing data: JSON, YAML, values with tabs between them, or names. No library of tables is loaded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import islice
from typing import TYPE_CHECKING, Any

from hub.output.formats import Format, printable, write

if TYPE_CHECKING:
    from hub.output.query import Query

#: Items of a long list that are printed at once.
_AT_ONCE = 100
#: What the command that runs now is to print of its data; None: all.
_query: ContextVar[Query | None] = ContextVar("query", default=None)


@contextmanager
def selecting(query: Query) -> Iterator[None]:
    """Have everything that is printed as data be what `query` selects of it."""
    token = _query.set(query)
    try:
        yield
    finally:
        _query.reset(token)


def write_data(data: Mapping[str, Any] | Sequence[Any], output: Format) -> None:
    """Print `data`, or what the command's --query selects from it.

    What is an iterator in `data` is printed as a list; as JSON, while it is made.
    """
    query = _query.get()
    if query is None and output is Format.JSON and isinstance(data, Mapping):
        _write_json(data)
        return
    selected = _whole(data) if query is None else query.of(_plain(data))
    if output is Format.JSON:
        write(_json(selected) + "\n")
    elif output is Format.YAML:
        from generator.yaml.writer import dump

        write(dump(selected if query is None else _without_fractions(selected)))
    else:
        write("".join(f"{line}\n" for line in (_lines if output is Format.TEXT else _names)(_plain(selected))))


def write_item(data: Mapping[str, Any], output: Format) -> None:
    """Print one of many, as it comes: a line of JSON, a document of YAML, else as `write_data`."""
    query = _query.get()
    if output is Format.JSON:
        write(json.dumps(data if query is None else query.of(_plain(data)), ensure_ascii=False) + "\n")
        return
    if output is Format.YAML:
        write("---\n")
    write_data(data, output)


def _names(data: Any) -> Iterator[str]:
    from hub.output.names import names_of

    return names_of(data)


def _write_json(data: Mapping[str, Any]) -> None:
    """As `_json`, but the items of an iterator one by one: the text of thousands takes more than they do."""
    before = "{"
    for name, value in data.items():
        write(f"{before}\n  {json.dumps(name, ensure_ascii=False)}: ")
        if isinstance(value, Iterator):
            opening = "["
            for some in _in_parts(value):
                items = ",\n    ".join(map(_item_json, some))
                write(f"{opening}\n    {items}")
                opening = ","
            write("[]" if opening == "[" else "\n  ]")
        else:
            write(_json(value, 2))
        before = ","
    write("{}\n" if before == "{" else "\n}\n")


def _in_parts(items: Iterator[Any]) -> Iterator[list[Any]]:
    """The items, some at once: a write for each of thousands costs more than making it."""
    while some := list(islice(items, _AT_ONCE)):
        yield some


def _item_json(item: Any) -> str:
    """As `_json` of an item of a list in an object, in a tenth of the time: Python indents in Python only."""
    from pydantic_core import to_json

    return to_json(item, indent=2).decode().replace("\n", "\n    ")


def _json(data: Any, margin: int = 0) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False).replace("\n", "\n" + " " * margin)


def _whole(data: Any) -> Any:
    if not isinstance(data, Mapping):
        return data
    return {name: [*value] if isinstance(value, Iterator) else value for name, value in data.items()}


def _plain(data: Any) -> Any:
    """The data as a reader of its JSON has it."""
    return json.loads(json.dumps(_whole(data)))


def _without_fractions(data: Any) -> Any:
    """What an expression made of numbers (`avg`), as YAML that we write has it: a fraction is text."""
    if isinstance(data, dict):
        return {name: _without_fractions(one) for name, one in data.items()}
    if isinstance(data, list):
        return [_without_fractions(one) for one in data]
    if isinstance(data, float):
        return int(data) if data.is_integer() else str(data)
    return data


def _lines(data: Any) -> Iterator[str]:
    """The values, as `aws --output text` has them: a line for each object or list of values, with tabs between them.

    Objects in a list have the same columns: their keys with plain values, by name. Lists and objects in an object
    follow on lines of their own. A value has no tab or line break: those are escaped, so that a line is one record.
    """
    if isinstance(data, dict):
        yield from _object_lines(data, sorted(name for name, one in data.items() if _is_value(one)))
    elif isinstance(data, list):
        objects = [one for one in data if isinstance(one, dict)]
        columns = sorted({name for one in objects for name, value in one.items() if _is_value(value)})
        if values := [_text(one) for one in data if _is_value(one)]:
            yield "\t".join(values)
        for one in data:
            if isinstance(one, dict):
                yield from _object_lines(one, columns)
            elif isinstance(one, list):
                yield from _lines(one)
    else:
        yield _text(data)


def _object_lines(data: Mapping[str, Any], columns: Sequence[str]) -> Iterator[str]:
    if columns:
        yield "\t".join(_text(data.get(name)) if _is_value(data.get(name)) else "null" for name in columns)
    for _, one in sorted(data.items()):
        if not _is_value(one):
            yield from _lines(one)


def _is_value(data: Any) -> bool:
    return not isinstance(data, dict | list)


def _text(value: Any) -> str:
    return printable(value) if isinstance(value, str) else json.dumps(value)
