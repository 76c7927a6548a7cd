"""Leases: how long one may be, and when it ends. Pure; starting, extending, reviving and stamping share it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.model.entry import Lease
from generator.model.environment import Environment
from generator.values.formats import format_time, parse_time
from generator.values.quantities import duration


def end_after(start: datetime, length: timedelta, environment: Environment, *, office_hours: bool) -> datetime:
    """When `length` has passed since `start` (aware): of wall time, or of the environment's office time.

    Raises `ConfigError` (InvalidValue) when the environment has no office hours.
    """
    if not office_hours:
        return start + length
    hours = environment.spec.office_hours
    if hours is None:
        fault = Fault(
            f"{environment.name} has no office hours to count",
            field="lease.officeHours",
            remedy=Remedy(RemedyKind.HAVE_OFFICE_HOURS),
        )
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return hours.office_time().after(start, length)


def begin_of(lease: Lease) -> datetime:
    """When a lease's time begins to count: at the merge of a gated request, else when it was asked for."""
    return parse_time(lease.activated_at or lease.requested_at)


def cap_of(lease: Lease, environment: Environment) -> datetime:
    """When a lease ends at the latest, extensions included. Raises what `end_after` raises."""
    cap = duration(environment.spec.lease.cap)
    return end_after(begin_of(lease), cap, environment, office_hours=lease.office_hours)


def end_of(lease: Lease, environment: Environment) -> datetime:
    """When a lease that has begun must end, by its start, its length and each extension. Raises as `end_after` does.

    An extension counts from the end so far, or from when it was asked for if that was later, and never past the cap.
    One that was asked for before the lease began counts for nothing.
    """
    start = begin_of(lease)
    ends = end_after(begin_of(lease), duration(lease.ttl), environment, office_hours=lease.office_hours)
    cap = cap_of(lease, environment)
    for extension in lease.extensions:
        if parse_time(extension.at) < start:
            continue
        begin = max(ends, parse_time(extension.at))
        ends = min(end_after(begin, duration(extension.by), environment, office_hours=lease.office_hours), cap)
    return ends


def is_over(lease: Lease, now: datetime) -> bool:
    """Whether its end has come. One that has no end yet is not over."""
    return lease.expires_at is not None and parse_time(lease.expires_at) <= now


def length_of(ttl: str, environment: Environment) -> timedelta:
    """A length that may be asked for. Raises `ConfigError` (InvalidValue, OverLimit)."""
    policy = environment.spec.lease
    try:
        length = duration(ttl)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="ttl")) from err
    if length > duration(policy.cap):
        fault = Fault(f"{ttl} is too long for {environment.name}", field="ttl", allowed=f"at most {policy.cap}")
        raise ConfigError(Reason.OVER_LIMIT, fault)
    return length


def new_lease(
    requested_by: str, requested_at: datetime, ttl: str, environment: Environment, *, office_hours: bool
) -> dict[str, Any]:
    """A lease as a tree to be checked. A gated one has no end: its time begins at the merge, when it is stamped.

    Raises what `length_of` and `end_after` raise.
    """
    ends = end_after(requested_at, length_of(ttl, environment), environment, office_hours=office_hours)
    return {
        "requestedBy": requested_by,
        "requestedAt": format_time(requested_at),
        "ttl": ttl,
        "expiresAt": None if environment.spec.gated else format_time(ends),
        "officeHours": office_hours,
    }
