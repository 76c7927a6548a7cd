"""What holds a removal: finalizers, an API that does not answer, a sync that still runs, and what nobody removes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from generator.values.formats import format_time
from reconcilers.causes import argo
from reconcilers.causes.load_balancer_rules import RULES as LOAD_BALANCER_RULES
from reconcilers.causes.look import Look, of_event
from reconcilers.causes.model import (
    Evidence,
    Finding,
    Layer,
    Ref,
    classified,
    finding,
    unclassified,
)
from reconcilers.causes.removal_rules import (
    API_DOWN,
    BLOCKED,
    CLUSTER_AWAY,
    CONTENT_LEFT,
    CONVERSION,
    DELETION_HOOK,
    DEPENDANTS,
    FINALIZERS,
    FORBIDDEN,
    LEFT_OVER,
    NOBODYS,
    OWNERS_FINALIZER,
    PASSES,
    POD_LEFT,
    PROJECT_GONE,
    SILENT,
    TARGETS_LEFT,
    UNNOTICED,
    WEBHOOK,
)
from reconcilers.ports.cluster import Application, Condition, Held, Namespace
from reconcilers.ports.target_groups import TargetGroup

_DISCOVERY = "NamespaceDeletionDiscoveryFailure"
_PARSING = "NamespaceDeletionGroupVersionParsingFailure"
#: Finalizers of an Application that has hooks for its deletion.
_HOOKS = ("pre-delete-finalizer.argocd.argoproj.io", "post-delete-finalizer.argocd.argoproj.io")
_ARGO_CD = "argocd.argoproj.io"
#: What a namespace says of its deletion (Kubernetes API, NamespaceConditionType), the most telling first.
_DELETION = (
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)
#: A pod ends within its terminationGracePeriodSeconds, which is at most a minute here.
_ENDS = timedelta(minutes=3)


_OTHER = unclassified(Layer.REMOVAL)


def holding(look: Look, namespace: Namespace | None) -> Iterator[Finding]:
    """What holds a deletion that has begun, the most telling first."""
    names = {"namespace": look.namespace, "application": look.namespace}
    subject = Ref("Namespace", look.namespace)
    if broken := _condition(namespace, _DISCOVERY) or _condition(namespace, _PARSING):
        yield finding(
            API_DOWN,
            subject,
            f"namespace: {broken.type}",
            broken.message,
            names=names,
            evidence=[_of_condition(subject, broken)],
            since=broken.since,
        )
    errors = [*_errors(look)]
    yield from (one for one in errors if one.rule is PROJECT_GONE)
    for held in sorted(look.details.held, key=_by_weight):
        yield _of_held(look, held)
    for pod in sorted(look.details.pods, key=lambda one: one.name):
        if pod.deleting_since and look.now - pod.deleting_since > _ENDS:
            place = Ref("Pod", pod.name)
            evidence = Evidence("state", place, pod.reason or pod.phase, pod.message, pod.deleting_since)
            yield finding(
                POD_LEFT,
                place,
                f"pod {pod.name} was told to end and is still there",
                pod.message,
                names=names,
                evidence=[evidence],
                since=pod.deleting_since,
            )
    for type_ in _DELETION:
        if found := _condition(namespace, type_):
            rule = classified((CONVERSION, *FINALIZERS, WEBHOOK, CONTENT_LEFT), found.message) or _OTHER
            yield finding(
                rule,
                subject,
                f"namespace: {type_}",
                found.message,
                names=names,
                evidence=[_of_condition(subject, found)],
                since=found.since,
            )
    yield from (one for one in errors if one.rule is not PROJECT_GONE)
    yield from _hooks(look)
    yield from _owners(look, namespace)


def _owners(look: Look, namespace: Namespace | None) -> Iterator[Finding]:
    """Finalizers of others on the Application and the Namespace themselves, once all that Argo CD holds is let go."""
    application = look.application
    if application and application.deleting_since and not any(_ARGO_CD in one for one in application.finalizers):
        yield from _owner(Ref("Application", application.name), application.finalizers, application.deleting_since)
    if namespace and namespace.deleting_since and not any(c.holds for c in namespace.conditions):
        yield from _owner(Ref("Namespace", namespace.name), namespace.finalizers, namespace.deleting_since)


def _owner(subject: Ref, finalizers: tuple[str, ...], since: datetime) -> Iterator[Finding]:
    if not finalizers:
        return
    told = ", ".join(finalizers[:5])
    evidence = [Evidence("state", subject, "finalizers", told, since)]
    text = f"the {subject.kind} {subject.name} itself: finalizer {told}"
    names = {"kind": subject.kind.lower(), "name": subject.name}
    yield finding(OWNERS_FINALIZER, subject, text, names=names, evidence=evidence, since=since)


def _hooks(look: Look) -> Iterator[Finding]:
    """Hooks that Argo CD runs for the removal, and has not seen the end of."""
    application = look.application
    found = [f for f in application.finalizers if f.startswith(_HOOKS)] if application else []
    if application and application.deleting_since and found:
        subject = Ref("Application", application.name)
        told = ", ".join(found[:3])
        yield finding(
            DELETION_HOOK,
            subject,
            f"Argo CD runs hooks of the removal: finalizer {told}",
            names={"application": application.name},
            evidence=[Evidence("state", subject, "finalizers", told, application.deleting_since)],
            since=application.deleting_since,
        )


def _errors(look: Look) -> Iterator[Finding]:
    """What Argo CD cannot remove."""
    application = look.application
    for condition in application.conditions if application else ():
        is_spec = condition.type == "InvalidSpecError" and classified((PROJECT_GONE,), condition.message) is not None
        if application and (condition.type == "DeletionError" or is_spec):
            rules = (PROJECT_GONE, CONVERSION, WEBHOOK, FORBIDDEN, PASSES, DELETION_HOOK, CLUSTER_AWAY)
            subject = Ref("Application", application.name)
            begun = application.deleting_since
            yield finding(
                classified(rules, condition.message) or _OTHER,
                subject,
                "Argo CD cannot remove it",
                f"{condition.type}: {condition.message}",
                names={"namespace": look.namespace, "application": application.name},
                evidence=[_of_condition(subject, condition)],
                since=min(t for t in (condition.since, begun) if t) if condition.since or begun else None,
            )


def _of_held(look: Look, held: Held) -> Finding:
    subject = Ref(held.kind, held.name)
    finalizers = ", ".join(held.finalizers[:5])
    rule = classified(FINALIZERS, finalizers) or classified((DEPENDANTS,), finalizers) or _OTHER
    evidence = [Evidence("state", subject, "finalizers", finalizers, held.since)]
    found = finding(
        rule,
        subject,
        f"{held.kind} {held.name}: finalizer {finalizers}",
        names={"namespace": look.namespace},
        evidence=evidence,
        since=held.since,
    )
    event = look.event(held.kind, held.name) if held.kind in ("Ingress", "TargetGroupBinding") else None
    if event is None or not look.is_recent(event):
        return found
    known = classified(LOAD_BALANCER_RULES, event.message)
    told = finding(rule, subject, found.text, f"{event.reason}: {event.message}")
    steps = (*(known.steps if known else ()), *found.steps)
    return replace(found, text=told.text, steps=steps, evidence=(*evidence, of_event(event)))


def _by_weight(held: Held) -> tuple[bool, bool, object, str, str]:
    """What another controller must let go comes before what only waits for its own pods to end."""
    return set(held.finalizers) == {"foregroundDeletion"}, held.kind == "Pod", held.since, held.kind, held.name


def blocked(application: Application, roots: tuple[Finding, ...]) -> Finding:
    """A sync that still runs and has to end first; `roots`: why what it waits for does not come up."""
    name = argo.hook_job(application)
    root = next((one for one in roots if not name or one.workload == name), None)
    subject = Ref("Application", application.name)
    message = f"{application.operation_message}: {root.text}" if root else application.operation_message
    found = finding(
        BLOCKED,
        subject,
        "a sync still runs and ends first",
        message,
        names={"application": application.name},
        evidence=[
            Evidence(
                "condition", subject, "operation Running", application.operation_message, application.operation_since
            )
        ],
        since=application.operation_since,
    )
    if root is None:
        return found
    return replace(
        found, audience=root.audience, steps=(*found.steps, *root.steps), evidence=(*found.evidence, *root.evidence)
    )


def unnoticed(application: Application, removed_at: datetime) -> Finding:
    """That nobody has begun to remove an Application whose entry is gone since `removed_at`."""
    subject = Ref("Application", application.name)
    text = f"Argo CD has not noticed that its entry is gone since {format_time(removed_at)}"
    evidence = [Evidence("state", subject, "no deletion", at=removed_at)]
    return finding(UNNOTICED, subject, text, evidence=evidence, since=removed_at)


def silent(look: Look, since: datetime) -> Finding:
    """That nothing tells what holds a removal that was begun at `since`."""
    subject, names = Ref("Namespace", look.namespace), {"namespace": look.namespace}
    return finding(SILENT, subject, "nothing tells what holds it", names=names, since=since)


def left_over(look: Look) -> Finding:
    """A namespace that nothing removes."""
    return finding(
        LEFT_OVER,
        Ref("Namespace", look.namespace),
        "the namespace is left over without entry and Application: nothing removes it",
        names={"namespace": look.namespace},
    )


def targets_left(namespace: str, groups: Sequence[TargetGroup]) -> Finding:
    """What AWS still has of a preview that is gone."""
    names = ", ".join(one.name for one in groups[:5])
    evidence = [Evidence("state", Ref("TargetGroup", one.name), "in AWS", one.arn) for one in groups[:20]]
    return finding(
        TARGETS_LEFT, Ref("Namespace", namespace), "AWS still has its target groups", names, evidence=evidence
    )


def nobodys(application: Application) -> Finding:
    """An Application that nothing removes."""
    return finding(
        NOBODYS,
        Ref("Application", application.name),
        "an Application without entry that no ApplicationSet made: nothing removes it",
        names={"application": application.name},
    )


def _condition(namespace: Namespace | None, type_: str) -> Condition | None:
    return next((c for c in namespace.conditions if c.type == type_ and c.holds), None) if namespace else None


def _of_condition(subject: Ref, condition: Condition) -> Evidence:
    return Evidence("condition", subject, condition.type, condition.message, condition.since)
