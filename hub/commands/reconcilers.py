"""The reconcilers that `rtb-hub reconcile` runs, in their order. One more is one more line of `RECONCILERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from generator.environment import Environment
from generator.errors import Stalled
from hub.commands import drift
from hub.wiring import Hub
from reconcilers import expire, queue
from reconcilers.drift import DriftPass
from reconcilers.passes import Pass
from reconcilers.ports import GitStore
from reconcilers.state import EnvironmentState

if TYPE_CHECKING:
    from rich.console import Console


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

    `refused` tells what it means that the repository refused the commit. `details` and `show` are what a pass has to
    tell beside its actions, for machines and for people.
    """

    plan: Callable[[Hub, GitStore, EnvironmentState, Moment], Pass]
    subject: str
    refused: Callable[[Environment, Stalled], Stalled] = lambda _, err: err
    details: Callable[[Pass], dict[str, Any]] = lambda _: {}
    show: Callable[[Console, Pass], None] = lambda *_: None


def _expiry(_: Hub, store: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    since = moment.at + expire.CLOCK_TOLERANCE if not moment.rehearsed else None
    newer = next(store.log(state.snapshot, since=since), None) if since else None
    return expire.plan_expiry(state, at=moment.at, confirmed=moment.confirmed, newest=newer.at if newer else None)


def _queue(ours: Hub, _: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    return queue.plan_queue(state, starter=ours.starter, now=moment.at)


def _drift(ours: Hub, _: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    return drift.run_pass(ours, state, at=moment.at)


def _drift_details(found: Pass) -> dict[str, Any]:
    return drift.pass_data(found) if isinstance(found, DriftPass) else {}


def _show_drift(console: Console, found: Pass) -> None:
    if isinstance(found, DriftPass):
        drift.tell_pass(console, found)


RECONCILERS: Mapping[str, Reconciler] = {
    expire.NAME: Reconciler(_expiry, "Expire previews", expire.refused),
    queue.NAME: Reconciler(
        _queue,
        "Start previews that waited",
    ),
    drift.NAME: Reconciler(_drift, "Correct previews", details=_drift_details, show=_show_drift),
}
