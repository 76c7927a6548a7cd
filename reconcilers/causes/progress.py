"""What has only not come up in time, and what to say of a preview that is on its way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconcilers.causes import scheduling
from reconcilers.causes.look import Look
from reconcilers.causes.model import Audience, Evidence, Finding, Layer, Ref, Rule, finding
from reconcilers.ports.cluster import Pod

DEADLINE = Rule(
    "progress-deadline",
    Layer.PROGRESS,
    Audience.DEVELOPER,
    "A Deployment did not come up in its time, and nothing that was read tells why.",
    (
        "read the log of its pods: kubectl logs -n {namespace} deployment/{name}",
        "see the events of its pods: kubectl describe pods -n {namespace}",
    ),
    is_final=True,
)
SILENT = Rule(
    "progress-silent",
    Layer.PROGRESS,
    Audience.PLATFORM,
    "It does not come up for half an hour, and nothing that was read tells why.",
    ("see what is there: kubectl get events,pods,ingress -n {namespace}",),
    patience=timedelta(0),
)
RULES = (DEADLINE, SILENT)
#: Longer than everything that has a patience of its own.
_LONGEST = timedelta(minutes=30)


def findings(look: Look) -> Iterator[Finding]:
    """One for each Deployment whose time is up (progressDeadlineSeconds)."""
    for workload in look.workloads:
        progress = workload.condition("Progressing") if workload.kind == "Deployment" else None
        if progress is not None and progress.status == "False":
            subject = Ref(workload.kind, workload.name)
            yield finding(
                DEADLINE,
                subject,
                f"{workload.kind} {workload.name} did not come up in time",
                progress.message,
                names={"namespace": look.namespace},
                evidence=[Evidence("condition", subject, progress.reason, progress.message, progress.since)],
                since=progress.since,
                workload=workload.name,
            )


def silent(look: Look) -> Finding | None:
    """That nothing tells why it does not come up, once it has had half an hour; None before."""
    application = look.application
    times = [pod.created for pod in look.pods]
    times += [t for t in (application and application.created, application and application.operation_since) if t]
    if not look.pods or look.now - max(times) <= _LONGEST:
        return None
    subject = Ref("Namespace", look.namespace)
    before = told(look) or "nothing in the namespace tells what it waits for"
    return finding(
        SILENT,
        subject,
        before,
        names={"namespace": look.namespace},
        evidence=[Evidence("state", subject, "nothing new", at=max(times))],
        since=max(times),
    )


def told(look: Look) -> str:
    """What a preview without a cause waits for, empty when nothing tells."""
    return next(_told(look), "")


def _told(look: Look) -> Iterator[str]:
    for secret in sorted(look.details.secrets, key=lambda one: one.name):
        if secret.is_ready is None:
            yield f"ExternalSecret {secret.name} has not been looked at by the External Secrets Operator"
    yield from _pods(look)
    for workload in look.workloads:
        if workload.kind != "Job" and workload.ready < workload.wanted:
            yield f"{workload.kind} {workload.name} has {workload.ready} of {workload.wanted} pods ready"
    for ingress in sorted(look.details.ingresses, key=lambda one: one.name):
        if not ingress.has_address:
            yield f"Ingress {ingress.name} waits for the load balancer"


def _pods(look: Look) -> Iterator[str]:
    for pod in look.pods:
        if scheduling.waits(pod):
            yield f"pod {pod.name} is being started: it waits for a node"
    for pod in look.pods:
        if pod.phase == "Pending":
            yield f"pod {pod.name} is being started{_container(pod)}"


def _container(pod: Pod) -> str:
    names = [c.name for c in pod.containers if c.reason in ("ContainerCreating", "PodInitializing")]
    return f" (container {names[0]})" if names else ""
