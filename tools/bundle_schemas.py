"""Make generator/schema_bundles/ from the development dependency kubernetes-validate, generator/crds/ from Go modules.

Kubernetes' schemas take 108 MB unpacked; what validation needs of them is a hundredth. Run after a new version is
locked: `python tools/bundle_schemas.py [DIR]`. The result is the same bytes every time; a test compares.

The definitions of custom kinds come from the modules that tools/crds/go.mod pins, checked by its go.sum, which needs a
network: `python tools/bundle_schemas.py --definitions [DIR]`, after a version there was changed.
"""

from __future__ import annotations

import gzip
import importlib.resources
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator.validate.definitions import KindName, definitions_in, strict_schemas
from generator.yaml.reader import load_all

VERSIONS = tuple(f"1.{minor}" for minor in range(31, 38))
_ROOT = Path(__file__).resolve().parent.parent
HOME, CRDS, MODULES = _ROOT / "generator" / "schema_bundles", _ROOT / "generator" / "crds", _ROOT / "tools" / "crds"
#: Module → its name for people, and folders of definitions, the one with the say first.
DEFINITIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "github.com/argoproj/argo-cd/v3": ("Argo CD", ("manifests/crds",)),
    "github.com/argoproj/argo-rollouts": ("Argo Rollouts", ("manifests/crds",)),
    "github.com/aws/amazon-vpc-resource-controller-k8s": ("Amazon VPC Resource Controller", ("config/crd/bases",)),
    "github.com/aws/karpenter-provider-aws": ("Karpenter", ("pkg/apis/crds",)),
    "github.com/cert-manager/cert-manager": ("cert-manager", ("deploy/crds",)),
    "github.com/external-secrets/external-secrets": ("External Secrets", ("config/crds/bases",)),
    "github.com/fluxcd/kustomize-controller": ("Flux", ("config/crd/bases",)),
    "github.com/fluxcd/source-controller": ("Flux", ("config/crd/bases",)),
    "github.com/kedacore/keda/v2": ("KEDA", ("config/crd/bases",)),
    "github.com/prometheus-operator/prometheus-operator": (
        "Prometheus operator",
        ("example/prometheus-operator-crd",),
    ),
    "sigs.k8s.io/gateway-api": ("Gateway API", ("config/crd/standard", "config/crd/experimental")),
}
#: Smallest number of a format; the API server reads no other. Those of 64 bits are checked where YAML is read.
_INTEGERS = {"int32": -(2**31)}


def main() -> None:
    """Write one file a version, or one a kind and version."""
    arguments = sys.argv[1:]
    if "--definitions" in arguments:
        arguments.remove("--definitions")
        write_definitions(Path(arguments[0]) if arguments else CRDS)
        return
    target = Path(arguments[0]) if arguments else HOME
    target.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        (target / f"v{version}.json.gz").write_bytes(bundle(version))


def write_definitions(target: Path) -> None:
    """Write a strict schema for each kind and version that the modules define, and `sources.json`: what is whence."""
    for old in target.glob("*.json.gz"):
        old.unlink()
    sources = []
    for module, (title, folders) in DEFINITIONS.items():
        told = _downloaded(module)
        schemas: dict[KindName, Any] = {}
        for folder in folders:  # of two folders the first has the say
            schemas = {**_schemas_in(Path(told["Dir"]) / folder), **schemas}
        for name, schema in sorted(schemas.items()):
            text = json.dumps(schema, sort_keys=True, separators=(",", ":"))
            path = target / f"{name.kind}.{name.group}.{name.version}.json.gz"
            path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        sources.append(
            {
                "title": title,
                "module": module,
                "version": told["Version"],
                "sum": told["Sum"],
                "licence": _licence(Path(told["Dir"])),
                "kinds": [f"{name.group}/{name.version} {name.kind}" for name in sorted(schemas)],
            }
        )
    (target / "sources.json").write_text(json.dumps(sources, indent=1) + "\n", encoding="utf-8")


def files_of_definitions() -> Iterator[Path]:
    """The files that the definitions are in, of all modules, those with the say first."""
    for module, (_, folders) in DEFINITIONS.items():
        root = Path(_downloaded(module)["Dir"])
        for folder in folders:
            yield from sorted((root / folder).glob("*.yaml"))


def pinned() -> dict[str, str]:
    """Module → version, as tools/crds/go.mod requires them."""
    text = (MODULES / "go.mod").read_text(encoding="utf-8")
    return dict(re.findall(r"^\s+(\S+\.\S+/\S+) (v\S+)", text, re.MULTILINE))


def _downloaded(module: str) -> dict[str, str]:
    go = Path(sys.executable).parent / "go"
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    wanted = f"{module}@{pinned()[module]}"
    asked = [go, "mod", "download", "-json", wanted]
    ran = subprocess.run(asked, cwd=MODULES, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        sys.exit(f"cannot fetch {wanted}: {ran.stderr or ran.stdout}")
    told: dict[str, str] = json.loads(ran.stdout)
    kept = (MODULES / "go.sum").read_text(encoding="utf-8").splitlines()
    if f"{module} {told['Version']} {told['Sum']}" not in kept:
        sys.exit(f"{wanted} is not what tools/crds/go.sum says: {told['Sum']}")
    return told


def _schemas_in(folder: Path) -> dict[KindName, Any]:
    found: dict[KindName, Any] = {}
    for path in sorted(folder.glob("*.yaml")):
        for document in load_all(path.read_bytes(), str(path)):
            for definition in definitions_in(document.data):
                found |= strict_schemas(definition, str(path))
    if not found:
        sys.exit(f"{folder} holds no definitions")
    return found


def _licence(folder: Path) -> str:
    """The SPDX id of the module's licence, of the one that all of them have."""
    text = " ".join((folder / "LICENSE").read_text(encoding="utf-8").split())
    if not text.startswith("Apache License Version 2.0"):
        sys.exit(f"{folder} is under another licence than Apache-2.0: look whether it may be bundled")
    return "Apache-2.0"


def bundle(version: str) -> bytes:
    """The compressed bundle of one minor version: `kinds` maps `group/version Kind` to a name in `defs`."""
    source = importlib.resources.files("kubernetes_validate").joinpath(
        f"kubernetes-json-schema/v{version}.0-local-strict/_definitions.json"
    )
    definitions: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))["$defs"]
    kinds = {
        f"{named['group']}/{named['version']} {named['kind']}": name
        for name, schema in definitions.items()
        if "metadata" in schema.get("properties", {})
        for named in schema.get("x-kubernetes-group-version-kind", ())
    }
    text = json.dumps(
        {"kinds": kinds, "defs": {name: _stripped(schema) for name, schema in definitions.items()}},
        sort_keys=True,
        separators=(",", ":"),
    )
    return gzip.compress(text.encode(), 9, mtime=0)


def _stripped(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` without prose and Kubernetes' own hints. A property may have the name of one: only keywords go.

    Null stands for no value wherever the API server reads one, but where a value must be.
    """
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "description" or key.startswith("x-kubernetes"):
            continue
        if key == "properties":
            kept[key] = {name: _stripped(inner) for name, inner in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            kept[key] = _stripped(value)
        elif key in ("oneOf", "anyOf", "allOf"):
            kept["anyOf" if key == "oneOf" else key] = [_stripped(inner) for inner in value]  # null fits several
        elif key == "type" and value == "object":
            kept[key] = ["object", "null"]
        else:
            kept[key] = value
    for name in schema.get("required", ()):
        if isinstance(inner := kept.get("properties", {}).get(name), dict) and "$ref" in inner:
            inner["not"] = {"type": "null"}
    if low := _INTEGERS.get(schema.get("format", "")):
        kept.setdefault("minimum", low)
        kept.setdefault("maximum", -low - 1)
    return kept


if __name__ == "__main__":
    main()
