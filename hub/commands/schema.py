"""`rtb-hub schema`: the JSON Schemas of files and of what commands print, and the description of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.model import json_schemas
from hub.output.console import report, write

JOB, API, OUTPUT = "job", "openapi", "output"
NAMES = tuple(sorted([*json_schemas.NAMES, JOB]))


@dataclass(frozen=True, slots=True)
class Outputs:
    """The schemas of what commands print with `--output json`: their names, and the text of one.

    `text` raises `ConfigError` for an unknown one.
    """

    names: tuple[str, ...]
    text: Callable[[str], str]


def schema_text(name: str) -> str:
    """The schema as the text of a file. Raises `ConfigError` for an unknown one."""
    if name not in NAMES:
        known = (*NAMES, API, OUTPUT)
        remedy = "for what a command prints: 'rtb-hub schema output COMMAND'"
        raise _unnamed(f"there is no schema {name[:60]!r}", remedy, *known, near=nearest(name, known))
    if name != JOB:
        return json_schemas.schema_text(name)
    from hub.queue.payloads import schema

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def file_of(name: str) -> str:
    """What the file of a schema is called."""
    return f"{name}.json" if name == API else f"{name}.schema.json"


def run(words: Sequence[str], *, to: Path | None, api: Callable[[], str], outputs: Callable[[], Outputs]) -> None:
    """Print one schema, or write one or all to a folder. `api` gives the description of the API (OpenAPI).

    `words`: a name, or `output` with a command. Where the services are not installed, all but the API's is written.
    Raises `ConfigError` for an unknown name.
    """
    name, rest = (words[0] if words else None), "-".join(words[1:])
    if rest and name != OUTPUT:
        raise _unnamed(f"{name} has no parts", f"'rtb-hub schema {name}' prints it")
    if to is None:
        if name is None:
            raise _unnamed("name a schema", "name one, or write all with --to DIR", *NAMES, API, OUTPUT)
        if name == OUTPUT and not rest:
            raise _unnamed("name a command", "such as 'rtb-hub schema output list'", *outputs().names)
        write(api() if name == API else outputs().text(rest) if name == OUTPUT else schema_text(name))
        return
    for path, text in _files(name, rest, api, outputs):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        (to / path).write_text(text, encoding="utf-8")
        write(f"{to / path}\n")


def _files(
    name: str | None, rest: str, api: Callable[[], str], outputs: Callable[[], Outputs]
) -> list[tuple[str, str]]:
    """The files of one schema, or of all: path and text."""
    found = [(file_of(each), schema_text(each)) for each in ((name,) if name else NAMES) if each not in (API, OUTPUT)]
    if name in (None, OUTPUT):
        printed = outputs()
        found += [(f"{OUTPUT}/{file_of(each)}", printed.text(each)) for each in ((rest,) if rest else printed.names)]
    if name in (None, API):
        try:
            found.append((file_of(API), api()))
        except ConfigError as err:
            if name == API:
                raise
            report(err)
    return found


def _unnamed(message: str, remedy: str, *names: str, near: str = "") -> ConfigError:
    fault = Fault(message, allowed=", ".join(sorted(names)), nearest=near, remedy=remedy)
    return ConfigError(Reason.INVALID_VALUE, fault)
