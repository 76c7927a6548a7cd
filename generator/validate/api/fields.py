"""Fields that only have a format, a range or must be there, as a table: kind → where they are and what they hold.

Source: kubernetes 1.37, pkg/apis/*/validation; each row was refused by its API server (dry run, strict).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from generator.validate.api import formats
from generator.validate.api.formats import Check
from generator.validate.api.places import Field, Places
from generator.validate.api.scheduling import PREFERRED, REQUIRED

_INT32 = 2**31 - 1
#: Compiled when they are first needed: few pods have either.
_SYSCTL = r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*"
_SEARCH = r"([_a-z0-9]([-_a-z0-9]*[_a-z0-9])?\.)*[_a-z0-9]([-_a-z0-9]*[_a-z0-9])?"


def _header(text: str) -> str | None:
    found = text.isascii() and text.replace("-", "a").isalnum()
    return None if found else f"{text[:80]!r} is no name of a header: letters, digits and '-'"


def _sysctl(text: str) -> str | None:
    return None if len(text) <= 253 and re.fullmatch(_SYSCTL, text) else f"{text[:80]!r} is no name of a sysctl"


def _search(text: str) -> str | None:
    found = len(text) <= 253 and (text == "." or re.fullmatch(_SEARCH, text.removesuffix(".")))
    return None if found else f"{text[:80]!r} is no domain to search: small letters, digits, '-', '_' and '.'"


def _prefix(text: str) -> str | None:
    return formats.env_name(text) if text else None


def _driver(text: str) -> str | None:
    if len(text) > 63:
        return f"{text[:80]!r} is longer than 63 characters"
    return formats.subdomain(text.lower())


def _controller(text: str) -> str | None:
    host, slash, path = text.partition("/")
    if not slash or not path or formats.subdomain(host) or len(text) > 250:
        return f"{text[:80]!r} is no path with a domain before it, such as ingress.k8s.aws/alb"
    return None


def _provisioner(text: str) -> str | None:
    return formats.qualified_name(text.lower())


def _kind(text: str) -> str | None:
    return formats.dns_label_1035(text.lower())


def _json_path(text: str) -> str | None:
    return None if text.startswith(".") else f"{text[:80]!r} is no path: it begins with '.'"


def _column_type(text: str) -> str | None:
    allowed = ("boolean", "date", "integer", "number", "string")
    return None if text in allowed else f"{text[:80]!r} is none of {', '.join(allowed)}"


def _optional(check: Check) -> Check:
    return lambda text: check(text) if text else None


_POD_TERMS = tuple(
    at
    for kind in ("podAffinity", "podAntiAffinity")
    for at in (f"affinity.{kind}.{REQUIRED}[]", f"affinity.{kind}.{PREFERRED}[].podAffinityTerm")
)
_PROBES = tuple(f"{name}.httpGet" for name in ("livenessProbe", "readinessProbe", "startupProbe"))
_HOOKS = ("lifecycle.preStop.httpGet", "lifecycle.postStart.httpGet")
_CONTAINER = (
    *(
        Field(f"env[].valueFrom.{one}.name", "api/env", formats.subdomain, needed=True)
        for one in ("configMapKeyRef", "secretKeyRef")
    ),
    *(
        Field(f"envFrom[].{one}.name", "api/env", formats.subdomain, needed=True)
        for one in ("configMapRef", "secretRef")
    ),
    Field("envFrom[].prefix", "api/env", _prefix),
    Field("env[].valueFrom.resourceFieldRef.resource", "api/env", needed=True),
    Field("env[].valueFrom.resourceFieldRef.divisor", "api/quantity", quantity=0),
    *(Field(f"{at}.httpHeaders[].name", "api/probe", _header, needed=True) for at in _PROBES),
    *(Field(f"{at}.httpHeaders[].name", "api/lifecycle", _header, needed=True) for at in _HOOKS),
    Field("resizePolicy[].resourceName", "api/resources", needed=True),
    Field("resizePolicy[].restartPolicy", "api/resources", needed=True),
)
_POD = (
    Field("activeDeadlineSeconds", "api/number", numbers=(1, _INT32)),
    Field("dnsConfig.searches[]", "api/address", _search),
    Field("dnsConfig.options[].name", "api/address", needed=True),
    Field("readinessGates[].conditionType", "api/pod", formats.qualified_name),
    Field("schedulingGates[].name", "api/pod", formats.qualified_name),
    Field("topologySpreadConstraints[].matchLabelKeys[]", "api/scheduling", formats.qualified_name),
    *(Field(f"{at}.namespaces[]", "api/scheduling", formats.dns_label) for at in _POD_TERMS),
    *(
        Field(f"{at}.{keys}[]", "api/scheduling", formats.qualified_name)
        for at in _POD_TERMS
        for keys in ("matchLabelKeys", "mismatchLabelKeys")
    ),
    Field("securityContext.supplementalGroups[]", "api/security-context", numbers=(0, _INT32)),
    Field("securityContext.sysctls[].name", "api/security-context", _sysctl, needed=True),
    Field("volumes[].csi.driver", "api/volume", _driver, needed=True),
    Field("volumes[].csi.nodePublishSecretRef.name", "api/volume", formats.subdomain, needed=True),
    Field("volumes[].image.reference", "api/volume", needed=True),
    Field("volumes[].awsElasticBlockStore.partition", "api/volume", numbers=(0, 255)),
    Field("volumes[].iscsi.targetPortal", "api/volume", needed=True),
    Field("volumes[].iscsi.iqn", "api/volume", needed=True),
    Field("volumes[].iscsi.lun", "api/volume", numbers=(0, 255)),
    Field("volumes[].downwardAPI.items[].resourceFieldRef.containerName", "api/volume", needed=True),
    Field("volumes[].downwardAPI.items[].resourceFieldRef.resource", "api/volume", needed=True),
    Field("volumes[].downwardAPI.items[].resourceFieldRef.divisor", "api/quantity", quantity=0),
    Field("volumes[].projected.sources[].serviceAccountToken.expirationSeconds", "api/volume", numbers=(600, 2**32)),
    *(
        field._replace(at=f"{kind}[].{field.at}")
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for field in _CONTAINER
    ),
)
_NAMED = formats.path_segment
_METRIC = "api/autoscaling"
_OBJECTS: Mapping[tuple[str, str], tuple[Field, ...]] = {
    ("", "Endpoints"): (
        *(
            Field(f"subsets[].{which}[].ip", "api/address", formats.address, needed=True)
            for which in ("addresses", "notReadyAddresses")
        ),
        *(
            Field(f"subsets[].{which}[].hostname", "api/name", _optional(formats.dns_label))
            for which in ("addresses", "notReadyAddresses")
        ),
        Field("subsets[].ports[].name", "api/port", _optional(formats.dns_label)),
        Field("subsets[].ports[].port", "api/port", numbers=(1, 65535)),
    ),
    ("", "PersistentVolume"): (
        Field("spec.storageClassName", "api/claim", _optional(formats.subdomain)),
        Field("spec.csi.driver", "api/claim", _driver, needed=True),
        Field("spec.csi.volumeHandle", "api/claim", needed=True),
    ),
    ("", "PersistentVolumeClaim"): (Field("spec.dataSource.name", "api/claim", needed=True),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        Field("spec.names.singular", "api/definition", _optional(formats.dns_label_1035)),
        Field("spec.names.shortNames[]", "api/definition", formats.dns_label_1035),
        Field("spec.names.categories[]", "api/definition", formats.dns_label_1035),
        Field("spec.names.kind", "api/definition", _kind, needed=True),
        Field("spec.names.listKind", "api/definition", _optional(_kind)),
        Field("spec.versions[].name", "api/definition", formats.dns_label_1035, needed=True),
        Field("spec.versions[].additionalPrinterColumns[].name", "api/definition", needed=True),
        Field("spec.versions[].additionalPrinterColumns[].type", "api/definition", _column_type, needed=True),
        Field("spec.versions[].additionalPrinterColumns[].jsonPath", "api/definition", _json_path, needed=True),
        Field("spec.versions[].subresources.scale.specReplicasPath", "api/definition", _json_path, needed=True),
        Field("spec.versions[].subresources.scale.statusReplicasPath", "api/definition", _json_path, needed=True),
    ),
    ("apps", "StatefulSet"): (Field("spec.serviceName", "api/name", _optional(formats.dns_label)),),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        Field("spec.scaleTargetRef.kind", _METRIC, _NAMED, needed=True),
        Field("spec.scaleTargetRef.name", _METRIC, _NAMED, needed=True),
        Field("spec.metrics[].resource.name", _METRIC, needed=True),
        Field("spec.metrics[].containerResource.name", _METRIC, needed=True),
        Field("spec.metrics[].containerResource.container", _METRIC, formats.dns_label, needed=True),
        *(
            Field(f"spec.metrics[].{kind}.metric.name", _METRIC, _NAMED, needed=True)
            for kind in ("pods", "object", "external")
        ),
        Field("spec.metrics[].object.describedObject.kind", _METRIC, _NAMED, needed=True),
        Field("spec.metrics[].object.describedObject.name", _METRIC, _NAMED, needed=True),
        *(
            Field(f"spec.metrics[].{kind}.target.{amount}", "api/quantity", quantity=1)
            for kind in ("resource", "containerResource", "pods", "object", "external")
            for amount in ("value", "averageValue")
        ),
    ),
    ("coordination.k8s.io", "Lease"): (
        Field("spec.leaseDurationSeconds", "api/number", numbers=(1, _INT32)),
        Field("spec.leaseTransitions", "api/number", numbers=(0, _INT32)),
    ),
    ("discovery.k8s.io", "EndpointSlice"): (
        Field("addressType", "api/address", needed=True),
        Field("ports[].name", "api/port", _optional(formats.dns_label)),
        Field("ports[].port", "api/port", numbers=(1, 65535)),
        Field("ports[].appProtocol", "api/service", formats.qualified_name),
        Field("endpoints[].hostname", "api/name", formats.dns_label),
        Field("endpoints[].nodeName", "api/name", formats.subdomain),
        Field("endpoints[].addresses", "api/address", needed=True),
    ),
    ("networking.k8s.io", "Ingress"): (
        *(
            Field(f"{at}.resource.{field}", "api/ingress", _NAMED, needed=True)
            for at in ("spec.defaultBackend", "spec.rules[].http.paths[].backend")
            for field in ("kind", "name")
        ),
    ),
    ("networking.k8s.io", "IngressClass"): (
        Field("spec.controller", "api/ingress", _controller),
        Field("spec.parameters.kind", "api/ingress", _NAMED),
        Field("spec.parameters.name", "api/ingress", _NAMED),
        Field("spec.parameters.namespace", "api/ingress", formats.dns_label),
    ),
    ("node.k8s.io", "RuntimeClass"): (
        Field("handler", "api/name", formats.dns_label, needed=True),
        Field("overhead.podFixed{}", "api/quantity", quantity=0),
        Field("scheduling.nodeSelector{}", "api/label", formats.label_value),
    ),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (Field("roleRef.name", "api/rbac", _NAMED, needed=True),),
    ("rbac.authorization.k8s.io", "RoleBinding"): (Field("roleRef.name", "api/rbac", _NAMED, needed=True),),
    ("storage.k8s.io", "CSIDriver"): (
        Field("spec.tokenRequests[].expirationSeconds", "api/number", numbers=(600, 2**32)),
    ),
    ("storage.k8s.io", "StorageClass"): (
        Field("provisioner", "api/name", _provisioner, needed=True),
        Field("allowedTopologies[].matchLabelExpressions[].key", "api/scheduling", formats.qualified_name),
        Field("allowedTopologies[].matchLabelExpressions[].values", "api/scheduling", needed=True),
    ),
}  # fmt: skip

#: Below a pod's spec, wherever that is.
POD = Places.of(_POD)
#: Below an object, by group and kind.
OBJECTS: Mapping[tuple[str, str], Places] = {kind: Places.of(fields) for kind, fields in _OBJECTS.items()}
