"""What schedulers' messages mean: rules as data."""

from __future__ import annotations

from datetime import timedelta

from generator.errors import Remedy, RemedyKind
from reconcilers.causes.model import Audience, Layer, Rule, said

_FARGATE_PATIENCE = timedelta(minutes=10)
#: Longer than this without a word, a pod was forgotten (fargate-scheduler tries a pod once, without a profile never).
FORGOTTEN = timedelta(minutes=10)


def _fargate(code: str, audience: Audience, meaning: str, *steps: str | Remedy, words: tuple[str, ...]) -> Rule:
    return Rule(code, Layer.SCHEDULING, audience, meaning, steps, said(*words), patience=_FARGATE_PATIENCE)


def _rule(code: str, meaning: str, *steps: str | Remedy, words: tuple[str, ...], final: bool = False) -> Rule:
    return Rule(code, Layer.SCHEDULING, Audience.PLATFORM, meaning, steps, said(*words), is_final=final)


FARGATE_RULES = (
    _fargate(
        "fargate-quota",
        Audience.PLATFORM,
        "The account runs as much on Fargate at once as its quota allows.",
        "stop another preview, or have the account's Fargate quota (L-3032A538) raised",
        words=("reached the limit on the number of", "vcpu.{0,40}limit", "concurrent.{0,40}(?:limit|quota)"),
    ),
    _fargate(
        "fargate-account-blocked",
        Audience.PLATFORM,
        "AWS does not let this account run anything on Fargate.",
        "have AWS Support allow Fargate in this account",
        words=("account is (?:currently )?blocked",),
    ),
    _fargate(
        "fargate-no-capacity",
        Audience.NOBODY,
        "AWS has no Fargate capacity in this zone right now. It is tried again by itself.",
        "wait: it is tried again by itself; subnets in another availability zone make it less likely",
        words=("capacity is (?:currently )?unavailable", "insufficient capacity"),
    ),
    _fargate(
        "fargate-zone-unsupported",
        Audience.PLATFORM,
        "There is no Fargate in the availability zone of the subnet that was chosen.",
        "take the subnets of that availability zone out of the Fargate profile",
        words=("not supported in the requested availability zone",),
    ),
    _fargate(
        "fargate-throttled",
        Audience.NOBODY,
        "AWS begins so many Fargate pods at once and no more. It is tried again by itself.",
        "wait: it is tried again by itself",
        words=("rate exceeded", "Throttl", "too many .{0,60}(?:simultaneously|at once)"),
    ),
    _fargate(
        "fargate-execution-role",
        Audience.PLATFORM,
        "The Fargate profile's pod execution role is missing, or the cluster does not accept it.",
        "repair the pod execution role of the Fargate profile: its trust (eks-fargate-pods.amazonaws.com), its policy,"
        " and the cluster's access entry for it",
        words=("execution ?role",),
    ),
    _fargate(
        "fargate-subnet",
        Audience.PLATFORM,
        "The subnets of the Fargate profile are gone, or have no address left.",
        "give the Fargate profile private subnets that exist and have free addresses",
        words=("subnet", "free (?:IP )?address", "InsufficientFreeAddresses", "no available IP"),
    ),
    _fargate(
        "fargate-security-group",
        Audience.PLATFORM,
        "A security group that the pod is to have is missing, or not one it can have.",
        "correct the security groups of the SecurityGroupPolicy, or make them in this VPC",
        words=("security ?group", r"\bsg-[0-9a-f]+"),
    ),
    _fargate(
        "fargate-volume-unbound",
        Audience.PLATFORM,
        "The pod's volume claim is not bound, and Fargate makes no volumes.",
        "make a volume for the claim (EFS), or use no volume claim on Fargate",
        words=(r"PVC .{0,200}not (?:bound|found)", "PersistentVolumeClaim.{0,200}not (?:bound|found)"),
    ),
    Rule(
        "fargate-too-large",
        Layer.SCHEDULING,
        Audience.DEVELOPER,
        "The pod asks for more than the largest Fargate size.",
        (Remedy(RemedyKind.ASK_FOR_LESS),),
        said(
            r"(?:exceed|greater than|larger than|more than).{0,80}(?:fargate|max)",
            r"(?:cpu|memory|vcpu).{0,80}(?:exceed|too large|greater than|not supported)",
            r"too many (?:cpu|vcpu|resources)",
            r"ephemeral.?storage.{0,80}exceed",
        ),
        not_words=said("SecurityContext", "volumes not supported", "fields not supported"),
        is_final=True,
    ),
    Rule(
        "fargate-unsupported",
        Layer.SCHEDULING,
        Audience.PLATFORM,
        "The pod asks for something that Fargate does not have: privileges, host ports, volume types, devices.",
        ("take it out of the template (securityContext, volumes, host fields), or start the preview on spot",),
        said("not supported on Fargate", "UNSUPPORTED_ON_FARGATE", "invalid SecurityContext fields", "not supported:"),
        is_final=True,
    ),
    _fargate(
        "fargate-provisioning-timeout",
        Audience.PLATFORM,
        "Fargate began to make a node for the pod, and it did not join the cluster in time. It is tried again.",
        "wait for the next try; if it goes on, check that the profile's subnets reach the cluster's API and ECR"
        " (a NAT gateway or VPC endpoints), and their DNS",
        words=("provisioning timed out", "timed out", "failed to provision"),
    ),
    _fargate(
        "fargate-profile-misconfigured",
        Audience.PLATFORM,
        "The Fargate profile cannot be used as it is.",
        "repair the Fargate profile that it names",
        words=("Misconfigured Fargate Profile", "blocked for new launches", "fargate profile"),
    ),
)
NO_PROFILE = Rule(
    "fargate-no-profile",
    Layer.SCHEDULING,
    Audience.PLATFORM,
    "The pod was meant for Fargate, and no Fargate profile matched it when it was made, so another scheduler has it.",
    (
        "have a Fargate profile that matches the namespace preview-* and the label rtb.hub/compute=fargate",
        "then delete the pod, so that it is made anew: kubectl delete pod -n {namespace} {pod}",
    ),
)
PROFILE_FORGOTTEN = Rule(
    "fargate-pod-forgotten",
    Layer.SCHEDULING,
    Audience.PLATFORM,
    "The pod waits, no scheduler has said a word about it, and none will: Fargate's scheduler tries a pod once.",
    (
        "delete the pod, so that it is made and tried anew: kubectl delete pod -n {namespace} {pod}",
        "check that the Fargate profile is there and active",
    ),
    patience=_FARGATE_PATIENCE,
)
NOT_TRIED = Rule(
    "pod-not-tried",
    Layer.SCHEDULING,
    Audience.PLATFORM,
    "The pod waits, and no scheduler has said a word about it.",
    ("see whether the scheduler that the pod names runs in this cluster",),
    patience=_FARGATE_PATIENCE,
)
KARPENTER_RULES = (
    _rule(
        "karpenter-no-branch-interfaces",
        "No instance type of the NodePool has branch network interfaces for a pod with security groups of its own.",
        "have the NodePool use instance types with branch interfaces (nitro), and switch pod ENIs on: ENABLE_POD_ENI of"
        " the VPC CNI",
        words=(r"no instance type .{0,300}vpc\.amazonaws\.com/pod-eni",),
    ),
    _rule(
        "karpenter-limits",
        "The NodePool may make no more nodes: its limits are reached.",
        "raise the limits of the NodePool, or stop another preview",
        words=("exceed limits", r"limits .{0,40}(?:exhausted|exceeded|reached)"),
    ),
    _rule(
        "karpenter-label-unknown",
        "No NodePool makes nodes as the pod wants them: a label or requirement does not fit.",
        "give the NodePool the label or requirement that it names, or take it out of the template's nodeSelector",
        words=("does not have known values", "incompatible requirements", r"not in [\w./-]+ In \["),
    ),
    _rule(
        "karpenter-too-large",
        "No instance type that the NodePool may use is large enough for the pod.",
        "widen the instance types of the NodePool to larger ones",
        Remedy(RemedyKind.ASK_FOR_LESS),
        words=("no instance type has enough resources",),
    ),
    _rule(
        "karpenter-no-capacity",
        "No instance type of the NodePool fits the pod, or AWS has none of them left in these zones.",
        "widen the instance types and zones of the NodePool, or wait for capacity",
        "start the preview on fargate meanwhile",
        words=(
            "no instance type",
            "required offering",
            "insufficient ?capacity",
            "UnfulfillableCapacity",
            "no available instance",
            "filtered out all",
            "InsufficientInstanceCapacity",
        ),
    ),
    _rule(
        "karpenter-topology",
        "The pod wants to be spread or kept apart in a way that no NodePool can fulfil.",
        "have the NodePool make nodes in the zones that it names, or loosen the template's spread and affinity",
        words=("unsatisfiable topology", "topology (?:spread|constraint)", "anti-affinity"),
    ),
    _rule(
        "karpenter-no-nodepool",
        "Karpenter has no NodePool that it can use.",
        "make the NodePool for previews, and see that its EC2NodeClass is ready",
        words=(
            "no nodepools? found",
            "no provisioners?",
            "nodepools?.{0,80}(?:not found|not ready)",
            "nodeclass.{0,80}not ready",
        ),
    ),
    _rule(
        "karpenter-taints",
        "Every NodePool has a taint that the pod does not tolerate.",
        "give the template the toleration of the previews' NodePool, or have a NodePool with the taint it tolerates",
        words=("did not tolerate",),
    ),
)
VOLUME_UNBOUND = _rule(
    "volume-unbound",
    "The pod waits for a volume claim that is not bound.",
    "see why no volume is made for the claim: kubectl describe pvc -n {namespace}; its StorageClass and driver",
    words=(
        "unbound immediate PersistentVolumeClaims",
        'persistentvolumeclaim "[^"]*" (?:not found|bound to)',
        "didn't find available persistent volumes",
        "volume node affinity conflict",
        "no persistent volumes available",
        "ephemeral volume controller",
        "binding volumes",
        "waiting for .{0,60}to be bound",
        "persistent volume claim",
        "non-existent PVC",
        "storageclass",
    ),
)
SCHEDULER_RULES = (
    VOLUME_UNBOUND,
    _rule(
        "nodes-without-branch-interfaces",
        "No node has a branch network interface left for a pod with security groups of its own.",
        "have the NodePool use instance types with more branch interfaces (nitro, larger ones), and see that the VPC"
        " resource controller runs: ENABLE_POD_ENI of the VPC CNI",
        words=("Insufficient vpc\\.amazonaws\\.com/pod-eni",),
    ),
    _rule(
        "nodes-full",
        "The nodes have no room for the pod, and no new node was made for it.",
        "see whether Karpenter runs and may make nodes: kubectl describe nodepools; its limits and events",
        words=(r"Insufficient [\w./-]+", "Too many pods", "exceed max volume count"),
    ),
    _rule(
        "nodes-unschedulable",
        "The nodes take no pods: they are drained or not ready.",
        "see why the nodes are not ready: kubectl get nodes",
        words=(
            "were unschedulable",
            "node\\(s\\) were not ready",
            "node\\(s\\) not ready",
            r"taints? \{node\.kubernetes\.io/(?:not-ready|unreachable|unschedulable|\w+-pressure|network-unavailable)",
        ),
    ),
    _rule(
        "nodes-tainted",
        "The only nodes there are may not take the pod (taints), and no new node was made for it.",
        "see whether Karpenter runs, and whether its NodePool has the taint that previews tolerate",
        words=("untolerated taint", "taints? .{0,60}that the pod didn't tolerate", "didn't tolerate"),
    ),
    _rule(
        "nodes-do-not-match",
        "No node has the labels that the pod asks for, and no new node was made for it.",
        "see whether a NodePool makes nodes with these labels: kubectl describe nodepools",
        words=("didn't match .{0,60}(?:affinity|selector|topology|rules)", "node\\(s\\) didn't match"),
    ),
    _rule(
        "no-nodes",
        "The cluster has no nodes.",
        "see whether Karpenter runs and has a NodePool for previews",
        words=("no nodes available to schedule pods", "0/0 nodes"),
    ),
)
RULES = (*FARGATE_RULES, NO_PROFILE, PROFILE_FORGOTTEN, NOT_TRIED, *KARPENTER_RULES, *SCHEDULER_RULES)
