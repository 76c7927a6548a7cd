"""Commands and groups whose help reads well at any width: sections with headings, nothing cut.

Commands of a group are listed below the heading of their panel. A paragraph that begins with `Example:` becomes a
section of its own, with the command on lines that a shell takes.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from hub.cli import server

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Columns. Longer lines are hard to read, however wide the terminal is.
WIDEST = 100
#: On fewer columns the meaning of an option stands below its name, indented by so many.
_NARROW, _INDENTED = 70, 10
_EXAMPLE = "Example: "
#: What a shell ends a process with that was interrupted: 128 and the signal's number.
INTERRUPTED = 130


#: What people type who know kubectl, argocd, gh, docker or helm, and what they look for.
HABITS = {
    "get": "list, show, env list",
    "ls": "list",
    "ps": "list",
    "describe": "show, why",
    "create": "start, init",
    "new": "start, init",
    "apply": "start, reconcile",
    "deploy": "start",
    "up": "start",
    "run": "start",
    "delete": "stop",
    "rm": "stop",
    "remove": "stop",
    "kill": "stop",
    "down": "stop",
    "destroy": "stop",
    "undo": "revive",
    "restore": "revive",
    "pause": "sleep",
    "suspend": "sleep",
    "resume": "wake",
    "events": "history",
    "log": "history, logs",
    "exec": "logs, open",
    "edit": "set, unset",
    "update": "start, set",
    "scale": "set KEY --env NAME COMPONENT.replicas=N",
    "lint": "validate",
    "check": "validate, guard, doctor",
    "sync": "reconcile",
    "template": "render",
    "config-view": "config",
    "completion": "--install-completion",
}


class NoSuchCommandError(click.UsageError):
    """A command that there is not, and what is there instead."""


class Formatter(click.HelpFormatter):
    """Lays help out: headings in bold, names of options and commands coloured where the terminal has colours."""

    def write_heading(self, heading: str) -> None:
        """Write the heading of a section."""
        self.write(f"{'':>{self.current_indent}}{click.style(f'{heading}:', bold=True)}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs, each filled to the edge."""
        paragraphs = (self._filled(paragraph, self.current_indent) for paragraph in text.split("\n\n"))
        self.write("\n\n".join("\n".join(lines) for lines in paragraphs) + "\n")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with their meaning beside them; below a name that is too long for the first column."""
        rows = list(rows)
        if self.width < _NARROW:
            col_max = _INDENTED
        margin = self.current_indent + min(max(len(name) for name, _ in rows), col_max) + col_spacing
        for name, text in rows:
            head = " " * self.current_indent + name
            lines = self._filled(text, margin)
            if len(head) + col_spacing <= margin:
                lines[:1] = [head.ljust(margin) + line.lstrip() for line in lines[:1] or [""]]
            else:
                lines.insert(0, head)
            told = "\n".join(line.rstrip() for line in lines)
            self.write(told.replace(name, click.style(name, fg="cyan"), 1) + "\n")

    def write_command(self, text: str) -> None:
        """Write a command line, broken where it is too long as a shell takes it."""
        lines = self._filled(text, self.current_indent, following="  ", room=2)
        self.write(" \\\n".join(lines) + "\n")

    def _filled(self, text: str, margin: int, *, following: str = "", room: int = 0) -> list[str]:
        """The lines of a paragraph. Words stay whole, with their hyphens: most are names that people copy."""
        return textwrap.wrap(
            " ".join(text.split()),
            self.width - room,
            initial_indent=" " * margin,
            subsequent_indent=" " * margin + following,
            break_long_words=False,
            break_on_hyphens=False,
        )


class _Context(click.Context):
    formatter_class = Formatter


class Option(click.Option):
    """An option whose default may be told in words (`show_default`), and whose range is told in words."""

    def get_help_extra(self, ctx: click.Context) -> click.types.OptionHelpExtra:
        """What stands in brackets behind the help. Words are told as they are, without brackets of their own."""
        extra = super().get_help_extra(ctx)
        if isinstance(self.show_default, str):
            extra["default"] = self.show_default
        if isinstance(self.type, click.IntRange):
            extra["range"] = range_words(self.type)
        return extra

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """What a shell offers as its value: its choices, or the names that there are."""
        from hub.cli.names import offered

        return super().shell_complete(ctx, incomplete) or offered(ctx, self, incomplete)


def range_words(numbers: click.IntRange) -> str:
    """Which whole numbers are allowed."""
    return f"{numbers.min} or more" if numbers.max is None else f"{numbers.min} to {numbers.max}"


class Argument(click.Argument):
    """An argument that is shown in brackets where it can be left out, as its default is, or that it is required."""

    def make_metavar(self, ctx: click.Context) -> str:
        """How it is called."""
        name = super().make_metavar(ctx)
        return name if self.required or name.startswith("[") else f"[{name}]"

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """How it is called, and what it means."""
        name, text = super().get_help_record(ctx)
        if self.required:
            return name, f"{text}  [required]"
        default = self.to_info_dict()["default"]
        return name, f"{text}  [default: {default}]" if default is not None else text

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """What a shell offers for it: its choices, or the names that there are."""
        from hub.cli.names import offered

        return super().shell_complete(ctx, incomplete) or offered(ctx, self, incomplete)


class Command(click.Command):
    """A command; `panel` is the heading that it is listed below."""

    context_class = _Context

    def __init__(self, *args: Any, panel: str = "Commands", **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.panel = panel

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what stands behind its name. While an option's value is completed, the option is not there yet."""
        if ctx.resilient_parsing and args and any(args[-1] in one.opts for one in _with_value(self)):
            args = args[:-1]
        if not isinstance(self, click.Group):
            server.enter(ctx, args, {str(one.name) for one in self.params})
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, unless it is to work through a server and cannot."""
        if not isinstance(self, click.Group):
            server.refuse(ctx)
            if sys.stdout.isatty() and not ctx.params.get("watch"):
                from hub.cli.paging import PAGED, paged

                if ctx.command_path.partition(" ")[2] in PAGED:
                    with paged():
                        return super().invoke(ctx)
        return super().invoke(ctx)

    def format_help_text(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the text but for its example."""
        about, _, _ = parted(self.help)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(about)

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments, saying which are required."""
        arguments = [one for one in self.params if isinstance(one, click.Argument)]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([one.get_help_record(ctx) for one in arguments])

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example."""
        _, _, example = parted(self.help)
        if example and isinstance(formatter, Formatter):
            with formatter.section("Example"):
                formatter.write_command(" ".join(example.split()))


def _with_value(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and not one.is_flag and not one.count]


class Group(Command, click.Group):
    """Commands below a name. Without arguments it prints its help, as wrong usage."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names, in the order in which they were added."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what stands before a command's name."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit(click.UsageError.exit_code)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` name. A word of other tools is refused with the command that does the same here."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as err:
            known = HABITS.get(args[0], "") if ctx.parent is None else ""
            if not known:
                raise
            raise NoSuchCommandError(f"No such command {args[0]!r}. What you may look for: {known}.", ctx) from err

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Whoever interrupts it gets the exit code that a shell would give."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, panel by panel."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            panel = command.panel if isinstance(command, Command) else "Commands"
            panels.setdefault(panel, []).append((name, summary(command)))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)


def summary(command: click.Command) -> str:
    """The first paragraph of a command's help, on one line."""
    return " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())


def parted(text: str | None) -> tuple[str, str, str]:
    """A help text as what it says, and its example."""
    return inspect.cleandoc(text or "").partition(f"\n\n{_EXAMPLE}")
