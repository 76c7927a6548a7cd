"""Faults of previews on the real control plane, each by what makes it there, and who stands in where AWS or a node would.

What the API server, the controllers, the scheduler and Argo CD do themselves is left to them: they are given a manifest
that they refuse. What only a node, the load balancer controller, External Secrets, Fargate's scheduler or Karpenter can
say is said in their words, on the very objects that they say it of.
"""

from __future__ import annotations

import contextlib
import copy
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes import client, dynamic
from kubernetes.client.exceptions import ApiException
from stand_ins import FAULT, fault_of_secret

Tree = dict[str, Any]
#: What is made of the Deployment of a fault (a copy of `web`'s), and what stands beside it.
Change = Callable[[Tree], Iterable[Tree]]
_STRATEGIC, _MERGE = ({"content_type": f"application/{kind}-patch+json"} for kind in ("strategic-merge", "merge"))


def image_of(code: str) -> str:
    """The image of a container whose pod is left to `Saying`."""
    return f"registry.example.com/fault/{code}@sha256:{'f' * 64}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: the `code` that `rtb-hub why` is to tell, and what makes it, in a Deployment of its own.

    `container`: the status of its container, where a node would write it. `says`: kind of object (Pod: that of the
    Deployment), reason, message and component of an event. `preview`: which preview it is in.
    """

    code: str
    container: Mapping[str, Any] | None = None
    says: tuple[str, str, str, str] | None = None
    change: Change | None = None
    phase: str = "Pending"
    conditions: Sequence[Mapping[str, Any]] = ()
    preview: str = "WHY-1"

    @property
    def is_of_an_image(self) -> bool:
        """Whether a pod of its image has it, whatever else is there."""
        return self.container is not None and self.change is None

    @property
    def teller(self) -> str:
        """The kind of the object that its event is about; empty when it has none."""
        return self.says[0] if self.says else ""

    def objects(self, web: Tree) -> Iterable[Tree]:
        """What a manifest has of it. `web` is the Deployment that it is like."""
        if self.teller == "Ingress":
            return
        made = copy.deepcopy(web)
        template = made["spec"]["template"]
        made["metadata"]["name"] = self.code
        for labels in (
            made["metadata"]["labels"],
            made["spec"]["selector"]["matchLabels"],
            template["metadata"]["labels"],
        ):
            labels["app.kubernetes.io/name"] = self.code
        template["spec"]["containers"][0]["image"] = image_of(self.code)
        beside = [*self.change(made)] if self.change else []
        if not any(one["kind"] in ("Job", "ExternalSecret", "Role") for one in beside):
            yield made
        yield from beside


def _ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def waits(code: str, reason: str, message: str = "", **more: Any) -> Fault:
    return Fault(code, {"state": {"waiting": {"reason": reason, "message": message}}}, **more)


def pulls(code: str, message: str) -> Fault:
    told = f'Back-off pulling image "{image_of(code)}": ErrImagePull: failed to pull and unpack image: {message}'
    return waits(code, "ImagePullBackOff", told)


def ends(code: str, exit_code: int, message: str = "", reason: str = "Error", probe: str = "") -> Fault:
    last = {"exitCode": exit_code, "reason": reason, "message": message}
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container"}}
    says = ("Pod", "Unhealthy", probe, "kubelet") if probe else None
    return Fault(code, {"state": state, "lastState": {"terminated": last}, "restartCount": 5}, says, phase="Running")


def made(code: str, reason: str, message: str) -> Fault:
    """A pod with a place whose containers were not begun."""
    return waits(code, "ContainerCreating", says=("Pod", reason, message, "kubelet"))


def runs(code: str, message: str) -> Fault:
    return Fault(code, {"state": {"running": {}}}, ("Pod", "Unhealthy", message, "kubelet"), phase="Running")


def on_fargate(code: str, message: str) -> Fault:
    says = ("Pod", "FailedScheduling", message, "fargate-scheduler")
    return Fault(code, says=says, change=_in_template(schedulerName="fargate-scheduler"))


def by_karpenter(code: str, message: str) -> Fault:
    says = ("Pod", "FailedScheduling", message, "karpenter")
    return Fault(code, says=says, change=_in_template(nodeSelector={"example.com/no": "node"}), preview=ON_SPOT)


def unexposed(preview: str, code: str, reason: str, message: str) -> Fault:
    return Fault(code, says=("Ingress", reason, message, "ingress"), preview=preview)


def without_secret(code: str, message: str) -> Fault:
    return Fault(code, says=("ExternalSecret", "UpdateFailed", message, "external-secrets"), change=_external_secret)


def _in_template(**fields: Any) -> Change:
    def change(deployment: Tree) -> Iterable[Tree]:
        deployment["spec"]["template"]["spec"].update(fields)
        return ()

    return change


def _in_container(**fields: Any) -> Change:
    def change(deployment: Tree) -> Iterable[Tree]:
        deployment["spec"]["template"]["spec"]["containers"][0].update(fields)
        return ()

    return change


def _cpu(amount: str) -> Change:
    sizes = {"cpu": amount, "memory": "256Mi", "ephemeral-storage": "1Gi"}
    return _in_container(resources={"limits": sizes, "requests": sizes})


def _may_escalate(deployment: Tree) -> Iterable[Tree]:
    deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    return ()


def _short_of_time(deployment: Tree) -> Iterable[Tree]:
    deployment["spec"]["progressDeadlineSeconds"] = 2
    return ()


def _external_secret(deployment: Tree) -> Iterable[Tree]:
    spec = {
        "refreshInterval": "1h",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "aws"},
        "target": {"name": f"{deployment['metadata']['name']}-target", "creationPolicy": "Owner"},
        "data": [{"secretKey": "A", "remoteRef": {"key": f"{FAULT}/{deployment['metadata']['name']}"}}],
    }
    yield _beside(deployment, "external-secrets.io/v1", "ExternalSecret", spec=spec)


def _role(deployment: Tree) -> Iterable[Tree]:
    yield _beside(deployment, "rbac.authorization.k8s.io/v1", "Role", rules=[])


def _job(**fields: Any) -> Change:
    def change(deployment: Tree) -> Iterable[Tree]:
        template = deployment["spec"]["template"]
        (container,) = template["spec"]["containers"]
        for name in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
            container.pop(name, None)
        template["spec"]["restartPolicy"] = "Never"
        yield _beside(deployment, "batch/v1", "Job", spec={"template": template, **fields})

    return change


def _beside(deployment: Tree, version: str, kind: str, **fields: Any) -> Tree:
    meta = {name: deployment["metadata"][name] for name in ("name", "namespace", "labels")}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **fields}


ON_SPOT, SMALL = "WHY-2", "WHY-3"
GATE = "target-health.elbv2.k8s.aws/k8s-preview-web-1"
_UNHEALTHY = {
    "type": GATE, "status": "False", "reason": "Target.ResponseCodeMismatch",
    "message": "Health checks failed with these codes: [404]",
}  # fmt: skip
_RUNC = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed"
_SANDBOX = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox"

FAULTS: tuple[Fault, ...] = (
    # A node's word
    pulls("image-missing", "failed to resolve reference: registry.example.com/x@sha256:1: not found"),
    pulls("image-unauthorized", "pulling from host 111111111111.dkr.ecr.ap-northeast-2.amazonaws.com failed: no basic auth credentials"),
    pulls("image-unauthorized-elsewhere", "failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden"),
    pulls("image-wrong-platform", "no match for platform in manifest sha256:1: not found"),
    pulls("image-rate-limit", "429 Too Many Requests - Server message: toomanyrequests: rate limit"),
    pulls("image-registry-unreachable", "dial tcp 10.0.3.4:443: i/o timeout"),
    pulls("image-registry-certificate", "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
    waits("image-name-invalid", "InvalidImageName", "couldn't parse image name: invalid reference format"),
    ends("crash-oom", 137, reason="OOMKilled"),
    ends("crash-killed", 137),
    ends("crash-segfault", 139),
    ends("crash-done", 0, reason="Completed"),
    ends("crash-exit", 1, "panic: the gizmo is upside down"),
    ends("crash-migration-failed", 1, "panic: no such table: users"),
    ends("crash-module-missing", 1, "Error: Cannot find module '/app/dist/main.js'"),
    ends("crash-setting-missing", 1, "KeyError: 'STRIPE_API_KEY'"),
    ends("crash-not-permitted", 1, "Error: EACCES: permission denied, mkdir '/app/.cache'"),
    ends("crash-port-in-use", 1, "Error: listen EADDRINUSE: address already in use :::3000"),
    ends("crash-database-denied", 1, 'error: password authentication failed for user "preview"'),
    ends("crash-heap-full", 134, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"),
    ends("probe-liveness", 143, probe="Liveness probe failed: dial tcp 10.0.0.7:3000: connect: connection refused"),
    ends("probe-startup", 143, probe="Startup probe failed: HTTP probe failed with statuscode: 500"),
    ends("command-not-found", 128, f'{_RUNC}: exec: "serve": executable file not found in $PATH: unknown', "StartError"),
    ends("fargate-requests-not-limits", 128, f"{_RUNC}: failed to write 100000: cpu.max: invalid argument", "StartError"),
    waits("secret-missing", "CreateContainerConfigError", 'secret "web-extra" not found'),
    waits("configmap-missing", "CreateContainerConfigError", 'configmap "web-files" not found'),
    waits("key-missing", "CreateContainerConfigError", "couldn't find key LEVEL in ConfigMap preview/web-env"),
    waits("image-runs-as-root", "CreateContainerConfigError", "container has runAsNonRoot and image will run as root"),
    made("pod-no-address", "FailedCreatePodSandBox", f"{_SANDBOX}: add cmd: failed to assign an IP address to container"),
    made("network-plugin-down", "FailedCreatePodSandBox", f"{_SANDBOX}: cni plugin not initialized"),
    made("volume-secret-missing", "FailedMount", 'MountVolume.SetUp failed for volume "x" : secret "web-tls" not found'),
    runs("probe-readiness-refused", "Readiness probe failed: dial tcp 10.0.0.7:3000: connect: connection refused"),
    runs("probe-readiness-status", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
    Fault(
        "target-unhealthy", {"state": {"running": {}}, "ready": True}, change=_in_template(readinessGates=[{"conditionType": GATE}]), phase="Running",
        conditions=(_UNHEALTHY, {"type": "ContainersReady", "status": "True"}),
    ),
    # Fargate's scheduler and Karpenter
    on_fargate("fargate-quota", "You've reached the limit on the number of vCPUs you can run concurrently on Fargate"),
    on_fargate("fargate-execution-role", "Pod execution role is not found in auth config"),
    on_fargate("fargate-no-capacity", "Fargate capacity is unavailable at this time"),
    by_karpenter("karpenter-limits", 'Failed to schedule pod, all available instance types exceed limits for nodepool "previews"'),
    by_karpenter("karpenter-taints", 'Failed to schedule pod, incompatible with nodepool "previews", did not tolerate a=b:NoSchedule'),
    # The scheduler itself
    Fault("fargate-no-profile", change=_in_template(nodeSelector={"example.com/no": "node"})),
    Fault("volume-unbound", change=_in_template(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}])),
    # The API server and its controllers
    Fault("quota-exceeded", change=_cpu("2"), preview=SMALL),
    Fault("limits-exceeded", change=_cpu("3")),
    Fault("psa-refused", change=_may_escalate),
    Fault("service-account-missing", change=_in_template(serviceAccountName="nobody", serviceAccount="nobody")),
    Fault("priority-class-missing", change=_in_template(priorityClassName="nope")),
    Fault("policy-denied"),
    Fault("webhook-unavailable"),
    Fault("progress-deadline", {"state": {"waiting": {"reason": "ContainerCreating"}}}, change=_short_of_time),
    Fault("job-failed", {"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}, change=_job(backoffLimit=0), phase="Failed"),
    Fault("job-deadline", change=_job(activeDeadlineSeconds=2)),
    # Argo CD
    Fault("object-invalid", change=_in_container(ports=[{"containerPort": 99999, "name": "http"}]), preview="WHY-4"),
    Fault("argo-project-forbids", change=_role, preview="WHY-5"),
    # The load balancer controller and External Secrets
    unexposed("WHY-6", "alb-full", "FailedDeployModel", "Failed deploy model due to TooManyUniqueTargetGroupsPerLoadBalancer: 100"),
    unexposed("WHY-7", "alb-subnets", "FailedBuildModel", "Failed build model due to couldn't auto-discover subnets: 0 match"),
    unexposed("WHY-8", "alb-denied", "FailedDeployModel", "Failed deploy model due to AccessDenied: is not authorized to perform"),
    unexposed("WHY-9", "alb-other-preview", "FailedBuildModel", "Failed build model due to ingress: preview-rtb-9/preview: x"),
    without_secret("secret-does-not-exist", "error processing spec.data[0] (key: int/web), err: Secret does not exist"),
    without_secret("secret-access-denied", "err: api error AccessDeniedException: is not authorized to perform"),
    without_secret("secret-store-not-ready", 'ClusterSecretStore "aws" is not ready'),
)  # fmt: skip
BY_CODE = {one.code: one for one in FAULTS}
#: By preview those that it has.
PREVIEWS = {key: [one for one in FAULTS if one.preview == key] for key in dict.fromkeys(one.preview for one in FAULTS)}
#: Images whose pods KWOK leaves alone.
IMAGES = tuple(image_of(one.code) for one in FAULTS)


@dataclass
class Saying:
    """Says of pods, Ingresses and ExternalSecrets of previews what their fault is. Used by `with`.

    A pod has the fault of its image (`image_of`), an Ingress that of its annotation, an ExternalSecret that of its secret.
    """

    api: client.ApiClient
    error: Exception | None = None
    _ends: threading.Event = field(default_factory=threading.Event, repr=False)

    def __enter__(self) -> Saying:
        self._client = dynamic.DynamicClient(self.api)
        self._core = client.CoreV1Api(self.api)
        self._thread = threading.Thread(target=self._run, daemon=True, name="saying")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(20)

    def _run(self) -> None:
        kinds: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
            ("v1", "Pod", self._pod),
            ("networking.k8s.io/v1", "Ingress", self._ingress),
            ("external-secrets.io/v1", "ExternalSecret", self._secret),
        )
        resources = [(self._client.resources.get(api_version=v, kind=kind), act) for v, kind, act in kinds]
        done: set[str] = set()
        while not self._ends.wait(0.5):
            for resource, act in resources:
                try:
                    for found in resource.get().items:
                        meta = found.metadata
                        if meta.uid in done or meta.deletionTimestamp or not meta.namespace.startswith("preview-"):
                            continue
                        with contextlib.suppress(ApiException):  # changed in between: the next round sees it
                            if act(resource, found):
                                done.add(meta.uid)
                except Exception as error:  # noqa: BLE001 - told by the scenario, which then misses a cause
                    self.error = error

    def _pod(self, resource: Any, pod: Any) -> bool:
        container = pod.spec.containers[0]
        fault = BY_CODE.get(container.image.rpartition("/")[2].partition("@")[0])
        if fault is None or container.image != image_of(fault.code):
            return False
        if fault.container is not None:
            if not pod.spec.nodeName:
                raise ApiException(409, "not scheduled yet")
            status = {
                "name": container.name,
                "image": container.image,
                "imageID": "",
                "ready": False,
                "restartCount": 0,
            }
            conditions = [{**one, "lastTransitionTime": _ago(90)} for one in fault.conditions]
            told = {**status, **_dated(fault.container)}
            body = {"phase": fault.phase, "containerStatuses": [told], "conditions": conditions}
            where = {"name": pod.metadata.name, "namespace": pod.metadata.namespace}
            resource.status.patch(body={"status": body}, **where, **_STRATEGIC)
        self._event(pod, fault)
        return True

    def _ingress(self, _: Any, ingress: Any) -> bool:
        fault = BY_CODE.get(dict(ingress.metadata.annotations or {}).get(FAULT, ""))
        if fault is None or fault.teller != "Ingress":
            return False
        self._event(ingress, fault)
        return True

    def _secret(self, resource: Any, secret: Any) -> bool:
        fault = BY_CODE.get(fault_of_secret(secret))
        if fault is None or fault.teller != "ExternalSecret":
            return False
        generic = "could not get secret data from provider"
        ready = {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": generic}
        where = {"name": secret.metadata.name, "namespace": secret.metadata.namespace}
        body = {"status": {"conditions": [{**ready, "lastTransitionTime": _ago(1)}]}}
        resource.status.patch(body=body, **where, **_MERGE)
        self._event(secret, fault)
        return True

    def _event(self, about: Any, fault: Fault) -> None:
        if fault.says is None:
            return
        _, reason, message, component = fault.says
        meta, now = about.metadata, _ago(0)
        involved = {"kind": about.kind, "name": meta.name, "namespace": meta.namespace, "uid": meta.uid}
        event = {
            "metadata": {"name": f"{meta.name}.{zlib.crc32(message.encode()):08x}", "namespace": meta.namespace},
            "involvedObject": {**involved, "apiVersion": about.apiVersion},
            "type": "Warning", "reason": reason, "message": message, "count": 5,
            "firstTimestamp": now, "lastTimestamp": now, "source": {"component": component},
        }  # fmt: skip
        self._core.create_namespaced_event(meta.namespace, event)


def _dated(status: Mapping[str, Any]) -> Tree:
    """A container's status with times: of one that runs, for long enough that a failed probe counts."""
    last, state = status.get("lastState", {}), status["state"]
    if "terminated" in last:
        ended = {**last["terminated"], "startedAt": _ago(60), "finishedAt": _ago(20)}
        return {**status, "lastState": {"terminated": ended}}
    return {**status, "state": {"running": {"startedAt": _ago(120)}}} if "running" in state else dict(status)
