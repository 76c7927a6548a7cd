"""Atlassian's own descriptions of Jira's APIs and of documents: they judge every request and answer.

Of Data Center as a client has it that was made of the description: which success has which answer is not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_HERE = Path(__file__).parent
_BUNDLES = [json.loads((_HERE / name).read_text(encoding="utf-8")) for name in ("openapi.json", "data_center.json")]
SCHEMAS = {operation: bundle["schemas"] for bundle in _BUNDLES for operation in bundle["operations"]}
OPERATIONS: dict[str, Any] = {key: one for bundle in _BUNDLES for key, one in bundle["operations"].items()}
ADF = jsonschema_rs.validator_for(json.loads((_HERE / "adf.json").read_text(encoding="utf-8")))
#: Answered anywhere, described or not.
ANYWHERE = {"401", "403", "404", "429", "500", "503"}
#: Asked of lists and single comments beside what is described: an answer then has `properties`, which is described.
_BESIDE = {"expand"}
#: Of a comment, where nobody sets another limit (jira.text.field.character.limit).
_LONGEST_COMMENT = 32_767
#: Its answer is described in another part of the description, as no schema at all.
_OPEN = {"put /rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}"}


@cache
def _validator(operation: str, part: str) -> Any:
    found = OPERATIONS[operation]
    schema = found["body"] if part == "body" else found["answers"][part]
    if not schema:
        return None
    return jsonschema_rs.validator_for({"schemas": SCHEMAS[operation], **schema})


def faults_of_request(operation: str, query: Collection[str], body: Any) -> list[str]:
    known = OPERATIONS[operation]
    faults = [f"{operation}: no parameter {name}" for name in query if name not in {*known["query"], *_BESIDE}]
    if isinstance(body, dict) and len(str(body.get("body", ""))) > _LONGEST_COMMENT:
        faults.append(f"{operation}: the comment is too long")
    if body is None:
        return faults if known["body"] is None else [*faults, f"{operation}: a body is missing"]
    if known["body"] is None:
        return [*faults, f"{operation}: takes no body"]
    validator = _validator(operation, "body")
    faults += [f"{operation}: {error.message}" for error in validator.iter_errors(body)] if validator else []
    if "/api/3/" in operation and operation.endswith(("/comment", "/comment/{id}")):
        faults += [f"{operation}: document: {error.message}" for error in ADF.iter_errors(body.get("body"))]
    return faults


def faults_of_answer(operation: str, status: int, body: Any) -> list[str]:
    if str(status) not in OPERATIONS[operation]["answers"]:
        return [] if str(status) in ANYWHERE else [f"{operation}: no answer {status} is described"]
    validator = _validator(operation, str(status)) if operation not in _OPEN and status < 300 else None
    if validator is None:
        return []
    return [f"{operation} {status}: {error.instance_path}: {error.message}" for error in validator.iter_errors(body)]


def path_pattern(operation: str) -> re.Pattern[str]:
    """What a path of the operation looks like, its parameters as groups."""
    _, _, path = operation.partition(" ")
    steps = [f"(?P<{step[1:-1]}>[^/]+)" if step.startswith("{") else re.escape(step) for step in path.split("/")]
    return re.compile("/".join(steps))
