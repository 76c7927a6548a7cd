"""The reconcilers that `rtb-hub reconcile` runs, in their order. One more is one more line of `RECONCILERS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from generator.errors import Moved, Stalled, Transient, Waiting
from generator.model.environment import Environment
from generator.render.render import PreviewRenderer
from hub.settings import IdentityName
from hub.wiring import Hub
from reconcilers.approval import decisions as approval
from reconcilers.ports.git import GitStore
from reconcilers.results import ReconcileResult
from reconcilers.scheduled import admission as queue
from reconcilers.scheduled import drift, sleep, stamp
from reconcilers.scheduled import expiry as expire
from reconcilers.scheduled import idle as idleness
from reconcilers.scheduled.drift_judge import Judge
from reconcilers.state.begun import brought
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import REQUEST_PREFIX, EnvironmentState

if TYPE_CHECKING:
    from hub.adapters.git.history import GitHistory


@dataclass(frozen=True, slots=True)
class ReconcileTime:
    """When a pass is made (aware, to the second). `rehearsed`: that is not the clock's time, and nothing is committed.

    `confirmed`: how many removals a person agreed to. `looks`: traffic is looked at, whatever the minute.
    """

    at: datetime
    confirmed: int | None = None
    rehearsed: bool = False
    looks: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A pass, and what carries out whatever of it is not done by a commit; None: nothing."""

    found: ReconcileResult
    act: Callable[[], None] | None = None


class Reconciler(Protocol):
    """Plans one environment. `subject` begins that of a commit for several environments."""

    @property
    def subject(self) -> str:
        """Such as "Expire previews"."""

    def plan(self, state: EnvironmentState, moment: ReconcileTime) -> Planned:
        """What is to be done; reads no more than the state and the store. Raises `HubError`."""

    def refused(self, environment: Environment, err: Stalled) -> Stalled:
        """What it means that the repository refused the commit: `err`, or one that says more."""


@dataclass(frozen=True, slots=True)
class _Reconciler:
    """What they have in common: the parts, the store, the subject, and that a refusal means what it says."""

    ours: Hub
    store: GitStore
    subject: str

    def refused(self, environment: Environment, err: Stalled) -> Stalled:
        """See `Reconciler`."""
        del environment
        return err


class _Approval(_Reconciler):
    def plan(self, state: EnvironmentState, moment: ReconcileTime) -> Planned:
        environment = state.environment
        forge = self.ours.forge(environment, self.store.location) if environment.spec.gated else None
        if forge is None:
            return Planned(ReconcileResult(approval.NAME, environment.name))
        review_process = self.ours.review_process(self.store, forge)
        found = review_process.found(state, now=moment.at)
        return Planned(found, lambda: review_process.act(found, state))


class _Unreviewed(_Reconciler):
    """Commits to gated branches without a review, as the identity that may do nothing else there."""

    def refused(self, environment: Environment, err: Stalled) -> Stalled:
        return expire.refused(environment, err)


class _Stamp(_Unreviewed):
    def plan(self, state: EnvironmentState, moment: ReconcileTime) -> Planned:
        return Planned(stamp.plan_stamp(state, at=moment.at, merged_at=self._merged_at(state, moment)))

    def _merged_at(self, state: EnvironmentState, moment: ReconcileTime) -> dict[str, datetime]:
        """When the requests were merged that brought leases which wait to begin, by preview, as the forge knows.

        Of requests of one name the newest may be another: a removal, or a fork's. Nothing when the forge cannot be
        asked: leases then begin now. Raises `ConfigError` for keys or addresses that are wrong: those a person mends.
        """
        environment = state.environment
        unstamped = [record for record in state.entries if record.facts and record.facts.expires_at is None]
        try:
            is_asked = environment.spec.gated and bool(unstamped)
            forge = self.ours.forge(environment, self.store.location) if is_asked else None
            prefix = f"{REQUEST_PREFIX}{environment.name}/"
            since = moment.at - approval.LOOK_BACK
            found = forge.requests(environment.spec.branch, prefix=prefix, closed_since=since) if forge else ()
            merged = {one.merge_commit: one.merged_at for one in found if one.merged_at is not None}
            history = self.ours.history_of(self.store) if merged else None
            times = {record.name: merged.get(_brought(record, state, history)) for record in unstamped if history}
        except (Transient, Waiting, Stalled, Moved):
            return {}
        return {name: at for name, at in times.items() if at is not None}


def _brought(record: EntryRecord, state: EnvironmentState, history: GitHistory) -> str | None:
    """The commit that brought a lease which has not begun."""
    if record.preview is None:
        return None
    found = brought(history.versions(state.snapshot.commit, str(record.path)), record.preview.spec.lease)
    return found.commit if found else None


class _Expiry(_Unreviewed):
    def plan(self, state: EnvironmentState, moment: ReconcileTime) -> Planned:
        newest = state.snapshot.committed_at
        found = expire.plan_expiry(
            state,
            at=moment.at,
            confirmed=moment.confirmed,
            newest=None if moment.rehearsed else newest,
            is_dated=newest is not None,
        )
        return Planned(found)


class _Queue(_Reconciler):
    def plan(self, state: EnvironmentState, moment: ReconcileTime) -> Planned:
        return Planned(queue.plan_queue(state, starter=self.ours.starter, now=moment.at))


class _Sleep(_Reconciler):
    def plan(self, state: EnvironmentState, moment: ReconcileTime) -> Planned:
        idle = self._idle(state, moment)
        return Planned(sleep.plan_sleeping(state, starter=self.ours.starter, now=moment.at, idle=idle))

    def _idle(self, state: EnvironmentState, moment: ReconcileTime) -> idleness.Idle:
        """Whom nobody uses. Of another time than the clock's nobody knows."""
        if state.environment.spec.sleep.after_idle is None or moment.rehearsed:
            return sleep.NOBODY
        if not (moment.looks or idleness.is_time(moment.at)):
            return idleness.Idle(next_look=idleness.next_look(moment.at))
        from hub.wiring.traffic import traffic_of

        def changed_at(record: EntryRecord) -> datetime | None:
            versions = self.ours.history_of(self.store).versions(state.snapshot.commit, str(record.path))
            newest = next(versions, None)
            return newest.at if newest is not None else None

        traffic = traffic_of(state.environment, self.ours.clock)
        return idleness.find_idle(state, traffic, changed_at, moment.at)


def drift_pass(ours: Hub, state: EnvironmentState, *, at: datetime) -> drift.DriftResult:
    """What is to be corrected in one environment. Raises what reading raises."""
    judge = Judge(PreviewRenderer(state.library), ours.check, ours.starter.version)
    return drift.plan_drift(state, judge, ours.verified_memo, now=at)


class _Drift(_Reconciler):
    def plan(self, state: EnvironmentState, moment: ReconcileTime) -> Planned:
        return Planned(drift_pass(self.ours, state, at=moment.at))


#: What the expiry identity does to gated branches, without a review. The hub's identity leaves it to that one.
UNREVIEWED = frozenset({stamp.NAME, expire.NAME})


def is_mine(reconciler: str, state: EnvironmentState, identity: IdentityName | None) -> bool:
    """Whether a process that acts as `identity` runs a reconciler on an environment. None: it runs all."""
    unreviewed = reconciler in UNREVIEWED and state.environment.spec.gated
    return identity is None or unreviewed == (identity == "expiry")


#: Name → what makes the reconciler for a store, in the order they run.
RECONCILERS: Mapping[str, Callable[[Hub, GitStore], Reconciler]] = {
    approval.NAME: lambda ours, store: _Approval(ours, store, "Approve requests"),
    stamp.NAME: lambda ours, store: _Stamp(ours, store, "Begin leases"),
    expire.NAME: lambda ours, store: _Expiry(ours, store, "Expire previews"),
    sleep.NAME: lambda ours, store: _Sleep(ours, store, "Put previews to sleep or wake them"),
    queue.NAME: lambda ours, store: _Queue(ours, store, "Start previews that waited"),
    drift.NAME: lambda ours, store: _Drift(ours, store, "Correct previews"),
}
