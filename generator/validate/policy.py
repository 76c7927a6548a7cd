"""Policy on a set of objects: what schemas cannot say and previews must keep. Pods: `generator.validate.pod_policy`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.model.efs import Efs
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.objects.findings import Finding, Path
from generator.objects.manifest import WAVE_ANNOTATION, Manifest
from generator.objects.pods import PodSpec, at, items, mapping, pod_spec
from generator.validate import pod_policy, volumes
from generator.validate.enums import pod_security_labels
from generator.validate.known_pod import KnownPod
from generator.values.naming import NAMESPACE_PATTERN
from generator.values.quantities import quantity_of

_NAMESPACE_KIND = ("", "Namespace")
_NAMESPACE = re.compile(NAMESPACE_PATTERN)
#: A backend that is no Service (AWS Load Balancer Controller, annotations: actions).
_ACTION_PORT, _ACTION_PREFIX = "use-annotation", "alb.ingress.kubernetes.io/actions."
#: What must be there before any pod, in a wave of its own. Services and Ingresses: the load balancer controller gives a
#: pod its readiness gate only where they are there when the pod is made.
_BEFORE_PODS = frozenset(
    {
        "Namespace", "ResourceQuota", "LimitRange", "ServiceAccount", "SecurityGroupPolicy", "NetworkPolicy",
        "Service", "Ingress",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What policy depends on. `namespace` None: no preview's objects, so rules on a whole preview are left out."""

    namespace: str | None = None
    pinned: bool = True
    registries: tuple[str, ...] = ()
    efs: Efs | None = None

    @classmethod
    def for_preview(cls, preview: Preview, environment: Environment) -> PolicySettings:
        """The policy on one preview in its environment."""
        policy = environment.spec.images
        return cls(preview.key.namespace, policy.pinned, tuple(policy.registries), environment.spec.efs)


def check(manifests: Sequence[Manifest], settings: PolicySettings) -> Iterator[Finding]:
    """Every breach of policy among `manifests`."""
    pods = [pod for pod in map(pod_spec, manifests) if pod is not None]
    claims: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        if manifest.group_kind == ("", "PersistentVolumeClaim"):
            claims.setdefault(manifest.identity.namespace, []).append(manifest)
        if manifest.group_kind == _NAMESPACE_KIND:
            yield from pod_security_labels(manifest)
        if manifest.group_kind == ("", "Secret"):
            remedy = "reference it by an ExternalSecret"
            yield _finding(manifest, "policy/secret", "a Secret has no place in Git", ("kind",), remedy)
    for pod in pods:
        yield from pod_policy.images(pod, pinned=settings.pinned, registries=settings.registries)
    alike = [KnownPod.of(pod) for pod in pods]
    for one in alike:
        yield from one.alone(claims.get(one.pod.manifest.identity.namespace, ()))
    yield from _wiring(manifests, pods)
    if settings.namespace is not None:
        defaults = pod_policy.storage_defaults(manifests)
        for one in alike:
            yield from one.storage(defaults)
        yield from _namespace(manifests, settings.namespace)
        yield from volumes.check(manifests, pods, settings.namespace, settings.efs)
        yield from _waves(manifests)
        yield from _quota(manifests, alike, defaults)
        yield from _isolation(manifests, pods)


def _namespace(manifests: Sequence[Manifest], namespace: str) -> Iterator[Finding]:
    path: Path = ("metadata", "namespace")
    for manifest in manifests:
        own = manifest.metadata.get("namespace")
        if manifest.group_kind == _NAMESPACE_KIND:
            name = manifest.identity.name
            if name != namespace or not _NAMESPACE.fullmatch(name):
                remedy = f"a preview makes its own namespace only: {namespace}"
                yield _finding(manifest, "policy/namespace", f"is {name!r}", ("metadata", "name"), remedy)
        elif manifest.group_kind != ("", "PersistentVolume") and own != namespace:
            remedy = f"every object of a preview is in {namespace}"
            yield _finding(manifest, "policy/namespace", "is missing" if own is None else f"is {own!r}", path, remedy)


def _waves(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    path: Path = ("metadata", "annotations", WAVE_ANNOTATION)
    for manifest in manifests:
        try:
            wave = manifest.wave
        except ValueError as err:
            yield _finding(manifest, "policy/wave", str(err)[:120], path, 'text such as "-10"')
            continue
        if wave > 0:
            remedy = "while workloads are not healthy, a wave behind them blocks repair and removal"
            yield _finding(manifest, "policy/wave", f"is {wave}, behind the workloads", path, remedy)
        elif manifest.kind in _BEFORE_PODS and wave != -10:
            yield _finding(manifest, "policy/wave", f"is {wave}", path, "what pods need goes before them: -10")


def _quota(manifests: Sequence[Manifest], pods: Sequence[KnownPod], defaults: Mapping[str, int]) -> Iterator[Finding]:
    for kind in ("ResourceQuota", "LimitRange"):
        if pods and not any(m.kind == kind for m in manifests):
            yield _finding(manifests[0], "policy/quota", f"the preview has no {kind}", (), f"add a {kind}")
    needs = [(one.needs(defaults), one.pod.replicas) for one in pods]
    asked = {
        "cpu": sum(need.millicores * replicas for need, replicas in needs),
        "memory": sum(need.memory_bytes * replicas for need, replicas in needs),
        pod_policy.STORAGE: sum(need.storage_bytes * replicas for need, replicas in needs),
    }
    for manifest in (m for m in manifests if m.group_kind == ("", "ResourceQuota")):
        yield from _pods_of_quota(manifest, sum(one.pod.replicas for one in pods))
        for name, units in (("cpu", 1000), ("memory", 1), (pod_policy.STORAGE, 1)):
            try:
                hard = quantity_of(mapping(manifest.data, "spec", "hard").get(f"requests.{name}"))
            except ValueError:
                continue  # the API server's own rules tell
            if hard is None:
                yield _finding(manifest, "policy/quota", "is missing", ("spec", "hard", f"requests.{name}"), "set it")
            elif asked[name] > hard * units:
                path = ("spec", "hard", f"requests.{name}")
                yield _finding(manifest, "policy/quota", "is less than the pods ask for", path, "ask for less")


def _pods_of_quota(manifest: Manifest, count: int) -> Iterator[Finding]:
    """Whether a quota has room for all the pods, which templates may have added some to. It need not count them."""
    path: Path = ("spec", "hard", "pods")
    try:
        hard = quantity_of(at(manifest.data, *path))
    except ValueError:
        return  # the API server's own rules tell
    if hard is not None and count > hard:
        message = f"is less than the {count} pods that there are"
        yield _finding(manifest, "policy/quota", message, path, "a template that adds pods adds to it too")


def _isolation(manifests: Sequence[Manifest], pods: Sequence[PodSpec]) -> Iterator[Finding]:
    kinds = {manifest.kind for manifest in manifests}
    for pod in pods:
        needed = "SecurityGroupPolicy" if pod.is_fargate else "NetworkPolicy"
        if needed not in kinds:
            remedy = f"add a {needed}" + ("; Fargate does not enforce NetworkPolicy" if pod.is_fargate else "")
            yield _finding(pod.manifest, "policy/isolation", "nothing isolates the pods", pod.path, remedy)


def _wiring(manifests: Sequence[Manifest], pods: Sequence[PodSpec]) -> Iterator[Finding]:
    """Services find pods and the names of their ports, Ingresses find Services."""
    services = {(m.identity.namespace, m.identity.name): m for m in manifests if m.group_kind == ("", "Service")}
    for service in services.values():
        yield from _service(service, pods)
    for ingress in (m for m in manifests if m.group_kind == ("networking.k8s.io", "Ingress")):
        for r, rule in enumerate(items(ingress.data, "spec", "rules")):
            for p, path_rule in enumerate(items(rule, "http", "paths")):
                if at(path_rule, "backend", "resource") is not None:
                    continue
                backend = mapping(path_rule, "backend", "service")
                at_backend = ("spec", "rules", r, "http", "paths", p, "backend", "service")
                yield from _backend(ingress, backend, at_backend, services)


def _backend(
    ingress: Manifest, backend: Mapping[str, Any], path: Path, services: Mapping[tuple[str, str], Manifest]
) -> Iterator[Finding]:
    """A Service of this set and a port of it; or an action of the load balancer, which an annotation describes."""
    name, port = str(backend.get("name")), mapping(backend, "port")
    if port.get("name") == _ACTION_PORT:
        if _ACTION_PREFIX + name not in mapping(ingress.metadata, "annotations"):
            remedy = f"describe it by the annotation {_ACTION_PREFIX}{name}"
            yield _finding(ingress, "policy/backend", "names no action of this Ingress", (*path, "name"), remedy)
        return
    found = services.get((ingress.identity.namespace, name))
    ports = items(found.data, "spec", "ports") if found else []
    if found is None:
        yield _finding(ingress, "policy/backend", "names no Service of this set", (*path, "name"), "fix it")
    elif not any(port.items() <= {"name": at(x, "name"), "number": at(x, "port")}.items() for x in ports):
        yield _finding(ingress, "policy/backend", "is no port of the Service", (*path, "port"), "fix it")


def _service(service: Manifest, pods: Sequence[PodSpec]) -> Iterator[Finding]:
    selector = mapping(service.data, "spec", "selector")
    chosen = [
        pod
        for pod in pods
        if selector
        and pod.manifest.identity.namespace == service.identity.namespace
        and selector.items() <= pod.labels.items()
    ]
    if selector and not chosen:
        path: Path = ("spec", "selector")
        yield _finding(service, "policy/selector", "chooses no pod of this set", path, "use the pods' labels")
    for index, port in enumerate(items(service.data, "spec", "ports")):
        target = at(port, "targetPort")
        if not isinstance(target, str) or not target:
            continue  # a number needs no declared port: the API server and kubelet take any
        for pod in chosen:
            names = [at(p, "name") for c in pod.containers() for p in items(c.data, "ports")]
            if target not in names:
                at_port = ("spec", "ports", index, "targetPort")
                yield _finding(
                    service, "policy/port", f"{target!r} is no port of the pods", at_port, "name one of theirs"
                )


def _finding(manifest: Manifest, rule: str, message: str, path: Path, remedy: str) -> Finding:
    return Finding.of(manifest, rule, message, path, remedy)
