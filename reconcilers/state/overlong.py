"""Leases that nobody would grant: longer than the environment's cap. People write such by hand, or lower the cap."""

from __future__ import annotations

from datetime import timedelta

from generator.errors import ConfigError
from generator.model.environment import Environment
from generator.values.formats import format_time
from reconcilers.leases import cap_of
from reconcilers.state.entries import EntryRecord


def beyond_cap(record: EntryRecord, environment: Environment, cap: timedelta) -> str:
    """What is wrong with the end of an entry's lease, in words; empty: nothing. `cap`: the environment's, parsed once.

    No time of office hours is shorter than as much time of the wall, so thousands cost a comparison each.
    """
    facts = record.facts
    if facts is None or facts.expires_at is None or facts.expires_at - facts.begins_at <= cap:
        return ""
    if record.preview is None:
        return ""
    try:
        latest = cap_of(record.preview.spec.lease, environment)
    except ConfigError:
        return ""  # of hours that there are no more: its end stays as it is
    if facts.expires_at <= latest:
        return ""
    ends, most = format_time(facts.expires_at), environment.spec.lease.cap
    return f"ends at {ends}, beyond the cap: {most} after it began is {format_time(latest)}"
