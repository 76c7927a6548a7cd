"""What the hub's services need outside, and whether they have it: so far Jira's token, rights and clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.errors import Location, Stalled, Transient, Waiting
from hub.adapters.jira.rights import READING, TELLING, rights_in
from hub.adapters.jira.site import JiraSite
from reconcilers.doctor.repository import Diagnosis
from reconcilers.state.environment import EnvironmentState

#: Further apart, times that a message names mislead people.
_APART = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class JiraAccess:
    """The site that is asked, and whether messages are written there."""

    site: JiraSite
    tells: bool


def projects_of(states: Iterable[EnvironmentState]) -> tuple[str, ...]:
    """The projects whose issues have previews, sorted."""
    return tuple(sorted({record.name.rpartition("-")[0].upper() for state in states for record in state.records}))


def check_jira(access: JiraAccess, projects: Iterable[str], *, clock: Callable[[], datetime]) -> Iterator[Diagnosis]:
    """What keeps the account from its work in these projects; a site that cannot be asked is told once."""
    where, needed = Location(access.site.name), TELLING if access.tells else READING
    for project in projects:
        try:
            found = rights_in(access.site, project, needed, now=clock())
        except (Stalled, Transient, Waiting) as err:
            fault = err.faults[0]
            yield Diagnosis("error", "jira-unread", where, fault.message, (fault.remedy,) if fault.remedy else ())
            return
        if found.lacking:
            names = ", ".join(found.lacking)
            step = f"give it {names} in the permission scheme of {project}, or remove what is not to be told there"
            yield Diagnosis("error", "jira-rights", where, f"the hub's account lacks in {project}: {names}", (step,))
        if found.ahead is not None and abs(found.ahead) > _APART:
            seconds = abs(int(found.ahead.total_seconds()))
            told = f"its clock and this machine's are {seconds} s apart: times in messages are this machine's"
            yield Diagnosis("warning", "jira-clock", where, told, ("set this machine's clock by NTP",))
            return
