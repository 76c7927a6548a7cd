"""One field of a file, as its JSON Schema has it: type, words, default, what is allowed, and the fields in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.errors import ConfigError, Fault, Reason, nearest

#: Fields within fields that are listed at most.
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """A field. `default` and `allowed` as JSON has them; None: there is none.

    `name`: its path, `NAME` standing for a key of a map and `[]` for an item of a list.
    """

    name: str
    type: str
    about: str
    is_required: bool
    default: Any = None
    has_default: bool = False
    allowed: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    fields: tuple[ExplainedField, ...] = ()


def explain(schema: Mapping[str, Any], path: str, *, is_recursive: bool = False) -> ExplainedField:
    """The field at `path` of what `schema` describes, such as `spec.lease.ttl`; empty: all of it.

    `is_recursive`: with the fields of its fields. Raises `ConfigError` (InvalidValue) for one that there is not.
    """
    node, name, is_required = _resolved(schema, schema), "", True
    for part in _parts(path):
        found = dict(_children(schema, node))
        child = part if part in found else _any_key(found)
        if child is None:
            allowed = ", ".join(found) or "nothing: it has no fields"
            fault = Fault(
                f"{name or 'it'} has no field {part[:60]!r}",
                field=path[:200],
                allowed=allowed,
                nearest=nearest(part, tuple(found)),
            )
            raise ConfigError(Reason.INVALID_VALUE, fault)
        is_required = child in _of_object(schema, node).get("required", ())
        node, name = found[child], _joined(name, child)
    return _field(schema, node, name, is_required=is_required, depth=_DEEPEST if is_recursive else 1)


def field_data(field: ExplainedField) -> dict[str, Any]:
    """The field for machines."""
    return {
        "field": field.name,
        "type": field.type,
        "about": field.about,
        "required": field.is_required,
        **({"default": field.default} if field.has_default else {}),
        "allowed": [*field.allowed],
        "examples": [*field.examples],
        "fields": [field_data(one) for one in field.fields],
    }


def _parts(path: str) -> Iterator[str]:
    for part in path.replace("[", ".[").split("."):
        if part:
            yield "[]" if part.startswith("[") and part.endswith("]") else part


def _joined(name: str, part: str) -> str:
    return f"{name}{part}" if part == "[]" else f"{name}.{part}" if name else part


def _field(
    root: Mapping[str, Any], node: Mapping[str, Any], name: str, *, is_required: bool, depth: int
) -> ExplainedField:
    required = _of_object(root, node).get("required", ())
    fields = tuple(
        _field(root, child, key, is_required=key in required, depth=depth - 1)
        for key, child in (_children(root, node) if depth > 0 else ())
    )
    return ExplainedField(
        name, _type(root, node), str(node.get("description", "")), is_required,
        node.get("default"), "default" in node, tuple(_allowed(root, node)),
        tuple(str(one) for one in node.get("examples", ())), fields,
    )  # fmt: skip


def _resolved(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node itself, where it refers to another; what it says beside that counts first."""
    target = node.get("$ref")
    if not isinstance(target, str):
        return node
    found: Any = root
    for part in target.removeprefix("#/").split("/"):
        found = found[part]
    return {**_resolved(root, found), **{key: value for key, value in node.items() if key != "$ref"}}


def _choices(root: Mapping[str, Any], node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What it may be, one of these, without null."""
    several = node.get("anyOf") or node.get("oneOf")
    if not several:
        return [node]
    found = [one for each in several for one in _choices(root, _resolved(root, each))]
    return [one for one in found if one.get("type") != "null"]


def _of_object(root: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The choice that has fields."""
    return next((one for one in _choices(root, node) if "properties" in one), node)


def _children(root: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for one in _choices(root, node):
        for key, child in one.get("properties", {}).items():
            yield key, _resolved(root, child)
        for child in (*one.get("patternProperties", {}).values(), one.get("additionalProperties")):
            if isinstance(child, Mapping):
                yield "NAME", _resolved(root, child)
        if isinstance(one.get("items"), Mapping):
            yield "[]", _resolved(root, one["items"])


def _any_key(children: Mapping[str, object]) -> str | None:
    """What stands for whatever key there is: that of a map; of a list, an item's field may be named without `[]`."""
    return "NAME" if "NAME" in children else None


def _type(root: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    names = []
    for one in _choices(root, node):
        match one:
            case {"const": value}:
                names.append(f"{value!r}" if not isinstance(value, bool) else str(value).lower())
            case {"enum": _}:
                names.append("text" if all(isinstance(value, str) for value in one["enum"]) else "one of these")
            case {"type": "array"}:
                names.append(f"list of {_type(root, _resolved(root, one.get('items', {})))}")
            case {"type": "object"}:
                is_map = "properties" not in one and ("patternProperties" in one or "additionalProperties" in one)
                names.append("map" if is_map else "object")
            case {"type": str(name)}:
                names.append({"string": "text", "boolean": "true or false", "integer": "whole number"}.get(name, name))
            case _:
                names.append("anything")
    return " or ".join(dict.fromkeys(names))


def _allowed(root: Mapping[str, Any], node: Mapping[str, Any]) -> Iterator[str]:
    for one in _choices(root, node):
        yield from map(str, one.get("enum", ()))
        low, high = one.get("minimum"), one.get("maximum")
        if low is not None or high is not None:
            yield (
                f"{low} to {high}"
                if None not in (low, high)
                else f"{low} or more"
                if high is None
                else f"at most {high}"
            )
        if "pattern" in one:
            yield f"what matches {one['pattern']}"
