"""What values of the hub's Helm chart may be, as JSON Schema: Helm refuses others before anything is installed.

Fields of an environment's file are held to its own published schema. Patterns are read by Go (RE2): without look-ahead,
and repeated 1000 times at most.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from generator.model.hosting import HubServices

Schema = dict[str, Any]
_KEPT = ("type", "pattern", "enum", "items", "minItems", "maxItems")
#: More of one service than any hub needs: each pod has connections of the database.
MOST_REPLICAS = 50
LABEL: Schema = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"}
SECRET: Schema = {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"}
DIGEST: Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
REPOSITORY: Schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:/-]{0,399}$"}
PAGE: Schema = {"type": "string", "pattern": r"^https://[A-Za-z0-9][A-Za-z0-9._:/-]{0,999}$"}
#: As `generator.values.networks.check_subnets` has them: whoever is in one is believed what it says of callers.
SUBNETS: Schema = {
    "type": "array",
    "minItems": 1,
    "maxItems": 20,
    "items": {
        "type": "string",
        "pattern": r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/(1[6-9]|2[0-8])|[0-9a-f:]{2,39}/(4[4-9]|5[0-9]|6[0-4]))$",
    },
}
_EMPTY: Schema = {"const": ""}
#: Both or none: another repository with the hub's digest would be an image that is not there.
AUTH_IMAGE: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["digest", "repository"],
    "anyOf": [
        {"properties": {"repository": REPOSITORY, "digest": DIGEST}},
        {"properties": {"repository": _EMPTY, "digest": _EMPTY}},
    ],
    "properties": {"repository": {"type": "string"}, "digest": {"type": "string"}},
}
_CPU: Schema = {"type": ["string", "number"], "pattern": r"^[0-9]{1,6}(\.[0-9]{1,3})?m?$", "exclusiveMinimum": 0}
_SIZE: Schema = {"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)$"}
_AMOUNTS: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cpu", "memory"],
    "properties": {"cpu": _CPU, "memory": _SIZE, "ephemeral-storage": _SIZE},
}
RESOURCES: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["limits", "requests"],
    "properties": {"limits": _AMOUNTS, "requests": _AMOUNTS},
}


def replicas(fewest: int) -> Schema:
    """Of one service."""
    return {"type": "integer", "minimum": fewest, "maximum": MOST_REPLICAS}


def of_hub(field: str) -> Schema:
    """What the environment's file has for `field` below `hub`, by the file's name of it, where it says something."""
    found = _fields()[field]
    said = next((one for one in found.get("anyOf", ()) if one.get("type") != "null"), found)
    return {key: said[key] for key in _KEPT if key in said}


@cache
def _fields() -> dict[str, Any]:
    fields: dict[str, Any] = HubServices.model_json_schema(by_alias=True)["properties"]
    return fields
