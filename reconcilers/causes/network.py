"""Pods that have a place and do not get an address or a volume."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from generator.errors import Remedy, RemedyKind
from reconcilers.causes.look import Look, of_event
from reconcilers.causes.model import (
    NODE_AT_FAULT,
    Audience,
    Finding,
    Layer,
    Ref,
    Rule,
    classified,
    finding,
    said,
    unclassified,
)
from reconcilers.ports.cluster import Event, Pod

_SANDBOX = (
    "FailedCreatePodSandBox",
    "FailedCreatePodSandbox",
    "BranchAllocationFailed",
    "BranchENIAnnotationFailed",
    "FailedNetworkReconcile",
    "NetworkNotReady",
)
_VOLUME = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
#: With security groups for pods the first try comes before the branch interface is there.
NORMAL = timedelta(seconds=60)


def _rule(code: str, audience: Audience, meaning: str, *steps: str | Remedy, words: tuple[str, ...]) -> Rule:
    return Rule(code, Layer.NETWORK, audience, meaning, steps, said(*words))


NETWORK_RULES = (
    _rule(
        "network-role-denied",
        Audience.PLATFORM,
        "The cluster's role may not make network interfaces, or may not annotate the pod with one.",
        "give the cluster's IAM role the policy AmazonEKSVPCResourceController, and the right that it names",
        words=(
            "UnauthorizedOperation",
            "AccessDenied",
            "is not authorized",
            "cannot patch resource",
            "failed to annotate pod",
        ),
    ),
    _rule(
        "pod-security-group-missing",
        Audience.PLATFORM,
        "A security group that the pod is to have is missing in this VPC, or cannot be used.",
        "correct the security group IDs of the SecurityGroupPolicy",
        words=(
            "InvalidSecurityGroup",
            "InvalidGroup",
            "security group .{0,120}(?:not exist|not found)",
            "SecurityGroupLimit",
        ),
    ),
    _rule(
        "pod-no-address",
        Audience.PLATFORM,
        "The pod gets no address: the subnet or the node has none left, or no branch interface was made for it.",
        "see whether the subnet has free addresses, and the node free network interfaces (ENI); add subnets or nodes",
        "with security groups for pods, see whether the instance type has branch interfaces left",
        words=(
            "failed to assign an IP address",
            "no available IP",
            "InsufficientFreeAddresses",
            "InsufficientCidrBlocks",
            "not enough free",
            "failed to (?:get|allocate|create) branch ENI",
            "branch ENI",
            "no free (?:IP|address)",
            "PrivateIpAddressLimitExceeded",
            "NetworkInterfaceLimit",
            "failed to allocate",
        ),
    ),
    _rule(
        "network-plugin-down",
        Audience.PLATFORM,
        "The network plugin of the node does not answer.",
        "see whether the VPC CNI runs on the node: kubectl get pods -n kube-system -l k8s-app=aws-node",
        words=(
            "cni plugin not initialized",
            "network plugin is not ready",
            "NetworkPluginNotReady",
            ":50051",
            "failed to find plugin",
            "connection refused",
            "no networks found",
            "aws-cni.{0,200}deadline exceeded",
            "failed to setup network policy",
        ),
    ),
    Rule(
        "sandbox-slow",
        Layer.NETWORK,
        Audience.PLATFORM,
        "The node's container runtime does not finish making the pod's sandbox.",
        NODE_AT_FAULT,
        said("name .{0,200}is reserved for", "sandbox: rpc error: code = DeadlineExceeded", "failed to start sandbox"),
    ),
)
SANDBOX_IMAGE = _rule(
    "sandbox-image",
    Audience.PLATFORM,
    "The node cannot pull the image that every pod begins with (pause).",
    "let the nodes' role pull the sandbox image it names, or set another in containerd's configuration",
    words=("sandbox image",),
)
VOLUME_RULES = (
    _rule(
        "volume-root-ca-missing",
        Audience.PLATFORM,
        "The cluster has not put its certificate authority (kube-root-ca.crt), which pods mount, into the namespace.",
        "see whether kube-controller-manager works: it makes this ConfigMap in every namespace",
        words=(r"kube-root-ca\.crt\" not found",),
    ),
    Rule(
        "volume-secret-missing",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "A Secret or ConfigMap that a container mounts is not there.",
        (
            "name a secret or ConfigMap that there is: kubectl get externalsecrets,configmaps -n {namespace}",
            Remedy(RemedyKind.START_ANEW),
        ),
        said(r"(?:secret|configmap)s? \"[^\"]*\" not found"),
    ),
    Rule(
        "volume-key-missing",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "A Secret or ConfigMap that a container mounts has no such key.",
        ("add the key to the secret or ConfigMap, or mount one that it has", Remedy(RemedyKind.START_ANEW)),
        said("references non-existent (?:secret|config) key"),
    ),
    _rule(
        "volume-passing",
        Audience.NOBODY,
        "Kubelet does not know the Secret or ConfigMap yet, or not any more. It tries again by itself.",
        "wait: kubelet tries again by itself",
        words=("failed to sync (?:secret|configmap) cache", "not registered", "it is being terminated"),
    ),
    Rule(
        "volume-service-account-missing",
        Layer.CONFIG,
        Audience.PLATFORM,
        "The pod's ServiceAccount is not there any more, so no token of it can be mounted.",
        ("see whether Argo CD applied it: kubectl get serviceaccounts -n {namespace}",),
        said(r"serviceaccounts? \"[^\"]*\" not found"),
    ),
    Rule(
        "volume-secrets-store",
        Layer.CONFIG,
        Audience.PLATFORM,
        "The secrets store driver cannot fetch what the volume is to hold.",
        ("check that the secret exists and that the pod's role may read it; the driver's message names it",),
        said("mount secrets store objects", "secrets-store", "SecretProviderClass"),
    ),
    _rule(
        "volume-role-denied",
        Audience.PLATFORM,
        "The role of the storage driver lacks a right.",
        "give the role of the storage driver the policy of its version",
        words=("UnauthorizedOperation", "AccessDenied", "not authorized to perform"),
    ),
    _rule(
        "volume-in-use",
        Audience.PLATFORM,
        "The volume is still attached to the node of another pod.",
        "wait until the other pod is gone; if its node is gone, delete its VolumeAttachment",
        words=("Multi-Attach error", "already (?:exclusively )?attached", "already used by"),
    ),
    _rule(
        "volume-driver-missing",
        Audience.PLATFORM,
        "The storage driver of the volume is not on the node.",
        "install the CSI driver it names, or see whether its pods run",
        words=(
            r"driver name .{0,120} not found",
            "CSINode .{0,200}does not contain driver",
            "waiting for external-attacher of",
        ),
    ),
    _rule(
        "volume-not-mounted",
        Audience.PLATFORM,
        "The volume cannot be attached or mounted.",
        "see whether the file system can be reached (security group, mount targets, DNS) and the storage driver runs",
        words=(
            "mount\\.nfs",
            "mount failed",
            "access denied by server",
            "Failed to resolve",
            "efs",
            "Output: mount",
            "attachdetach",
            "AttachVolume",
            "MountVolume",
            "Unable to (?:attach or )?mount volumes",
            "timed out waiting for the condition",
        ),
    ),
)
RULES = (SANDBOX_IMAGE, *NETWORK_RULES, *VOLUME_RULES)
_OTHER_NETWORK = unclassified(Layer.NETWORK)


def findings(look: Look) -> Iterator[Finding]:
    """One for each pod whose containers wait for its network or its volumes."""
    for pod in look.pods:
        if not _waits(pod):
            continue
        since = pod.scheduled_since or pod.created
        if event := _network(look, pod, since):
            rule = classified((SANDBOX_IMAGE, *NETWORK_RULES), event.message) or _OTHER_NETWORK
            yield _finding(look, pod, event, rule, "gets no network")
        elif event := _volume(look, pod, since):
            rule = classified(VOLUME_RULES, event.message) or _OTHER_NETWORK
            yield _finding(look, pod, event, rule, "does not get its volumes")


def _waits(pod: Pod) -> bool:
    """Whether a pod has a place, and no container of it was begun."""
    if pod.phase != "Pending" or pod.unscheduled:
        return False
    return all(
        c.reason in ("ContainerCreating", "PodInitializing", "") and not c.is_running and c.exit_code is None
        for c in pod.containers
    )


def _network(look: Look, pod: Pod, since: datetime) -> Event | None:
    ready = pod.condition("PodReadyToStartContainers")
    if ready is not None and ready.holds:
        return None
    for event in look.events("Pod", pod.name, *_SANDBOX, uid=pod.uid, after=since):
        is_first = event.count == 1 and event.last is not None and event.last - since <= NORMAL
        if look.is_recent(event) and not is_first:
            return event
    return None


def _volume(look: Look, pod: Pod, since: datetime) -> Event | None:
    """The newest event that tells more than that there was no time left."""
    events = [e for e in look.events("Pod", pod.name, *_VOLUME, uid=pod.uid, after=since) if look.is_recent(e)]
    events = [e for e in events if not _is_first(e, since)]
    telling = (e for e in events if (rule := classified(VOLUME_RULES, e.message)) and rule.code != "volume-not-mounted")
    specific = next(telling, None)
    return (
        specific or next((e for e in events if "timed out waiting" not in e.message), None) or next(iter(events), None)
    )


def _is_first(event: Event, since: datetime) -> bool:
    rule = classified(VOLUME_RULES, event.message)
    passes = rule is not None and rule.code in ("volume-passing", "volume-in-use")
    return passes and event.last is not None and event.last - since <= NORMAL


def _finding(look: Look, pod: Pod, event: Event, rule: Rule, verb: str) -> Finding:
    since = max(pod.created, event.first) if event.first else pod.scheduled_since or pod.created
    return finding(
        rule,
        Ref("Pod", pod.name),
        f"pod {pod.name} {verb}",
        event.message,
        names={"namespace": look.namespace},
        evidence=[of_event(event)],
        since=since,
        workload=look.workload_of(pod),
    )
