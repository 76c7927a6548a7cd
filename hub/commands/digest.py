"""`rtb-hub digest`: what there is, what ends soon, and what it cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from hub.commands.history import since_of
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, emit, printable
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from hub.views.digest.model import By
    from hub.views.messages.words import Language

_PROJECT = re.compile(r"[A-Z][A-Z0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The options as typed."""

    env: str | None
    projects: tuple[str, ...]
    since: str
    by: By
    language: Language


def run(arguments: Arguments, *, repo: str | None, output: Format) -> None:
    """Print it; exits with the code of what kept an environment from being read. Raises `ConfigError`."""
    from hub.actions.digest import digest
    from hub.views.digest.model import Wanted
    from hub.views.digest.worded import digest_data, digest_lines

    ours = hub()
    projects = frozenset(one.upper() for one in arguments.projects)
    if wrong := sorted(one for one in projects if not _PROJECT.fullmatch(one)):
        fault = Fault(f"{wrong[0]!r} is no key of a project", field="--project", allowed="such as RTB")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    now = ours.clock()
    since = since_of(arguments.since, now)
    assert since is not None  # noqa: S101 - it has a default
    found = digest(Wanted(since, now, arguments.env, projects, arguments.by), repository=ours.repository(repo))

    def people(console: Console) -> None:
        for line in digest_lines(found, arguments.language):
            console.print(printable(line))

    emit(digest_data(found), output, people)
    exit_for_unreadable(found.unreadable)
