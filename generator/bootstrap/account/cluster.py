"""What an administrator applies to an environment's cluster beside Argo CD's objects: what stands between it and AWS.

Stores of secrets with service accounts of their own, where Fargate writes logs, and nodes for previews on spot.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.bootstrap.account.objects import Role
from generator.bootstrap.account.place import (
    ARGOCD_READER,
    HUB_READER,
    PREVIEWS_READER,
    SECRETS_NAMESPACE,
    Place,
    aws_of,
)
from generator.bootstrap.account.preview_stack import log_group
from generator.model.environment import Environment
from generator.objects.manifest import Manifest

Tree = dict[str, Any]
#: Taken for granted by what EKS's Fargate looks for (EKS User Guide, "Fargate logging").
_OBSERVABILITY = "aws-observability"
POOL = "previews-spot"
_LABELS = {"app.kubernetes.io/managed-by": "rtb-ai-hub"}


def cluster_objects(environment: Environment, home: Environment, roles: tuple[Role, ...]) -> tuple[Manifest, ...]:
    """The objects, in the order in which they are applied. `roles`: those of the account's stacks."""
    trees = [*_stores(environment, home, {role.role_name for role in roles}), *_logs(environment), *_spot(environment)]
    return tuple(Manifest(tree, "account render") for tree in trees)


def _stores(environment: Environment, home: Environment, roles: set[str]) -> Iterator[Tree]:
    """A store for whom it is, each by a role of its own: none can be named in another's namespaces."""
    spec, here = environment.spec, Place.of(environment)
    previews: Tree = {"namespaceRegexes": ["^preview-.*$"]}
    stores = [
        (PREVIEWS_READER, "rtb-preview-secrets", spec.secrets.store, previews),
        (ARGOCD_READER, "rtb-argocd-secrets", spec.argocd.secret_store, {"namespaces": [spec.argocd.namespace]}),
    ]
    if environment.name == home.name and spec.hub is not None:
        own = {"namespaces": [aws_of(home).hub.namespace]}
        stores.append((HUB_READER, "rtb-hub-secrets", spec.hub.secret_store, own))
    for account, role, store, condition in stores:
        if role not in roles:
            continue
        annotations = {"eks.amazonaws.com/role-arn": here.role(role)}
        yield _object("v1", "ServiceAccount", account, namespace=SECRETS_NAMESPACE, annotations=annotations)
        reference = {"name": account, "namespace": SECRETS_NAMESPACE}
        provider = {
            "service": "SecretsManager",
            "region": spec.region,
            "auth": {"jwt": {"serviceAccountRef": reference}},
        }
        about = {"conditions": [condition], "provider": {"aws": provider}}
        yield {**_object("external-secrets.io/v1", "ClusterSecretStore", store), "spec": about}


def _logs(environment: Environment) -> Iterator[Tree]:
    """Fargate writes what pods print, as the pods' role. It reads this when a pod starts."""
    if "fargate" not in environment.spec.compute.allowed:
        return
    settings = {
        "region": environment.spec.region,
        "log_group_name": log_group(environment),
        "log_stream_prefix": "pod-",
        "auto_create_group": "false",
    }
    output = "".join(f"    {key} {value}\n" for key, value in settings.items())
    data = {"output.conf": f"[OUTPUT]\n    Name cloudwatch_logs\n    Match *\n{output}"}
    yield _object("v1", "Namespace", _OBSERVABILITY, labels={_OBSERVABILITY: "enabled"})
    yield {**_object("v1", "ConfigMap", "aws-logging", namespace=_OBSERVABILITY), "data": data}


def _spot(environment: Environment) -> Iterator[Tree]:
    """Nodes that nothing else is scheduled on. One hop to the metadata service: no pod reaches it."""
    spec, aws = environment.spec, aws_of(environment)
    if aws.spot is None or "spot" not in spec.compute.allowed:
        return
    groups = [spec.cluster.security_group, *spec.cluster.node_security_groups]
    disk = {"volumeType": "gp3", "volumeSize": "50Gi", "encrypted": True, "deleteOnTermination": True}
    yield {
        **_object("karpenter.k8s.aws/v1", "EC2NodeClass", POOL),
        "spec": {
            "role": aws.spot.node_role,
            "amiSelectorTerms": [{"alias": "al2023@latest"}],
            "subnetSelectorTerms": [{"id": subnet} for subnet in aws.pod_subnets],
            "securityGroupSelectorTerms": [{"id": group} for group in groups],
            "metadataOptions": {
                "httpEndpoint": "enabled",
                "httpTokens": "required",
                "httpPutResponseHopLimit": 1,
                "httpProtocolIPv6": "disabled",
            },
            "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": disk}],
            "tags": {"rtb-hub/environment": environment.name},
        },
    }
    requirements = [
        {"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]},
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
    ]
    node: Tree = {
        "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": POOL},
        "requirements": requirements,
        "taints": [{"key": "rtb.hub/preview", "value": "true", "effect": "NoSchedule"}],
    }
    yield {
        **_object("karpenter.sh/v1", "NodePool", POOL),
        "spec": {
            "template": {"spec": node},
            "limits": {"cpu": str(aws.spot.cpu), "memory": f"{aws.spot.memory_gib}Gi"},
            "disruption": {"consolidationPolicy": "WhenEmptyOrUnderutilized", "consolidateAfter": "5m"},
        },
    }


def _object(version: str, kind: str, name: str, **metadata: Any) -> Tree:
    labels = {**_LABELS, **metadata.pop("labels", {})}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **metadata, "labels": labels}}
