"""The reconcilers that `rtb-hub reconcile` runs, in their order. One more is one more line of `RECONCILERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from generator.environment import Environment
from generator.errors import Stalled
from hub.wiring import Hub
from reconcilers import expire
from reconcilers.passes import Pass
from reconcilers.ports import GitStore
from reconcilers.state import EnvironmentState


@dataclass(frozen=True, slots=True)
class Moment:
    """When a pass is made (aware, to the second). `rehearsed`: that is not the clock's time, and nothing is committed.

    `confirmed`: how many removals a person agreed to.
    """

    at: datetime
    confirmed: int | None = None
    rehearsed: bool = False


@dataclass(frozen=True, slots=True)
class Reconciler:
    """`plan` reads no more than it is given and the store. `subject` begins that of a commit for several environments.

    `refused` tells what it means that the repository refused the commit.
    """

    plan: Callable[[Hub, GitStore, EnvironmentState, Moment], Pass]
    subject: str
    refused: Callable[[Environment, Stalled], Stalled] = lambda _, err: err


def _expiry(_: Hub, store: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    since = moment.at + expire.CLOCK_TOLERANCE if not moment.rehearsed else None
    newer = next(store.log(state.snapshot, since=since), None) if since else None
    return expire.plan_expiry(state, at=moment.at, confirmed=moment.confirmed, newest=newer.at if newer else None)


RECONCILERS: Mapping[str, Reconciler] = {
    expire.NAME: Reconciler(_expiry, "Expire previews", expire.refused),
}
