"""The reconcilers that `rtb-hub reconcile` runs, in their order. One more is one more line of `RECONCILERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from generator.errors import Moved, Stalled, Transient, Waiting
from generator.model.environment import Environment
from hub.settings import IdentityName
from hub.views import drift
from hub.wiring import Hub
from reconcilers.approval import decisions as approval
from reconcilers.passes import Pass
from reconcilers.ports.git import GitStore
from reconcilers.scheduled import admission as queue
from reconcilers.scheduled import expiry as expire
from reconcilers.scheduled import stamp
from reconcilers.scheduled.drift import DriftPass
from reconcilers.state.environment import REQUEST_PREFIX, EnvironmentState

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

    `refused` tells what it means that the repository refused the commit. `act` does what is not done by a commit.
    `details` and `show` are what a pass has to tell beside its actions, for machines and for people.
    """

    plan: Callable[[Hub, GitStore, EnvironmentState, Moment], Pass]
    subject: str
    refused: Callable[[Environment, Stalled], Stalled] = lambda _, err: err
    act: Callable[[Hub, GitStore, EnvironmentState, Pass], None] | None = None
    details: Callable[[Pass], dict[str, Any]] = lambda _: {}
    show: Callable[[Console, Pass], None] = lambda *_: None


def _expiry(_: Hub, store: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    since = moment.at + expire.CLOCK_TOLERANCE if not moment.rehearsed else None
    newer = next(store.log(state.snapshot, since=since), None) if since else None
    return expire.plan_expiry(state, at=moment.at, confirmed=moment.confirmed, newest=newer.at if newer else None)


def _stamp(ours: Hub, store: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    return stamp.plan_stamp(state, at=moment.at, merged_at=_merged_at(ours, store, state, moment))


def _merged_at(ours: Hub, store: GitStore, state: EnvironmentState, moment: Moment) -> dict[str, datetime]:
    """When requests were merged, as the forge knows; nothing when it cannot be asked: leases then begin now.

    Raises `ConfigError` for keys or addresses that are wrong: those a person has to mend.
    """
    environment = state.environment
    unstamped = any(record.facts and record.facts.expires_at is None for record in state.entries)
    try:
        forge = ours.forge(environment, store.location) if environment.spec.gated and unstamped else None
        prefix = f"{REQUEST_PREFIX}{environment.name}/"
        since = moment.at - approval.LOOK_BACK
        found = forge.requests(environment.spec.branch, prefix=prefix, closed_since=since) if forge else ()
    except (Transient, Waiting, Stalled, Moved):
        return {}
    return {one.branch.removeprefix(prefix): one.merged_at for one in found if one.merged_at is not None}


def _approval(ours: Hub, store: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    environment = state.environment
    forge = ours.forge(environment, store.location) if environment.spec.gated else None
    if forge is None:
        return Pass(approval.NAME, environment.name)
    return ours.desk(store, forge).found(state, now=moment.at)


def _act(ours: Hub, store: GitStore, state: EnvironmentState, found: Pass) -> None:
    forge = ours.forge(state.environment, store.location)
    if forge is not None and isinstance(found, approval.ApprovalPass):
        ours.desk(store, forge).act(found, state)


def _queue(ours: Hub, _: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    return queue.plan_queue(state, starter=ours.starter, now=moment.at)


def _drift(ours: Hub, _: GitStore, state: EnvironmentState, moment: Moment) -> Pass:
    return drift.run_pass(ours, state, at=moment.at)


def _drift_details(found: Pass) -> dict[str, Any]:
    return drift.pass_data(found) if isinstance(found, DriftPass) else {}


def _show_drift(console: Console, found: Pass) -> None:
    if isinstance(found, DriftPass):
        drift.tell_pass(console, found)


#: What the expiry identity does to gated branches, without a review. The hub's identity leaves it to that one.
UNREVIEWED = frozenset({stamp.NAME, expire.NAME})


def is_mine(reconciler: str, state: EnvironmentState, identity: IdentityName | None) -> bool:
    """Whether a process that acts as `identity` runs a reconciler on an environment. None: it runs all."""
    unreviewed = reconciler in UNREVIEWED and state.environment.spec.gated
    return identity is None or unreviewed == (identity == "expiry")


RECONCILERS: Mapping[str, Reconciler] = {
    approval.NAME: Reconciler(_approval, "Approve requests", act=_act),
    stamp.NAME: Reconciler(_stamp, "Begin leases", expire.refused),
    expire.NAME: Reconciler(_expiry, "Expire previews", expire.refused),
    queue.NAME: Reconciler(_queue, "Start previews that waited"),
    drift.NAME: Reconciler(_drift, "Correct previews", details=_drift_details, show=_show_drift),
}
