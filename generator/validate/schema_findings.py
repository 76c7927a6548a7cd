"""What a compiled schema says is wrong, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from generator.errors import nearest
from generator.objects.findings import Finding, Path
from generator.objects.manifest import Manifest
from generator.validate.definitions import ONCE

_FORMS = {
    "byte": ("is not base64", "encode it, or write text where the kind has a field for it, such as stringData"),
    "date-time": ("is no time", "such as 2006-01-02T15:04:05Z; leave it out, the cluster sets it"),
    "ipv4": ("is no IPv4 address", "such as 10.0.0.1"),
    "ipv6": ("is no IPv6 address", "such as fd00::1"),
}


class Check(NamedTuple):
    """A compiled schema. `fields`: all that the kind has, none of its business, or a part of them."""

    validator: Any
    schema: Mapping[str, Any]
    fields: Literal["all", "none", "some"]


def findings(error: Any, manifest: Manifest, check: Check) -> Iterator[Finding]:
    """What one error of a compiled schema says, in our words."""
    path, schema = tuple(error.instance_path), check.schema
    kind = error.kind.name
    if kind == "additionalProperties":
        yield from _unknown_fields(error, manifest, check)
    elif kind == "required":
        yield _finding("schema/required", "is missing", manifest, (*path, error.kind.property), "set it")
    elif kind == "type":
        yield _wrong_type(error.instance, error.kind.types, manifest, path)
    elif kind == "anyOf" and (types := _types(schema, error.schema_path)):
        yield _wrong_type(error.instance, types, manifest, path)
    elif kind in (ONCE, "uniqueItems"):
        yield _twice(error.message if kind == ONCE else "", manifest, path)
    elif kind == "format":
        message, remedy = _FORMS[error.kind.format]
        yield _finding("schema/value", message, manifest, path, remedy)
    elif kind == "not":
        yield _finding("schema/required", "is null", manifest, path, "set it")
    elif kind == "enum":
        yield _not_allowed(error.instance, error.kind.options, manifest, path)
    else:
        yield _finding("schema/value", error.message[:300], manifest, path, "see the kind's reference")


def _unknown_fields(error: Any, manifest: Manifest, check: Check) -> Iterator[Finding]:
    path = tuple(error.instance_path)
    for name in error.kind.unexpected if check.fields != "none" else ():
        close = nearest(name, _known_fields(check.schema, error.schema_path))
        remedy = f"did you mean {close!r}?" if close else "remove it"
        if check.fields == "all":
            yield _finding("schema/unknown-field", "there is no such field", manifest, (*path, name), remedy)
        else:
            yield _not_known(manifest, (*path, name), close)


def _not_allowed(value: Any, allowed: Iterable[Any], manifest: Manifest, path: Path) -> Finding:
    options = [str(option) for option in allowed if option]
    close = nearest(str(value), options)
    remedy = f"allowed: {', '.join(options)}" + (f"; did you mean {close!r}?" if close else "")
    return _finding("schema/enum", f"{value!r} is not allowed", manifest, path, remedy)


def _twice(told: str, manifest: Manifest, path: Path) -> Finding:
    """`told`: index and keys of an item, empty for a list of plain values."""
    index, _, keys = told.partition(" ")
    message = f"has the same {keys} as an item before" if told else "holds a value twice"
    return _finding("schema/duplicate", message, manifest, (*path, int(index)) if told else path, "keep one of them")


def _not_known(manifest: Manifest, path: Path, close: str) -> Finding:
    message = "is not known here, where only a part of this kind's fields is"
    remedy = (f"did you mean {close!r}? Else " if close else "") + "give the kind's definition by --schemas to be sure"
    return replace(_finding("schema/not-known-here", message, manifest, path, remedy), severity="warning")


def _wrong_type(value: Any, types: Iterable[str], manifest: Manifest, path: Path) -> Finding:
    wanted = " or ".join(dict.fromkeys(t for t in types if t != "null"))
    return _finding(
        "schema/type", f"is {_type_name(value)}, not {wanted}", manifest, path, "quote text, leave numbers bare"
    )


def _types(schema: Mapping[str, Any], schema_path: list[str | int]) -> list[str]:
    """The types that an `anyOf` at `schema_path` tells apart; none when it tells something else apart."""
    node: Any = schema
    for part in schema_path:
        node = node[part]
    if not all(isinstance(choice, Mapping) and set(choice) == {"type"} for choice in node):
        return []
    types = [choice["type"] for choice in node]
    return [name for given in types for name in (given if isinstance(given, list) else [given])]


def _finding(rule: str, message: str, manifest: Manifest, path: Path, remedy: str) -> Finding:
    return Finding.of(manifest, rule, message, path, remedy)


def _known_fields(schema: Mapping[str, Any], schema_path: list[str | int]) -> tuple[str, ...]:
    """The properties beside the `additionalProperties` that `schema_path` ends in."""
    node: Any = schema
    for part in schema_path[:-1]:
        node = node[part]
    return tuple(node.get("properties", ()))


def _type_name(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    return names.get(type(value), "null")
