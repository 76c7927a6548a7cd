"""What a change may do to a lease: its end follows from its start, and nobody moves the start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from generator.errors import ConfigError
from generator.model.entry import Lease, Preview
from generator.model.environment import Environment
from generator.values.formats import format_time, parse_time
from generator.values.quantities import duration
from reconcilers.leases import begin_of, end_of, is_over

#: Clocks of the hub and of the check may differ by this.
SKEW = timedelta(minutes=5)
#: No request waits so long to be merged.
OLDEST = timedelta(days=90)
#: (rule, field of the lease, message)
Breach = tuple[str, str, str]


def is_begun(before: Preview | None, after: Preview) -> bool:
    """Whether a lease that had not begun has in `after`."""
    return before is not None and before.spec.lease.activated_at is None and after.spec.lease.activated_at is not None


def is_stamp(before: Preview, after: Preview) -> bool:
    """Whether `after` is `before` with its lease begun: `activatedAt` and `expiresAt` added, and rendered anew."""
    if before.spec.lease.expires_at is not None or after.spec.lease.expires_at is None:
        return False
    begun = {"activated_at": after.spec.lease.activated_at, "expires_at": after.spec.lease.expires_at}
    lease = before.spec.lease.model_copy(update=begun)
    spec = before.spec.model_copy(update={"lease": lease, "rendered": after.spec.rendered})
    return before.model_copy(update={"spec": spec}) == after


def lease_breaches(
    before: Preview | None,
    after: Preview,
    environment: Environment,
    *,
    now: datetime,
    merged_at: datetime | None = None,
) -> Iterator[Breach]:
    """What is wrong with the lease of `after`, which takes the place of `before`.

    `merged_at`: when the branch got the lease that now begins, as its commit says; None: it says no time.
    """
    lease, old = after.spec.lease, before.spec.lease if before else None
    running = before.spec.lease if before and not is_over(before.spec.lease, now) else None
    for field, text in (("requestedAt", lease.requested_at), ("activatedAt", lease.activated_at)):
        if text is not None and parse_time(text) > now + SKEW:
            yield "lease-in-future", field, f"{text} is later than now, {format_time(now)}"
    if running is None and parse_time(lease.requested_at) < now - OLDEST:
        yield "lease-arithmetic", "requestedAt", f"{lease.requested_at} is more than {OLDEST.days} days ago"
    yield from _length(lease, environment, now)
    yield from _extensions(old, lease, environment)
    yield from _moved(running, lease)
    if environment.spec.gated and running is None and lease.expires_at is not None:
        yield "lease-stamped-early", "expiresAt", _early(old, lease)
    if merged_at is not None and lease.activated_at is not None and parse_time(lease.activated_at) < merged_at - SKEW:
        told = f"{lease.activated_at} is before its merge, {format_time(merged_at)}"
        yield "lease-arithmetic", "activatedAt", told
    if is_over(lease, now):
        yield "entry-expired", "expiresAt", f"its lease ended at {lease.expires_at}"


def _length(lease: Lease, environment: Environment, now: datetime) -> Iterator[Breach]:
    cap = environment.spec.lease.cap
    if duration(lease.ttl) > duration(cap):
        yield "lease-over-cap", "ttl", f"{lease.ttl} is more than {cap}"
        return
    for extension in lease.extensions:
        if parse_time(extension.at) > now + SKEW:
            yield "lease-in-future", "extensions", f"{extension.at} is later than now, {format_time(now)}"
    if lease.activated_at is not None:
        if not environment.spec.gated:
            yield "lease-arithmetic", "activatedAt", f"{environment.name} is not gated: leases begin when asked for"
        elif parse_time(lease.activated_at) < parse_time(lease.requested_at):
            yield "lease-arithmetic", "activatedAt", f"is before {lease.requested_at}, when it was asked for"
    has_begun = lease.activated_at is not None or not environment.spec.gated
    try:
        ends = format_time(end_of(lease, environment)) if has_begun else None
    except ConfigError as err:
        yield "lease-arithmetic", "officeHours", err.faults[0].message
        return
    if lease.expires_at != ends:
        said = f"start, ttl, extensions and cap make {ends}" if ends else "the lease has not begun"
        yield "lease-arithmetic", "expiresAt", f"is {lease.expires_at or 'missing'}, but {said}"


def _extensions(old: Lease | None, lease: Lease, environment: Environment) -> Iterator[Breach]:
    """Only what has begun can be made longer. Those that stood there before are judged no more."""
    known = old.extensions if old is not None else []
    begin = begin_of(lease)
    has_begun = lease.activated_at is not None or not environment.spec.gated
    for extension in lease.extensions:
        if extension not in known and not (has_begun and parse_time(extension.at) >= begin):
            yield "lease-arithmetic", "extensions", f"{extension.by} at {extension.at} is before the lease began"


def _early(old: Lease | None, lease: Lease) -> str:
    if old is not None and old.expires_at and old.activated_at == lease.activated_at:
        return f"its time was up at {old.expires_at}, before this change: ask for it anew"
    return "the lease of a request begins at its merge, not before"


def _moved(running: Lease | None, lease: Lease) -> Iterator[Breach]:
    if running is None:
        return
    if (lease.requested_at, lease.requested_by) != (running.requested_at, running.requested_by):
        told = f"was {running.requested_at} by {running.requested_by}, and that lease still runs"
        yield "lease-moved", "requestedAt", told
    if running.activated_at is None:
        return
    if lease.activated_at != running.activated_at:
        yield "lease-moved", "activatedAt", f"was {running.activated_at}, and that lease still runs"
