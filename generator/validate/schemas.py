"""Schema validation: Kubernetes' own OpenAPI schemas, strict, and strict schemas of ours for custom kinds.

`schema_bundles/v1.XX.json.gz` is made by tools/bundle_schemas.py; `crds/<Kind>.<group>.<version>.json` is written by
hand from the published references, for the fields we render, because the CRDs' own schemas let unknown fields pass.
Data files come through a reader that is handed in: this package opens no file.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.objects.findings import Finding
from generator.objects.manifest import Manifest
from generator.validate.enums import closed

VERSIONS = tuple(f"1.{minor}" for minor in range(31, 38))
_REF = "#/$defs/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

Read = Callable[[str], bytes]


class SchemaBundle:
    """The schemas of one Kubernetes minor version. Each kind is compiled when it first comes up, and kept."""

    def __init__(self, version: str, read: Read) -> None:
        if version not in VERSIONS:
            fault = Fault(f"no schemas for Kubernetes {version}", field="kubernetes", allowed=", ".join(VERSIONS))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        self.version = version
        self._read = read
        bundle = json.loads(gzip.decompress(read(f"schema_bundles/v{version}.json.gz")))
        self._kinds: Mapping[str, str] = bundle["kinds"]
        self._defs: Mapping[str, Any] = bundle["defs"]
        self._compiled: dict[str, tuple[Any, Mapping[str, Any]] | None] = {}

    def check(self, manifest: Manifest) -> Iterator[Finding]:
        """Every way in which `manifest` is not what the API server would take, without its admission."""
        compiled = self._for(manifest)
        if compiled is None:
            yield self._unknown(manifest)
            return
        validator, schema = compiled
        data: Any = manifest.data
        if validator.is_valid(data):
            return
        for error in validator.iter_errors(data):
            yield from _findings(error, manifest, schema)

    def _for(self, manifest: Manifest) -> tuple[Any, Mapping[str, Any]] | None:
        key = f"{manifest.api_version} {manifest.kind}"
        if key not in self._compiled:
            schema = self._schema(manifest.api_version, manifest.kind)
            self._compiled[key] = None if schema is None else (jsonschema_rs.Draft202012Validator(schema), schema)
        return self._compiled[key]

    def _schema(self, api_version: str, kind: str) -> dict[str, Any] | None:
        group, _, version = api_version.rpartition("/")
        if name := self._kinds.get(f"{group}/{version} {kind}"):
            root = dict(self._definition(name))
            # The API server takes no object without these, whatever the schema leaves open.
            root["required"] = sorted({*root.get("required", ()), "apiVersion", "kind", "metadata"})
            return root | {"$defs": self._closure(root)}
        if not (kind.isalnum() and all(part.replace("-", "").isalnum() for part in group.split("."))):
            return None
        try:
            custom: dict[str, Any] = json.loads(self._read(f"crds/{kind}.{group}.{version}.json"))
        except (FileNotFoundError, KeyError):
            return None
        meta = {"ObjectMeta": self._defs[_META]}
        return custom | {"$defs": meta | self._closure(self._defs[_META])}

    def _closure(self, root: Any) -> dict[str, Any]:
        """The definitions that `root` leads to."""
        found: dict[str, Any] = {}
        todo = [root]
        while todo:
            for name in _references(todo.pop()):
                if name not in found:
                    found[name] = self._definition(name)
                    todo.append(found[name])
        return found

    def _definition(self, name: str) -> Mapping[str, Any]:
        """A definition of Kubernetes' own, with the values that its OpenAPI leaves open."""
        return closed(name, self._defs[name])

    def _unknown(self, manifest: Manifest) -> Finding:
        known = sorted(key.removeprefix("/") for key in self._kinds)
        shown = f"{manifest.api_version} {manifest.kind}"
        close = nearest(shown, known)
        return Finding(
            "schema/unknown-kind",
            f"no schema is known for {shown}" + (f"; did you mean {close}?" if close else ""),
            manifest.identity,
            manifest.source,
            ("kind",),
            "write a strict schema in generator/crds/ for a custom kind",
        )


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(_REF)
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _findings(error: Any, manifest: Manifest, schema: Mapping[str, Any]) -> Iterator[Finding]:
    path = tuple(error.instance_path)
    kind = error.kind.name
    if kind == "additionalProperties":
        known = _known_fields(schema, error.schema_path)
        for name in error.kind.unexpected:
            close = nearest(name, known)
            remedy = f"did you mean {close!r}?" if close else "remove it"
            yield _finding("schema/unknown-field", "there is no such field", manifest, (*path, name), remedy)
    elif kind == "required":
        yield _finding("schema/required", "is missing", manifest, (*path, error.kind.property), "set it")
    elif kind == "type":
        yield _wrong_type(error.instance, error.kind.types, manifest, path)
    elif kind == "anyOf" and (types := _types(schema, error.schema_path)):
        yield _wrong_type(error.instance, types, manifest, path)
    elif kind == "not":
        yield _finding("schema/required", "is null", manifest, path, "set it")
    elif kind == "enum":
        options = [str(option) for option in error.kind.options if option]
        close = nearest(str(error.instance), options)
        remedy = f"allowed: {', '.join(options)}" + (f"; did you mean {close!r}?" if close else "")
        yield _finding("schema/enum", f"{error.instance!r} is not allowed", manifest, path, remedy)
    else:
        yield _finding("schema/value", error.message[:300], manifest, path, "see the kind's reference")


def _wrong_type(value: Any, types: Iterable[str], manifest: Manifest, path: tuple[str | int, ...]) -> Finding:
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


def _finding(rule: str, message: str, manifest: Manifest, path: tuple[str | int, ...], remedy: str) -> Finding:
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
