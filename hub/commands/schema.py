"""`rtb-hub schema`: the JSON Schemas of the files people see, and the description of the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason
from generator.model import json_schemas
from hub.output.console import report, write

JOB, API = "job", "openapi"
NAMES = tuple(sorted([*json_schemas.NAMES, JOB]))


def schema_text(name: str) -> str:
    """The schema as the text of a file. Raises `ConfigError` for an unknown one."""
    if name != JOB:
        return json_schemas.schema_text(name)
    from hub.queue.payloads import schema

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def file_of(name: str) -> str:
    """What the file of a schema is called."""
    return f"{name}.json" if name == API else f"{name}.schema.json"


def run(name: str | None, *, to: Path | None, api: Callable[[], str]) -> None:
    """Print one schema, or write one or all to a folder. `api` gives the description of the API (OpenAPI).

    Where the services are not installed, all but that is written. Raises `ConfigError` for an unknown name.
    """
    if to is None:
        if name is None:
            every = ", ".join(sorted([*NAMES, API]))
            fault = Fault("name a schema", allowed=every, remedy="name one, or write all with --to DIR")
            raise ConfigError(Reason.INVALID_VALUE, fault)
        write(api() if name == API else schema_text(name))
        return
    texts = {each: schema_text(each) for each in ((name,) if name else NAMES) if each != API}
    if name in (None, API):
        try:
            texts[API] = api()
        except ConfigError as err:
            if name == API:
                raise
            report(err)
    to.mkdir(parents=True, exist_ok=True)
    for each, text in texts.items():
        path = to / file_of(each)
        path.write_text(text, encoding="utf-8")
        write(f"{path}\n")
