"""RBAC, autoscaling, disruption budgets, custom resource definitions, aggregated API servers."""

from __future__ import annotations

from generator.objects.cursor import Cursor
from generator.objects.manifest import Manifest
from generator.validate.api import formats, structural
from generator.validate.api.checks import Found, at_least, fits, given, one_of, says
from generator.validate.api.metadata import selector

_RBAC = "rbac.authorization.k8s.io"
_APPROVED = "api-approved.kubernetes.io"
_METRICS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def role(manifest: Manifest) -> Found:
    """A Role or ClusterRole."""
    yield from _aggregation(Cursor.of(manifest).at("aggregationRule"))
    for rule in Cursor.of(manifest).items("rules"):
        if not isinstance(rule.data, dict):
            continue
        if not rule.get("verbs"):
            yield rule.at("verbs").finding("api/rbac", "is missing", "such as [get, list]")
        urls = rule.at("nonResourceURLs")
        if urls.data:
            if manifest.kind == "Role":
                yield urls.finding("api/rbac", "is not allowed in a Role", "use a ClusterRole")
            for field in ("apiGroups", "resources", "resourceNames"):
                if rule.get(field):
                    yield rule.at(field).finding("api/rbac", "stands beside nonResourceURLs", "write two rules")
            continue
        for field, such in (("apiGroups", '[""]'), ("resources", "[pods]")):
            if not rule.get(field):
                yield rule.at(field).finding("api/rbac", "is missing", f"such as {such}")


def _aggregation(place: Cursor) -> Found:
    selectors = place.items("clusterRoleSelectors")
    if isinstance(place.data, dict) and not selectors:
        yield place.at("clusterRoleSelectors").finding("api/rbac", "is missing", "name one selector at least")
    for one in selectors:
        yield from selector(one)


def binding(manifest: Manifest) -> Found:
    """A RoleBinding or ClusterRoleBinding."""
    root = Cursor.of(manifest)
    reference = root.at("roleRef")
    kinds = ("Role", "ClusterRole") if manifest.kind == "RoleBinding" else ("ClusterRole",)
    if isinstance(reference.data, dict):
        if reference.get("apiGroup") not in (None, "", _RBAC):
            yield reference.at("apiGroup").finding("api/rbac", f"is not {_RBAC}", f"set it to {_RBAC}")
        if reference.get("kind") not in kinds:
            yield reference.at("kind").finding("api/rbac", f"is not {' or '.join(kinds)}", "name a role")
    for subject in root.items("subjects"):
        yield from _subject(subject, needs_namespace=manifest.kind == "ClusterRoleBinding")


def _subject(subject: Cursor, *, needs_namespace: bool) -> Found:
    kind, group = subject.get("kind"), subject.get("apiGroup")
    yield from given(subject, "name", "api/rbac")
    if kind == "ServiceAccount":
        yield from fits(subject.at("name"), formats.subdomain, "api/rbac")
        if needs_namespace and not subject.get("namespace"):
            yield subject.at("namespace").finding("api/rbac", "is missing", "name the ServiceAccount's")
        if group:
            yield subject.at("apiGroup").finding("api/rbac", "is not empty for a ServiceAccount", "remove it")
    elif kind in ("User", "Group"):
        if group not in (None, "", _RBAC):
            yield subject.at("apiGroup").finding("api/rbac", f"is not {_RBAC}", f"set it to {_RBAC}")
    elif isinstance(subject.data, dict):
        yield subject.at("kind").finding("api/rbac", f"{kind!r} is no kind of subject", "User, Group, ServiceAccount")


def autoscaler(manifest: Manifest) -> Found:
    """A HorizontalPodAutoscaler."""
    spec = Cursor.of(manifest).at("spec")
    yield from at_least(spec, 0, "minReplicas", rule="api/autoscaling")
    yield from at_least(spec, 1, "maxReplicas", rule="api/autoscaling")
    low, high = spec.number("minReplicas"), spec.number("maxReplicas")
    if low is not None and high is not None and 0 < high < low:
        yield spec.at("maxReplicas").finding("api/autoscaling", f"{high} is less than minReplicas", "raise it")
    target = spec.at("scaleTargetRef")
    group, slash, version = str(target.get("apiVersion") or "").partition("/")
    if isinstance(target.data, dict) and target.get("kind") not in ("ReplicationController", None):
        wrong = not (slash and group and version and "/" not in version) or formats.subdomain(group)
        if wrong:
            yield target.at("apiVersion").finding("api/autoscaling", "has no group", "such as apps/v1")
    for metric in spec.items("metrics"):
        yield from _metric(metric)
    for direction in ("scaleUp", "scaleDown"):
        rules = spec.at("behavior", direction)
        yield from at_least(rules, 0, "stabilizationWindowSeconds", rule="api/autoscaling", highest=3600)
        if rules.get("policies") == []:
            yield rules.at("policies").finding("api/autoscaling", "is empty", "name one policy at least")
        for policy in rules.items("policies"):
            yield from at_least(policy, 1, "value", rule="api/autoscaling")
            yield from at_least(policy, 1, "periodSeconds", rule="api/autoscaling", highest=1800)


def _metric(metric: Cursor) -> Found:
    kind = metric.get("type")
    field = _METRICS.get(kind) if isinstance(kind, str) else None
    if field is None:
        return
    if metric.get(field) is None:
        yield metric.at(field).finding("api/autoscaling", f"is missing for type: {kind}", "set it")
    for other in metric.chosen(tuple(_METRICS.values())):
        if other != field:
            yield metric.at(other).finding("api/autoscaling", f"stands with type: {kind}", "remove it")
    target = metric.at(field, "target")
    values = ("averageUtilization", "averageValue", "value")
    if isinstance(target.data, dict) and not target.chosen(values):
        yield target.finding("api/autoscaling", "has no value", f"set one of {', '.join(values)}")
    yield from at_least(target, 1, "averageUtilization", rule="api/autoscaling")


def disruption_budget(manifest: Manifest) -> Found:
    """A PodDisruptionBudget."""
    spec = Cursor.of(manifest).at("spec")
    yield from one_of(spec, ("minAvailable", "maxUnavailable"), "api/disruption", required=False)
    for field in ("minAvailable", "maxUnavailable"):
        value = spec.get(field)
        yield from says(spec.at(field), formats.count_or_percent(value), "api/disruption", "such as 1 or 50%")
    yield from selector(spec.at("selector"))


def definition(manifest: Manifest) -> Found:
    """A CustomResourceDefinition."""
    root = Cursor.of(manifest)
    spec = root.at("spec")
    plural, group = spec.at("names").get("plural"), spec.get("group")
    name = root.at("metadata").get("name")
    if isinstance(plural, str) and isinstance(group, str) and isinstance(name, str) and name != f"{plural}.{group}":
        message = f"{name[:80]!r} is not plural.group"
        yield root.at("metadata", "name").finding("api/definition", message, f"{plural}.{group}"[:200])
    if isinstance(group, str) and f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        approved = root.at("metadata", "annotations").get(_APPROVED)
        if not approved:
            place = root.at("metadata", "annotations", _APPROVED)
            yield place.finding("api/definition", f"is missing for the group {group}", "the group is Kubernetes' own")
    versions = spec.items("versions")
    stored = [version for version in versions if version.get("storage") is True]
    if versions and len(stored) != 1:
        message = f"{len(stored)} versions have storage: true"
        yield spec.at("versions").finding("api/definition", message, "exactly one is stored")
    for version in versions:
        schema = version.at("schema", "openAPIV3Schema")
        if schema.data is None:
            yield schema.finding("api/definition", "is missing", "describe the object")
        yield from structural.schema(schema)


def api_service(manifest: Manifest) -> Found:
    """An APIService: one version of one group, and the Service of the server that has it."""
    root = Cursor.of(manifest)
    spec = root.at("spec")
    group, version, name = spec.get("group"), spec.get("version"), root.at("metadata").get("name")
    for field in ("version",) if version == "v1" else ("group", "version"):
        if not spec.get(field):
            yield spec.at(field).finding("api/api-service", "is missing", "set it")
    wanted = f"{version or ''}.{group or ''}"
    if isinstance(name, str) and name != wanted and isinstance(spec.data, dict):
        message = f"{name[:80]!r} is not version.group"
        yield root.at("metadata", "name").finding("api/api-service", message, wanted[:200])
    yield from at_least(spec, 1, "groupPriorityMinimum", rule="api/api-service", highest=20_000)
    yield from at_least(spec, 1, "versionPriority", rule="api/api-service", highest=1000)
    service = spec.at("service")
    if isinstance(service.data, dict):
        for field in ("name", "namespace"):
            yield from given(service, field, "api/api-service")
        if spec.get("caBundle") and spec.get("insecureSkipTLSVerify") is True:
            yield spec.at("insecureSkipTLSVerify").finding("api/api-service", "stands beside caBundle", "keep one")
