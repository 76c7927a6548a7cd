"""Values that the API server takes and Kubernetes' OpenAPI leaves open: its schemas say only that they are text.

Source: the Kubernetes API reference (kubernetes.io/docs/reference/kubernetes-api), and the constants of k8s.io/api and
k8s.io/apimachinery 0.37 that it is made from; of PodSecurity labels, "Pod Security Standards" and "Enforce Pod Security
Standards with Namespace Labels". Values that need an alpha feature are left out, as EKS enables none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.errors import nearest
from generator.objects.findings import Finding
from generator.objects.manifest import Manifest
from generator.objects.pods import mapping

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_PULL = ("Always", "IfNotPresent", "Never")
_RESTART = ("Always", "OnFailure", "Never")
_TAINTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_TERMINATION = ("File", "FallbackToLogsOnError")
_TRAFFIC = ("Cluster", "Local")
_ACCESS = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
_VOLUME_MODES = ("Filesystem", "Block")
_RETENTION = ("Retain", "Delete")

_OPERATIONS, _SCOPES = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT"), ("*", "Cluster", "Namespaced")
_QUOTA_SCOPES = (
    *("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass"),
    *("CrossNamespacePodAffinity", "VolumeAttributesClass"),
)
#: Definition (group, version and name) → field → values; of a field that is a list, the values of its items.
ENUMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "apps.v1.DaemonSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "apps.v1.DeploymentStrategy": {"type": ("RollingUpdate", "Recreate")},
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {"whenDeleted": _RETENTION, "whenScaled": _RETENTION},
    "apps.v1.StatefulSetSpec": {"podManagementPolicy": ("OrderedReady", "Parallel")},
    "apps.v1.StatefulSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "admissionregistration.v1.Validation": {
        "reason": ("Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge")
    },
    "admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": {"validationActions": ("Deny", "Warn", "Audit")},
    "admissionregistration.v1.ValidatingAdmissionPolicySpec": {"failurePolicy": ("Fail", "Ignore")},
    "autoscaling.v2.HPAScalingPolicy": {"type": ("Pods", "Percent")},
    "autoscaling.v2.HPAScalingRules": {"selectPolicy": ("Max", "Min", "Disabled")},
    "autoscaling.v2.MetricSpec": {"type": ("ContainerResource", "External", "Object", "Pods", "Resource")},
    "autoscaling.v2.MetricTarget": {"type": ("Utilization", "Value", "AverageValue")},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": ("Allow", "Forbid", "Replace")},
    "batch.v1.JobSpec": {
        "completionMode": ("NonIndexed", "Indexed"),
        "podReplacementPolicy": ("TerminatingOrFailed", "Failed"),
    },
    "batch.v1.PodFailurePolicyOnExitCodesRequirement": {"operator": ("In", "NotIn")},
    "batch.v1.PodFailurePolicyRule": {"action": ("FailJob", "FailIndex", "Ignore", "Count")},
    "core.v1.Container": {
        "imagePullPolicy": _PULL,
        "restartPolicy": _RESTART,
        "terminationMessagePolicy": _TERMINATION,
    },
    "core.v1.ContainerPort": {"protocol": _PROTOCOLS},
    "core.v1.HTTPGetAction": {"scheme": ("HTTP", "HTTPS")},
    "core.v1.ImageVolumeSource": {"pullPolicy": _PULL},
    "core.v1.LimitRangeItem": {"type": ("Container", "Pod", "PersistentVolumeClaim")},
    "core.v1.NodeSelectorRequirement": {"operator": (*_OPERATORS, "Gt", "Lt")},
    "core.v1.PersistentVolumeClaimSpec": {"accessModes": _ACCESS, "volumeMode": _VOLUME_MODES},
    "core.v1.PersistentVolumeSpec": {
        "accessModes": _ACCESS,
        "persistentVolumeReclaimPolicy": (*_RETENTION, "Recycle"),
        "volumeMode": _VOLUME_MODES,
    },
    "core.v1.PodSecurityContext": {
        "fsGroupChangePolicy": ("OnRootMismatch", "Always"),
        "supplementalGroupsPolicy": ("Merge", "Strict"),
    },
    "core.v1.PodSpec": {
        "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "preemptionPolicy": ("PreemptLowerPriority", "Never"),
        "restartPolicy": _RESTART,
    },
    "core.v1.AppArmorProfile": {"type": ("RuntimeDefault", "Localhost", "Unconfined")},
    "core.v1.SeccompProfile": {"type": ("RuntimeDefault", "Localhost", "Unconfined")},
    "core.v1.ServicePort": {"protocol": _PROTOCOLS},
    "core.v1.ServiceSpec": {
        "externalTrafficPolicy": _TRAFFIC,
        "internalTrafficPolicy": _TRAFFIC,
        "ipFamilies": ("IPv4", "IPv6"),
        "ipFamilyPolicy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
        "sessionAffinity": ("None", "ClientIP"),
        "trafficDistribution": ("PreferClose", "PreferSameZone", "PreferSameNode"),
        "type": ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    },
    "core.v1.Taint": {"effect": _TAINTS},
    "core.v1.Toleration": {"effect": _TAINTS, "operator": ("Equal", "Exists")},
    "core.v1.TopologySpreadConstraint": {
        "nodeAffinityPolicy": ("Honor", "Ignore"),
        "nodeTaintsPolicy": ("Honor", "Ignore"),
        "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway"),
    },
    "meta.v1.LabelSelectorRequirement": {"operator": _OPERATORS},
    "networking.v1.HTTPIngressPath": {"pathType": ("Prefix", "Exact", "ImplementationSpecific")},
    "networking.v1.NetworkPolicyPort": {"protocol": _PROTOCOLS},
    "networking.v1.NetworkPolicySpec": {"policyTypes": ("Ingress", "Egress")},
    "admissionregistration.v1.RuleWithOperations": {"operations": _OPERATIONS, "scope": _SCOPES},
    "admissionregistration.v1.NamedRuleWithOperations": {"operations": _OPERATIONS, "scope": _SCOPES},
    "admissionregistration.v1.MatchResources": {"matchPolicy": ("Exact", "Equivalent")},
    "admissionregistration.v1.MutatingWebhook": {
        "failurePolicy": ("Fail", "Ignore"),
        "matchPolicy": ("Exact", "Equivalent"),
        "reinvocationPolicy": ("Never", "IfNeeded"),
    },
    "admissionregistration.v1.ValidatingWebhook": {
        "failurePolicy": ("Fail", "Ignore"),
        "matchPolicy": ("Exact", "Equivalent"),
    },
    "apiextensions.v1.CustomResourceDefinitionSpec": {"scope": ("Namespaced", "Cluster")},
    "batch.v1.PodFailurePolicyOnPodConditionsPattern": {"status": ("True", "False", "Unknown")},
    "core.v1.ContainerResizePolicy": {
        "resourceName": ("cpu", "memory"),
        "restartPolicy": ("NotRequired", "RestartContainer"),
    },
    "core.v1.EndpointPort": {"protocol": _PROTOCOLS},
    "core.v1.HostPathVolumeSource": {
        "type": ("", "DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice")
    },
    "core.v1.ResourceQuotaSpec": {"scopes": _QUOTA_SCOPES},
    "core.v1.ScopedResourceSelectorRequirement": {"operator": _OPERATORS, "scopeName": _QUOTA_SCOPES},
    "core.v1.SecurityContext": {"procMount": ("Default", "Unmasked")},
    "core.v1.VolumeMount": {
        "mountPropagation": ("None", "HostToContainer", "Bidirectional"),
        "recursiveReadOnly": ("Disabled", "IfPossible", "Enabled"),
    },
    "discovery.v1.EndpointPort": {"protocol": _PROTOCOLS},
    "discovery.v1.EndpointSlice": {"addressType": ("IPv4", "IPv6", "FQDN")},
    "networking.v1.IngressClassParametersReference": {"scope": ("Cluster", "Namespace")},
    "scheduling.v1.PriorityClass": {"preemptionPolicy": ("PreemptLowerPriority", "Never")},
    "storage.v1.CSIDriverSpec": {
        "fsGroupPolicy": ("ReadWriteOnceWithFSType", "None", "File"),
        "volumeLifecycleModes": ("Persistent", "Ephemeral"),
    },
    "policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": ("IfHealthyBudget", "AlwaysAllow")},
    "storage.v1.StorageClass": {
        "reclaimPolicy": _RETENTION,
        "volumeBindingMode": ("Immediate", "WaitForFirstConsumer"),
    },
}
#: Empty text stands for no value in these, as it does in Kubernetes' own types.
_MAY_BE_EMPTY = frozenset(
    {
        ("apps.v1.DaemonSetUpdateStrategy", "type"),
        ("apps.v1.DeploymentStrategy", "type"),
        ("apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted"),
        ("apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenScaled"),
        ("apps.v1.StatefulSetSpec", "podManagementPolicy"),
        ("apps.v1.StatefulSetUpdateStrategy", "type"),
        ("batch.v1.CronJobSpec", "concurrencyPolicy"),
        ("batch.v1.PodFailurePolicyOnPodConditionsPattern", "status"),
        ("core.v1.Container", "imagePullPolicy"),
        ("core.v1.Container", "terminationMessagePolicy"),
        ("core.v1.ContainerPort", "protocol"),
        ("core.v1.EndpointPort", "protocol"),
        ("core.v1.HTTPGetAction", "scheme"),
        ("core.v1.ImageVolumeSource", "pullPolicy"),
        ("core.v1.PersistentVolumeSpec", "persistentVolumeReclaimPolicy"),
        ("core.v1.PodSpec", "dnsPolicy"),
        ("core.v1.PodSpec", "restartPolicy"),
        ("core.v1.ServicePort", "protocol"),
        ("core.v1.ServiceSpec", "sessionAffinity"),
        ("core.v1.Toleration", "effect"),
        ("core.v1.Toleration", "operator"),
        ("storage.v1.StorageClass", "reclaimPolicy"),
    }
)

#: What the OpenAPI says to be required and the API server takes without.
_NOT_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "core.v1.LimitRangeSpec": ("limits",),
    "core.v1.Sysctl": ("value",),
    "storage.v1.CSIDriver": ("spec",),
}

POD_SECURITY = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")
_MODES = ("enforce", "audit", "warn")
_VERSION = re.compile(r"latest|v1\.[1-9][0-9]?")


def closed(name: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The definition `name` of Kubernetes' OpenAPI with the values of its fields; as it is when the table has none."""
    short = ".".join(name.split(".")[-3:])
    properties = dict(schema.get("properties", {}))
    for field, values in ENUMS.get(short, {}).items():
        if field in properties:  # a field of a later version may be missing
            empty = ("",) if (short, field) in _MAY_BE_EMPTY else ()
            properties[field] = _closed(properties[field], values + empty)
    if needless := _NOT_REQUIRED.get(short):
        schema = {**schema, "required": [field for field in schema.get("required", ()) if field not in needless]}
    return {**schema, "properties": properties} if short in ENUMS else schema


def pod_security_labels(namespace: Manifest) -> Iterator[Finding]:
    """Labels that set a namespace's Pod Security: a wrong one is ignored by the API server, with a warning at most."""
    known = [f"{POD_SECURITY}{mode}{suffix}" for mode in _MODES for suffix in ("", "-version")]
    for key, value in mapping(namespace.metadata, "labels").items():
        if not str(key).startswith(POD_SECURITY):
            continue
        if key not in known:
            yield _finding(namespace, key, "there is no such label", nearest(key, known), known)
        elif key.endswith("-version"):
            if not _VERSION.fullmatch(str(value)):
                yield _finding(namespace, key, f"{value!r} is not allowed", "", ["latest", "v1.<minor>"])
        elif value not in LEVELS:
            yield _finding(namespace, key, f"{value!r} is not allowed", nearest(str(value), LEVELS), LEVELS)


def _closed(field: Mapping[str, Any], values: tuple[str, ...]) -> dict[str, Any]:
    if "items" in field:
        return {**field, "items": _closed(field["items"], values)}
    return {**field, "enum": [*values, *([None] if "null" in field["type"] else [])]}


def _finding(namespace: Manifest, key: str, message: str, close: str, allowed: Any) -> Finding:
    remedy = f"allowed: {', '.join(allowed)}" + (f"; did you mean {close!r}?" if close else "")
    path = ("metadata", "labels", key)
    return Finding.of(namespace, "policy/pod-security-label", message, path, remedy)
