"""GitHub's own description of its API: it judges every request and answer, and fills in what a body must have."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

BUNDLE = json.loads((Path(__file__).parent / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS: dict[str, Any] = BUNDLE["operations"]
SCHEMAS: dict[str, Any] = BUNDLE["schemas"]
#: What GitHub answers anywhere, described or not: keys, rights, limits, faults.
ANYWHERE = {401, 403, 404, 429, 500, 502, 503}
EPOCH = "2026-01-01T00:00:00Z"


@cache
def _validator(operation: str, part: str) -> Any:
    found = OPERATIONS[operation]
    schema = found["body"] if part == "body" else found["answers"][part]
    return (
        None if schema is None else jsonschema_rs.validator_for({"schemas": SCHEMAS, **schema}, validate_formats=True)
    )


@cache
def _error_validator() -> Any:
    return jsonschema_rs.validator_for({"schemas": SCHEMAS, "$ref": "#/schemas/basic-error"})


def faults_of_request(operation: str, query: Mapping[str, str], body: object) -> list[str]:
    """What of a request GitHub does not describe."""
    known = OPERATIONS[operation]
    faults = [f"{operation}: no parameter {name}" for name in query if name not in known["query"]]
    if body is not None:
        validator = _validator(operation, "body")
        if validator is None:
            return [*faults, f"{operation}: takes no body"] if body != {} else faults
        faults += [f"{operation}: request: {error.message}" for error in validator.iter_errors(body)]
    return faults


def faults_of_answer(operation: str, status: int, body: object) -> list[str]:
    """What of an answer GitHub would not give."""
    if str(status) in OPERATIONS[operation]["answers"]:
        validator = _validator(operation, str(status))
    elif status in ANYWHERE:
        validator = _error_validator()
    elif status == 304:
        validator = None
    else:
        return [f"{operation}: GitHub does not describe an answer {status}"]
    if validator is None:
        return [] if body is None else [f"{operation}: an answer {status} has no body"]
    return [f"{operation} {status}: {error.instance_path}: {error.message}" for error in validator.iter_errors(body)]


def filled(schema: str, base: str, /, **values: Any) -> dict[str, Any]:
    """A body of that schema: `values`, and for what else it must have the least that fits, with addresses at `base`.

    What the tests look at is always among `values`; the rest is there because a client may insist on it.
    """
    found = SCHEMAS[schema]
    least = {name: _least(found["properties"].get(name, {}), base) for name in found.get("required", ())}
    return {**least, **values}


def _least(schema: Mapping[str, Any], base: str) -> Any:
    if "$ref" in schema:
        return _least(SCHEMAS[schema["$ref"].removeprefix("#/schemas/")], base)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return None if {"type": "null"} in schema[choice] else _least(schema[choice][0], base)
    if "allOf" in schema:
        parts = [_least(part, base) for part in schema["allOf"]]
        return {key: value for part in parts for key, value in part.items()}
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        return None
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _least(properties.get(name, {}), base) for name in schema.get("required", ())}
    if kind == "string":
        return {"uri": f"{base}/x", "date-time": EPOCH}.get(schema.get("format", ""), "x")
    return {"boolean": False, "integer": 0, "number": 0, "array": []}[kind]


def path_pattern(operation: str) -> re.Pattern[str]:
    """What a path of the operation looks like, with its parameters as groups."""
    _, _, path = operation.partition(" ")
    steps = [f"(?P<{step[1:-1]}>[^/]+)" if step.startswith("{") else re.escape(step) for step in path.split("/")]
    return re.compile("/".join(steps))
