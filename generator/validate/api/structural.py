"""Schemas within a CustomResourceDefinition: structural, as the API server asks for.

Source: apiextensions-apiserver 0.37, pkg/apis/apiextensions/validation and pkg/apiserver/schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.objects.cursor import Cursor
from generator.validate.api.checks import Found

_RULE = "api/definition"
_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_TEXTS = ("type", "format", "title", "description", "pattern", "$schema", "id")
_FLAGS = ("nullable", "uniqueItems", "exclusiveMinimum", "exclusiveMaximum")
_OPEN, _EITHER = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string"


def schema(place: Cursor) -> Found:
    """The whole schema of one version."""
    data = place.data
    if not isinstance(data, dict):
        return
    if data.get("type") != "object":
        yield place.at("type").finding(_RULE, "is not object", "type: object")
    metadata = place.at("properties", "metadata")
    if isinstance(metadata.data, dict) and metadata.get("type") not in (None, "object"):
        yield metadata.at("type").finding(_RULE, "is not object", "type: object")
    yield from _below(place)


def _node(place: Cursor) -> Found:
    """A schema below the root."""
    if not isinstance(place.data, dict):
        if place.data is not None:
            yield place.finding(_RULE, "is no schema", "a mapping, with a type")
        return
    data: Mapping[str, Any] = place.data
    kind = data.get("type")
    if kind is None or kind == "":
        if not (data.get(_OPEN) is True or data.get(_EITHER) is True):
            yield place.at("type").finding(_RULE, "is missing", f"one of {', '.join(_TYPES)}")
    elif isinstance(kind, str) and kind not in _TYPES:
        yield place.at("type").finding(_RULE, f"{kind[:80]!r} is no type", f"one of {', '.join(_TYPES)}")
    yield from _below(place)


def _below(place: Cursor) -> Found:
    for names, wanted, told in ((_TEXTS, str, "text"), (_FLAGS, bool, "true or false")):
        for name in names:
            if not isinstance(place.get(name), wanted | None):
                yield place.at(name).finding(_RULE, f"is not {told}", f"write {told}")
    yield from _properties(place)
    items, more = place.at("items"), place.at("additionalProperties")
    if items.data is not None:
        yield from _node(items)
    elif place.get("type") == "array":
        yield items.finding(_RULE, "is missing for an array", "say what its items are")
    if isinstance(more.data, dict):
        yield from _node(more)
        if place.get("properties"):
            yield more.finding(_RULE, "stands beside properties", "keep one of them")
    yield from _list_keys(place)


def _properties(place: Cursor) -> Found:
    properties = place.at("properties")
    if properties.data is not None and not isinstance(properties.data, dict):
        yield properties.finding(_RULE, "is no mapping of schemas", "name each field with its schema")
    for _, inner in place.entries("properties"):
        if inner.data is None:
            yield inner.finding(_RULE, "is null", "a schema, with a type")
        yield from _node(inner)


def _list_keys(place: Cursor) -> Found:
    """The keys of a list that is a map are fields of its items, required or with a default."""
    keys = place.get("x-kubernetes-list-map-keys")
    if place.get("x-kubernetes-list-type") == "map" and not keys:
        yield place.at("x-kubernetes-list-map-keys").finding(_RULE, "is missing for a list of type map", "name a key")
    items = place.at("items")
    required, fields = items.get("required"), items.at("properties")
    for key in place.items("x-kubernetes-list-map-keys"):
        if not isinstance(key.data, str) or not isinstance(fields.data, dict):
            continue
        field = fields.get(key.data)
        if field is None:
            yield key.finding(_RULE, f"{key.data[:80]!r} is no field of the items", "name one")
        elif not (isinstance(required, list) and key.data in required) and "default" not in field:
            yield key.finding(_RULE, f"{key.data[:80]!r} is neither required nor has a default", "require it")
