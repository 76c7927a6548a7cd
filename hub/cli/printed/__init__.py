"""What each command prints with `--output json`, as types: JSON Schemas are made of them, and tests hold to these.

Only `rtb-hub schema output` imports this. `previews`, `checks`, `choices` and `services` have the types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from generator.errors import ConfigError, Fault, Reason, nearest
from hub.cli.printed import checks, choices, previews, services

#: By the command, with `-` for its spaces; `error` is what all of them print on standard error.
OUTPUTS: Mapping[str, Any] = {
    **previews.OUTPUTS,
    **checks.OUTPUTS,
    **choices.OUTPUTS,
    **services.OUTPUTS,
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the output `name`. Raises `ConfigError` for an unknown one."""
    if name not in OUTPUTS:
        allowed = ", ".join(sorted(OUTPUTS))
        fault = Fault(f"there is no output {name[:60]!r}", allowed=allowed, nearest=nearest(name, tuple(OUTPUTS)))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    tree = TypeAdapter(OUTPUTS[name]).json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:rtb-ai-hub:schema:output:{name}:v1",
        **tree,
    }


def schema_text(name: str) -> str:
    """The schema as the text of a file. Raises as `schema`."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"
