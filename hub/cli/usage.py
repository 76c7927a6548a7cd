"""Wrong usage, told in the format that was asked for: as click words it for people, else as JSON like every error."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from generator.errors import Fault
from hub.cli.errors import asked_format
from hub.cli.help import range_words
from hub.output.formats import FOR_MACHINES

#: What wrong usage is called in JSON; its exit code is click's, 2 (`hub.output.exit_codes.USAGE`).
REASON = "WrongUsage"


def tell(error: click.ClickException, arguments: Sequence[str]) -> None:
    """Print `error` on standard error, as `arguments` ask for: a command that cannot be parsed has no options yet."""
    if asked_format(arguments) not in FOR_MACHINES:
        error.show()
        return
    from hub.output.console import fault_data

    told = {"reason": REASON, "faults": [fault_data(fault_of(error))]}
    sys.stderr.write(json.dumps({"error": told}, ensure_ascii=False) + "\n")


def fault_of(error: click.ClickException) -> Fault:
    """What is wrong, at which option or argument, what is allowed, what is near, and where help is."""
    field, allowed, near = "", "", ""
    parameter = getattr(error, "param", None)
    if parameter is not None:
        names = [*parameter.opts]
        field = next((name for name in names if name.startswith("--")), names[0])
        if not names[0].startswith("-"):
            field = str(parameter.human_readable_name)
        if isinstance(parameter.type, click.Choice):
            allowed = ", ".join(str(choice) for choice in parameter.type.choices)
        elif isinstance(parameter.type, click.IntRange):
            allowed = range_words(parameter.type)
    elif isinstance(error, click.BadParameter) and error.param_hint:
        field = error.param_hint if isinstance(error.param_hint, str) else ", ".join(error.param_hint)
    elif isinstance(error, click.NoSuchOption | click.BadOptionUsage):
        field = error.option_name
    near = next(iter(getattr(error, "possibilities", None) or ()), "")
    context = error.ctx if isinstance(error, click.UsageError) else None
    remedy = f"'{context.command_path} --help' shows how it is used" if context else ""
    message = error.message if error.message and parameter is None else error.format_message()
    return Fault(message, field=field, allowed=allowed, nearest=near, remedy=remedy)
