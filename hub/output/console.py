"""Printing: tables and colour for people, JSON or YAML for machines. Rich is imported only when people are served."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from generator.errors import Fault, HubError
from hub.output.formats import FOR_MACHINES, Format, printable, write
from hub.output.remedies import words

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Format", "console", "emit", "error_data", "fault_data", "printable", "report", "write"]

_UNBOUNDED = 1000
#: Gives a line in the language of who reads, None where it stays as it is. None: all stays English.
Translates = Callable[[str], "str | None"]
_translates: ContextVar[Translates | None] = ContextVar("rtb_hub_lines", default=None)


@contextmanager
def told_by(translates: Translates) -> Iterator[None]:
    """While it lasts, what people are told is in another language, as far as it is known there."""
    token = _translates.set(translates)
    try:
        yield
    finally:
        _translates.reset(token)


def is_translated() -> bool:
    """Whether people are told in another language than English."""
    return _translates.get() is not None


def in_their_language(text: str) -> str:
    """A word or line of ours, such as a heading, in the language of who reads; as it is where that has none."""
    translates = _translates.get()
    return text if translates is None else translates(text) or text


def _translated(told: Any) -> Any:
    """A line for people, in their language. Its style then is that of its beginning."""
    translates = _translates.get()
    plain = told if isinstance(told, str) else getattr(told, "plain", None)
    if translates is None or not isinstance(plain, str) or (line := translates(plain)) is None:
        return told
    from rich.text import Text

    spans = [] if isinstance(told, str) else [span for span in told.spans if span.start == 0]
    mark = Text(line, "" if isinstance(told, str) else told.style)
    for span in spans[:1]:
        mark.stylize(span.style, 0, min(span.end, len(line)))
    return mark


def _localized(told: Any) -> Any:
    """A line for people at a terminal, with its times in their zone."""
    from hub.output.times import localized, moments

    if isinstance(told, str):
        return localized(told, korean=is_translated())
    plain = getattr(told, "plain", None)
    if not isinstance(plain, str) or not (found := moments(plain)):
        return told
    from rich.text import Text

    parts, begin = [], 0
    for start, end, _ in found:
        behind = " (" if plain.startswith(" (", end) else ""
        line = localized(plain[start:end] + behind, korean=is_translated()).removesuffix(behind)
        mark = Text(line)
        for span in told[start:end].spans:
            mark.stylize(span.style)
        parts += [told[begin:start], mark]
        begin = end
    whole = Text.assemble(*parts, told[begin:])
    whole.style = told.style
    return whole


def console(*, stderr: bool = False) -> Console:
    """A console for people: colours and links where the terminal has them (NO_COLOR is honoured), never markup."""
    from rich.console import Console

    class Quiet(Console):
        def on_broken_pipe(self) -> None:  # Rich's own ends the process with 1, whatever was done before
            raise  # noqa: PLE0704 - Rich calls this while it handles the error

        def print(self, *objects: Any, **options: Any) -> None:
            told = map(_translated, objects)
            super().print(*(map(_localized, told) if self.is_terminal else told), **options)

    out = Quiet(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = _UNBOUNDED  # a file or a pipe has no edge: cells are never cut
    return out


def emit(data: Mapping[str, Any] | Sequence[Any], output: Format, people: Callable[[Console], None]) -> None:
    """Print `data` for machines, or call `people` with a console.

    `data` is as `write_data` takes it. Where nobody reads any more (`head` had enough), the rest goes unsaid: the exit
    code is that of what was done.
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
    if not output.is_for_people:
        from hub.output.machines import write_data

        write_data(data, output)
        return
    out = console()
    if output is Format.WIDE:
        out.width = _UNBOUNDED
    people(out)


def report(error: HubError, output: str = Format.TABLE) -> None:
    """Print an error, every fault with place, what is allowed and what to do; as JSON where data was asked for."""
    if output in FOR_MACHINES:
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
