"""Make generator/schema_bundles/ from the development dependency kubernetes-validate.

Its schemas take 108 MB unpacked; what validation needs of them is a hundredth. Run after a new version is locked:
`python tools/bundle_schemas.py [DIR]`. The result is the same bytes every time; a test compares.
"""

from __future__ import annotations

import gzip
import importlib.resources
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

VERSIONS = tuple(f"1.{minor}" for minor in range(31, 38))
HOME = Path(__file__).resolve().parent.parent / "generator" / "schema_bundles"
#: Smallest number of a format; the API server reads no other. Those of 64 bits are checked where YAML is read.
_INTEGERS = {"int32": -(2**31)}


def main() -> None:
    """Write one file a version."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HOME
    target.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        (target / f"v{version}.json.gz").write_bytes(bundle(version))


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
