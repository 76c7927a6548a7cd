"""The stack `rtb-preview-<env>`: what previews need in their environment's account, and how the hub reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from generator.bootstrap.account.objects import (
    AccessEntry,
    Budget,
    Certificate,
    FargateProfile,
    LogGroup,
    Made,
    Object,
    Opening,
    Output,
    Role,
    Rule,
    Secret,
    SecurityGroup,
    Stack,
    Value,
)
from generator.bootstrap.account.place import (
    ARGOCD_READER,
    PODS_ROLE,
    PREVIEWS_READER,
    SECRETS_NAMESPACE,
    SESSION,
    Place,
    aws_of,
    logical,
    split_role,
)
from generator.bootstrap.account.policy import (
    TARGET_GROUPS,
    TRAFFIC,
    Document,
    Statement,
    document,
    service_account_trust,
)
from generator.bootstrap.argocd import READER
from generator.model.across import argocd_secrets
from generator.model.environment import Environment

NAMESPACES = "preview-*"
COMPUTE = {"rtb.hub/compute": "fargate"}
PERCENTAGES = (50, 80, 100)
_DNS, _HTTPS, _KUBELET, _UNPRIVILEGED, _NFS = (53, 53), (443, 443), (10250, 10250), (1024, 65535), (2049, 2049)
_READ = ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")


def preview_stack(environment: Environment, home: Environment) -> Stack:
    """The stack of one environment that `checks.refuse_unfit` has let through; `home`: the one the hub is in."""
    name, here = environment.name, Place.of(environment)
    group = Made("Previews", "id")
    outputs = [Output("PreviewsSecurityGroup", group, "isolation.securityGroups")]
    objects: list[Object] = [*_fargate(environment, home), *_groups(environment), *_reader(environment, home)]
    objects += _secrets(environment, here)
    if (zone := aws_of(environment).zone) is not None:
        objects.append(Certificate("Certificate", f"*.{environment.spec.domain}", zone))
        outputs.append(Output("CertificateArn", Made("Certificate", "arn"), "exposure.certificates"))
    objects += _budget(environment)
    return Stack(
        name=f"rtb-preview-{name}",
        description=f"Previews of RTB AI Hub in {name}, and how the hub reads them",
        account=here.account,
        region=here.region,
        objects=tuple(objects),
        outputs=tuple(outputs),
        tags={"rtb-hub/environment": name},
    )


def log_group(environment: Environment) -> str:
    """Where logs of previews on Fargate go."""
    return f"/rtb/previews/{environment.name}"


def _fargate(environment: Environment, home: Environment) -> Iterator[Object]:
    aws, cluster, here = aws_of(environment), environment.spec.cluster.name, Place.of(environment)
    logs = here.arn("logs", f"log-group:{log_group(environment)}:*")
    source = {"aws:SourceArn": here.arn("eks", f"fargateprofile/{cluster}/*")}
    trust = Statement(
        "Fargate",
        ("sts:AssumeRole",),
        principal={"Service": "eks-fargate-pods.amazonaws.com"},
        conditions={"ArnLike": source},
    )
    pods = document(
        Statement("Token", ("ecr:GetAuthorizationToken",), ("*",)),
        Statement("Pull", PULL, Place.of(home).repositories(aws.repositories)),
        Statement("Logs", ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"), (logs,)),
    )
    yield Role(
        "PodsRole", PODS_ROLE, "Fargate pulls images of previews and writes their logs", document(trust), {"pods": pods}
    )
    yield FargateProfile(
        "FargateProfile",
        _profile_name(environment),
        cluster,
        Made("PodsRole", "arn"),
        tuple(aws.pod_subnets),
        NAMESPACES,
        COMPUTE,
    )
    yield LogGroup("Logs", log_group(environment), aws.log_days)


def _profile_name(environment: Environment) -> str:
    """With a digest of what a profile cannot be changed in: a stack makes another and then deletes the first."""
    what = json.dumps([sorted(aws_of(environment).pod_subnets), NAMESPACES, COMPUTE])
    return f"previews-{hashlib.sha256(what.encode()).hexdigest()[:8]}"


def _groups(environment: Environment) -> Iterator[Object]:
    """The previews' own group, in which a member reaches other previews' ports, DNS, and what `egress` says.

    The load balancer controller adds its own rules for targets. A group of the cluster is no place for a preview:
    its members may all reach one another.
    """
    spec, aws = environment.spec, aws_of(environment)
    cluster, previews = spec.cluster.security_group, Made("Previews", "id")
    dns = (cluster, *spec.cluster.node_security_groups)
    out = [_rule(protocol, _DNS, "DNS", group=group) for group in dns for protocol in ("tcp", "udp")]
    out.append(_rule("tcp", _HTTPS, "API server", group=cluster))
    for one in spec.isolation.egress:
        out += [_rule(one.protocol.lower(), (port, port), "isolation.egress", network=one.cidr) for port in one.ports]
    if spec.efs is not None:
        out.append(_rule("tcp", _NFS, "EFS", group=spec.efs.security_group))
    yield SecurityGroup(
        "Previews",
        f"rtb-previews-{environment.name}",
        "Previews on Fargate: their only group",
        aws.vpc,
        into=(_rule("tcp", _KUBELET, "logs and metrics of pods", group=cluster),),
        out=tuple(dict.fromkeys(out)),
    )
    inside = _rule("tcp", _UNPRIVILEGED, "between previews", group=previews)
    yield Opening("PreviewsFromPreviews", "in", previews, inside)
    yield Opening("PreviewsToPreviews", "out", previews, inside)
    for group in dns:
        where = "Cluster" if group == cluster else logical("Nodes", group)
        for protocol in ("tcp", "udp"):
            rule = _rule(protocol, _DNS, "DNS of previews", group=previews)
            yield Opening(f"{where}Dns{protocol.capitalize()}", "in", group, rule)
    if spec.efs is not None:
        rule = _rule("tcp", _NFS, "EFS of previews", group=previews)
        yield Opening("MountTargets", "in", spec.efs.security_group, rule)
    yield Opening("ClusterApi", "in", cluster, _rule("tcp", _HTTPS, "API server for previews", group=previews))


def _rule(
    protocol: str, ports: tuple[int, int], why: str, *, group: Value | None = None, network: str | None = None
) -> Rule:
    return Rule("tcp" if protocol == "tcp" else "udp", *ports, why, network=network, group=group)


def cluster_readers(home: Environment, environment: Environment) -> tuple[str, ...]:
    """Roles of the hub's that read a cluster: what shows previews, the worker that tells of them, jobs that count."""
    hub = home.spec.hub
    control = Place.of(home).role(aws_of(home).hub.role)
    worker = hub.worker_role if hub is not None and hub.tells else None
    counting = hub.reconciler_role if hub is not None and counts_requests(environment) else None
    return (control, *(role for role in (worker, counting) if role is not None))


def counts_requests(environment: Environment) -> bool:
    """Whether anything asks how much the previews of an environment are used."""
    return environment.spec.sleep.after_idle is not None


def reader_trust(home: Environment, environment: Environment) -> Document:
    """Trust in roles of the hub's, by their names: it holds before they are there, and after they were made anew."""
    return document(
        Statement(
            "Hub",
            ("sts:AssumeRole",),
            principal={"AWS": Place.of(home).root},
            conditions={
                "StringEquals": {"aws:PrincipalOrgID": aws_of(home).organization},
                "ArnEquals": {"aws:PrincipalArn": cluster_readers(home, environment)},
                "StringLike": {"sts:RoleSessionName": f"{SESSION}*"},
            },
        )
    )


def _reader(environment: Environment, home: Environment) -> Iterator[Object]:
    """How the hub reads the cluster: it may ask where it is, and Kubernetes says the rest of its group."""
    cluster, here = environment.spec.cluster, Place.of(environment)
    path, role = split_role(cluster.role_arn)
    describe = Statement("Cluster", ("eks:DescribeCluster",), (here.arn("eks", f"cluster/{cluster.name}"),))
    counting = [Statement("Requests", TRAFFIC, ("*",))] if counts_requests(environment) else []
    yield Role(
        "ReaderRole",
        role,
        "The hub reads this cluster; it changes nothing",
        reader_trust(home, environment),
        {"cluster": document(describe, Statement("TargetGroups", TARGET_GROUPS, ("*",)), *counting)},
        path,
    )
    yield AccessEntry("ReaderEntry", cluster.name, Made("ReaderRole", "arn"), (READER,))


def _secrets(environment: Environment, here: Place) -> Iterator[Object]:
    """Two roles for two stores: what previews may name, and what is Argo CD's. Neither reads the other's."""
    spec, aws = environment.spec, aws_of(environment)
    provider = here.provider(aws.oidc)
    names = sorted({name for _, name in argocd_secrets(spec)})
    stores = [("PreviewSecretsRole", "rtb-preview-secrets", PREVIEWS_READER, here.secrets_below(spec.secrets.prefixes))]
    if names:
        stores.append(("ArgocdSecretsRole", "rtb-argocd-secrets", ARGOCD_READER, here.secrets(names)))
    for name, role, account, resources in stores:
        trust = service_account_trust(provider, aws.oidc, [f"{SECRETS_NAMESPACE}:{account}"])
        policy = document(Statement("Read", _READ, resources))
        yield Role(name, role, f"The store of {account} reads its secrets", trust, {"secrets": policy})
    for secret in names:
        yield Secret(logical("ArgocdSecret", secret), secret, "Argo CD's own: no preview may read it")


def _budget(environment: Environment) -> Iterator[Object]:
    aws = aws_of(environment)
    if aws.budget is not None:
        yield Budget("Budget", f"rtb-previews-{environment.name}", aws.budget, PERCENTAGES, tuple(aws.notify))
