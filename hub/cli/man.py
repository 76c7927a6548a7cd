"""Manual pages of all commands, in the language of man(7), from the texts of `--help`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from hub import __version__
from hub.cli.help import parted, summary

#: What roff takes for a request at the beginning of a line.
_LEADING = re.compile(r"^(['.])", re.MULTILINE)


def write_pages(ctx: click.Context, folder: Path) -> list[Path]:
    """Write a page for each command below the root of `ctx` to `folder`, which is made. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    root = ctx.find_root()
    written = []
    for at in _contexts(root.command, root.info_name or "rtb-hub"):
        path = folder / f"{at.command_path.replace(' ', '-')}.1"
        path.write_text(page(at), encoding="utf-8")
        written.append(path)
    return written


def page(ctx: click.Context) -> str:
    """The manual page of the command of `ctx`."""
    command, name = ctx.command, ctx.command_path
    about, _, example = parted(command.help)
    dashed = name.replace(" ", "-")
    lines = [f'.TH "{_text(dashed.upper())}" 1 "" "rtb\\-hub {_text(__version__)}" "RTB AI Hub"', ".SH NAME"]
    lines += [f"{_text(dashed)} \\- {_text(summary(command))}", ".SH SYNOPSIS", f".B {_text(name)}"]
    lines.append(_text(" ".join(command.collect_usage_pieces(ctx))))
    lines.append(".SH DESCRIPTION")
    for number, paragraph in enumerate(about.split("\n\n")):
        lines += [*([".PP"] if number else []), _text(" ".join(paragraph.split()))]
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    options = [one for one in command.get_params(ctx) if isinstance(one, click.Option)]
    for heading, parameters in (("ARGUMENTS", arguments), ("OPTIONS", options)):
        records = [record for one in parameters if (record := one.get_help_record(ctx))]
        if records:
            lines.append(f".SH {heading}")
            for term, meaning in records:
                lines += [".TP", f".B {_text(term)}", _text(" ".join(meaning.split()))]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for child, one in command.commands.items():
            lines += [".TP", f".B {_text(child)}", _text(summary(one))]
    if example:
        lines += [".SH EXAMPLE", ".nf", _text(" ".join(example.split())), ".fi"]
    also = _family(ctx)
    if also:
        lines += [".SH SEE ALSO", ", ".join(f"{_text(one.replace(' ', '-'))}(1)" for one in also)]
    return "\n".join(lines) + "\n"


def _contexts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[click.Context]:
    ctx = command.context_class(command, parent=parent, info_name=name, **command.context_settings)
    yield ctx
    for child, one in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _contexts(one, child, ctx)


def _family(ctx: click.Context) -> list[str]:
    """The commands below it; of one that has none, the one that it is below."""
    if isinstance(ctx.command, click.Group):
        return [f"{ctx.command_path} {name}" for name in ctx.command.commands]
    return [ctx.parent.command_path] if ctx.parent else []


def _text(text: str) -> str:
    """Text as roff takes it for text: no request, no escape, hyphens that can be copied."""
    return _LEADING.sub(r"\\&\1", text.replace("\\", "\\e").replace("-", "\\-"))
