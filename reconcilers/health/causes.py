"""Why a preview does not come up, and what holds one that is to go: causes in words, from what was read. Pure.

The texts of events and conditions that are looked for are those of Kubernetes 1.34 (kubelet, Deployment and namespace
controllers), of Fargate's scheduler and of the AWS Load Balancer Controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.errors import Remedy, RemedyKind, ToDo
from reconcilers.ports.cluster import Condition, Container, Event, Held, Namespace, NamespaceDetails, Pod

_PULL = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"})
_CONFIG = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_LOAD_BALANCER = "group.ingress.k8s.aws/"
_TARGET_GROUP = "elbv2.k8s.aws/"
_DISCOVERY = "NamespaceDeletionDiscoveryFailure"
#: What a namespace says of its deletion (Kubernetes API, NamespaceConditionType), the most telling first.
_DELETION = (
    _DISCOVERY,
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, in words, and what to do. `is_final`: nothing gets better by waiting. `since`: when it began, if known."""

    text: str
    remedy: ToDo = ""
    is_final: bool = False
    since: datetime | None = None


def start_cause(details: NamespaceDetails) -> Cause | None:
    """Why not everything in the namespace is ready yet; None when nothing tells. The most telling cause wins."""
    return next(_start_causes(details), None)


def _start_causes(details: NamespaceDetails) -> Iterator[Cause]:
    pods = [pod for pod in details.pods if pod.deleting_since is None]
    yield from _secrets(details)
    containers = [(pod, container) for pod in pods for container in pod.containers if not container.is_ready]
    for test in (_cannot_pull, _crashes, _cannot_be_made):
        yield from (cause for pod, container in containers if (cause := test(pod, container)))
    yield from _refused_pods(details)
    yield from _failed_jobs(details)
    yield from _unscheduled(pods, details.events)
    for pod, container in containers:
        if container.is_running and (event := _latest(details.events, "Pod", pod.name, "Unhealthy")):
            text = f"container {container.name} of pod {pod.name} runs but is not ready: {event.message}"
            yield Cause(text, "check the component's port and healthPath, and its log")
    for pod in pods:
        if pod.phase == "Pending":
            yield Cause(f"pod {pod.name} is being started{_pulling(pod)}")
    yield from _late(details)
    for workload in details.workloads:
        if workload.kind != "Job" and workload.ready < workload.wanted:
            yield Cause(f"{workload.kind} {workload.name} has {workload.ready} of {workload.wanted} pods ready")
    yield from _waiting_for_load_balancer(details)


def _secrets(details: NamespaceDetails) -> Iterator[Cause]:
    remedy = "check that the secret exists in AWS Secrets Manager and that the store may read it"
    for secret in details.secrets:
        if secret.is_ready is False:
            yield Cause(f"ExternalSecret {secret.name} is not ready: {secret.message}", remedy)
        elif secret.is_ready is None:
            yield Cause(f"ExternalSecret {secret.name} has not been looked at by the External Secrets Operator")


def _cannot_pull(pod: Pod, container: Container) -> Cause | None:
    if container.reason not in _PULL:
        return None
    text = f"the image of container {container.name} in pod {pod.name} cannot be pulled: {_told(container)}"
    return Cause(
        text, "check that the image exists and that the cluster may pull it, then start it anew", is_final=True
    )


def _crashes(pod: Pod, container: Container) -> Cause | None:
    if container.reason != "CrashLoopBackOff":
        return None
    ended = container.last_reason or "it ended"
    code = "" if container.last_exit_code is None else f", exit code {container.last_exit_code}"
    text = (
        f"container {container.name} of pod {pod.name} ends again and again ({ended}{code}, {container.restarts} times)"
    )
    remedy = "give it more memory" if container.last_reason == "OOMKilled" else "read its log"
    return Cause(text, f"{remedy}: kubectl logs --previous {pod.name} -c {container.name}", is_final=True)


def _cannot_be_made(pod: Pod, container: Container) -> Cause | None:
    if container.reason not in _CONFIG:
        return None
    return Cause(f"container {container.name} of pod {pod.name} cannot be made: {_told(container)}")


def _refused_pods(details: NamespaceDetails) -> Iterator[Cause]:
    for workload in details.workloads:
        failure = workload.condition("ReplicaFailure")
        if failure and failure.holds:
            fits = "exceeded quota" in failure.message or "exceeds" in failure.message
            remedy = Remedy(RemedyKind.ASK_FOR_LESS) if fits else ""
            text = f"{workload.kind} {workload.name} may not make its pods: {failure.message}"
            yield Cause(text, remedy, is_final=True)


def _failed_jobs(details: NamespaceDetails) -> Iterator[Cause]:
    for workload in details.workloads:
        failure = workload.condition("Failed") if workload.kind == "Job" else None
        if failure and failure.holds:
            remedy = f"read its log: kubectl logs job/{workload.name}"
            yield Cause(f"Job {workload.name} failed: {failure.message or failure.reason}", remedy, is_final=True)


def _unscheduled(pods: Iterable[Pod], events: Iterable[Event]) -> Iterator[Cause]:
    told = tuple(events)
    for pod in pods:
        event = _latest(told, "Pod", pod.name, "FailedScheduling")
        why = event.message if event else pod.unscheduled
        if why and (pod.unscheduled or pod.phase == "Pending"):
            remedy = ""
            if "fargate" in why.lower():
                remedy = "wait, stop another preview, or have the account's Fargate quota (L-3032A538) raised"
            yield Cause(f"pod {pod.name} finds no place: {why}", remedy)


def _late(details: NamespaceDetails) -> Iterator[Cause]:
    for workload in details.workloads:
        progress = workload.condition("Progressing")
        if progress and progress.status == "False":
            yield Cause(f"{workload.kind} {workload.name} did not come up in time: {progress.message}", is_final=True)


def _waiting_for_load_balancer(details: NamespaceDetails) -> Iterator[Cause]:
    for ingress in details.ingresses:
        if ingress.has_address:
            continue
        event = _latest(details.events, "Ingress", ingress.name)
        if event is None:
            yield Cause(f"Ingress {ingress.name} waits for the load balancer")
        else:
            remedy = "the load balancer controller refuses the whole group until this is repaired"
            yield Cause(f"Ingress {ingress.name} waits for the load balancer: {event.reason}: {event.message}", remedy)


def holding_cause(details: NamespaceDetails, namespace: Namespace | None) -> Cause | None:
    """What holds a deletion: an object with a finalizer, or what the namespace says of itself; None if none tells."""
    held = sorted(details.held, key=_by_weight)
    broken = _condition(namespace, _DISCOVERY)
    if broken is not None:
        remedy = (
            "an aggregated API does not answer and blocks every namespace's deletion: 'kubectl get apiservices' shows"
            " which; repair it"
        )
        return Cause(f"namespace: {_DISCOVERY}: {broken.message}", remedy, since=broken.since)
    if held:
        return _held(held[0])
    for type_ in _DELETION:
        if found := _condition(namespace, type_):
            return Cause(f"namespace: {type_}: {found.message}", since=found.since)
    return None


def _by_weight(held: Held) -> tuple[bool, bool, datetime, str, str]:
    """What another controller must let go comes before what only waits for its own pods to end."""
    return set(held.finalizers) == {"foregroundDeletion"}, held.kind == "Pod", held.since, held.kind, held.name


def _held(held: Held) -> Cause:
    finalizers = ", ".join(held.finalizers)
    ours = [f for f in held.finalizers if f.startswith((_LOAD_BALANCER, _TARGET_GROUP))]
    remedy = ""
    if ours:
        remedy = (
            "repair the load balancer controller (its pods, its role, the errors of this group); do not strip the"
            " finalizer: that leaks rules and target groups"
        )
    return Cause(f"{held.kind} {held.name}: finalizer {finalizers}", remedy, since=held.since)


def _condition(namespace: Namespace | None, type_: str) -> Condition | None:
    return next((c for c in namespace.conditions if c.type == type_ and c.holds), None) if namespace else None


def _latest(events: Iterable[Event], kind: str, name: str, reason: str = "") -> Event | None:
    found = [e for e in events if (e.kind, e.name) == (kind, name) and reason in ("", e.reason)]
    return max(found, key=lambda e: e.last.timestamp() if e.last else 0.0, default=None)


def _told(container: Container) -> str:
    return f"{container.reason}: {container.message}" if container.message else container.reason


def _pulling(pod: Pod) -> str:
    names = [c.name for c in pod.containers if c.reason in ("ContainerCreating", "PodInitializing")]
    return f" (container {names[0]})" if names else ""


def for_how_long(length: timedelta) -> str:
    """A length of time for people: `45s`, `12m`, `3h`, `2d`."""
    seconds = max(0, int(length.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
