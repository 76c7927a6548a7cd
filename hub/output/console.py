"""Printing: tables and colour for people, JSON or YAML for machines. Rich is imported only when people are served."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from generator.errors import Fault, HubError
from hub.output.formats import Format
from hub.output.remedies import words

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Format", "console", "emit", "error_data", "fault_data", "printable", "report", "write"]

_UNBOUNDED = 1000
#: Items of a long list that are printed at once.
_AT_ONCE = 100


def console(*, stderr: bool = False) -> Console:
    """A console for people: colours and links where the terminal has them (NO_COLOR is honoured), never markup."""
    from rich.console import Console

    class Quiet(Console):
        def on_broken_pipe(self) -> None:  # Rich's own ends the process with 1, whatever was done before
            raise  # noqa: PLE0704 - Rich calls this while it handles the error

    out = Quiet(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = _UNBOUNDED  # a file or a pipe has no edge: cells are never cut
    return out


def write(text: str) -> None:
    """Write text to standard output as it is."""
    sys.stdout.write(text)


def emit(data: Mapping[str, Any] | Sequence[Any], output: Format, people: Callable[[Console], None]) -> None:
    """Print `data` for machines, or call `people` with a console.

    What is an iterator in `data` is printed as a list; as JSON, while it is made. Where nobody reads any more (`head`
    had enough), the rest goes unsaid: the exit code is that of what was done.
    """
    try:
        _emit(data, output, people)
        sys.stdout.flush()
    except BrokenPipeError:
        _say_no_more()


def _say_no_more() -> None:
    """Have whatever is still printed, and flushed at the end, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _emit(data: Mapping[str, Any] | Sequence[Any], output: Format, people: Callable[[Console], None]) -> None:
    if output is Format.JSON and isinstance(data, Mapping):
        _write_json(data)
    elif output is Format.JSON:
        write(_json(data) + "\n")
    elif output is Format.YAML:
        from generator.yaml.writer import dump

        write(dump(_whole(data) if isinstance(data, Mapping) else data))
    else:
        people(console())


def _write_json(data: Mapping[str, Any]) -> None:
    """As `_json`, but the items of an iterator one by one: the text of thousands takes more than they do."""
    before = "{"
    for name, value in data.items():
        write(f"{before}\n  {json.dumps(name, ensure_ascii=False)}: ")
        if isinstance(value, Iterator):
            opening = "["
            for some in _in_parts(value):
                items = ",\n    ".join(map(_item_json, some))
                write(f"{opening}\n    {items}")
                opening = ","
            write("[]" if opening == "[" else "\n  ]")
        else:
            write(_json(value, 2))
        before = ","
    write("{}\n" if before == "{" else "\n}\n")


def _in_parts(items: Iterator[Any]) -> Iterator[list[Any]]:
    """The items, some at once: a write for each of thousands costs more than making it."""
    while some := list(islice(items, _AT_ONCE)):
        yield some


def _item_json(item: Any) -> str:
    """As `_json` of an item of a list in an object, in a tenth of the time: Python indents in Python only."""
    from pydantic_core import to_json

    return to_json(item, indent=2).decode().replace("\n", "\n    ")


def _json(data: Any, margin: int = 0) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False).replace("\n", "\n" + " " * margin)


def _whole(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [*value] if isinstance(value, Iterator) else value for name, value in data.items()}


def report(error: HubError, output: str = Format.TABLE) -> None:
    """Print an error, every fault with place, what is allowed and what to do; as JSON for any format but the table."""
    if output != Format.TABLE:
        sys.stderr.write(json.dumps({"error": error_data(error)}, ensure_ascii=False) + "\n")
        return
    from rich.text import Text

    err = console(stderr=True)
    for fault in error.faults:
        head = Text.assemble(
            (f"{fault.where}: " if fault.where else "", "bold"),
            ("error: ", "bold red"),
            (f"{printable(fault.field)}: " if fault.field else "", "bold"),
            printable(fault.message),
            (f" [{error.reason}]", "dim"),
        )
        err.print(head)
        hints = (("allowed", fault.allowed), ("did you mean", fault.nearest), ("to do", words(fault.remedy)))
        for name, hint in hints:
            if hint:
                err.print(Text.assemble((f"  {name}: ", "cyan"), printable(hint)))


def error_data(error: HubError) -> dict[str, Any]:
    """An error for machines."""
    return {"reason": error.reason, "faults": [fault_data(fault) for fault in error.faults]}


def fault_data(fault: Fault) -> dict[str, Any]:
    """A fault for machines."""
    return {
        "message": fault.message,
        "field": fault.field,
        "file": fault.where.file if fault.where else "",
        "line": fault.where.line if fault.where else 0,
        "column": fault.where.column if fault.where else 0,
        "allowed": fault.allowed,
        "nearest": fault.nearest,
        "remedy": words(fault.remedy),
    }


def printable(text: str) -> str:
    """`text` without control or invisible characters, so that nothing untrusted can move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
