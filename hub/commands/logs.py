"""`rtb-hub logs`: the log of a component, of the run before when it crashes."""

from __future__ import annotations

import sys

from generator.values.naming import IssueKey
from hub.actions.logs import Wish, chosen_log
from hub.adapters.kubernetes.logs import LogAsked, log_lines
from hub.commands.cluster_options import Options, open_for
from hub.output.console import Format, console, emit, printable, write
from hub.wiring import hub


def run(  # noqa: PLR0913 - the options that there are
    key: str, env: str, wish: Wish, *, repo: str | None, at: Options, output: Format
) -> None:
    """Print it. Raises as `hub.actions.logs.chosen_log` and `hub.adapters.kubernetes.logs.log_lines`."""
    issue = IssueKey.parse(key)
    ours = hub()
    cluster = open_for(ours, at, env, repo)
    asked = chosen_log(issue, wish, cluster=cluster, clock=ours.clock)
    lines = log_lines(cluster, asked)
    if output is not Format.TABLE:
        emit(_data(asked) | {"lines": [*lines]}, output, lambda _: None)
        return
    which = "the run before of " if asked.is_previous else ""
    console(stderr=True).print(f"{which}container {asked.container} of pod {asked.pod}:")
    for line in lines:
        write(f"{printable(line.replace(chr(9), '    ').rstrip(chr(13)))}\n")
        if asked.is_followed:
            sys.stdout.flush()


def _data(asked: LogAsked) -> dict[str, object]:
    return {
        "namespace": asked.namespace,
        "pod": asked.pod,
        "container": asked.container,
        "previous": asked.is_previous,
    }
