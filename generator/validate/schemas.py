"""Schema validation: Kubernetes' own OpenAPI schemas and definitions of custom kinds, all strict.

`schema_bundles/v1.XX.json.gz` and `crds/<Kind>.<group>.<version>.json.gz` are made by tools/bundle_schemas.py.
`crds/<Kind>.<group>.<version>.json` is written by hand: beside the definition of a kind it holds what that one says in
expressions, which are not evaluated; alone it is a part of a kind whose definition is not to be had.
Data files come through a reader that is handed in: this package opens no file.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.objects.findings import Finding
from generator.objects.manifest import Manifest
from generator.validate.definitions import KindName
from generator.validate.enums import closed
from generator.validate.keywords import compiled
from generator.validate.schema_findings import Check, findings

VERSIONS = tuple(f"1.{minor}" for minor in range(31, 38))
#: Kinds that the API server gives a name when they have none.
_NAMED_BY_SERVER = frozenset({"LimitRange"})
#: What it asks of a status that somebody writes, which it then drops.
_OF_STATUS = frozenset({"schema/type", "schema/unknown-field", "schema/value"})
_REF = "#/$defs/"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

Read = Callable[[str], bytes]
#: Schemas of custom kinds that somebody gave, before those that are known here.
Given = Mapping[KindName, Mapping[str, Any]]


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
        self._compiled: dict[str, tuple[Check, ...] | str] = {}

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
                one
                for error in check.validator.iter_errors(manifest.data)
                for one in findings(error, manifest, check)
                if one.field[:1] != ("status",) or one.rule in _OF_STATUS
            ]
            yield from (finding for finding in found if finding.field not in told)
            told |= {finding.field for finding in found}

    def _for(self, manifest: Manifest) -> tuple[Check, ...] | str:
        """The kind's checks, or why there are none."""
        key = f"{manifest.api_version} {manifest.kind}"
        if key not in self._compiled:
            try:
                schemas = self._schemas(manifest.api_version, manifest.kind)
                checks = tuple(Check(compiled(s), s, fields) for s, fields in schemas)
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
            needed = {"apiVersion", "kind", *(() if kind in _NAMED_BY_SERVER else ("metadata",))}
            root["required"] = sorted({*root.get("required", ()), *needed})
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
        return Finding.of(manifest, "schema/unknown-kind", message, ("kind",), remedy)


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
