"""Where the values of the hub's Helm chart stand in its objects: each keeps as default what was rendered there.

A place is found by what stands there, in whatever object: a template of the team's own may lay objects out otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.bootstrap import chart_schemas as schemas
from generator.bootstrap.chart_values import Path, Value, Values, reference
from generator.model.hosting import HubServices
from generator.objects.manifest import Manifest

#: Of the names of all that the hub has.
PREFIX = "rtb-hub-"
IN_LIST = "[]"
_ALB = "alb.ingress.kubernetes.io/"
_REPLICAS = {
    "HorizontalPodAutoscaler": ("minReplicas", "maxReplicas"),
    "ScaledObject": ("minReplicaCount", "maxReplicaCount"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What the objects were rendered from. `auth_image` is None where sign-in runs the hub's image."""

    image: str
    auth_image: str | None
    namespace: str
    hub: HubServices | None


@dataclass(frozen=True, slots=True)
class Place:
    """What stands in an object in the place of a value: what a template prints as JSON, or as entries of a list."""

    action: str
    entries: bool = False


class Places:
    """Of one object. `values` gets each value that has a place."""

    def __init__(self, manifest: Manifest, given: Given, values: Values) -> None:
        self._kind, self._given, self._values = manifest.kind, given, values
        self._name = str(manifest.metadata.get("name", ""))
        spec = manifest.data.get("spec")
        target = spec.get("scaleTargetRef") if isinstance(spec, Mapping) else None
        self._scaled = str(target.get("name", "")) if isinstance(target, Mapping) else ""

    def of(self, keys: Path, value: Any) -> Place | None:
        """The place that `value` is, below `keys` of its object (`[]`: an entry of a list); None: it is none."""
        for rule in (self._image, self._namespace, self._secret, self._scale, self._of_pods, self._of_hub):
            if found := rule(keys, value):
                return Place(found)
        return None

    def of_entries(self, keys: Path, entries: Sequence[Any]) -> tuple[Place, int] | None:
        """The place that the first entries of a list are, and how many they are."""
        hub = self._given.hub
        if hub is None or keys[-1] != "from":
            return None
        cidrs = [str(one) for one in hub.load_balancer_cidrs]
        if list(entries[: len(cidrs)]) != [{"ipBlock": {"cidr": one}} for one in cidrs]:
            return None
        self._use(("ingress", "loadBalancerCidrs"), cidrs, schemas.SUBNETS, _CIDRS)
        return Place('include "rtb-hub.loadBalancer" . | trim', entries=True), len(cidrs)

    def condition(self) -> str | None:
        """The value without which this object is left out; None: it is always there."""
        given, on = self._given, {"type": "boolean"}
        if self._kind == "Namespace":
            return self._use(("namespace", "create"), True, on, _CREATE)
        if self._kind == "ExternalSecret":
            return self._use(("externalSecrets", "enabled"), True, on, _BY_HAND)
        if self._kind == "Ingress":
            return self._use(("ingress", "enabled"), True, on, _NO_INGRESS)
        if self._kind == "PrometheusRule" and given.hub is not None:
            return self._use(("alerts", "enabled"), given.hub.alerts, on, _OPERATOR)
        if self._name == f"{PREFIX}digest":
            return self._use(("jobs", "digest", "enabled"), True, on, _DIGEST)
        return None

    def _image(self, keys: Path, value: Any) -> str | None:
        given = self._given
        if keys[-1] != "image" or value not in (given.image, given.auth_image):
            return None
        repository, _, digest = given.image.rpartition("@")
        self._use(("images", "hub", "repository"), repository, schemas.REPOSITORY)
        self._use(("images", "hub", "digest"), digest, schemas.DIGEST)
        if self._name != f"{PREFIX}auth":
            return 'include "rtb-hub.image" .' if value == given.image else None
        repository, _, digest = (given.auth_image or "").rpartition("@")
        self._use(("images", "auth"), {"repository": repository, "digest": digest}, schemas.AUTH_IMAGE, _AUTH)
        return 'include "rtb-hub.authImage" .'

    def _namespace(self, keys: Path, value: Any) -> str | None:
        own = self._given.namespace
        place = ("metadata", "name") if self._kind == "Namespace" else ("metadata", "namespace")
        told = f"-n {own} "
        is_told = self._kind == "PrometheusRule" and isinstance(value, str) and told in value
        if not is_told and (keys != place or value != own):
            return None
        found = self._use(("namespace", "name"), own, schemas.LABEL, _NAMESPACE)
        return found and (_within(value, told, found, "-n %[1]s ", -1) if is_told else found)

    def _secret(self, keys: Path, value: Any) -> str | None:
        names = {("metadata", "name"), ("spec", "target", "name")} if self._kind == "ExternalSecret" else set()
        is_name = keys in names or keys[-1] == "secretName" or keys[-3:] == ("secretTargetRef", IN_LIST, "name")
        if is_name and isinstance(value, str):
            return self._use(("secrets", value), value, schemas.SECRET)
        hub = self._given.hub
        if hub is None or self._kind != "ExternalSecret":
            return None
        if keys[-2:] == ("secretStoreRef", "name"):
            return self._use(("externalSecrets", "store"), value, schemas.of_hub("secretStore"), _STORE)
        if keys[-2:] == ("remoteRef", "key") and str(value).startswith(hub.secrets):
            found = self._use(("externalSecrets", "prefix"), hub.secrets, schemas.of_hub("secrets"), _PREFIX)
            return found and _within(value, hub.secrets, found)
        return None

    def _scale(self, keys: Path, value: Any) -> str | None:
        names = _REPLICAS.get(self._kind)
        if names is None or len(keys) != 2 or keys[-1] not in names or not self._scaled.startswith(PREFIX):
            return None
        service = self._scaled.removeprefix(PREFIX)
        least, most = ("services", service, "minReplicas"), ("services", service, "maxReplicas")
        if keys[-1] == names[0]:
            fewest = 0 if self._kind == "ScaledObject" and value == 0 else 1
            return self._use(least, value, schemas.replicas(fewest))
        if self._use(most, value, schemas.replicas(1)) is None:
            return None
        return f'include "rtb-hub.most" (list {reference(least)} {reference(most)} {json.dumps(".".join(most))}) | int'

    def _of_pods(self, keys: Path, value: Any) -> str | None:
        """What containers have, and the role that their service account is."""
        own = self._name.removeprefix(PREFIX)
        if keys[-3:] == ("containers", IN_LIST, "resources"):
            group = "jobs" if self._kind == "CronJob" else "services"
            return self._use((group, own, "resources"), value, schemas.RESOURCES)
        if keys[-1] == "eks.amazonaws.com/role-arn":
            return self._use(("services", own, "roleArn"), value, schemas.of_hub("workerRole"))
        return None

    def _of_hub(self, keys: Path, value: Any) -> str | None:
        """What an environment's file says below `hub`."""
        hub, key = self._given.hub, keys[-1]
        if hub is None or not isinstance(value, str):
            return None
        cidrs, certificates = (",".join(map(str, some)) for some in (hub.load_balancer_cidrs, hub.certificates))
        if value in (hub.host, f"https://{hub.host}"):
            found = self._use(("host",), hub.host, schemas.of_hub("host"), _HOST)
            return found and (found if value == hub.host else _within(value, hub.host, found))
        if key == f"{_ALB}scheme" and value == hub.scheme:
            return self._use(("ingress", "scheme"), value, schemas.of_hub("scheme"), _SCHEME)
        if key == f"{_ALB}certificate-arn" and value == certificates:
            path = ("ingress", "certificates")
            return _joined(self._use(path, list(hub.certificates), schemas.of_hub("certificates"), _CERTIFICATES))
        if keys[-3:] == ("env", IN_LIST, "value") and value == cidrs:
            path, given = ("ingress", "loadBalancerCidrs"), cidrs.split(",")
            return _joined(self._use(path, given, schemas.SUBNETS, _CIDRS))
        if key == "kubernetes.io/metadata.name" and value == hub.monitoring:
            return self._use(("monitoring", "namespace"), value, schemas.LABEL, _MONITORING)
        if key == "runbook_url" and hub.runbooks is not None and value.startswith(hub.runbooks):
            found = self._use(("alerts", "runbooks"), hub.runbooks, schemas.PAGE, _RUNBOOKS)
            return found and _within(value, hub.runbooks, found)
        return None

    def _use(self, path: Path, default: Any, schema: Mapping[str, Any], comment: str = "") -> str | None:
        return self._values.use(path, Value(default, schema, comment))


def _within(text: str, part: str, value: str, shown: str = "%[1]s", times: int = 1) -> str:
    """A text of which `part` is the value, so many times; -1: each time that it has it."""
    form = text.replace("%", "%%").replace(part.replace("%", "%%"), shown, times)
    return f"printf {json.dumps(form, ensure_ascii=False)} {value}"


def _joined(value: str | None) -> str | None:
    return value and f'join "," {value}'


_AUTH = "What sign-in runs; empty: the hub's image."
_NAMESPACE = (
    "Where all of it is. The roles of IAM trust service accounts of this namespace, and the store of secrets names it."
)
_CREATE = "Whether the namespace is an object of this chart. An uninstallation keeps it, with the Secrets made by hand."
_BY_HAND = "false: all Secrets are made by hand, or by other means, by the names below 'secrets'."
_STORE = "A ClusterSecretStore that the namespace may use, and previews not."
_PREFIX = "What the names of the secrets in AWS Secrets Manager start with."
_NO_INGRESS = "false: people, CI and webhooks reach the services by what you make yourself."
_SCHEME = "Who can reach the load balancer: internal, or internet-facing."
_CERTIFICATES = "Of ACM, for the host; of this account and region."
_CIDRS = "The load balancer's subnets, from which alone services are reached."
_HOST = "Where people, CI and webhooks reach the hub."
_MONITORING = "The namespace whose pods may read /metrics."
_OPERATOR = "Whether there is a PrometheusRule; it needs Prometheus' operator."
_RUNBOOKS = "Where people read docs/OPERATIONS.md: each alert links to its section there."
_DIGEST = "Whether digests are told in Slack."
#: Comments of groups, in the order of values.yaml.
GROUPS: Mapping[Path, str] = {
    ("images",): "What is run, pinned by digest.",
    ("namespace",): "",
    ("host",): "",
    ("ingress",): "The load balancer of AWS (the AWS Load Balancer Controller).",
    ("services",): "How many pods each service has by its load (the worker by its jobs), what a pod has, and the"
    " role of IAM that it is in AWS. A worker that tells of previews stays: 1 at least.",
    ("jobs",): "What a pod of each scheduled job has.",
    ("externalSecrets",): "References to AWS Secrets Manager (the External Secrets Operator).",
    ("secrets",): "Names of the Secrets that pods are given, by what the hub calls them. Keys to Git are made by hand:"
    " docs/INSTALL.md says what is in each.",
    ("monitoring",): "",
    ("alerts",): "",
}
