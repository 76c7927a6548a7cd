"""`rtb-hub explain`: what a field of a file means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason, nearest
from generator.model.json_schemas import NAMES, schema
from hub.output.console import Format, emit, printable
from hub.views.explained_field import ExplainedField, explain, field_data

if TYPE_CHECKING:
    from rich.console import Console

#: What `environment-overlay` has is explained as `environment`.
KINDS = tuple(name for name in NAMES if name != "environment-overlay")


def run(field: str, *, is_recursive: bool, output: Format) -> None:
    """Print the field `KIND[.PATH]`. Raises `ConfigError` (InvalidValue) for one that there is not."""
    kind, _, path = field.partition(".")
    if kind not in KINDS:
        remedy = f"begin with the kind of file, such as environment.{field[:60]}" if "." in field else ""
        fault = Fault(f"{kind[:60]!r} is no kind of file", field=field[:200], allowed=", ".join(KINDS), remedy=remedy)
        raise ConfigError(Reason.INVALID_VALUE, _near(fault, kind))
    found = explain(schema(kind), path, is_recursive=is_recursive)
    emit({"kind": kind, **field_data(found)}, output, lambda console: _tell(console, kind, found))


def _near(fault: Fault, kind: str) -> Fault:
    from dataclasses import replace

    return replace(fault, nearest=nearest(kind, KINDS))


def _tell(console: Console, kind: str, field: ExplainedField) -> None:
    from rich.text import Text

    def line(label: str, text: str) -> None:
        console.print(Text.assemble((f"{label:<9}", "cyan"), printable(text)))

    line("file", kind)
    line("field", field.name or "all of it")
    line("type", field.type + (", required" if field.is_required and field.name else ""))
    if field.about:
        line("about", _on_one_line(field.about))
    if field.has_default:
        line("default", _shown(field.default))
    if field.allowed:
        line("allowed", ", ".join(field.allowed))
    if field.examples:
        line("such as", ", ".join(field.examples))
    if field.fields:
        console.print()
    _tell_fields(console, field.fields, "")


def _tell_fields(console: Console, fields: tuple[ExplainedField, ...], margin: str) -> None:
    from rich.text import Text

    for one in fields:
        kind = one.type + (", required" if one.is_required else "")
        console.print(Text.assemble(margin, (one.name, "bold"), f"  <{kind}>"))
        if one.about:
            console.print(Text(f"{margin}    {printable(_on_one_line(one.about))}", "dim"))
        _tell_fields(console, one.fields, f"{margin}  ")


def _on_one_line(about: str) -> str:
    """Words whose lines and paragraphs were broken for the source."""
    return " ".join(about.split())


def _shown(value: Any) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
