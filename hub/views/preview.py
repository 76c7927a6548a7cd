"""What people and machines are told about a preview (URL, time left, price: from its entry alone), and of a rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from generator.cost.fargate import PodGroup
from generator.cost.pricing import PreviewPrice, money, price_pods
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.render.context import preview_host
from generator.render.request import pod_requests
from generator.values.formats import parse_time
from generator.values.quantities import duration, format_duration
from reconcilers.approval.push_rules import BranchRule, PushRules
from reconcilers.leases import begin_of, end_after


@dataclass(frozen=True, slots=True)
class Row:
    """One preview as listed. Texts are for people; `ends` is empty for a request that awaits approval."""

    key: str
    environment: str
    blueprint: str
    compute: str
    lease: str
    url: str
    owner: str
    ends: str
    left: str
    left_minutes: int
    price: PreviewPrice


def entry_price(preview: Preview, environment: Environment) -> PreviewPrice:
    """The price of the pods an entry asks for, an hour and for its whole lease.

    Of a lease in office hours too it is that of all the time from begin to end: pods run, and are billed, at night. One
    that awaits approval is priced as if it had begun when it was asked for.
    """
    spec, lease = preview.spec, preview.spec.lease
    begin = begin_of(lease)
    if lease.expires_at is not None:
        ends = parse_time(lease.expires_at)
    else:
        counted = lease.office_hours and environment.spec.office_hours is not None
        ends = end_after(begin, duration(lease.ttl), environment, office_hours=counted)
    length = ends - begin
    pods = [PodGroup(name, c.replicas, pod_requests(c), spec.compute) for name, c in sorted(spec.components.items())]
    return price_pods(pods, environment.spec.pricing, length)


def preview_row(preview: Preview, environment: Environment, *, now: datetime) -> Row:
    """The preview's row at `now` (aware)."""
    spec, lease = preview.spec, preview.spec.lease
    left = duration(lease.ttl) if lease.expires_at is None else parse_time(lease.expires_at) - now
    return Row(
        key=spec.issue,
        environment=environment.name,
        blueprint=spec.blueprint,
        compute=spec.compute,
        lease=lease_phase(preview, environment, now=now),
        url=f"https://{preview_host(preview, environment)}/",
        owner=lease.requested_by,
        ends=lease.expires_at or "",
        left=format_duration(left) if left >= timedelta(minutes=1) else "0m",
        left_minutes=max(0, int(left.total_seconds() // 60)),
        price=entry_price(preview, environment),
    )


def lease_phase(preview: Preview, environment: Environment, *, now: datetime) -> str:
    """What Git alone tells of the lease. Whether pods run is the cluster's to say, not the entry's."""
    expires_at = preview.spec.lease.expires_at
    if expires_at is None:
        return "awaiting approval"
    left = parse_time(expires_at) - now
    if left <= timedelta(0):
        return "expired"
    return "expiring soon" if left <= duration(environment.spec.lease.warn_before) else "active"


def describe(preview: Preview, environment: Environment, *, now: datetime) -> dict[str, Any]:
    """One preview for machines."""
    return describe_row(preview_row(preview, environment, now=now), preview)


def describe_row(row: Row, preview: Preview) -> dict[str, Any]:
    """The preview of a row for machines."""
    spec, lease, price = preview.spec, preview.spec.lease, row.price
    return {
        "issue": row.key,
        "environment": row.environment,
        "namespace": preview.key.namespace,
        "blueprint": row.blueprint,
        "branch": spec.branch,
        "compute": row.compute,
        "shard": spec.shard,
        "url": row.url,
        "lease": {
            "phase": row.lease,
            "requestedBy": lease.requested_by,
            "requestedAt": lease.requested_at,
            "ttl": lease.ttl,
            "expiresAt": lease.expires_at,
            "minutesLeft": row.left_minutes,
            "officeHours": lease.office_hours,
            "extensions": [one.model_dump(mode="json", by_alias=True) for one in lease.extensions],
        },
        "price": {
            "currency": price.currency,
            "perHour": None if price.per_hour is None else str(price.per_hour),
            "perLease": None if price.total is None else str(price.total),
            "asOf": price.as_of,
        },
        "components": {
            name: {"image": c.image, "replicas": c.replicas, "cpu": c.cpu, "memory": c.memory}
            for name, c in spec.components.items()
        },
        "manifestDigest": spec.rendered.digest if spec.rendered else None,
    }


def office_hours_line(environment: Environment) -> str:
    """Which hours a lease in office hours counts, in words."""
    hours = environment.spec.office_hours
    return str(hours) if hours else "the environment has none any more; its end stays as it is"


def end_line(row: Row) -> str:
    """When it ends, in words."""
    return f"{row.ends} ({row.left} left)" if row.ends else f"{row.left} after the merge"


def money_line(row: Row) -> str:
    """The price in words: an hour, and for the lease."""
    price = row.price
    if price.per_hour is None or price.total is None:
        return "no price of its own: spot nodes are shared"
    return f"{money(price.per_hour, price.currency)} an hour, {money(price.total, price.currency)} for the lease"


def rule_data(rule: BranchRule, held: PushRules | None) -> dict[str, Any]:
    """A branch's rule for machines. `heldBy`: `hook`, `setting`, or null when nothing holds it or Git cannot tell."""
    return {
        "branch": rule.branch,
        "environments": list(rule.environments),
        "rule": rule.name,
        "words": rule.words,
        "heldBy": held.held_by(rule.name, rule.branch) if held else None,
    }
