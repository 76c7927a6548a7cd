"""`rtb-hub schema`: the JSON Schemas of the files people see."""

from __future__ import annotations

import json
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason
from generator.model import json_schemas
from hub.output.console import write

JOB = "job"
NAMES = tuple(sorted([*json_schemas.NAMES, JOB]))


def schema_text(name: str) -> str:
    """The schema as the text of a file. Raises `ConfigError` for an unknown one."""
    if name != JOB:
        return json_schemas.schema_text(name)
    from hub.queue.payloads import schema

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def run(name: str | None, *, to: Path | None) -> None:
    """Print one schema, or write one or all to a folder."""
    if to is None:
        if name is None:
            fault = Fault("name a schema", allowed=", ".join(NAMES), remedy="name one, or write all with --to DIR")
            raise ConfigError(Reason.INVALID_VALUE, fault)
        write(schema_text(name))
        return
    to.mkdir(parents=True, exist_ok=True)
    for each in (name,) if name else NAMES:
        path = to / f"{each}.schema.json"
        path.write_text(schema_text(each), encoding="utf-8")
        write(f"{path}\n")
