"""Pods that find no place: in the words of Fargate's scheduler, of Karpenter, and of Kubernetes' own scheduler."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from reconcilers.causes.look import Look, of_event
from reconcilers.causes.model import (
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    classified,
    finding,
    unclassified,
)
from reconcilers.causes.scheduling_rules import (
    FARGATE_RULES,
    FORGOTTEN,
    KARPENTER_RULES,
    NO_PROFILE,
    NOT_TRIED,
    PROFILE_FORGOTTEN,
    SCHEDULER_RULES,
    VOLUME_UNBOUND,
)
from reconcilers.ports.cluster import Event, Pod

FARGATE = "fargate-scheduler"
_OTHER = unclassified(Layer.SCHEDULING)
_CLAUSE = re.compile(r"; (?=incompatible with|all available|[a-z])")


def waits(pod: Pod) -> bool:
    """Whether a pod has no place yet."""
    if pod.unscheduled:
        return True
    return pod.phase == "Pending" and pod.scheduled_since is None and not pod.containers


def findings(look: Look) -> Iterator[Finding]:
    """One for each pod that was refused a place, or that no scheduler looks at."""
    for pod in look.pods:
        if waits(pod) and (found := _finding(look, pod)):
            yield found


def _finding(look: Look, pod: Pod) -> Finding | None:
    events = [*look.events("Pod", pod.name, "FailedScheduling", uid=pod.uid, after=pod.created)]
    if not events and not pod.unscheduled:
        return _silence(look, pod)
    event, rule = _judged(look, pod, events)
    message = event.message if event else pod.unscheduled
    condition = pod.condition("PodScheduled")
    evidence = [of_event(event)] if event else []
    if condition is not None:
        evidence.append(
            Evidence("condition", Ref("Pod", pod.name), condition.reason, condition.message, condition.since)
        )
    before = f"pod {pod.name} finds no place"
    if rule is NO_PROFILE:
        before = f"pod {pod.name} was meant for Fargate, and no Fargate profile matched it"
    if rule is VOLUME_UNBOUND and (claim := _claim(look)):
        evidence.append(of_event(claim))
        message = f"{message}; {claim.kind} {claim.name}: {claim.message}"
    return finding(
        rule,
        Ref("Pod", pod.name),
        before,
        message,
        names={"namespace": look.namespace},
        evidence=evidence,
        since=_since(pod, event),
        workload=look.workload_of(pod),
    )


def _since(pod: Pod, event: Event | None) -> datetime:
    return max(pod.created, event.first) if event and event.first else pod.created


def _judged(look: Look, pod: Pod, events: list[Event]) -> tuple[Event | None, Rule]:
    """The event that tells most, and what it tells."""
    of_fargate = [e for e in events if e.source == FARGATE or (not e.source and pod.scheduler == FARGATE)]
    of_fargate += [e for e in events if e not in of_fargate and "Fargate" in e.message]
    if of_fargate:
        return next(
            ((event, rule) for event in of_fargate if (rule := classified(FARGATE_RULES, event.message))),
            (of_fargate[0], _OTHER),
        )
    newest = events[0] if events else None
    message = newest.message if newest else pod.unscheduled
    if classified((VOLUME_UNBOUND,), message):
        return newest, VOLUME_UNBOUND
    if (look.compute or pod.compute) == "fargate" and pod.scheduler not in ("", FARGATE):
        return newest, NO_PROFILE
    for event in events:
        if event.source.startswith("karpenter") or "nodepool" in event.message.lower():
            return event, _of_karpenter(event.message)
    return newest, classified(SCHEDULER_RULES, message) or _OTHER


def _of_karpenter(message: str) -> Rule:
    """Of several NodePools, each with a reason, what stands against those that a taint does not already exclude."""
    clauses = _CLAUSE.split(message)
    ours = [clause for clause in clauses if "did not tolerate" not in clause]
    for clause in ours:
        if rule := classified(KARPENTER_RULES, clause):
            return rule
    return classified((*KARPENTER_RULES, VOLUME_UNBOUND), message) or _OTHER


def _silence(look: Look, pod: Pod) -> Finding | None:
    if look.now - pod.created <= FORGOTTEN:
        return None
    rule = PROFILE_FORGOTTEN if pod.scheduler == FARGATE else NOT_TRIED
    return finding(
        rule,
        Ref("Pod", pod.name),
        f"pod {pod.name} waits, not scheduled, and there is no event of any scheduler about it",
        names={"namespace": look.namespace},
        evidence=[Evidence("state", Ref("Pod", pod.name), "Pending", f"scheduler {pod.scheduler}", pod.created)],
        since=pod.created,
        workload=look.workload_of(pod),
    )


def _claim(look: Look) -> Event | None:
    """What a storage driver says of a claim that is not bound."""
    events = [
        e
        for e in look.details.events
        if e.kind == "PersistentVolumeClaim" and e.reason in ("ProvisioningFailed", "FailedBinding")
    ]
    return max(
        events, key=lambda e: ((e.last is not None and e.last.timestamp()) or 0.0, e.name, e.message), default=None
    )
