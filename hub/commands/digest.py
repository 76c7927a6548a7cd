"""`rtb-hub digest`: what there is, what ends soon, and what it cost; printed, or told in Slack."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason
from generator.values.office_hours import zone_of
from hub.commands.history import since_of
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, emit, printable
from hub.wiring import Hub, hub, needing_services

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import Console

    from hub.actions.telling.digests import Every, OneTold, Period
    from hub.views.digest.model import By, Wanted
    from hub.views.messages.words import Language

_PROJECT = re.compile(r"[A-Z][A-Z0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Arguments:
    """The options as typed; None and empty where they were not."""

    env: str | None
    projects: tuple[str, ...]
    since: str | None
    by: By
    language: Language | None
    tell: bool = False
    every: Every | None = None
    time_zone: str | None = None
    dry_run: bool = False

    def check(self) -> None:
        """Raises `ConfigError` (InvalidValue) for options that say nothing beside the others."""
        of_printing = {"--project": self.projects, "--since": self.since, "--language": self.language}
        of_telling = {"--every": self.every, "--time-zone": self.time_zone, "--dry-run": self.dry_run}
        unfit = next((name for name, given in (of_printing if self.tell else of_telling).items() if given), None)
        if unfit is not None:
            says = (
                "RTB_HUB_SLACK_CHANNELS, RTB_HUB_SLACK_MESSAGES and --every say what is told where"
                if self.tell
                else "it is of --tell"
            )
            remedy = f"leave {unfit} out" if self.tell else f"add --tell, or leave {unfit} out"
            fault = Fault(f"{unfit} changes nothing here: {says}", field=unfit, remedy=remedy)
            raise ConfigError(Reason.INVALID_VALUE, fault)


def run(arguments: Arguments, *, repo: str | None, output: Format) -> None:
    """Print or tell it; exits with the code of what kept an environment from being read.

    Raises `ConfigError`; of what keeps channels from being told, the first once all others are.
    """
    arguments.check()
    ours = hub()
    if arguments.tell:
        _tell(ours, arguments, repo, output)
        return
    from hub.actions.digest import digest
    from hub.views.digest.worded import digest_data, digest_lines

    found = digest(_wanted(arguments, ours.clock()), repository=ours.repository(repo))

    def people(console: Console) -> None:
        for line in digest_lines(found, arguments.language or "en"):
            console.print(printable(line))

    emit(digest_data(found), output, people)
    exit_for_unreadable(found.unreadable)


def _wanted(arguments: Arguments, now: datetime) -> Wanted:
    from hub.views.digest.model import Wanted

    projects = frozenset(one.upper() for one in arguments.projects)
    if wrong := sorted(one for one in projects if not _PROJECT.fullmatch(one)):
        fault = Fault(f"{wrong[0]!r} is no key of a project", field="--project", allowed="such as RTB")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    since = since_of(arguments.since or "7d", now)
    assert since is not None  # noqa: S101 - it has a default
    return Wanted(since, now, arguments.env, projects, arguments.by)


def _period(arguments: Arguments, now: datetime) -> Period:
    with needing_services():
        from hub.actions.telling.digests import period_of

    try:
        zone = zone_of(arguments.time_zone or "Etc/UTC")
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="--time-zone")) from err
    return period_of(arguments.every or "week", now, zone)


def _tell(ours: Hub, arguments: Arguments, repo: str | None, output: Format) -> None:
    now = ours.clock()
    period = _period(arguments, now)
    from hub.wiring.databases import ready_database
    from hub.wiring.slack import digest_channel

    failures: list[Exception] = []
    opened = digest_channel(ours, failures.append)
    from hub.actions.digest import digest
    from hub.actions.telling.digests import Digests, by_channel
    from hub.settings.slack import channels_of
    from hub.views.digest.model import Wanted
    from hub.wiring.telling import teller_of

    wanted = Wanted(period.since, now, arguments.env, by=arguments.by)
    with ready_database(ours) as database:
        repository = ours.repository(repo)
        digests = Digests(
            teller_of(ours, opened, database, repository.store.location, is_lasting=False),
            period,
            by_channel(channels_of(ours.settings.slack_channels), wanted),
            lambda one: digest(one, repository=repository),
        )
        told = [*(digests.plan() if arguments.dry_run else digests.tell(failures))]
    _emit(told, period, opened.language, is_dry=arguments.dry_run, output=output)
    for err in failures:
        raise err


def _emit(told: list[OneTold], period: Period, language: Language, *, is_dry: bool, output: Format) -> None:
    from hub.adapters.slack.digests import MOST_GROUPS, MOST_LINES
    from hub.views.digest.worded import digest_lines

    channels: list[dict[str, Any]] = []
    for one in told:
        found = one.message.found if one.told not in ("none", "unchanged") else None
        lines = () if found is None else digest_lines(found, language, most_lines=MOST_LINES, most_groups=MOST_GROUPS)
        text = "\n".join(lines) or None
        channels.append({"channel": one.channel, "told": one.told, "text": text})

    def people(console: Console) -> None:
        for one in channels:
            console.print(f"{one['channel']} {period.name}: {one['told']}", highlight=False, markup=False)
            for line in (one["text"] or "").splitlines() if is_dry else ():
                console.print(printable(f"    {line}"), highlight=False, markup=False)

    emit({"dryRun": is_dry, "period": period.name, "channels": channels}, output, people)
