"""`rtb-hub logs`: the log of a component, of the run before when it crashes."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from generator.values.naming import IssueKey
from hub.actions.log_wish import Wish
from hub.actions.logs import chosen_log
from hub.adapters.kubernetes.logs import LogAsked, log_lines
from hub.commands.cluster_options import Options, open_for
from hub.commands.log_lines import heading, told_line
from hub.output.console import Format, console, emit, write
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
    if not output.is_for_people:
        emit(log_data(asked, lines), output, lambda _: None)
        return
    console(stderr=True).print(heading(asked.container, asked.pod, is_previous=asked.is_previous))
    for line in lines:
        write(told_line(line))
        if asked.is_followed:
            sys.stdout.flush()


def log_data(asked: LogAsked, lines: Iterable[str]) -> dict[str, object]:
    """A log for machines."""
    return {
        "namespace": asked.namespace,
        "pod": asked.pod,
        "container": asked.container,
        "previous": asked.is_previous,
        "lines": [*lines],
    }
