"""How changes of objects are shown: to people, shortened where there are many, and to machines, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from generator.objects.diff import ABSENT, FieldChange, ObjectChange
from hub.output.console import printable

if TYPE_CHECKING:
    from rich.console import Console

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


def change_data(change: ObjectChange) -> dict[str, Any]:
    """One object's change for machines; a side on which a field is absent is left out."""
    return {"change": change.kind, "object": str(change.identity), "fields": fields_data(change.fields)}


def fields_data(fields: Sequence[FieldChange]) -> list[dict[str, Any]]:
    """Fields' changes for machines; a side on which a field is absent is left out."""
    return [
        {"field": f.field}
        | ({} if f.before is ABSENT else {"before": f.before})
        | ({} if f.after is ABSENT else {"after": f.after})
        for f in fields
    ]


def field_lines(fields: Sequence[FieldChange]) -> list[str]:
    """Fields' changes for people, a line each: `web.cpu: 250m → 500m`, `web.env.X: removed (was on)`."""
    lines = []
    for f in fields:
        before, after = (printable(v if isinstance(v, str) else repr(v)) for v in (f.before, f.after))
        if f.after is ABSENT:
            told = f"removed (was {before})"
        else:
            told = after if f.before is ABSENT else f"{before} → {after}"
        lines.append(f"{printable(f.field)}: {told}")
    return lines


def print_changes(
    console: Console, changes: Sequence[ObjectChange], *, indent: str = "", most: int | None = None
) -> None:
    """Each object with its fields. `most`: so many objects, so many fields of each, ten times as many characters."""
    from rich.text import Text

    for change in changes[:most]:
        sign, style = _SIGNS[change.kind]
        console.print(Text(f"{indent}{sign} {printable(str(change.identity))}", style))
        for f in change.fields[:most]:
            console.print(Text(f"{indent}    {printable(f.field)}"))
            for mark, value, colour in (("-", f.before, "red"), ("+", f.after, "green")):
                if value is not ABSENT:
                    shown = printable(repr(value))
                    if most is not None and len(shown) > 10 * most:
                        shown = f"{shown[: 10 * most]}…"
                    console.print(Text(f"{indent}      {mark} {shown}", colour))
        _print_more(console, len(change.fields), most, f"{indent}    ", "fields")
    _print_more(console, len(changes), most, indent, "objects")


def _print_more(console: Console, count: int, most: int | None, indent: str, what: str) -> None:
    from rich.text import Text

    if most is not None and count > most:
        console.print(Text(f"{indent}… and {count - most} {what} more", "dim"))
