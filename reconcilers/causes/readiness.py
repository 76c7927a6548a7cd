"""Containers that run and are not ready, and pods that are ready and get no traffic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from reconcilers.causes.look import Look, of_event
from reconcilers.causes.model import (
    Audience,
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    classified,
    finding,
    said,
    unclassified,
)
from reconcilers.ports.cluster import Condition, Container, Event, Pod

#: A program takes its time to begin: until then a failed probe is no cause.
NORMAL = timedelta(seconds=60)
#: Until a startup probe of the templates gives up.
STARTS = timedelta(minutes=3)
_LOG = "read its log: kubectl logs -n {namespace} {pod} -c {container}"
TARGET_HEALTH = "target-health.elbv2.k8s.aws/"


def _probe(code: str, meaning: str, *steps: str, words: tuple[str, ...]) -> Rule:
    return Rule(code, Layer.READINESS, Audience.DEVELOPER, meaning, steps, said(*words))


PROBE_RULES = (
    _probe(
        "probe-readiness-refused",
        "Nothing listens where the readiness probe asks.",
        "check that the component listens on its port, on all addresses (0.0.0.0) and not on localhost only",
        _LOG,
        words=("connection refused",),
    ),
    _probe(
        "probe-readiness-status",
        "The component answers its readiness probe with an error.",
        "check the component's healthPath, and what it answers there; its log tells why: kubectl logs -n"
        " {namespace} {pod} -c {container}",
        words=(r"statuscode: ?\d+", "HTTP probe failed", "service unhealthy", "NOT_SERVING"),
    ),
    _probe(
        "probe-readiness-grpc",
        "The component speaks gRPC, and does not serve the health service that is asked.",
        "have the component serve grpc.health.v1.Health, or have it probed by HTTP (healthPath)",
        _LOG,
        words=("does not implement the grpc health",),
    ),
    _probe(
        "probe-readiness-redirected",
        "The component redirects its readiness probe without end, or to somewhere else.",
        "have the component's healthPath answer by itself, without a redirect such as to a sign-in page",
        _LOG,
        words=(r"stopped after \d+ redirects",),
    ),
    _probe(
        "probe-readiness-timeout",
        "The component does not answer its readiness probe in time.",
        "check that the healthPath answers within the probe's time, and does not wait for other components",
        _LOG,
        words=("deadline exceeded", r"Client\.Timeout", "timed out", "i/o timeout", "timeout: "),
    ),
    _probe(
        "probe-readiness-protocol",
        "What answers the readiness probe does not speak what is asked: another port, or TLS.",
        "check that the component's port and the scheme of its healthPath (http, not https) are right",
        _LOG,
        words=(
            "malformed HTTP",
            "server gave HTTP response",
            "EOF",
            "connection reset",
            "first record does not look like",
            "tls:",
        ),
    ),
    _probe(
        "probe-readiness-unreachable",
        "The node cannot reach the pod to ask whether it is ready.",
        "check the security groups of the pod, and its port",
        words=("no route to host", "network is unreachable", "no such host"),
    ),
    _probe(
        "probe-readiness-command",
        "The command of the readiness probe fails.",
        "check what the probe's command says; the component's log tells more: kubectl logs -n {namespace} {pod} -c"
        " {container}",
        words=(r"(?:Readiness|Startup) probe (?:failed|errored)",),
    ),
)
TARGET_RULES = (
    Rule(
        "target-unhealthy",
        Layer.READINESS,
        Audience.DEVELOPER,
        "The pod is ready by its own probe, and fails the load balancer's health check.",
        (
            "check that the component's healthPath answers on its port with a status that the load balancer takes"
            " (200-399)",
        ),
        said(
            r"Target\.(?:ResponseCodeMismatch|Timeout|FailedHealthChecks)", "Health checks failed", "Request timed out"
        ),
    ),
    Rule(
        "target-not-registered",
        Layer.LOAD_BALANCER,
        Audience.PLATFORM,
        "The load balancer has not taken the pod up as a target.",
        ("see what the load balancer controller says: kubectl describe targetgroupbindings -n {namespace}",),
        said(
            r"Target\.(?:NotRegistered|NotInUse|IpUnusable|InvalidState|DeregistrationInProgress)",
            r"Elb\.(?:InternalError|RegistrationInProgress|InitialHealthChecking)",
            "does not exist",
        ),
    ),
)
NODE = Rule(
    "node-not-ready",
    Layer.READINESS,
    Audience.PLATFORM,
    "The node of the pod does not answer.",
    ("see why the node is not ready: kubectl get pod -n {namespace} {pod} -o wide; kubectl get nodes",),
)
DISRUPTED = Rule(
    "pod-disrupted",
    Layer.PROGRESS,
    Audience.NOBODY,
    "The pod's node was taken away or shut down (such as a spot instance), or needed the room. Another pod is made.",
    ("wait: another pod is made on another node",),
)
REJECTED = Rule(
    "pod-rejected",
    Layer.PROGRESS,
    Audience.NOBODY,
    "The node that was chosen had no room for the pod after all, and refused it. Another pod is made.",
    ("wait: another pod is made, and finds another node",),
)
#: Reasons of kubelet's admission (pkg/kubelet/lifecycle/predicate.go, pkg/kubelet/cm).
_REJECTIONS = ("OutOf", "UnexpectedAdmissionError", "TopologyAffinityError")
_DISRUPTIONS = frozenset(
    {"NodeShutdown", "Shutdown", "Terminated", "NodeLost", "Preempting", "Evicted", "NodeAffinity"}
)
RULES = (*PROBE_RULES, *TARGET_RULES, NODE, DISRUPTED, REJECTED)
_OTHER = unclassified(Layer.READINESS)


def findings(look: Look) -> Iterator[Finding]:
    """One for each container that fails its probe, and each pod that a readiness gate holds back."""
    for pod, container in look.containers():
        if container.is_running and not container.is_init:
            event = _unready(look, pod, container)
            if event is not None:
                yield _of_probe(look, pod, container, event)
    for pod in look.pods:
        if pod.phase == "Running" and pod.containers and all(c.is_ready for c in pod.containers if not c.is_init):
            yield from _gates(look, pod)
    yield from _nodes(look)


def _nodes(look: Look) -> Iterator[Finding]:
    for pod in look.pods:
        ready = pod.condition("Ready") or pod.condition("ContainersReady")
        event = look.event("Pod", pod.name, "NodeNotReady", uid=pod.uid, after=pod.created)
        if event is not None and look.is_recent(event) and not (ready and ready.holds):
            yield _of_pod(look, pod, NODE, f"pod {pod.name} is on a node that is not ready", of_event(event))
        if pod.phase == "Failed" and pod.reason.startswith(_REJECTIONS):
            evidence = Evidence("state", Ref("Pod", pod.name), pod.reason, pod.message)
            yield _of_pod(look, pod, REJECTED, f"pod {pod.name} was refused by its node", evidence)
        target = pod.condition("DisruptionTarget")
        if pod.phase == "Failed" and (pod.reason in _DISRUPTIONS or target) and not _is_storage(pod):
            told = pod.message or (target.message if target else "")
            evidence = Evidence("state", Ref("Pod", pod.name), pod.reason, told, target.since if target else None)
            yield _of_pod(look, pod, DISRUPTED, f"pod {pod.name} was ended with its node", evidence)


def _is_storage(pod: Pod) -> bool:
    return "storage" in pod.message or "EmptyDir" in pod.message


def _of_pod(look: Look, pod: Pod, rule: Rule, before: str, evidence: Evidence) -> Finding:
    return finding(
        rule,
        Ref("Pod", pod.name),
        before,
        evidence.message,
        names={"namespace": look.namespace},
        evidence=[evidence],
        since=max(evidence.at or pod.created, *(other.created for other in look.beside(pod))),
        workload=look.workload_of(pod),
    )


def _unready(look: Look, pod: Pod, container: Container) -> Event | None:
    since = container.running_since or pod.created
    for event in look.events("Pod", pod.name, "Unhealthy", uid=pod.uid, after=since, container=container.name):
        others = [c.name for c in pod.containers if not c.is_init and not c.is_ready]
        if not event.container and others != [container.name] and container.name not in event.message:
            continue
        if event.message.startswith("Liveness") or not look.is_recent(event):
            continue
        patience = STARTS if event.message.startswith("Startup") and not container.restarts else NORMAL
        if look.now - since > patience or container.running_since is None:
            return event
    return None


def _of_probe(look: Look, pod: Pod, container: Container, event: Event) -> Finding:
    return finding(
        classified(PROBE_RULES, event.message) or _OTHER,
        Ref("Pod", pod.name, container.name),
        f"container {container.name} of pod {pod.name} runs but is not ready",
        event.message,
        names={"namespace": look.namespace},
        evidence=[of_event(event)],
        since=container.running_since or event.first,
        workload=look.workload_of(pod),
    )


def _gates(look: Look, pod: Pod) -> Iterator[Finding]:
    for gate in sorted(pod.gates):
        condition = pod.condition(gate)
        holds_back = gate.startswith(TARGET_HEALTH) and not (condition and condition.holds)
        if holds_back and (found := _gate(look, pod, gate, condition)):
            yield found


def _gate(look: Look, pod: Pod, gate: str, condition: Condition | None) -> Finding | None:
    said_ = (
        f"{condition.reason}: {condition.message}"
        if condition
        else "the condition of its readiness gate does not exist"
    )
    rule = classified(TARGET_RULES, said_) or _OTHER
    ready = pod.condition("ContainersReady")
    since = max((t for t in (ready and ready.since, condition and condition.since) if t), default=pod.created)
    if rule is TARGET_RULES[1] and look.now - since <= timedelta(minutes=5):
        return None
    subject = Ref("Pod", pod.name)
    at = condition.since if condition else None
    evidence = Evidence(
        "condition", subject, condition.reason if condition else gate, condition.message if condition else "", at
    )
    return finding(
        rule,
        subject,
        f"pod {pod.name} is ready, and the load balancer does not send it traffic: its target is not healthy",
        said_,
        names={"namespace": look.namespace},
        evidence=[evidence],
        since=since,
        workload=look.workload_of(pod),
    )
