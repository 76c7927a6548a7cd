"""A JSON Schema of what a start of a blueprint asks for, to make a form of: fields, what is allowed, and defaults."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from generator.model.blueprint import DEFAULT, Blueprint
from generator.model.component_template import ComponentTemplate, decided
from generator.model.environment import Environment
from generator.model.json_schemas import schema
from generator.render.asked import defaults_of

#: What a component's fields are described by, without what a start says elsewhere.
_NOT_SET = frozenset({"image"})


@cache
def _component_fields() -> dict[str, Any]:
    fields: dict[str, Any] = schema("preview")["$defs"]["Component"]["properties"]
    return fields


def start_form(
    blueprint: Blueprint, environments: Sequence[Environment], *, chosen: Environment | None
) -> dict[str, Any]:
    """The schema. `environments`: those that may be named; `chosen`: the one whose policy and defaults hold."""
    spec = chosen.spec if chosen is not None else None
    components = blueprint.spec.components
    ttl: dict[str, Any] = {"type": "string", "pattern": "^[0-9]{1,6}[mhd]$", "examples": ["8h", "2d"]}
    compute: dict[str, Any] = {"enum": ["fargate", "spot"]}
    if spec is not None:
        ttl |= {"default": spec.lease.ttl, "description": f"at most {spec.lease.cap}"}
        compute = {"enum": list(spec.compute.allowed), "default": spec.compute.default}
    required = [name for name, one in components.items() if one.required and one.image is None and one.image_of is None]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": blueprint.name,
        "description": blueprint.spec.summary,
        "type": "object",
        "additionalProperties": False,
        "required": ["issue", "environment", "images"],
        "properties": {
            "issue": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{1,9}-[1-9][0-9]{0,9}$", "examples": ["RTB-123"]},
            "environment": {"enum": [one.name for one in environments]},
            "blueprint": {"const": blueprint.name, **({"default": DEFAULT} if blueprint.name == DEFAULT else {})},
            "branch": {"type": "string", "maxLength": 200, "description": "for people to see"},
            "images": {
                "type": "object", "additionalProperties": False, "required": required,
                "properties": {name: _image(one, chosen) for name, one in components.items()},
            },
            "settings": {
                "type": "object", "additionalProperties": False,
                "properties": {name: _settings(name, blueprint, chosen) for name in components},
            },
            "compute": compute,
            "ttl": ttl,
            "officeHours": {"type": "boolean", "default": False, "readOnly": bool(spec and not spec.office_hours)},
            "queue": {"type": "boolean", "default": not (spec and spec.gated), "readOnly": bool(spec and spec.gated)},
            "reason": {"type": "string", "maxLength": 500},
        },
    }  # fmt: skip


def _image(component: ComponentTemplate, chosen: Environment | None) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "string", "pattern": r"^[\x21-\x7e]{1,500}$", "description": component.summary}
    if chosen is not None and chosen.spec.images.registries:
        told["examples"] = [f"{one.rstrip('/')}/NAME@sha256:…" for one in chosen.spec.images.registries[:5]]
    return told


def _settings(name: str, blueprint: Blueprint, chosen: Environment | None) -> dict[str, Any]:
    component = blueprint.spec.components[name]
    if chosen is not None:
        defaults = defaults_of(name, blueprint, chosen)
    else:
        defaults = component.model_dump(mode="json", by_alias=True, exclude_none=True)
    fields = {}
    for field, about in _component_fields().items():
        if field in _NOT_SET or field in decided(component.role):
            continue
        told = {key: value for key, value in about.items() if key not in {"default", "title"}}
        fields[field] = {**told, **({"default": defaults[field]} if field in defaults else {})}
    return {"type": "object", "additionalProperties": False, "description": component.summary, "properties": fields}
