"""Expiry: no entry outlives its lease.

An entry goes only on positive evidence: it was read, it is valid, and its `expiresAt` has come. What cannot be read is
skipped; too many at once are held until a person confirms the number. The plan does not depend on the time it is made
at, only on which entries are due then: what `--at` shows ahead is what is committed when that time has come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from generator.errors import About, Fault, Location, Reason, Remedy, RemedyKind, Stalled, declared
from generator.model.environment import Environment
from generator.values.formats import format_time, parse_time
from generator.values.quantities import duration
from reconcilers.plan import FileChange, Plan
from reconcilers.results import Action, ActionKind, ReconcileResult, SetAside
from reconcilers.state.clocks import UNDATED, clock_behind
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.overlong import beyond_cap
from reconcilers.state.preview_files import folder_of, preview_files

NAME = "expiry"
REQUESTED_BY = "rtb-hub (reconciler)"
#: So many are always within the share: half of two previews would be one.
FEW = 3


def plan_expiry(
    state: EnvironmentState,
    *,
    at: datetime,
    confirmed: int | None = None,
    newest: datetime | None = None,
    is_dated: bool = True,
) -> ReconcileResult:
    """What is due in an environment at `at` (aware), what soon will be, and what cannot be judged.

    `confirmed` is the number of removals that a person agreed to: exactly that many may go, whatever the limits.
    `newest` is when the branch was last committed to; a time ahead of `at` tells of a clock that is behind. `is_dated`
    False: that commit has a date that is none. Raises
    `Transient` when the branch's files cannot be listed whole.
    """
    name, policy = state.environment.name, state.environment.spec.lease
    warn_before, cap = duration(policy.warn_before), duration(policy.cap)
    due: list[tuple[datetime, EntryRecord]] = []
    soon: list[tuple[datetime, EntryRecord]] = []
    reports: list[Action] = list(_clock(name, at, newest, is_dated=is_dated))
    aside: list[SetAside] = []
    times: list[datetime] = []
    readable = 0
    for record in state.entries:  # thousands, of which few are due: no more than a comparison for the others
        facts = record.facts
        if facts is None:
            aside.append(SetAside(f"{name}/{record.name}", record.path, record.faults))
            continue
        readable += 1
        try:
            ends, fault = facts.expires_at, None
            left = None if ends is None else ends - at
            if left is not None and left <= timedelta(0):
                fault = _contradiction(record)
            elif ends is not None and (told := beyond_cap(record, state.environment, cap)):
                reports.append(Action("report", f"{name}/{record.name}", told))
        except Exception as err:  # noqa: BLE001 - the border of an entry
            faults = declared(f"{record.name} cannot be judged", err).faults
            aside.append(SetAside(f"{name}/{record.name}", record.path, faults))
            continue
        if ends is None or left is None:
            reports.append(Action("report", f"{name}/{record.name}", _endless(state.environment)))
        elif left > warn_before:
            times.append(ends)
        elif left > timedelta(0):
            soon.append((ends, record))
        elif fault:
            aside.append(SetAside(f"{name}/{record.name}", record.path, (fault,)))
        else:
            due.append((ends, record))
    later = [min(times) - warn_before] if times else []
    held = _held(state.environment, [time for time, _ in due], readable, confirmed)
    return ReconcileResult(
        reconciler=NAME,
        environment=name,
        actions=(*_actions("remove", name, due), *_actions("warn", name, soon), *reports),
        set_aside=tuple(aside),
        plan=_plan(state, due) if due and held is None else None,
        held=held,
        next_due=min([*later, *(time for time, _ in soon)], default=None),
    )


def refused(environment: Environment, err: Stalled) -> Stalled:
    """A commit that the repository refused, told as what it is where only reviewed changes get in."""
    if not environment.spec.gated or err.reason is not Reason.REPOSITORY_REFUSED:
        return err
    remedy = (
        f"{environment.spec.branch} takes reviewed changes only: push with the identity that may bypass its rule for"
        " what has expired (docs/INSTALL.md, 'Expiry')"
    )
    message = f"what has expired in {environment.name} is still there: {err.words}"
    return Stalled(err.reason, Fault(message, remedy=remedy))


def _plan(state: EnvironmentState, due: Sequence[tuple[datetime, EntryRecord]]) -> Plan:
    name, head = state.environment.name, state.snapshot.commit
    ordered = sorted(due, key=lambda one: one[1].path)
    files = preview_files(state)
    changes: list[FileChange] = []
    trailers: list[tuple[str, str]] = []
    for time, record in ordered:
        changes += [FileChange(PurePosixPath(file), None, _why(time)) for file in files.of(folder_of(record))]
        trailers += [
            ("Preview", f"{name}/{record.name}"),
            ("Action", "expire"),
            ("Requested-By", REQUESTED_BY),
            ("Reason", _why(time)),
        ]
    what = ordered[0][1].name.upper() if len(ordered) == 1 else f"{len(ordered)} previews"
    # Of a gated environment, too, on its own branch: the reviewed entry carries its own end.
    return Plan(state.snapshot.branch, head, head, f"Expire {what} in {name}", tuple(changes), tuple(trailers))


def _why(time: datetime) -> str:
    return f"its lease ended at {format_time(time)}"


def _endless(environment: Environment) -> str:
    if environment.spec.gated:
        return "was merged, but its time was never begun (no expiresAt): it does not end by itself"
    return "has no expiresAt: it does not end by itself"


def _contradiction(record: EntryRecord) -> Fault | None:
    """A lease that ends before it begins was written by hand or by a wrong clock, and proves nothing."""
    if record.preview is None:
        return None
    lease = record.preview.spec.lease
    begun = lease.activated_at or lease.requested_at
    if lease.expires_at is None or parse_time(lease.expires_at) >= parse_time(begun):
        return None
    message = f"{lease.expires_at} is before the lease began ({begun}), so it is not taken for its end"
    about = About(record.preview.spec.environment, record.name.upper())
    return Fault(
        message, Location(str(record.path)), "spec.lease.expiresAt", remedy=Remedy(RemedyKind.REPAIR_LEASE, about)
    )


def _clock(name: str, at: datetime, newest: datetime | None, *, is_dated: bool) -> Iterator[Action]:
    if not is_dated:
        yield Action("report", name, UNDATED)
    elif why := clock_behind(at, newest):
        yield Action("report", name, f"{why}; while it is, previews are removed too late")


def _held(environment: Environment, due: Sequence[datetime], readable: int, confirmed: int | None) -> Fault | None:
    policy, count, name = environment.spec.expiry, len(due), environment.name
    over = []
    if count > policy.max_removals:
        over.append(f"more than {policy.max_removals} (expiry.maxRemovals)")
    if count > FEW and count * 100 > policy.max_share * readable:
        over.append(f"more than {policy.max_share} % (expiry.maxShare)")
    if not over or confirmed == count:
        return None
    message = f"{count} of {readable} previews are due at once, {' and '.join(over)}; none is removed"
    if confirmed is not None:
        message += f"; confirmed were {confirmed}"
    about = About(name, since=format_time(min(due)), until=format_time(max(due)), count=count)
    return Fault(message, field=name, remedy=Remedy(RemedyKind.CONFIRM_REMOVALS, about))


def _actions(kind: ActionKind, name: str, entries: Sequence[tuple[datetime, EntryRecord]]) -> list[Action]:
    """By time, then by name."""
    found = []
    for time, record in entries:
        why = _why(time) if kind == "remove" else f"its lease ends at {format_time(time)}"
        found.append(Action(kind, f"{name}/{record.name}", why, time))
    return sorted(found, key=lambda action: (action.due, action.preview))
