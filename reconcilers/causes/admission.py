"""Pods and objects that the API server refuses: quotas, limits, Pod Security, policies, webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from generator.errors import Remedy, RemedyKind
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
from reconcilers.ports.cluster import Event, Workload

_WEBHOOK = timedelta(minutes=2)

RULES = (
    Rule(
        "namespace-terminating",
        Layer.ADMISSION,
        Audience.NOBODY,
        "The namespace of before is still being removed; nothing new is made in it until it is gone.",
        ("wait: it is made again when the namespace is gone",),
        said("because it is being terminated", "object is being deleted"),
        patience=timedelta(minutes=10),
    ),
    Rule(
        "quota-must-specify",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The namespace's quota wants every container to name its requests and limits, and one does not.",
        ("name requests and limits of every container in the template",),
        said("failed quota: .{0,200}must specify", "must specify (?:requests|limits)"),
    ),
    Rule(
        "quota-objects-exceeded",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The namespace's quota allows no more objects of this kind.",
        (
            "raise the quota of that kind in the template, or have the preview need fewer of them",
            "where the quota it names is not 'preview', the hub did not make it: kubectl get quota -n {namespace}",
        ),
        said(
            r"exceeded quota: .{0,200}requested: (?:count/|services|persistentvolumeclaims|secrets|configmaps)",
            r"exceeded quota: .{0,200}requested: pods=\d+, used",
        ),
    ),
    Rule(
        "quota-exceeded",
        Layer.ADMISSION,
        Audience.DEVELOPER,
        "The preview asks for more than its namespace may have.",
        (Remedy(RemedyKind.ASK_FOR_LESS),),
        said("exceeded quota"),
    ),
    Rule(
        "limits-exceeded",
        Layer.ADMISSION,
        Audience.DEVELOPER,
        "A container asks for more, or less, than one container may have here (LimitRange).",
        (Remedy(RemedyKind.ASK_FOR_LESS),),
        said(
            r"(?:maximum|minimum) [\w./-]+ (?:usage )?per (?:Container|Pod|PersistentVolumeClaim)",
            "max limit to request ratio",
            "must be less than or equal to .{0,40} limit",
        ),
    ),
    Rule(
        "psa-refused",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "Pod Security does not allow the pod as the template makes it.",
        ("set the securityContext in the template as the namespace's Pod Security level asks",),
        said(r"violates PodSecurity .{0,150}", "violates PodSecurity"),
        is_final=True,
    ),
    Rule(
        "policy-denied",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "An admission policy of the cluster (ValidatingAdmissionPolicy) does not allow the object.",
        ("change the template so that the policy it names allows the object, or change that policy",),
        said(r"ValidatingAdmissionPolicy .{0,300}", "denied request:"),
        is_final=True,
    ),
    Rule(
        "webhook-unavailable",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "A webhook of the cluster has to be asked before objects are made, and does not answer.",
        (
            "repair the webhook it names: the pods behind its Service, its certificate, and the security group that"
            " lets the API server reach it",
        ),
        said(
            "failed calling webhook",
            "failed to call webhook",
            "no endpoints available for service",
            "webhook .{0,200}(?:timeout|deadline|x509|refused)",
        ),
        patience=_WEBHOOK,
    ),
    Rule(
        "api-server-timeout",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The API server gave up on making a pod: mostly a webhook or an aggregated API does not answer. Who makes the"
        " pods tries again, ever more rarely.",
        (
            "see which webhook or API does not answer: kubectl get apiservices; kubectl get"
            " mutatingwebhookconfigurations,validatingwebhookconfigurations",
        ),
        said("request did not complete within (?:requested|allowed)"),
        patience=_WEBHOOK,
    ),
    Rule(
        "ingress-class-missing",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The class that the Ingress names is not in the cluster, or its parameters are not.",
        ("an administrator applies argocd/<environment> (kubectl apply -k), which brings the IngressClass",),
        said(r"IngressClass(?:Params)?\b.{0,120}(?:not found|not exist)", "invalid ingress class"),
        is_final=True,
    ),
    Rule(
        "ingress-host-taken",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "Another Ingress of the cluster already has this host and path.",
        ("remove the other Ingress that the message names, or stop the preview that it belongs to",),
        said(r"is already defined in ingress [\w./-]+"),
        is_final=True,
    ),
    Rule(
        "webhook-denied",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "A webhook of the cluster does not allow the object.",
        ("change the template so that the policy behind the webhook allows the object, or change that policy",),
        said(r"admission webhook .{0,100}denied the request.{0,120}", r"\[denied by "),
        is_final=True,
    ),
    Rule(
        "service-account-missing",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The pods' ServiceAccount is not there.",
        ("see whether Argo CD applied it: kubectl get serviceaccounts -n {namespace}",),
        said("error looking up service account", r"serviceaccounts? \"[^\"]*\" not found"),
        patience=_WEBHOOK,
    ),
    Rule(
        "priority-class-missing",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The pods' PriorityClass is not in the cluster.",
        ("make the PriorityClass, or name another one in the template",),
        said("no PriorityClass with name"),
    ),
    Rule(
        "rights-missing",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "Who makes the object has no right to: the one it names is missing.",
        ("give the user or ServiceAccount it names the right it names (Role, ClusterRole)",),
        said(r"User \"[^\"]*\" cannot \w+ resource"),
        is_final=True,
    ),
    Rule(
        "object-invalid",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The API server does not accept the object as the template makes it.",
        ("correct the template, and report it: what the hub renders should be valid", Remedy(RemedyKind.VALIDATE)),
        said(
            r"\bis invalid:",
            "strict decoding error",
            "failed to create typed patch object",
            "error validating data",
            "unknown field",
            "field not declared in schema",
            "Too long: must have at most",
        ),
        not_words=said(
            "field is immutable",
            "updates to statefulset spec",
            "application spec",
            "in the time allotted",
            "typedLive",
            "live (?:resource|object)",
            "pre-diff normalization",
        ),
        is_final=True,
    ),
    Rule(
        "object-immutable",
        Layer.ADMISSION,
        Audience.PLATFORM,
        "The object is there with another value in a field that cannot be changed.",
        ("remove that object, and Argo CD makes it anew", Remedy(RemedyKind.STOP_AND_START)),
        said("field is immutable", "updates to statefulset spec"),
        is_final=True,
    ),
    Rule(
        "api-server-busy",
        Layer.ADMISSION,
        Audience.NOBODY,
        "The API server did not answer in time. It is tried again.",
        ("wait: it is tried again",),
        said(
            "etcdserver: ",
            "the object has been modified",
            "unable to return a response in the time allotted",
            "resource quota evaluation timed out",
            "status unknown for quota",
            "too many requests",
            "another operation is already in progress",
        ),
        patience=timedelta(minutes=5),
    ),
)
_OTHER = unclassified(Layer.ADMISSION)
_REPLICAS = {"Deployment": "ReplicaSet"}


def findings(look: Look) -> Iterator[Finding]:
    """One for each workload whose pods the API server refuses."""
    for workload in look.workloads:
        if refused := _refused(look, workload):
            message, evidence, since = refused
            yield finding(
                classified(RULES, message) or _OTHER,
                Ref(workload.kind, workload.name),
                f"{workload.kind} {workload.name} may not make its pods",
                message,
                names={"namespace": look.namespace},
                evidence=[evidence],
                since=since,
                workload=workload.name,
            )


def _refused(look: Look, workload: Workload) -> tuple[str, Evidence, datetime | None] | None:
    """What refuses a workload's pods now: its condition, or for those that have none an event."""
    subject = Ref(workload.kind, workload.name)
    failure = workload.condition("ReplicaFailure")
    if failure is not None:
        if not failure.holds:
            return None
        return (
            failure.message,
            Evidence("condition", subject, failure.reason, failure.message, failure.since),
            failure.since,
        )
    if workload.ready >= workload.wanted or any(
        (c := workload.condition(t)) and c.holds for t in ("Complete", "Failed")
    ):
        return None
    event = _event(look, workload)
    pods = look.pods_of(workload)
    if event is None or len(pods) >= workload.wanted or any(event.last and pod.created > event.last for pod in pods):
        return None
    return event.message, of_event(event), event.first or event.last


def _event(look: Look, workload: Workload) -> Event | None:
    if workload.kind != "Deployment":
        return look.event(workload.kind, workload.name, "FailedCreate", uid=workload.uid, after=workload.created)
    names = [workload.newest] if workload.newest else []
    events = (look.event("ReplicaSet", name, "FailedCreate", after=workload.created) for name in names)
    return next((event for event in events if event is not None), None)
