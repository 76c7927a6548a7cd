"""Whether requests to previews can be read where `sleep.afterIdle` asks for it; a warning where they cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from generator.errors import HubError, Location
from generator.model.environment import Environment
from generator.values.quantities import duration
from hub.actions.account_outcome import remedies
from reconcilers.doctor.repository import Diagnosis
from reconcilers.ports.traffic import Span
from reconcilers.scheduled.idle import span_of


class Checked(Protocol):
    """Traffic that can be asked for nothing, which takes the same rights."""

    def check(self, span: Span) -> None:
        """Raise `HubError` where it cannot be read."""


def check_traffic(
    environments: Iterable[Environment], traffic_of: Callable[[Environment], Checked], *, now: datetime
) -> list[Diagnosis]:
    """The findings on each that has the policy, by the credentials of this process. `now` is aware."""
    found = []
    for one in environments:
        after = one.spec.sleep.after_idle
        if after is None:
            continue
        try:
            traffic_of(one).check(span_of(duration(after), now))
        except HubError as err:
            where = Location(f"{one.name}: spec.sleep.afterIdle")
            message = f"nobody is known to be idle, requests cannot be read: {err.words}"
            found.append(Diagnosis("warning", "requests-unread", where, message, remedies(err)))
    return found
