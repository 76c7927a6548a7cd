"""Policy on pods: pinned images, resources, the restricted Pod Security profile, and what Fargate refuses.

Sources: Kubernetes Pod Security Standards (restricted); EKS User Guide, "Fargate considerations". Fargate refuses with
an event and leaves the pod Pending, so it is found here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import ceil, inf
from typing import Any

from generator.cost.fargate import ContainerRequest, PodRequests, billed_size
from generator.errors import ConfigError
from generator.objects.findings import Finding, Path
from generator.objects.manifest import Manifest
from generator.objects.pods import Container, PodSpec, at, items, mapping
from generator.objects.requests import amount_of, asked_of, quantity_or_none, running
from generator.values.bounds import is_from
from generator.values.formats import image_digest
from generator.values.quantities import MIB

_RESTRICTED_VOLUMES = frozenset(
    {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
)
_COUNTED = ("cpu", "memory")
STORAGE = "ephemeral-storage"


def images(pod: PodSpec, *, pinned: bool, registries: tuple[str, ...]) -> Iterator[Finding]:
    """Images by digest, from the environment's registries."""
    for container in pod.containers():
        image = container.data.get("image")
        path = (*container.path, "image")
        if not isinstance(image, str):
            continue
        if pinned and image_digest(image) is None:
            yield _finding(pod, "policy/image-digest", f"{image!r} has no digest", path, "pin it: name@sha256:…")
        if registries and not is_from(image, registries):
            remedy = f"use one of {', '.join(registries)}"
            yield _finding(pod, "policy/image-registry", f"{image!r} is from a foreign registry", path, remedy)


def resources(pod: PodSpec) -> Iterator[Finding]:
    """CPU and memory requested and limited, and an amount of memory that is meant so."""
    for container in pod.containers():
        for name in _COUNTED:
            for which in ("requests", "limits"):
                path = (*container.path, "resources", which, name)
                value = at(container.data, "resources", which, name)
                if value is None:
                    remedy = "say how much; the namespace's quota refuses pods that do not"
                    yield _finding(pod, "policy/resources", "is missing", path, remedy)
                elif name == "memory" and 0 < (quantity_or_none(value) or MIB) < MIB:
                    message = f"{value!r} is less than one MiB"
                    yield _finding(
                        pod, "policy/memory", message, path, "write it as 256Mi; 'm' is a thousandth of a byte"
                    )


def storage(pod: PodSpec, defaults: Mapping[str, int]) -> Iterator[Finding]:
    """Disk has a bound: of each container, and of each emptyDir, which else may fill the node.

    `defaults`: what the namespace's LimitRange gives containers that do not say, in bytes, by requests and limits.
    """
    for container in pod.containers():
        for which in ("requests", "limits"):
            if which not in defaults and at(container.data, "resources", which, STORAGE) is None:
                path = (*container.path, "resources", which, STORAGE)
                remedy = "say how much disk it may use; the namespace's quota refuses pods that do not"
                yield _finding(pod, "policy/storage", "is missing", path, remedy)
        asked, most = (at(container.data, "resources", which, STORAGE) for which in ("requests", "limits"))
        if most is None and (quantity_or_none(asked) or 0) > defaults.get("limits", inf):
            path = (*container.path, "resources", "requests", STORAGE)
            message = "is more than the limit that the LimitRange gives it"
            yield _finding(pod, "policy/storage", message, path, "set the same limit")
    for index, volume in enumerate(items(pod.spec, "volumes")):
        if at(volume, "emptyDir") is not None and at(volume, "emptyDir", "sizeLimit") is None:
            path = (*pod.path, "volumes", index, "emptyDir", "sizeLimit")
            yield _finding(pod, "policy/storage", "is missing", path, "say how large it may grow, as 512Mi or 1Gi")


def storage_bytes(pod: PodSpec, defaults: Mapping[str, int]) -> int:
    """Disk that one pod needs at once, as quotas count it: of all containers, or of the largest init container.

    `defaults` as for `storage`.
    """
    own = [amount_of(container.data, STORAGE) for container in pod.containers()]
    amounts = [(defaults.get("requests", 0) if one is None else one, 0) for one in own]
    beside, init = running([container.is_init for container in pod.containers()], amounts)
    return max([sum(one for one, _ in beside), *(one for one, _ in init)])


def storage_defaults(manifests: Sequence[Manifest]) -> dict[str, int]:
    """What LimitRanges among `manifests` give containers that do not say, in bytes, by requests and limits."""
    found: dict[str, int] = {}
    for manifest in manifests:
        for limit in items(manifest.data, "spec", "limits") if manifest.group_kind == ("", "LimitRange") else ():
            if at(limit, "type") != "Container":
                continue
            most = quantity_or_none(at(limit, "default", STORAGE))
            asked = quantity_or_none(at(limit, "defaultRequest", STORAGE)) or most
            found |= {"limits": ceil(most)} if most else {}
            found |= {"requests": ceil(asked)} if asked else {}
    return found


def requests_of(pod: PodSpec) -> PodRequests:
    """What the pod's containers ask for, as it is sized."""
    asked = asked_of(pod)
    ordinary, init = (
        tuple(ContainerRequest(*one) for one in some) for some in (asked.containers, asked.init_containers)
    )
    return PodRequests(ordinary, init)


def pod_security(pod: PodSpec) -> Iterator[Finding]:
    """The restricted profile, and no service account token."""
    rule, base = "policy/pod-security", pod.path
    context = mapping(pod.spec, "securityContext")
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.spec.get(field):
            yield _finding(pod, rule, "is not allowed", (*base, field), "remove it")
    if pod.spec.get("automountServiceAccountToken") is not False:
        path = (*base, "automountServiceAccountToken")
        yield _finding(pod, "policy/service-account-token", "must be false", path, "a preview needs no cluster access")
    for index, volume in enumerate(items(pod.spec, "volumes")):
        kinds = set(volume) - {"name"} if isinstance(volume, Mapping) else set()
        for kind in sorted(kinds - _RESTRICTED_VOLUMES):
            yield _finding(pod, rule, "is not allowed", (*base, "volumes", index, kind), "use emptyDir")
    for container in pod.containers():
        yield from _container_security(pod, container, context)


def _container_security(pod: PodSpec, container: Container, outer: Mapping[str, Any]) -> Iterator[Finding]:
    rule, context = "policy/pod-security", mapping(container.data, "securityContext")
    path = (*container.path, "securityContext")
    if context.get("privileged"):
        yield _finding(pod, rule, "is not allowed", (*path, "privileged"), "remove it")
    if context.get("allowPrivilegeEscalation") is not False:
        yield _finding(pod, rule, "must be false", (*path, "allowPrivilegeEscalation"), "set it to false")
    if context.get("runAsNonRoot", outer.get("runAsNonRoot")) is not True:
        yield _finding(pod, rule, "must be true", (*path, "runAsNonRoot"), "set it for the pod or the container")
    if context.get("runAsUser", outer.get("runAsUser")) == 0:
        yield _finding(pod, rule, "must not be 0", (*path, "runAsUser"), "name another user")
    profile = at(context, "seccompProfile", "type") or at(outer, "seccompProfile", "type")
    if profile not in ("RuntimeDefault", "Localhost"):
        yield _finding(pod, rule, "must be RuntimeDefault", (*path, "seccompProfile", "type"), "set it for the pod")
    if "ALL" not in items(context, "capabilities", "drop"):
        yield _finding(pod, rule, "must hold ALL", (*path, "capabilities", "drop"), "drop: [ALL]")
    if set(map(str, items(context, "capabilities", "add"))) - {"NET_BIND_SERVICE"}:
        yield _finding(pod, rule, "is not allowed", (*path, "capabilities", "add"), "remove it")
    for index, port in enumerate(items(container.data, "ports")):
        if at(port, "hostPort"):
            at_port = (*container.path, "ports", index, "hostPort")
            yield _finding(pod, rule, "is not allowed", at_port, "remove it")


def fargate(pod: PodSpec, provisioned: Collection[str]) -> Iterator[Finding]:
    """What Fargate does not run, or runs otherwise than written. `provisioned`: claims of volumes made for them."""
    if pod.manifest.kind == "DaemonSet":
        yield _finding(pod, "fargate/daemonset", "DaemonSets do not run on Fargate", ("kind",), "use a sidecar")
    for field in ("affinity", "nodeSelector", "nodeName"):
        if pod.spec.get(field):
            remedy = "Fargate ignores or cannot meet it; choose by the pod's labels"
            yield _finding(pod, "fargate/node-choice", "has no effect on Fargate", (*pod.path, field), remedy)
    for index, volume in enumerate(items(pod.spec, "volumes")):
        for kind in ("hostPath", "ephemeral"):
            if at(volume, kind) is not None:
                path = (*pod.path, "volumes", index, kind)
                yield _finding(pod, "fargate/volume", "is not to be had on Fargate", path, "use emptyDir")
        if str(at(volume, "persistentVolumeClaim", "claimName")) in provisioned:
            path = (*pod.path, "volumes", index, "persistentVolumeClaim")
            remedy = 'name a volume of EFS in the claim: volumeName, or storageClassName: ""'
            yield _finding(pod, "fargate/volume", "is provisioned when asked for, which Fargate cannot", path, remedy)
    for container in pod.containers():
        yield from _fargate_container(pod, container)
    try:
        billed_size(requests_of(pod))
    except ConfigError as err:
        yield _finding(pod, "fargate/size", err.faults[0].message, pod.path, err.faults[0].allowed)


def is_static(claim: Manifest) -> bool:
    """Whether the claim binds to a volume that is there (EKS, "Fargate considerations": static EFS alone)."""
    spec = mapping(claim.data, "spec")
    return bool(spec.get("volumeName")) or spec.get("storageClassName") == ""


def _fargate_container(pod: PodSpec, container: Container) -> Iterator[Finding]:
    path: Path = (*container.path, "resources")
    requests, limits = (mapping(container.data, "resources", which) for which in ("requests", "limits"))
    for name in (*_COUNTED, STORAGE):
        if quantity_or_none(requests.get(name, limits.get(name))) != quantity_or_none(limits.get(name)):
            remedy = "Fargate runs pods as Guaranteed: make requests and limits equal"
            yield _finding(pod, "fargate/guaranteed", "differs from the limit", (*path, "requests", name), remedy)
    for name in sorted({*requests, *limits}):
        if "gpu" in str(name):
            yield _finding(pod, "fargate/gpu", "Fargate has no GPUs", (*path, "limits", name), "remove it")
    if items(container.data, "securityContext", "capabilities", "add"):
        at_add = (*container.path, "securityContext", "capabilities", "add")
        yield _finding(pod, "fargate/capabilities", "Fargate lets none be added", at_add, "remove it")


def _finding(pod: PodSpec, rule: str, message: str, path: Path, remedy: str) -> Finding:
    return Finding.of(pod.manifest, rule, message, path, remedy)
