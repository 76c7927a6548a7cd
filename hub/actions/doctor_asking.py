"""What was asked of something outside and not told, as findings; repositories of code one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from generator.errors import ConfigError, Location, Stalled, Transient, Waiting
from reconcilers.doctor.repository import Diagnosis

_Read = TypeVar("_Read")


def unread(rule: str, err: Stalled | Transient | Waiting | ConfigError, where: Location) -> Diagnosis:
    """What was not told, as a finding of `rule`."""
    fault = err.faults[0]
    return Diagnosis("error", rule, where, fault.message, (fault.remedy,) if fault.remedy else ())


def read_each(
    rule: str, repositories: Iterable[str], read: Callable[[str], _Read], found: list[Diagnosis]
) -> Iterator[tuple[str, _Read]]:
    """What `read` gives of each, by name. What is not told is added to `found`; where nothing can be asked, once."""
    for name in repositories:
        try:
            told = read(name)
        except (Stalled, ConfigError) as err:
            found.append(unread(rule, err, Location(name)))
        except (Transient, Waiting) as err:
            found.append(unread(rule, err, Location(name)))
            return
        else:
            yield name, told


def archived(rule: str, repository: str) -> Diagnosis:
    """That nobody can write to a repository of code, as a finding of `rule`."""
    step = "unarchive it, or leave it out of hub/services.yaml: nothing is told there"
    return Diagnosis("error", rule, Location(repository), "the repository is archived", (step,))
