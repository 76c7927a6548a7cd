"""Schemas of custom kinds from their CustomResourceDefinitions, made strict.

A definition lets unknown fields pass: the API server drops them, without a word unless asked. Here they are findings,
as in strict field validation. What else the API server makes of an object before it checks it is heeded: values of int
or string, null for no value, defaults for what is required and what schemas are chosen by, lists that hold each once.
Expressions (CEL) are not evaluated; of formats, those in `FORMATS` are checked. Source: apiextensions.k8s.io/v1,
structural schemas; apiextensions-apiserver 0.37, defaulting and pruning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema_rs

from generator.errors import ConfigError, Fault, Location, Reason

_VALUES = (
    *("type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf", "minItems", "maxItems"),
    *("uniqueItems", "minProperties", "maxProperties"),
)
_INT_OR_STRING = ("integer", "string")
#: How definitions say the same once more.
_EITHER = [{"type": name} for name in _INT_OR_STRING]
_INTEGERS = {"int32": -(2**31), "int64": -(2**63)}


#: Our own keyword of a list: pairs of a key and its default, by which no two items are the same.
ONCE = "x-rtb-hub-once"
#: Formats that the API server checks in objects of custom kinds, and that are checked here.
FORMATS = ("byte", "ipv4", "ipv6")
_COMBINED = ("allOf", "anyOf", "oneOf", "not")


class KindName(NamedTuple):
    """A kind in one version of its group."""

    group: str
    version: str
    kind: str


def strict_schemas(definition: Mapping[str, Any], source: str) -> dict[KindName, dict[str, Any]]:
    """The schema of each version of a CustomResourceDefinition, as JSON Schema with `#/$defs/ObjectMeta` for metadata.

    Raises `ConfigError` (InvalidValue) for what is none.
    """
    try:
        spec = definition["spec"]
        group, kind = spec["group"], spec["names"]["kind"]
        versions = {one["name"]: one["schema"]["openAPIV3Schema"] for one in spec["versions"]}
        scales = {one["name"]: _scale(one) for one in spec["versions"]}
        texts = (group, kind, *versions)
        if not all(isinstance(text, str) for text in texts) or not all(isinstance(s, dict) for s in versions.values()):
            raise TypeError
        named = {KindName(group, name, kind): schema for name, schema in versions.items()}
        return {name: _counting(_root(name, schema), scales[name.version]) for name, schema in named.items()}
    except (KeyError, TypeError, AttributeError) as err:
        what = "is no CustomResourceDefinition of apiextensions.k8s.io/v1 with a schema for each version"
        raise ConfigError(Reason.INVALID_VALUE, Fault(what, Location(source), field="--schemas")) from err


def _scale(version: Mapping[str, Any]) -> str:
    """Where the replicas stand that `kubectl scale` sets, such as .spec.replicas; empty when it sets none."""
    scale = (version.get("subresources") or {}).get("scale") or {}
    return str(scale.get("specReplicasPath") or "")


def _counting(made: dict[str, Any], replicas: str) -> dict[str, Any]:
    """`made`, in which the number at the path `replicas` is not negative."""
    node: Any = made
    for key in replicas.removeprefix(".").split("."):
        node = node.get("properties", {}).get(key, {})
    if node:
        node["minimum"] = max(0, node.get("minimum", 0))
    return made


def _root(name: KindName, schema: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = _object(schema) if schema.get("properties") or not _keeps(schema) else {"type": "object"}
    own: dict[str, Any] = {
        "apiVersion": {"const": f"{name.group}/{name.version}"},
        "kind": {"const": name.kind},
        "metadata": {"$ref": "#/$defs/ObjectMeta"},
    }
    properties = {**made.get("properties", {}), **own}
    if "status" in properties:  # written by controllers; what a person writes there is not read
        properties["status"] = {"type": ["object", "null"]}
    required = sorted({*made.get("required", ()), *own} - {"status"})
    return {**made, "type": "object", "properties": properties, "required": required}


def _keeps(schema: Mapping[str, Any]) -> bool:
    return schema.get("x-kubernetes-preserve-unknown-fields") is True


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A structural schema, in which every field that is not named is unknown."""
    if schema.get("type") == "object":
        return _object(schema)
    made = _values(schema)
    if "items" in schema:
        made["items"] = _strict(schema["items"])
        made |= _once(schema)
    return made


def _once(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a list may not hold twice: a value, or an item with the same keys, each with what it is when left out."""
    kind, fields = schema.get("x-kubernetes-list-type"), schema["items"].get("properties", {})
    if kind == "set":
        return {"uniqueItems": True}
    if kind == "map" and (keys := schema.get("x-kubernetes-list-map-keys")):
        return {ONCE: [[key, fields.get(key, {}).get("default")] for key in keys]}
    return {}


def _object(schema: Mapping[str, Any]) -> dict[str, Any]:
    inner: Mapping[str, Any] = schema.get("properties", {})
    made = _with_defaults(
        _values(schema), {name: field["default"] for name, field in inner.items() if "default" in field}
    )
    required = [name for name in schema.get("required", ()) if "default" not in inner.get(name, {})]
    if inner:
        made["properties"] = {name: _field(field, null=name not in required) for name, field in inner.items()}
    if schema.get("x-kubernetes-embedded-resource") is True:
        own = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
        made["properties"] = {**own, **made.get("properties", {})}
        required = sorted({*required, "apiVersion", "kind"})
    if required:
        made["required"] = sorted(required)
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        made["additionalProperties"] = _field(more, null=True)
    elif more is not True and not _keeps(schema):
        made["additionalProperties"] = False
        made.setdefault("properties", {})  # else which field is unknown is not told
    return made


def _with_defaults(made: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """`made`, whose combinations see a field that is left out as its default: it is set before they are asked."""
    for key in ("allOf", "anyOf", "oneOf") if defaults else ():
        if key in made:
            made[key] = [_seeing(choice, defaults) for choice in made[key]]
    return made


def _seeing(choice: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    required = set(choice.get("required", ())) - set(defaults)
    for name, inner in choice.get("properties", {}).items():
        if name in defaults and not jsonschema_rs.Draft202012Validator(inner).is_valid(defaults[name]):
            required.add(name)
    rest = {key: value for key, value in choice.items() if key != "required"}
    return {**rest, "required": sorted(required)} if required else rest


def _field(schema: Mapping[str, Any], *, null: bool) -> dict[str, Any]:
    """A field's schema; null is dropped before it is checked, where the field may be missing."""
    made = _strict(schema)
    return _or_null(made) if null else made


def _or_null(made: dict[str, Any]) -> dict[str, Any]:
    """`made`, and null, which keywords other than type and enum do not ask of, but combinations may."""
    if not made:
        return made
    types = made.get("type")
    if types is None or any(key in made for key in _COMBINED):
        return {"if": {"type": "null"}, "else": made}
    allowed = types if isinstance(types, list) else [types]
    made = {**made, "type": allowed if "null" in allowed else [*allowed, "null"]}
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    return made


def _values(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords about values, which may also stand in combinations."""
    made = {key: schema[key] for key in _VALUES if key in schema}
    if schema.get("x-kubernetes-int-or-string") is True:
        made["type"] = list(_INT_OR_STRING)
    if schema.get("format") in FORMATS:
        made["format"] = schema["format"]
    _bound(made, schema)
    for key in ("allOf", "anyOf", "oneOf"):
        if (choices := [_loose(choice) for choice in schema.get(key, ())]) and choices != _EITHER:
            made[key] = choices
    if "not" in schema:
        made["not"] = _loose(schema["not"])
    if schema.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made


def _bound(made: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Set the ends of a number: those of its format, and whether they are part of it."""
    if (low := _INTEGERS.get(str(schema.get("format")))) and made.get("type") == "integer":
        made.setdefault("minimum", low)
        made.setdefault("maximum", -low - 1)
    for end, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and end in made:
            made[exclusive] = made.pop(end)


def _loose(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema within a combination: it asks of values and does not say which fields there are."""
    made = _values(schema)
    if "required" in schema:
        made["required"] = sorted(schema["required"])
    if "properties" in schema:
        made["properties"] = {name: _loose(inner) for name, inner in schema["properties"].items()}
    if isinstance(schema.get("items"), Mapping):
        made["items"] = _loose(schema["items"])
    if isinstance(schema.get("additionalProperties"), Mapping):
        made["additionalProperties"] = _loose(schema["additionalProperties"])
    return made


def definitions_in(tree: Any) -> Iterator[Mapping[str, Any]]:
    """The CustomResourceDefinitions in a document: itself, or the items of a List."""
    if not isinstance(tree, Mapping):
        return
    if tree.get("kind") == "CustomResourceDefinition":
        yield tree
    elif tree.get("kind") == "List" and isinstance(tree.get("items"), list):
        for item in tree["items"]:
            yield from definitions_in(item)
