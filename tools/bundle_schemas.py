"""Make generator/schema_bundles/ from the development dependency kubernetes-validate.

Its schemas take 108 MB unpacked; what validation needs of them is a hundredth. Run after a new version is locked:
`python tools/bundle_schemas.py [DIR]`. The result is the same bytes every time; a test compares.
"""

from __future__ import annotations

import gzip
import importlib.resources
import json
import sys
from pathlib import Path
from typing import Any

VERSIONS = tuple(f"1.{minor}" for minor in range(31, 38))
HOME = Path(__file__).resolve().parent.parent / "generator" / "schema_bundles"
_REF = "#/$defs/"


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


def _stripped(schema: Any) -> Any:
    """`schema` without prose and Kubernetes' own hints. A property may be called `description`: only text goes."""
    if isinstance(schema, list):
        return [_stripped(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _stripped(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str)) and not key.startswith("x-kubernetes")
    }


if __name__ == "__main__":
    main()
