"""Schema validation: Kubernetes' own OpenAPI schemas and definitions of custom kinds, all strict.

`schema_bundles/v1.XX.json.gz` and `crds/<Kind>.<group>.<version>.json.gz` are made by tools/bundle_schemas.py.
`crds/<Kind>.<group>.<version>.json` is written by hand: beside the definition of a kind it holds what that one says in
expressions, which are not evaluated; alone it is a part of a kind whose definition is not to be had.
Data files come through a reader that is handed in: this package opens no file.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import jsonschema_rs

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.objects.findings import Finding
from generator.objects.manifest import Manifest
from generator.validate.definitions import KindName
from generator.validate.enums import closed

VERSIONS = tuple(f"1.{minor}" for minor in range(31, 38))
_REF = "#/$defs/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

Read = Callable[[str], bytes]
#: Schemas of custom kinds that somebody gave, before those that are known here.
Given = Mapping[KindName, Mapping[str, Any]]


class _Check(NamedTuple):
    """A compiled schema. `fields`: all that the kind has, none of its business, or a part of them."""

    validator: Any
    schema: Mapping[str, Any]
    fields: Literal["all", "none", "some"]


class SchemaBundle:
    """The schemas of one Kubernetes minor version. Each kind is compiled when it first comes up, and kept."""

    def __init__(self, version: str, read: Read, given: Given | None = None) -> None:
        if version not in VERSIONS:
            fault = Fault(f"no schemas for Kubernetes {version}", field="kubernetes", allowed=", ".join(VERSIONS))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        self.version = version
        self._read = read
        self._given = given or {}
        bundle = json.loads(gzip.decompress(read(f"schema_bundles/v{version}.json.gz")))
        self._kinds: Mapping[str, str] = bundle["kinds"]
        self._defs: Mapping[str, Any] = bundle["defs"]
        self._compiled: dict[str, tuple[_Check, ...] | str] = {}

    def check(self, manifest: Manifest) -> Iterator[Finding]:
        """Every way in which `manifest` is not what the API server would take, without its admission."""
        checks = self._for(manifest)
        if isinstance(checks, str):
            yield self._unknown(manifest, checks)
            return
        told: set[tuple[str | int, ...]] = set()
        for check in checks:
            if check.validator.is_valid(manifest.data):
                continue
            found = [
                one for error in check.validator.iter_errors(manifest.data) for one in _findings(error, manifest, check)
            ]
            yield from (finding for finding in found if finding.field not in told)
            told |= {finding.field for finding in found}

    def _for(self, manifest: Manifest) -> tuple[_Check, ...] | str:
        """The kind's checks, or why there are none."""
        key = f"{manifest.api_version} {manifest.kind}"
        if key not in self._compiled:
            try:
                schemas = self._schemas(manifest.api_version, manifest.kind)
                checks = tuple(_Check(jsonschema_rs.Draft202012Validator(s), s, fields) for s, fields in schemas)
                self._compiled[key] = checks or "no schema is known"
            except ValueError as err:  # of a definition that somebody gave
                self._compiled[key] = f"the definition given cannot be used ({str(err)[:120]})"
        return self._compiled[key]

    def _schemas(self, api_version: str, kind: str) -> list[tuple[dict[str, Any], Literal["all", "none", "some"]]]:
        group, _, version = api_version.rpartition("/")
        given = self._given.get(KindName(group, version, kind))
        if given is None and (name := self._kinds.get(f"{group}/{version} {kind}")):
            root = dict(self._definition(name))
            # The API server takes no object without these, whatever the schema leaves open.
            root["required"] = sorted({*root.get("required", ()), "apiVersion", "kind", "metadata"})
            return [(root | {"$defs": self._closure(root)}, "all")]
        meta = {"$defs": {"ObjectMeta": self._defs[_META], **self._closure(self._defs[_META])}}
        if given is not None:
            return [({**given, **meta}, "all")]
        if not (kind.isalnum() and all(part.replace("-", "").isalnum() for part in group.split("."))):
            return []
        whole = self._custom(f"crds/{kind}.{group}.{version}.json.gz")
        by_hand = self._custom(f"crds/{kind}.{group}.{version}.json")
        schemas: list[tuple[dict[str, Any], Literal["all", "none", "some"]]] = []
        if whole is not None:
            schemas.append((whole | meta, "all"))
        if by_hand is not None:
            schemas.append((by_hand | meta, "some" if whole is None else "none"))
        return schemas

    def _custom(self, name: str) -> dict[str, Any] | None:
        try:
            data = self._read(name)
        except (FileNotFoundError, KeyError):
            return None
        schema: dict[str, Any] = json.loads(gzip.decompress(data) if name.endswith(".gz") else data)
        return schema

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

    def _unknown(self, manifest: Manifest, why: str) -> Finding:
        shown = f"{manifest.api_version} {manifest.kind}"
        close = nearest(shown, sorted(key.removeprefix("/") for key in self._kinds))
        message = f"{why} for {shown}" + (f"; did you mean {close}?" if close else "")
        remedy = "it is checked once --schemas names its definition, and left open by --unknown-kinds"
        return _finding("schema/unknown-kind", message, manifest, ("kind",), remedy)


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


def _findings(error: Any, manifest: Manifest, check: _Check) -> Iterator[Finding]:
    path, schema = tuple(error.instance_path), check.schema
    kind = error.kind.name
    if kind == "additionalProperties":
        for name in error.kind.unexpected if check.fields != "none" else ():
            close = nearest(name, _known_fields(schema, error.schema_path))
            remedy = f"did you mean {close!r}?" if close else "remove it"
            if check.fields == "all":
                yield _finding("schema/unknown-field", "there is no such field", manifest, (*path, name), remedy)
            else:
                yield _not_known(manifest, (*path, name), close)
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


def _not_known(manifest: Manifest, path: tuple[str | int, ...], close: str) -> Finding:
    message = "is not known here, where only a part of this kind's fields is"
    remedy = (f"did you mean {close!r}? Else " if close else "") + "give the kind's definition by --schemas to be sure"
    return replace(_finding("schema/not-known-here", message, manifest, path, remedy), severity="warning")


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
