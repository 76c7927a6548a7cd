"""What the hub's services need outside, and whether they have it: so far Jira's token, rights and clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def check_jira(
    access: JiraAccess, projects: Iterable[str], *, clock: Callable[[], datetime]
) -> tuple[list[Diagnosis], tuple[str, ...]]:
    """What keeps the account from its work in these projects, and which of them the site answered about.

    A site that cannot be asked is told once, as is a clock that is far away.
    """
    where, needed = Location(access.site.name), TELLING if access.tells else READING
    found, answered, apart = list[Diagnosis](), list[str](), timedelta()
    for project in projects:
        try:
            rights = rights_in(access.site, project, needed, now=clock())
        except (Stalled, Transient, Waiting) as err:
            fault = err.faults[0]
            remedy = (fault.remedy,) if fault.remedy else ()
            found.append(Diagnosis("error", "jira-unread", where, fault.message, remedy))
            break
        answered.append(project)
        apart = max(apart, abs(rights.ahead or apart))
        if rights.lacking:
            names = ", ".join(rights.lacking)
            step = f"give it {names} in the permission scheme of {project}, or remove what is not to be told there"
            found.append(
                Diagnosis("error", "jira-rights", where, f"the hub's account lacks in {project}: {names}", (step,))
            )
    if apart > _APART:
        seconds = int(apart.total_seconds())
        told = f"its clock and this machine's are {seconds} s apart: times in messages are this machine's"
        found.append(Diagnosis("warning", "jira-clock", where, told, ("set this machine's clock by NTP",)))
    return found, tuple(answered)
