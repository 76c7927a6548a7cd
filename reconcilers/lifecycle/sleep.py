"""Sleep and wake: a preview whose pods do not run, with all else of it as it was, and back.

What was asked for already changes nothing. Waking needs room as an update that grows does: what sleeps takes none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.model.entry import Extension, Lease, Preview, Sleep
from generator.render.request import check_fits
from generator.values.formats import format_time, parse_time
from generator.values.naming import IssueKey
from generator.values.quantities import duration, format_duration
from reconcilers.capacity.capacity import keep_shard, need_of_entry
from reconcilers.leases import cap_of, is_over
from reconcilers.lifecycle.extend import standing
from reconcilers.lifecycle.queue_order import room_for
from reconcilers.lifecycle.start import Attribution, Starter, checked, start_plan
from reconcilers.plan import Plan
from reconcilers.state.environment import EnvironmentState, must_not_share

Change = Literal["asleep", "awake", "unchanged"]
Why = Literal["asked", "office-hours", "idle"]
_MINUTE: Final = timedelta(minutes=1)
#: Why a lease is longer that stops meanwhile.
_MEANWHILE: Final = "it sleeps meanwhile"


@dataclass(frozen=True, slots=True)
class SleepRequest:
    """What is asked for: that it sleeps, or (`asleep` False) that it wakes. `reason` is for the history.

    `until` (aware): when it is to be woken, where that is known. `idle_since` (aware): since when no request came.
    """

    key: IssueKey
    requested_by: str
    asleep: bool
    reason: str = ""
    why: Why = "asked"
    until: datetime | None = None
    idle_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SleepOutcome:
    """What it would come to. `plan` is None when nothing changes.

    `withdraw` is always None: nothing that awaits approval is taken back.
    """

    change: Change
    preview: Preview
    plan: Plan | None
    withdraw: tuple[str, str] | None = None

    @property
    def runs_on(self) -> list[str]:
        """Names of what goes on running while it sleeps, since its data would end with its pods; sorted."""
        rendered = self.preview.spec.rendered
        if not self.preview.is_asleep or rendered is None or rendered.pods is None:
            return []
        return sorted(pods.name for pods in rendered.pods if pods.name in self.preview.spec.components)


def plan_sleep(asked: SleepRequest, state: EnvironmentState, *, starter: Starter, now: datetime) -> SleepOutcome:
    """Plan to put one preview to sleep, or to wake it; of a gated environment by a request, as every change there.

    Raises `ConfigError`: PreviewNotFound, UnreadableEntry, InvalidValue (it has not begun, is over, or its removal is
    asked for), and what rendering by today's templates raises; `Stalled` (CapacityExhausted): no room to wake.
    """
    _, preview = standing(asked.key, state)
    sleep = preview.spec.sleep
    is_so = (sleep is not None and sleep.asleep and sleep.why == "asked") if asked.asleep else not preview.is_asleep
    if is_so:
        return SleepOutcome("unchanged", preview, None)
    _must_run(preview, state, now)
    changed, plan = changed_sleep(preview, asked, state, starter=starter, now=now)
    return SleepOutcome("asleep" if asked.asleep else "awake", changed, plan)


def changed_sleep(
    preview: Preview, asked: SleepRequest, state: EnvironmentState, *, starter: Starter, now: datetime
) -> tuple[Preview, Plan]:
    """The entry put to sleep or woken, and the plan that writes it.

    Raises what rendering it raises, and `Stalled` (CapacityExhausted) when there is no room to wake it.
    """
    environment, spec = state.environment, preview.spec
    lease = _lease(preview, asked, state, now)
    since = spec.sleep.since if spec.sleep is not None and spec.sleep.asleep and asked.asleep else format_time(now)
    idle_since = None if asked.idle_since is None else format_time(asked.idle_since)
    sleep = Sleep(
        asleep=asked.asleep, since=since, requested_by=asked.requested_by, why=asked.why, idle_since=idle_since
    )
    tree = {**spec.model_dump(by_alias=True, exclude_none=True, exclude={"rendered"}), "lease": lease, "sleep": sleep}
    draft = checked({"metadata": preview.metadata, "spec": tree})
    check_fits(draft.spec.components, state.library.blueprint(spec.blueprint))
    changed, rendering = starter.rendered(draft, environment, state.library)
    must_not_share(rendering.manifests, state)
    keep_shard(need_of_entry(changed), preview, room_for(asked.key, state), environment)
    verb = "sleep" if asked.asleep else "wake"
    because = f": {asked.reason}" if asked.reason else ""
    trailers = (("Reason", asked.reason),) if asked.reason else ()
    plan = start_plan(changed, rendering, state, Attribution(asked.requested_by, verb, because, trailers))
    return changed, plan


def _must_run(preview: Preview, state: EnvironmentState, now: datetime) -> None:
    """Raise `ConfigError` (InvalidValue) for a preview that nothing runs of, or soon does not."""
    lease, where = preview.spec.lease, f"{preview.spec.issue} in {state.environment.name}"
    if preview.key.name in state.removals:
        raise ConfigError(Reason.INVALID_VALUE, f"the removal of {where} is asked for", remedy="start it to keep it")
    if lease.expires_at is None:
        raise ConfigError(Reason.INVALID_VALUE, f"{where} awaits approval: nothing of it runs yet")
    if is_over(lease, now):
        fault = Fault(f"the time of {where} was up at {lease.expires_at}", remedy=Remedy(RemedyKind.START_ANEW))
        raise ConfigError(Reason.INVALID_VALUE, fault)


def _lease(preview: Preview, asked: SleepRequest, state: EnvironmentState, now: datetime) -> Lease:
    """The lease, longer by the time asleep where policy says so; by night that time is known beforehand.

    A lease in office hours counts no night anyway, and keeps its end. A sleep that awaits approval is none yet.
    """
    lease, environment, live = preview.spec.lease, state.environment, state.entry(asked.key)
    sleep = live.preview.spec.sleep if live is not None and live.preview is not None else None
    slept = timedelta(0)
    if asked.asleep and asked.until is not None:
        slept = asked.until - now
    elif not asked.asleep and sleep is not None and sleep.asleep and sleep.why != "office-hours":
        slept = now - parse_time(sleep.since) - _given(lease, parse_time(sleep.since))
    stops = environment.spec.sleep.lease == "stops" and not lease.office_hours
    if not stops or slept < _MINUTE or lease.expires_at is None:
        return lease
    ends, cap = parse_time(lease.expires_at), cap_of(lease, environment)
    if ends >= cap:
        return lease
    by = format_duration(slept)
    added = slept // _MINUTE * _MINUTE
    extension = Extension(by=by, requested_by=asked.requested_by, at=format_time(now), reason=_MEANWHILE)
    longer = {"expires_at": format_time(min(ends + added, cap)), "extensions": [*lease.extensions, extension]}
    return lease.model_copy(update=longer)


def _given(lease: Lease, since: datetime) -> timedelta:
    """What a lease was given beforehand of a sleep that began at `since`: a night that somebody made longer."""
    beforehand = (one for one in lease.extensions if one.reason == _MEANWHILE and parse_time(one.at) >= since)
    return sum((duration(one.by) for one in beforehand), timedelta(0))
