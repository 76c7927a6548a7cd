"""JSON Schemas of the files people see, for editors and other tools: made from the models, by the names files use.

`environment-overlay` is `environment` with nothing required: an overlay says only what differs.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.model.blueprint import Blueprint
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.model.queued import QueuedPreview
from generator.model.registries import Registries
from generator.model.services import Services

_MODELS: dict[str, type[BaseModel]] = {
    "preview": Preview,
    "queued-preview": QueuedPreview,
    "environment": Environment,
    "environment-overlay": Environment,
    "blueprint": Blueprint,
    "registries": Registries,
    "services": Services,
}
NAMES = tuple(sorted(_MODELS))


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) `name`. Raises `ConfigError` for an unknown one."""
    if name not in _MODELS:
        fault = Fault(f"there is no schema {name[:60]!r}", allowed=", ".join(NAMES), nearest=nearest(name, NAMES))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    tree = _MODELS[name].model_json_schema(by_alias=True)
    if name == "environment-overlay":
        tree = _optional(tree)
        tree["description"] = "What an environment says beside, or instead of, environments/base/environment.yaml."
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:rtb-ai-hub:schema:{name}:v1",
        **tree,
    }


def schema_text(name: str) -> str:
    """The schema as the text of a file."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def _optional(tree: Any) -> Any:
    """`tree` without any `required` of a schema. A property of that name is a mapping, not a list, and stays."""
    if isinstance(tree, dict):
        return {k: _optional(v) for k, v in tree.items() if not (k == "required" and isinstance(v, list))}
    return [_optional(item) for item in tree] if isinstance(tree, list) else tree
