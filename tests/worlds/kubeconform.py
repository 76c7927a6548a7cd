"""kubeconform on a folder of manifests: strict, without a network, by the schemas that are bundled here."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from hub import assets
from worlds.go_programs import built

#: Where a kind's schema is; a core kind's group is its version for kubeconform.
_LOCATION = "{{ .Group }}_{{ .ResourceAPIVersion }}_{{ .ResourceKind }}.json"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
VERSION = "1.37"


def program() -> Path:
    """kubeconform, built."""
    return built("kubeconform", "kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform")


def write_schemas(folder: Path) -> None:
    """A file a kind: those of Kubernetes' OpenAPI, as its users download them, and those of definitions."""
    bundle = json.loads(gzip.decompress(assets.generator_data(f"schema_bundles/v{VERSION}.json.gz")))
    defs: Mapping[str, Any] = bundle["defs"]
    for named, name in bundle["kinds"].items():
        version, kind = named.removeprefix("/").split(" ")
        _write(folder, version, kind, {**defs[name], "$defs": _closure(defs[name], defs)})
    meta = {"ObjectMeta": defs[_META], **_closure(defs[_META], defs)}
    for resource in files("generator").joinpath("crds").iterdir():
        if resource.name.endswith(".json.gz"):
            kind, _, rest = resource.name.removesuffix(".json.gz").partition(".")
            group, _, version = rest.rpartition(".")
            schema = json.loads(gzip.decompress(resource.read_bytes()))
            _write(folder, f"{group}/{version}", kind, {**schema, "$defs": meta})


def _write(folder: Path, api_version: str, kind: str, schema: Mapping[str, Any]) -> None:
    group, _, version = api_version.rpartition("/")
    name = f"{group or version}_{version}_{kind.lower()}.json"
    (folder / name).write_text(json.dumps(schema), encoding="utf-8")


def _closure(root: Any, defs: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    todo = [root]
    while todo:
        for name in _references(todo.pop()):
            if name not in found:
                found[name] = defs[name]
                todo.append(defs[name])
    return found


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix("#/$defs/")
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def command(schemas: Path, manifests: Path) -> list[str]:
    """The command line that checks all of `manifests` and tells of each."""
    location = f"{schemas}/{_LOCATION}"
    options = ["-strict", "-kubernetes-version", f"{VERSION}.0", "-schema-location", location, "-output", "json"]
    return [str(program()), *options, "-verbose", str(manifests)]


def refused(schemas: Path, manifests: Path) -> dict[str, str]:
    """File name → why, of those that kubeconform refuses. Fails where it does not check all."""
    ran = subprocess.run(command(schemas, manifests), capture_output=True, text=True, check=False)
    told = json.loads(ran.stdout)["resources"]
    assert {Path(one["filename"]).name for one in told} == {path.name for path in manifests.iterdir()}, ran.stderr
    wrong = [one for one in told if one["status"] not in ("statusValid", "statusSkipped")]
    return {Path(one["filename"]).name: one["msg"] for one in wrong}
