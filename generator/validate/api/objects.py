"""Which rules there are for which kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from generator.objects.cursor import Cursor
from generator.objects.findings import Finding
from generator.objects.manifest import Manifest
from generator.validate.api import admission, config, network, policies
from generator.validate.api.fields import OBJECTS
from generator.validate.api.metadata import metadata
from generator.validate.api.places import check_places
from generator.validate.api.workloads import workload

_RBAC, _HOOKS = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
_RULES: Mapping[tuple[str, str], Callable[[Manifest], Iterator[Finding]]] = {
    ("", "ConfigMap"): config.config_map,
    ("", "LimitRange"): config.limit_range,
    ("", "PersistentVolume"): config.volume,
    ("", "PersistentVolumeClaim"): config.claim,
    ("", "ResourceQuota"): config.resource_quota,
    ("", "Secret"): config.secret,
    ("", "Service"): network.service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): policies.definition,
    ("autoscaling", "HorizontalPodAutoscaler"): policies.autoscaler,
    ("networking.k8s.io", "Ingress"): network.ingress,
    ("networking.k8s.io", "NetworkPolicy"): network.network_policy,
    ("policy", "PodDisruptionBudget"): policies.disruption_budget,
    **{(_HOOKS, f"{kind}AdmissionPolicy"): admission.policy for kind in ("Mutating", "Validating")},
    **{(_HOOKS, f"{kind}AdmissionPolicyBinding"): admission.policy_binding for kind in ("Mutating", "Validating")},
    **{(_HOOKS, f"{kind}WebhookConfiguration"): admission.webhooks for kind in ("Mutating", "Validating")},
    ("apiregistration.k8s.io", "APIService"): policies.api_service,
    (_RBAC, "ClusterRole"): policies.role,
    (_RBAC, "ClusterRoleBinding"): policies.binding,
    (_RBAC, "Role"): policies.role,
    (_RBAC, "RoleBinding"): policies.binding,
}


def check(manifest: Manifest, oldest: tuple[int, int]) -> Iterator[Finding]:
    """What the API server refuses in `manifest` beyond its schema. `oldest`: the lowest version that must take it."""
    yield from metadata(manifest, oldest)
    yield from workload(manifest)
    if rules := _RULES.get(manifest.group_kind):
        yield from rules(manifest)
    if places := OBJECTS.get(manifest.group_kind):
        yield from check_places(Cursor.of(manifest), places)
