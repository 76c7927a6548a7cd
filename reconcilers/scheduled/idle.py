"""Which previews nobody uses: up for all of `sleep.afterIdle`, without a request, and left alone by people as well.

Whatever is not known is use. A preview that is not measured, or only in part, is never idle; neither is one that was
started, updated, extended, put to sleep or woken meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from generator.errors import HubError, Transient
from generator.values.naming import NAMESPACE_PREFIX
from generator.values.quantities import duration
from reconcilers.ports.traffic import PERIOD, Measured, Span, Traffic
from reconcilers.results import Action, ActionKind
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState

#: CloudWatch has data of load balancers within a minute or two; so long nothing follows from there being none.
SETTLES: Final = timedelta(minutes=5)
#: How often traffic is looked at: each look is paid for by the metric.
EVERY: Final = timedelta(minutes=10)
#: When an entry was changed last (aware); None: that is not known.
ChangedAt = Callable[[EntryRecord], datetime | None]


@dataclass(frozen=True, slots=True)
class Idle:
    """`since` (aware): since when no request came to any of `names`, in their order.

    `told`: what kept traffic from being known. `next_look` (aware): None where nothing is looked at.
    """

    since: datetime | None = None
    names: Sequence[str] = ()
    told: Sequence[Action] = ()
    next_look: datetime | None = None


def span_of(after: timedelta, now: datetime) -> Span:
    """The newest span of whole periods that is `after` long at least and settled at `now`."""
    settled = _floor(now - SETTLES)
    return Span(_floor(settled - after), settled, now)


def next_look(now: datetime) -> datetime:
    """When traffic is looked at next: at whole tens of minutes, whoever runs the pass, however often."""
    return _floor(now, EVERY) + EVERY


def is_time(now: datetime) -> bool:
    """Whether a pass at `now` is one of its ten minutes that looks: passes are made each minute, and come late."""
    return now - _floor(now, EVERY) < timedelta(minutes=2)


def looks(state: EnvironmentState, now: datetime) -> Sequence[EntryRecord]:
    """Whose traffic is worth asking for: up by their entries for long enough, exposed, and waiting for no update."""
    policy = state.environment.spec.sleep.after_idle
    if policy is None or state.environment.spec.gated:
        return ()
    since, waiting = span_of(duration(policy), now).since, {one.name for one in state.queued}
    return [one for one in state.entries if one.name not in waiting and _may_be(one, since, now)]


def find_idle(state: EnvironmentState, traffic: Traffic, changed_at: ChangedAt, now: datetime) -> Idle:
    """Who is idle at `now` (aware). Nobody is where that cannot be known, which is told."""
    policy, wanted = state.environment.spec.sleep, looks(state, now)
    if policy.after_idle is None:
        return Idle()
    if not wanted:
        return Idle(next_look=next_look(now))
    span = span_of(duration(policy.after_idle), now)
    try:
        measured = traffic.of([_namespace(one) for one in wanted], span)
        idle = tuple(one.name for one in wanted if _is_idle(one, measured, changed_at, span))
        return Idle(span.since, idle, next_look=next_look(now))
    except HubError as err:
        kind: ActionKind = "wait" if isinstance(err, Transient) else "report"
        told = "; ".join([err.words, *(one.remedy for one in err.faults if one.remedy and isinstance(one.remedy, str))])
        why = f"nobody is known to be idle, since requests cannot be read: {told}"
        return Idle(told=(Action(kind, state.environment.name, why),), next_look=next_look(now))


def _may_be(record: EntryRecord, since: datetime, now: datetime) -> bool:
    facts = record.facts
    if facts is None or facts.sleeps or not facts.target_groups:
        return False
    return facts.runs_at(now) and facts.awake_since <= since


def _is_idle(record: EntryRecord, measured: Mapping[str, Measured], changed_at: ChangedAt, span: Span) -> bool:
    facts, found = record.facts, measured.get(_namespace(record))
    if facts is None or found is None or not found.is_quiet or found.groups < facts.target_groups:
        return False
    changed = changed_at(record)
    return changed is not None and changed <= span.since


def _namespace(record: EntryRecord) -> str:
    return NAMESPACE_PREFIX + record.name


def _floor(at: datetime, step: timedelta = PERIOD) -> datetime:
    seconds = int(step.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)
