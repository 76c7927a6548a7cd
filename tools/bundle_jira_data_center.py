"""Make tests/worlds/jira_server/data_center.json: what Atlassian publishes of the calls we make of Jira Data Center.

The npm package @atlassian-dc-mcp/jira (MIT) has a client in TypeScript that openapi-typescript-codegen made of
Atlassian's OpenAPI description of Jira Data Center. `python tools/bundle_jira_data_center.py` fetches the pinned
package with npm, checks its digest, and writes of its declarations the calls below with the schemas that they need,
the same bytes every time. What is declared as any JSON (remote links in answers) is `{}`.
"""

from __future__ import annotations

import re
from typing import Any

from bundle_jira_schemas import CALLS, files_of, names_in, write

PACKAGE = (
    "@atlassian-dc-mcp/jira@0.34.0",
    "cOu2wV7tRJiiTOIHZYcpq+qndQvR/lisei64+5bkGVgH7UfxA7sC9f/WNMuPbXs34RKvabH5nPOCBEjbHTM+Qw==",
)
_HOME = "package/build/jira-client"
_BESIDE = ("get /search",)
#: Declared otherwise than the server has it: any JSON is text, and a table one of objects.
_ANY = {("EntityPropertyBean", "value"), ("IssueBean", "fields")}
_CALL = re.compile(r"static (\w+)\([^)]*\) \{\s+return __request\(OpenAPI, \{(.*?)\n        \}\);", re.S)
_QUERY = re.compile(r"query: \{(.*?)\}", re.S)
_FIELD = re.compile(r"^ {4}(\w+)\??: (.+);$", re.M)
_PLAIN: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "any": {},
    "void": {},
}


def main() -> None:
    """Fetch, reduce, write."""
    files = files_of(*PACKAGE, rf"{_HOME}/(services/\w+(\.d\.ts|\.js)|models/\w+\.d\.ts)")
    found = dict(_operations(files))
    wanted = {f"{verb} {path.removeprefix('/rest/api/3')}" for path, verbs in CALLS.items() for verb in verbs}
    operations = {name.replace(" ", " /rest/api/2", 1): found[name] for name in sorted({*wanted, *_BESIDE})}
    schemas = _models(files, names_in(operations))
    for name in _models(files, names_in([one["body"] for one in operations.values()])):
        schemas[name]["additionalProperties"] = False
    tree = {"licence": "MIT", "source": PACKAGE[0], "operations": operations, "schemas": schemas}
    write("data_center.json", tree)


def _operations(files: dict[str, str]) -> Any:
    """Each call by method and path, with its parameters, and the schemas of its body and answer."""
    for path, text in files.items():
        if not re.fullmatch(rf"{_HOME}/services/\w+\.js", path):
            continue
        declared = files[path.removesuffix(".js") + ".d.ts"]
        for name, call in _CALL.findall(text):
            method = re.search(r"method: '(\w+)'", call)
            url = re.search(r"url: '/api/2(/[^']+)'", call)
            if method is None or url is None:
                continue
            query = _QUERY.search(call)
            signature = re.search(rf"static {name}\((.*?)\): CancelablePromise<(.+)>;", declared)
            if signature is None:  # of several lines: none of ours
                continue
            body = re.search(r"requestBody\??: ([^,)]+)", signature[1])
            answers = {"200": _type(signature[2]), "201": _type(signature[2]), "204": None}
            yield (
                f"{method[1].lower()} {url[1]}",
                {
                    "query": re.findall(r"'(\w+)':", query[1]) if query else [],
                    # A property's value is declared as text, and is any JSON (its description says so).
                    "body": None if body is None else {} if "/properties/" in url[1] else _type(body[1]),
                    "answers": answers | dict.fromkeys(re.findall(r"^\s+(\d{3}): `", call, re.M)),
                },
            )


def _models(files: dict[str, str], todo: set[str]) -> dict[str, Any]:
    """The schemas of that name, and those that they need."""
    schemas: dict[str, Any] = {}
    while todo:
        name = todo.pop()
        if name not in schemas:
            schemas[name] = _model(name, files[f"{_HOME}/models/{name}.d.ts"])
            todo |= names_in(schemas[name])
    return schemas


def _model(model: str, text: str) -> dict[str, Any]:
    """The schema of a declared type."""
    named = re.search(r"export type \w+ = \{\n(.*?)\n\};", text, re.S)
    if named is None:
        return {}
    fields = {name: {} if (model, name) in _ANY else _type(kind) for name, kind in _FIELD.findall(named[1])}
    return {"type": "object", "properties": fields}


def _type(text: str) -> dict[str, Any]:
    if text in _PLAIN:
        return _PLAIN[text]
    if (many := re.fullmatch(r"Array<(.+)>", text)) is not None:
        return {"type": "array", "items": _type(many[1])}
    if (table := re.fullmatch(r"Record<string, (.+)>", text)) is not None:
        return {"type": "object", "additionalProperties": _type(table[1])}
    return {"$ref": f"#/schemas/{text}"} if re.fullmatch(r"\w+", text) else {}


if __name__ == "__main__":
    main()
