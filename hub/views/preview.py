"""What people and machines are told about a preview (URL, time left, price: from its entry alone), and of a rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from generator.cost.fargate import ContainerRequest, PodGroup, PodRequests
from generator.cost.pricing import PreviewPrice, money, price_pods
from generator.model.entry import Preview
from generator.model.environment import Environment, Pricing
from generator.values.formats import parse_time
from generator.values.naming import NAMESPACE_PREFIX, preview_host
from generator.values.quantities import duration, format_duration, memory_bytes, millicores
from reconcilers.approval.push_rules import BranchRule, PushRules
from reconcilers.leases import end_after
from reconcilers.state.outline import Outline, PodsOutline, outline_of

_NO_TIME, _MINUTE = timedelta(0), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One preview as listed. Texts are for people; `ends` is empty for a request that awaits approval.

    `price` is that of what runs; `saved`, of one that sleeps, that of what does not: `per_hour` says it all there.
    """

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
    saved: PreviewPrice | None = None

    @property
    def is_asleep(self) -> bool:
        """Whether its pods do not run."""
        return self.lease == "sleeping"


def entry_price(preview: Preview, environment: Environment) -> PreviewPrice:
    """The price of the pods an entry asks for, an hour and for its whole lease.

    Of a lease in office hours too it is that of all the time from begin to end: pods run, and are billed, at night. One
    that awaits approval is priced as if it had begun when it was asked for.
    """
    return _price(outline_of(preview), environment)


def _price(outline: Outline, environment: Environment) -> PreviewPrice:
    begin = parse_time(outline.activated_at or outline.requested_at)
    if outline.expires_at is not None:
        ends = parse_time(outline.expires_at)
    else:
        counted = outline.office_hours and environment.spec.office_hours is not None
        ends = end_after(begin, duration(outline.ttl), environment, office_hours=counted)
    return _price_of(_pods(outline), environment.spec.pricing, ends - begin)


def _saved(outline: Outline, environment: Environment) -> PreviewPrice | None:
    """The price of the pods that sleep; None: it is awake."""
    if outline.saved is None:
        return None
    return _price_of(tuple(outline.saved), environment.spec.pricing, _NO_TIME)


def _pods(outline: Outline) -> tuple[PodsOutline, ...]:
    """The pods that are billed: those that were rendered, where they are more than the components."""
    if outline.pods is not None:
        return tuple(outline.pods)
    return tuple(
        (name, replicas, millicores(cpu), memory_bytes(memory), outline.compute)
        for name, (_, replicas, cpu, memory) in sorted(outline.components.items())
    )


@lru_cache(5000)
def _price_of(pods: tuple[PodsOutline, ...], pricing: Pricing, length: timedelta) -> PreviewPrice:
    """The price of pods. Among thousands of previews few ask for what no other does."""
    groups = [
        PodGroup(name, replicas, PodRequests((ContainerRequest(cpu, memory),)), compute)
        for name, replicas, cpu, memory, compute in pods
    ]
    return price_pods(groups, pricing, length)


def preview_row(preview: Preview, environment: Environment, *, now: datetime) -> Row:
    """The preview's row at `now` (aware)."""
    return outline_row(outline_of(preview), environment, now=now)


def outline_row(outline: Outline, environment: Environment, *, now: datetime) -> Row:
    """The row of a preview by its outline, at `now` (aware)."""
    spec, ends = environment.spec, outline.expires_at
    left = duration(outline.ttl) if ends is None else parse_time(ends) - now
    return Row(
        key=outline.issue,
        environment=environment.name,
        blueprint=outline.blueprint,
        compute=outline.compute,
        lease=_phase(outline, left, environment),
        url=f"https://{preview_host(outline.issue.lower(), spec.domain)}/",
        owner=outline.requested_by,
        ends=ends or "",
        left=format_duration(left) if left >= _MINUTE else "0m",
        left_minutes=max(0, left // _MINUTE),
        price=_price(outline, environment),
        saved=_saved(outline, environment),
    )


def _phase(outline: Outline, left: timedelta, environment: Environment) -> str:
    if outline.expires_at is None:
        return _without_end(environment)
    phase = _lease_phase(left, duration(environment.spec.lease.warn_before))
    return "sleeping" if outline.asleep_since is not None and phase != "expired" else phase


def _without_end(environment: Environment) -> str:
    """Only what is reviewed has an end given later, by its merge."""
    return "awaiting approval" if environment.spec.gated else "endless"


def _lease_phase(left: timedelta, warn_before: timedelta) -> str:
    """What Git alone tells of a lease that has an end. Whether pods run is the cluster's to say, not the entry's."""
    if left <= _NO_TIME:
        return "expired"
    return "expiring soon" if left <= warn_before else "active"


def describe(preview: Preview, environment: Environment, *, now: datetime) -> dict[str, Any]:
    """One preview for machines."""
    outline = outline_of(preview)
    return describe_row(outline_row(outline, environment, now=now), outline)


def describe_row(row: Row, outline: Outline) -> dict[str, Any]:
    """The preview of a row, and of the outline it was made of, for machines."""
    price = row.price
    return {
        "issue": row.key,
        "environment": row.environment,
        "namespace": NAMESPACE_PREFIX + row.key.lower(),
        "blueprint": row.blueprint,
        "branch": outline.branch,
        "compute": row.compute,
        "shard": outline.shard,
        "url": row.url,
        "lease": {
            "phase": row.lease,
            "requestedBy": row.owner,
            "requestedAt": outline.requested_at,
            "ttl": outline.ttl,
            "expiresAt": outline.expires_at,
            "minutesLeft": row.left_minutes,
            "officeHours": outline.office_hours,
            "extensions": outline.extensions,
        },
        "price": {
            "currency": price.currency,
            "perHour": None if price.per_hour is None else str(price.per_hour),
            "perLease": None if price.total is None else str(price.total),
            "savedPerHour": None if row.saved is None or row.saved.per_hour is None else str(row.saved.per_hour),
            "asOf": price.as_of,
        },
        "asleepSince": outline.asleep_since,
        "components": {
            name: {"image": image, "replicas": replicas, "cpu": cpu, "memory": memory}
            for name, (image, replicas, cpu, memory) in outline.components.items()
        },
        "manifestDigest": outline.digest,
    }


def office_hours_line(environment: Environment) -> str:
    """Which hours a lease in office hours counts, in words."""
    hours = environment.spec.office_hours
    return str(hours) if hours else "the environment has none any more; its end stays as it is"


def end_line(row: Row) -> str:
    """When it ends, in words."""
    if row.lease == "endless":
        return "never: its entry has no expiresAt"
    return f"{row.ends} ({row.left} left)" if row.ends else f"{row.left} after the merge"


def money_line(row: Row) -> str:
    """The price in words: an hour, and for the lease."""
    price, saved = row.price, row.saved
    if price.per_hour is None or price.total is None:
        return "no price of its own: spot nodes are shared"
    hour, lease = money(price.per_hour, price.currency), money(price.total, price.currency)
    if saved is not None and saved.per_hour is not None:
        return f"{hour} an hour while it sleeps, which saves {money(saved.per_hour, saved.currency)} an hour"
    return f"{hour} an hour, {lease} for the lease, at list price"


def rule_data(rule: BranchRule, held: PushRules | None) -> dict[str, Any]:
    """A branch's rule for machines. `heldBy`: `hook`, `setting`, or null when nothing holds it or Git cannot tell."""
    return {
        "branch": rule.branch,
        "environments": list(rule.environments),
        "rule": rule.name,
        "words": rule.words,
        "heldBy": held.held_by(rule.name, rule.branch) if held else None,
    }
