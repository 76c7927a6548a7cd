"""Every rule of validation by its id: what it says, and who else would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Refuser = Literal["the API server", "Fargate", "the hub", "nobody"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what is wrong where it is broken, and who refuses that, or lets pods hang."""

    says: str
    refuser: Refuser


def _server(says: str) -> Rule:
    return Rule(says, "the API server")


def _hub(says: str) -> Rule:
    return Rule(says, "the hub")


def _fargate(says: str) -> Rule:
    return Rule(says, "Fargate")


RULES: Mapping[str, Rule] = {
    "api/address": _server("an IP address, a network, a list of name servers, or a domain to search is wrong"),
    "api/admission-policy": _server("an admission policy or its binding lacks what it needs, or contradicts itself"),
    "api/annotations": _server("the key of an annotation is no qualified name, or there are more than 256 KiB of them"),
    "api/api-service": _server("an APIService is not called version.group, or a number is out of its range"),
    "api/autoscaling": _server("a HorizontalPodAutoscaler contradicts itself, or a number is out of its range"),
    "api/claim": _server("a claim or a volume has no access mode, no size, or not exactly one kind of storage"),
    "api/container": _server("a container has no name or image, or the name of another, or there is none"),
    "api/data": _server(
        "a key of a ConfigMap or Secret is none, stands twice or is missing for the type, or all are too large"
    ),
    "api/definition": _server(
        "a CustomResourceDefinition is not called plural.group, has not one stored version, or a wrong name or column"
    ),
    "api/disruption": _server("a PodDisruptionBudget says both bounds, or one that cannot be"),
    "api/env": _server("a variable has no name, or not exactly one source, or one that cannot be read"),
    "api/ingress": _server("host, path, class or backend of an Ingress is wrong, or it has no rule"),
    "api/job": _server("fields of a Job or CronJob contradict each other, or a number is negative"),
    "api/label": _server("a label's key or value is too long or has other characters than allowed"),
    "api/lifecycle": _server("a lifecycle hook has not exactly one handler, or one that cannot be"),
    "api/limits": _server("a LimitRange or ResourceQuota names an unknown resource or contradicts itself"),
    "api/mount": _server("a volume that is not there is mounted, or two at one path, or a path leads out of one"),
    "api/name": _server("the name is missing, or not of the form that its kind has"),
    "api/network-policy": _server("a peer or a port of a NetworkPolicy contradicts itself"),
    "api/number": _server("a number is negative or out of its range"),
    "api/owner": _server("an owner of the object is not named in full, or two are its controller"),
    "api/pod": _server("there is no pod spec, or a gate of a pod is no qualified name, or stands twice"),
    "api/port": _server("a port is not within 1 and 65535, or its name is none, or it stands twice"),
    "api/probe": _server("a probe has not exactly one handler, or a number that cannot be"),
    "api/quantity": _server("a quantity cannot be read, or is negative"),
    "api/rbac": _server("a rule or a binding lacks what it needs, or names what it may not"),
    "api/resources": _server("a resource is unknown, its request above its limit, or a device not whole"),
    "api/restart-policy": _server("the restart policy is not one that the kind may have"),
    "api/schedule": _server("a schedule cannot be read, or there is no such time zone"),
    "api/scheduling": _server("a toleration, an affinity or a spread constraint contradicts itself"),
    "api/security-context": _server("a security context contradicts itself, or a number is out of its range"),
    "api/selector": _server("a selector is empty, contradicts itself, or does not fit the template's labels"),
    "api/service": _server("ports, type or options of a Service contradict each other"),
    "api/strategy": _server("an update strategy contradicts itself, or could never replace a pod"),
    "api/volume": _server("a volume has two sources, no name, the name of another, or lacks what its source needs"),
    "api/webhook": _server("a webhook has not exactly one address, or a number out of its range"),
    "fargate/capabilities": _fargate("capabilities are added"),
    "fargate/daemonset": _fargate("a DaemonSet has no node to run on"),
    "fargate/gpu": _fargate("there are no GPUs"),
    "fargate/guaranteed": _fargate("requests and limits are not the same amounts"),
    "fargate/node-choice": _fargate("a node is chosen, but there are none"),
    "fargate/size": _fargate("the pod is larger than the largest size"),
    "fargate/volume": _fargate("the volume needs a node"),
    "file/duplicate": Rule("another object of the same name replaces this one", "nobody"),
    "file/list-item": _server("a List holds what is no object"),
    "file/no-object": _server("a document is meant as an object and has no apiVersion or kind"),
    "file/unreadable": _server("a file cannot be read, or is not YAML"),
    "policy/backend": Rule("an Ingress leads to no Service or port of this set", "nobody"),
    "policy/image-digest": _hub("an image is named by a tag, which may move after the review"),
    "policy/image-registry": _hub("an image is from a registry that the environment does not name"),
    "policy/isolation": _hub("nothing keeps a preview's pods from others"),
    "policy/memory": Rule("less than one MiB of memory, in which no container starts", "nobody"),
    "policy/namespace": _hub("an object of a preview is outside of the preview's namespace"),
    "policy/pod-security": _hub("a pod breaks the restricted Pod Security Standard, which previews enforce"),
    "policy/pod-security-label": Rule("a Pod Security label is unknown: the API server ignores it", "nobody"),
    "policy/port": Rule("a Service leads to a port name that no pod of this set has", "nobody"),
    "policy/quota": _hub("a preview has no quota, or pods ask for more than it"),
    "policy/resources": _hub("a container says no request or limit of CPU or memory; the quota refuses its pod"),
    "policy/secret": _hub("a Secret has no place in Git"),
    "policy/selector": Rule("a Service chooses no pod of this set", "nobody"),
    "policy/service-account-token": _hub("a pod has a token for the API server, which a preview does not need"),
    "policy/storage": _hub("disk has no bound: of a container, or of an emptyDir, which else may fill the node"),
    "policy/volume": _hub(
        "a volume that is not the one on EFS which the environment names, or more of it than the preview's folder"
    ),
    "policy/wave": _hub("a sync wave cannot be read, or blocks repair and removal"),
    "schema/duplicate": _server("a list holds twice what it may hold once"),
    "schema/enum": _server("a value is not one of those allowed"),
    "schema/not-known-here": Rule("a field is not in the schema known here, which has a part of the kind's", "nobody"),
    "schema/required": _server("a field is missing"),
    "schema/type": _server("a value has another type"),
    "schema/unknown-field": _server("there is no such field"),
    "schema/unknown-kind": _server("no schema is known for the kind"),
    "schema/value": _server("a value is out of its range, or not of its form"),
}
