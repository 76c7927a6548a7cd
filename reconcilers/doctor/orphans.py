"""What is there and should not be, or is not there and should: of Git, Argo CD, namespaces and AWS. Only told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from generator.errors import About, Remedy, RemedyKind, ToDo
from generator.values.formats import format_time, parse_time
from generator.values.naming import NAMESPACE_PREFIX
from reconcilers.causes.texts import bounded, named
from reconcilers.health.phase import NOTICED, REMOVED, Seen
from reconcilers.leases import begin_of
from reconcilers.ports.cluster import NamespaceDetails
from reconcilers.ports.target_groups import TargetGroup

#: What may stand in a command as it is.
_ARN = re.compile(r"arn:aws[a-z-]{0,20}:elasticloadbalancing:[a-z0-9-]{1,30}:[0-9]{12}:targetgroup/[A-Za-z0-9/-]{1,80}")
Kind = Literal[
    "namespace-left-over",
    "application-without-entry",
    "entry-without-application",
    "expired-still-there",
    "held-by-finalizer",
    "left-in-namespace",
    "target-group-left-over",
]
#: Longer than this a finalizer is not at work any more.
HELD_LONG = timedelta(minutes=10)
#: The hub ends a lease within a second of its time, and in its next pass at the latest.
EXPIRED_LATE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Orphan:
    """One of them: of which preview (`rtb-123`), which object, since when, and what helps."""

    kind: Kind
    preview: str
    subject: str
    text: str
    since: datetime | None
    remedy: ToDo


def orphans(
    seen: Mapping[str, Seen], inside: Mapping[str, NamespaceDetails], *, argocd: str, now: datetime
) -> Iterator[Orphan]:
    """All of one environment, by preview. `inside`: details by namespace, of those that were read."""
    for name in sorted(seen):
        one = seen[name]
        if one.unread:
            continue
        yield from _between(name, one, argocd, now)
        target = NAMESPACE_PREFIX + name
        held = [*_within(name, one, inside[target], now)] if target in inside else []
        yield from held or _removed_late(name, one, now)


def left_in_aws(groups: Iterable[TargetGroup], there: Collection[str]) -> Iterator[Orphan]:
    """Target groups of previews that neither Git nor the cluster has anything of. `there`: names of namespaces."""
    for one in groups:
        if one.namespace.startswith(NAMESPACE_PREFIX) and one.namespace not in there:
            text = bounded(f"is left in AWS of {one.namespace}, which is gone, and counts against the quota")
            arn = one.arn if _ARN.fullmatch(one.arn) else "ARN"
            remedy = (
                "see that no rule uses it, then remove it: aws elbv2 delete-target-group --region"
                f" {arn.split(':')[3] if arn != 'ARN' else 'REGION'} --target-group-arn {arn}"
            )
            name = one.namespace.removeprefix(NAMESPACE_PREFIX)
            yield Orphan("target-group-left-over", name, f"TargetGroup {one.name}", text, None, remedy)


def _between(name: str, seen: Seen, argocd: str, now: datetime) -> Iterator[Orphan]:
    application, namespace, key = seen.application, seen.namespace, name.upper()
    target = NAMESPACE_PREFIX + name
    if seen.entry is None and application is None and namespace is not None and namespace.deleting_since is None:
        text = "a namespace with neither entry nor Application: nothing removes it, and its pods cost"
        remedy = f"look at what is in it, then remove it: kubectl delete namespace {named(target)}"
        yield Orphan("namespace-left-over", name, f"Namespace {target}", text, namespace.created, remedy)
    if seen.entry is None and application is not None and not application.deleting_since:
        since = seen.removed_at or application.operation_since or application.created
        if now - since > REMOVED:
            text = "an Application without entry that nobody has begun to remove"
            by_hand = f"remove it if nobody needs it: kubectl delete application -n {argocd} {named(target)}"
            told: ToDo = Remedy(RemedyKind.RUN_DOCTOR) if application.owner else by_hand
            yield Orphan("application-without-entry", name, f"Application {target}", text, since, told)
    if seen.preview is None:
        return
    lease = seen.preview.spec.lease
    begun = begin_of(lease)
    if application is None and now - begun > NOTICED:
        text = f"an entry since {format_time(begun)}, and Argo CD has made no Application of it"
        yield Orphan("entry-without-application", name, f"entry {key}", text, begun, Remedy(RemedyKind.RUN_DOCTOR))
    ends = parse_time(lease.expires_at) if lease.expires_at else None
    if ends is not None and now - ends > EXPIRED_LATE:
        text = f"its lease ended at {format_time(ends)}, and its entry is still there"
        stop = Remedy(RemedyKind.STOP_OTHER, About(issue=key))
        yield Orphan("expired-still-there", name, f"entry {key}", text, ends, stop)


def _removed_late(name: str, seen: Seen, now: datetime) -> Iterator[Orphan]:
    """What has long been removed and is still there, when nothing inside the namespace is known to hold it."""
    for kind, one in (("Application", seen.application), ("Namespace", seen.namespace)):
        if one is not None and one.deleting_since and now - one.deleting_since > HELD_LONG:
            told = bounded(f"finalizer {', '.join(one.finalizers[:5])}" if one.finalizers else "what is left in it")
            text = f"is being removed since {format_time(one.deleting_since)}, held by {told}"
            remedy = f"see what holds it: 'why {name.upper()}'; do not strip the finalizer before you know"
            yield Orphan("held-by-finalizer", name, f"{kind} {one.name}", text, one.deleting_since, remedy)


def _within(name: str, seen: Seen, details: NamespaceDetails, now: datetime) -> Iterator[Orphan]:
    target = NAMESPACE_PREFIX + name
    for held in sorted(details.held, key=lambda one: (one.since, one.kind, one.name)):
        if now - held.since > HELD_LONG:
            told = ", ".join(held.finalizers[:5])
            text = bounded(f"is held by {told}, since {format_time(held.since)}")
            remedy = f"see what its controller says ('why {name.upper()}'); do not strip the finalizer"
            yield Orphan("held-by-finalizer", name, f"{held.kind} {held.name}", text, held.since, remedy)
    if seen.entry is not None or seen.application is not None:
        return
    left = (
        *(("Job", one.name) for one in details.workloads if one.kind == "Job"),
        *(("PersistentVolumeClaim", one.name) for one in details.claims),
        *(("TargetGroupBinding", one) for one in details.targets),
    )
    for kind, one in sorted(left):
        text = f"is left in {target}, which belongs to no preview"
        remedy = f"remove it with its namespace: kubectl delete namespace {named(target)}"
        yield Orphan("left-in-namespace", name, f"{kind} {one}", text, None, remedy)
