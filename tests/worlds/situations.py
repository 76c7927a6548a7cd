"""Recordings of previews that do not come up or go away, each made from the one message that matters.

A situation is a function of a message (and little more) that gives a whole recording, as `rtb-hub why --save` writes one.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable
from typing import Any

Tree = dict[str, Any]
TARGET = "preview-rtb-123"
IMAGE = "registry.example.com/web@sha256:" + "a" * 64
POD = "web-7d9f8b6c5-x2x4p"


def at(clock: str) -> str:
    """A time of the day of observation, which is at 02:00:00."""
    return f"2026-11-23T{clock}Z"


def recorded(**objects: list[Tree]) -> Tree:
    """A recording with these objects by kind; `entry`, `compute` and the like are set on it afterwards."""
    kinds = {
        "applications": "applications.argoproj.io",
        "sets": "applicationsets.argoproj.io",
        "deployments": "deployments.apps",
        "statefulsets": "statefulsets.apps",
        "jobs": "jobs.batch",
        "ingresses": "ingresses.networking.k8s.io",
        "bindings": "targetgroupbindings.elbv2.k8s.aws",
        "secrets": "externalsecrets.external-secrets.io",
        "stores": "clustersecretstores.external-secrets.io",
        "claims": "persistentvolumeclaims",
    }
    found = {kinds.get(name, name): trees for name, trees in objects.items()}
    found.setdefault("applications.argoproj.io", [application()])
    found.setdefault(
        "namespaces", [thing("Namespace", TARGET, namespace=None, labels=OURS, status={"phase": "Active"})]
    )
    return {
        "now": at("02:00:00"),
        "environment": "int",
        "compute": "fargate",
        "entry": {"present": True, "askedSecondsAgo": 600},
        "objects": found,
    }


OURS = {"app.kubernetes.io/managed-by": "rtb-ai-hub", "preview.rtb-ai-hub/environment": "int"}


def thing(kind: str, name: str, *, namespace: str | None = TARGET, created: str = "01:50:00", **fields: Any) -> Tree:
    """An object of Kubernetes. `deleted`, `finalizers` and `labels` are metadata, all else stands at the top."""
    meta: Tree = {"name": name, "uid": f"uid-{kind}-{name}", "creationTimestamp": at(created)}
    if namespace:
        meta["namespace"] = namespace
    for field, key in (
        ("deleted", "deletionTimestamp"),
        ("finalizers", "finalizers"),
        ("labels", "labels"),
        ("owner", ""),
    ):
        value = fields.pop(field, None)
        if value and field == "owner":
            meta["ownerReferences"] = [{"kind": value[0], "name": value[1], "controller": True}]
        elif value:
            meta[key] = at(value) if field == "deleted" else value
    return {"kind": kind, "metadata": meta, **fields}


def application(sync: str = "Synced", health: str = "Progressing", **status: Any) -> Tree:
    meta = {name: status.pop(name) for name in ("deleted", "finalizers", "owner") if name in status}
    meta.setdefault("owner", ("ApplicationSet", "previews-int"))
    whole = {"sync": {"status": sync}, "health": {"status": health}, **status}
    return thing("Application", TARGET, namespace="argocd", spec={"project": "previews-int"}, status=whole, **meta)


def condition(type_: str, message: str = "", status: str = "True", reason: str = "", since: str = "01:55:00") -> Tree:
    return {"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": at(since)}


def deployment(name: str = "web", *conditions: Tree, ready: int = 0) -> Tree:
    template = {"spec": {"containers": [{"name": name, "image": IMAGE}]}}
    status = {"readyReplicas": ready, "conditions": [*conditions]}
    return thing("Deployment", name, spec={"replicas": 1, "template": template}, status=status)


def event(about: Tree, reason: str, message: str, *, count: int = 6, first: str = "01:52:30", last: str = "01:59:30", **fields: Any) -> Tree:  # fmt: skip
    meta = about["metadata"]
    involved = {"kind": about["kind"], "name": meta["name"], "uid": meta["uid"], "namespace": TARGET}
    times = {"firstTimestamp": at(first), "lastTimestamp": at(last)}
    name = f"{meta['name']}.{zlib.crc32(f'{reason}{message}'.encode()):08x}"
    source = {"source": {"component": fields.pop("source", "kubelet")}}
    whole = {"type": "Warning", "reason": reason, "message": message, "count": count, **source, **times, **fields}
    return thing("Event", name, created="01:52:30", involvedObject=involved, **whole)


def pod(name: str = POD, *, state: Tree | None = None, scheduled: bool = True, **fields: Any) -> Tree:
    """A pod of one container `web`, by default one that is being made."""
    container = {"name": "web", "image": IMAGE, "ready": False, "restartCount": fields.pop("restarts", 0)}
    container |= {"state": state or {"waiting": {"reason": "ContainerCreating"}}, "lastState": fields.pop("last", {})}
    conditions = [condition("PodScheduled", since="01:52:10"), *fields.pop("conditions", [])]
    spec = {
        "schedulerName": fields.pop("scheduler", "fargate-scheduler"),
        "containers": [{"name": "web", "image": IMAGE}],
    }
    spec |= fields.pop("spec", {})
    status: Tree = {"phase": fields.pop("phase", "Pending"), "conditions": conditions, "containerStatuses": [container]}
    if not scheduled:
        status |= {"conditions": fields.pop("unscheduled", []), "containerStatuses": []}
    status |= fields.pop("status", {})
    fields = {"created": "01:51:40", "labels": {"rtb.hub/compute": "fargate"}, **fields}
    return thing("Pod", name, spec=spec, status=status, **fields)


def pull(message: str, reason: str = "ImagePullBackOff") -> Tree:
    waits = {"waiting": {"reason": reason, "message": f'Back-off pulling image "{IMAGE}": ErrImagePull: {message}'}}
    return recorded(deployments=[deployment()], pods=[pod(state=waits)])


def pull_by_event(message: str) -> Tree:
    """As older kubelets tell it: the reason is in the event only."""
    made = pod(state={"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{IMAGE}"'}})
    told = event(made, "Failed", f'Failed to pull image "{IMAGE}": {message}')
    return recorded(
        deployments=[deployment()], pods=[made], events=[told, event(made, "Failed", "Error: ErrImagePull")]
    )


def pull_of_ecr(message: str) -> Tree:
    """An image that is named by ECR's host, whatever registry the message tells of."""
    name = "111111111111.dkr.ecr.ap-northeast-2.amazonaws.com/web:1"
    waits = {
        "waiting": {
            "reason": "ImagePullBackOff",
            "message": f'Back-off pulling image "{name}": ErrImagePull: {message}',
        }
    }
    made = pod(state=waits)
    made["status"]["containerStatuses"][0]["image"] = name
    return recorded(deployments=[deployment()], pods=[made])


def pull_without_secret(message: str) -> Tree:
    """A registry that wants credentials, and a pull secret that is not there."""
    found = pull("failed to authorize: failed to fetch anonymous token: 401 Unauthorized")
    told = event(found["objects"]["pods"][0], "FailedToRetrieveImagePullSecret", message)
    return found | {"objects": {**found["objects"], "events": [told]}}


def waiting(message: str, reason: str = "CreateContainerConfigError") -> Tree:
    made = pod(state={"waiting": {"reason": reason, "message": message}})
    return recorded(deployments=[deployment()], pods=[made])


def never_ran(message: str, reason: str = "StartError") -> Tree:
    last = {"terminated": {"reason": reason, "exitCode": 128, "message": message, "finishedAt": at("01:59:00")}}
    made = pod(state={"waiting": {"reason": "CrashLoopBackOff"}}, last=last, restarts=5, phase="Running")
    return recorded(deployments=[deployment()], pods=[made])


def crash(message: str = "", exit_code: int = 1, reason: str = "Error", probe: str = "") -> Tree:
    last = {"terminated": {"reason": reason, "exitCode": exit_code, "message": message, "finishedAt": at("01:59:00")}}
    made = pod(state={"waiting": {"reason": "CrashLoopBackOff"}}, last=last, restarts=5, phase="Running")
    events = [event(made, "Unhealthy", probe)] if probe else []
    return recorded(deployments=[deployment()], pods=[made], events=events)


def evicted(message: str, reason: str = "Evicted") -> Tree:
    made = pod(status={"phase": "Failed", "reason": reason, "message": message, "containerStatuses": []})
    return recorded(deployments=[deployment()], pods=[made])


def interrupted(message: str) -> Tree:
    """A pod that ran for an hour and was ended with its node, and the one that is made in its place."""
    status = {"phase": "Failed", "reason": "NodeShutdown", "message": message, "containerStatuses": []}
    ended = pod("web-7d9f8b6c5-2wm8j", created="01:00:00", status=status)
    return recorded(deployments=[deployment()], pods=[ended, pod(created="01:59:00")])


def job(message: str, reason: str = "BackoffLimitExceeded", exit_code: int = 0, words: str = "") -> Tree:
    failed = thing("Job", "seed-1", status={"conditions": [condition("Failed", message, reason=reason)], "failed": 4})
    pods = []
    if exit_code:
        ended = {"terminated": {"reason": "Error", "exitCode": exit_code, "message": words}}
        pods = [pod("seed-1-abcde", state=ended, phase="Failed", owner=("Job", "seed-1"))]
    return recorded(deployments=[deployment(ready=1)], jobs=[failed], pods=pods)


def refused(message: str) -> Tree:
    return recorded(deployments=[deployment("web", condition("ReplicaFailure", message, reason="FailedCreate"))])


def refused_set(message: str) -> Tree:
    made = thing("StatefulSet", "postgres", spec={"replicas": 1}, status={})
    return recorded(statefulsets=[made], events=[event(made, "FailedCreate", message, source="statefulset-controller")])


def secret(message: str, reason: str = "UpdateFailed", store: str = "") -> Tree:
    generic = condition("Ready", "could not get secret data from provider", "False", "SecretSyncedError", "01:51:00")
    spec = {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws"}, "target": {"name": "web-env"}}
    made = thing("ExternalSecret", "web-env", spec=spec, status={"conditions": [generic]})
    stores = []
    if store:
        not_ready = [condition("Ready", store, "False", "InvalidProviderConfig")]
        stores = [thing("ClusterSecretStore", "aws", namespace=None, status={"conditions": not_ready})]
    waits = pod(state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "web-env" not found'}})
    told = [event(made, reason, message, source="external-secrets")] if message else []
    return recorded(deployments=[deployment()], secrets=[made], pods=[waits], stores=stores, events=told)


def secret_unseen(message: str = "") -> Tree:
    return recorded(secrets=[thing("ExternalSecret", "web-env", status={})], deployments=[deployment()])


def unplaced(message: str, source: str = "fargate-scheduler", compute: str = "fargate", scheduler: str = "") -> Tree:
    scheduler = scheduler or ("fargate-scheduler" if compute == "fargate" else "default-scheduler")
    made = pod(scheduled=False, scheduler=scheduler, labels={"rtb.hub/compute": compute})
    told = recorded(
        deployments=[deployment()], pods=[made], events=[event(made, "FailedScheduling", message, source=source)]
    )
    return told | {"compute": compute}


def on_spot(message: str, source: str = "default-scheduler") -> Tree:
    return unplaced(message, source, "spot")


def by_karpenter(message: str) -> Tree:
    """Karpenter's word beside the general one of the scheduler, which is as new."""
    found = on_spot(message, "karpenter")
    general = event(found["objects"]["pods"][0], "FailedScheduling", "0/3 nodes are available: 3 Insufficient cpu.", source="default-scheduler")  # fmt: skip
    found["objects"]["events"].append(general)
    return found


def unnoticed(message: str = "", scheduler: str = "fargate-scheduler") -> Tree:
    return recorded(deployments=[deployment()], pods=[pod(scheduled=False, scheduler=scheduler, created="01:20:00")])


def no_network(message: str, reason: str = "FailedCreatePodSandBox", count: int = 34, last: str = "01:59:30") -> Tree:
    made = pod(scheduler="default-scheduler")
    return recorded(
        deployments=[deployment()], pods=[made], events=[event(made, reason, message, count=count, last=last)]
    )


def no_volume(message: str, reason: str = "FailedMount") -> Tree:
    return no_network(message, reason)


def unready(message: str, restarts: int = 0) -> Tree:
    runs = {"running": {"startedAt": at("01:55:00")}}
    made = pod(state=runs, phase="Running", restarts=restarts)
    return recorded(deployments=[deployment()], pods=[made], events=[event(made, "Unhealthy", message)])


def target(message: str, reason: str = "Target.ResponseCodeMismatch", since: str = "01:53:30") -> Tree:
    gate = "target-health.elbv2.k8s.aws/k8s-preview-web-1"
    told = [condition("ContainersReady", since="01:53:20"), condition(gate, message, "False", reason, since)]
    made = pod(state={"running": {"startedAt": at("01:53:00")}}, phase="Running", conditions=told)
    made["status"]["containerStatuses"][0]["ready"] = True
    made["spec"]["readinessGates"] = [{"conditionType": gate}]
    return recorded(deployments=[deployment()], pods=[made], ingresses=[_ingress(has_address=True)])


def _ingress(*, has_address: bool = False, created: str = "01:50:40", **fields: Any) -> Tree:
    balancer = {"ingress": [{"hostname": "lb.elb.amazonaws.com"}]} if has_address else {}
    spec = {"ingressClassName": "previews-0", "rules": [{"host": "rtb-123.int.example.com"}]}
    return thing("Ingress", "preview", created=created, spec=spec, status={"loadBalancer": balancer}, **fields)


def unexposed(message: str, reason: str = "FailedDeployModel") -> Tree:
    made = _ingress(finalizers=["group.ingress.k8s.aws/previews-0"])
    told = event(made, reason, message, source="ingress")
    return recorded(deployments=[deployment(ready=1)], ingresses=[made], events=[told])


def unexposed_silently(message: str = "") -> Tree:
    return recorded(deployments=[deployment(ready=1)], ingresses=[_ingress(created="01:40:00")])


def bound(message: str, reason: str = "FailedNetworkReconcile") -> Tree:
    found = target("Target registration is in progress", "Elb.RegistrationInProgress")
    made = thing("TargetGroupBinding", "k8s-preview-web-1", status={})
    told = event(made, reason, message, source="targetGroupBinding")
    found["objects"] |= {"targetgroupbindings.elbv2.k8s.aws": [made], "events": [told]}
    return found


def lost_node(message: str) -> Tree:
    runs = {"running": {"startedAt": at("01:53:00")}}
    made = pod(state=runs, phase="Running", conditions=[condition("Ready", status="False")])
    told = event(made, "NodeNotReady", message, source="node-controller")
    return recorded(deployments=[deployment()], pods=[made], events=[told])


def unlooked(message: str = "") -> Tree:
    found = recorded()
    found["objects"]["applications.argoproj.io"][0]["status"] = {}
    return found


def waiting_sync(message: str) -> Tree:
    operation = {"phase": "Running", "message": message, "startedAt": at("01:40:00")}
    return recorded(applications=[application("OutOfSync", "Missing", operationState=operation)])


def silent_start(message: str = "") -> Tree:
    found = recorded(deployments=[deployment()], pods=[pod(created="01:20:00")])
    found["objects"]["applications.argoproj.io"][0]["metadata"]["creationTimestamp"] = at("01:19:00")
    return found


def late(message: str) -> Tree:
    return recorded(
        deployments=[deployment("web", condition("Progressing", message, "False", "ProgressDeadlineExceeded"))]
    )


def degraded(message: str = "") -> Tree:
    return recorded(applications=[application(health="Degraded")], deployments=[deployment(ready=1)])


def compared(message: str, type_: str = "ComparisonError") -> Tree:
    told = {"type": type_, "message": message, "lastTransitionTime": at("01:55:00")}
    sync = "OutOfSync" if type_ == "SharedResourceWarning" else "Unknown"
    return recorded(applications=[application(sync, "Missing", conditions=[told])])


def synced(message: str, phase: str = "Failed") -> Tree:
    result = {"kind": "Deployment", "name": "web", "status": "SyncFailed", "message": message}
    operation = {"phase": phase, "message": "one or more objects failed to apply", "startedAt": at("01:50:30")}
    operation["syncResult"] = {"resources": [result]}
    return recorded(applications=[application("OutOfSync", "Missing", operationState=operation)])


def hooked(message: str = "") -> Tree:
    told = "waiting for completion of hook batch/Job/seed-1"
    operation = {"phase": "Running", "message": told, "startedAt": at("01:50:30")}
    done = thing("Job", "seed-1", status={"conditions": [condition("Complete")], "succeeded": 1})
    return recorded(applications=[application("OutOfSync", "Missing", operationState=operation)], jobs=[done])


def set_stopped(message: str, reason: str = "ApplicationParamsGenerationError") -> Tree:
    stopped = [condition("ErrorOccurred", message, reason=reason)]
    made = thing("ApplicationSet", "previews-int", namespace="argocd", status={"conditions": stopped})
    return recorded(applications=[], sets=[made])


def set_missing(message: str = "") -> Tree:
    return recorded(applications=[], namespaces=[], sets=[])


def set_silent(message: str = "") -> Tree:
    working = [condition("ErrorOccurred", status="False")]
    made = thing("ApplicationSet", "previews-int", namespace="argocd", status={"conditions": working})
    return recorded(applications=[], namespaces=[], sets=[made])


def leaving(  # noqa: PLR0917
    message: str = "", held: str = "", kind: str = "ingresses", condition_type: str = "", error: str = "", begun: str = "01:53:20", hook: str = "") -> Tree:  # fmt: skip
    """A removal: `held` is a finalizer of an object, `condition_type` of the namespace, `error` of the Application."""
    errors = [{"type": "DeletionError", "message": error, "lastTransitionTime": at("01:55:00")}] if error else []
    going = application(
        "OutOfSync", deleted=begun, finalizers=[hook or "resources-finalizer.argocd.argoproj.io"], conditions=errors
    )
    conditions = [condition(condition_type, message)] if condition_type else []
    status = {"phase": "Terminating", "conditions": conditions}
    objects: dict[str, list[Tree]] = {
        "applications": [going],
        "namespaces": [thing("Namespace", TARGET, namespace=None, labels=OURS, deleted=begun, status=status)],
    }
    if held:
        objects[kind] = [thing("Held", "held-1", deleted=begun, finalizers=[held], status={})]
    found = recorded(**objects)
    found["entry"] = {"present": False}
    return found


def leaving_pod(message: str = "") -> Tree:
    found = leaving()
    found["objects"]["pods"] = [pod(deleted="01:53:30", phase="Running")]
    return found


def unreached(message: str, failure: str = "unresolved", status: int | None = None) -> Tree:
    found = recorded(applications=[application(health="Healthy")], deployments=[deployment(ready=1)])
    told = {"host": "rtb-123.int.example.com", "at": at("02:00:00"), "status": status, "failure": failure}
    return found | {"reachable": {**told, "error": message}}


def left_over(message: str = "") -> Tree:
    found = recorded(applications=[])
    return found | {"entry": {"present": False}}


def gone(message: str = "") -> Tree:
    """Application and namespace are gone, and AWS still has a target group of this name."""
    found = recorded(applications=[], namespaces=[])
    return found | {"entry": {"present": False}, "targetGroups": {"left": [message]}}


def unowned(message: str = "") -> Tree:
    found = recorded(applications=[application(owner=None)])
    return found | {"entry": {"present": False}}


def unnoticed_removal(message: str = "", ago: int = 240) -> Tree:
    found = recorded(applications=[application(health="Healthy")])
    return found | {"entry": {"present": False, "removedSecondsAgo": ago}}


def kept_application(message: str = "") -> Tree:
    found = recorded(applications=[application(deleted="01:53:20", finalizers=["example.com/keep"])], namespaces=[])
    return found | {"entry": {"present": False}}


def blocked(message: str) -> Tree:
    operation = {"phase": "Running", "message": message, "startedAt": at("01:50:30")}
    found = recorded(applications=[application("OutOfSync", "Missing", operationState=operation)])
    return found | {"entry": {"present": False}}


SITUATIONS: dict[str, Callable[..., Tree]] = {
    one.__name__: one
    for one in (
        pull, pull_by_event, pull_of_ecr, pull_without_secret, waiting, never_ran, crash, evicted, interrupted, job, refused, refused_set, secret, secret_unseen,
        unplaced, on_spot, by_karpenter, unnoticed, no_network, no_volume, unready, target, unexposed,
        unexposed_silently, bound, lost_node, unlooked, waiting_sync, silent_start, late, degraded, compared, synced, hooked, set_stopped, set_missing, set_silent, leaving,
        unreached, leaving_pod, left_over, gone, unowned, blocked, unnoticed_removal, kept_application,
    )
}  # fmt: skip


def situation(name: str, message: str = "", **fields: Any) -> Tree:
    """A recording of a situation, its own to change."""
    return copy.deepcopy(SITUATIONS[name](message, **fields))
