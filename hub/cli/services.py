"""The commands that run the hub as services. What they do is imported when they run."""

from __future__ import annotations

from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.formats import Format

_PANEL = "Services"


@options.command(panel=_PANEL)
@options.output
@declared_errors
def config(output: Format) -> None:
    """Print every setting with its value, its source and its default. Of secrets, whether they are set.

    Settings are variables of the process environment; docs/reference/settings.md says what each means.

    Example: rtb-hub config --output json
    """
    from hub.commands import config as command

    command.run(output=output)


COMMANDS = (config,)
