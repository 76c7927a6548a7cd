"""Ingresses without an address: what the AWS Load Balancer Controller says, and of which member of the group.

The controller writes a group's error as an event on every member (`recordIngressGroupEvent`); the Ingress at fault is
named in the message. Reasons: pkg/k8s/events.go of the controller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from generator.errors import Remedy, RemedyKind
from generator.values.naming import NAMESPACE_PREFIX
from reconcilers.causes.look import Look, of_event
from reconcilers.causes.model import (
    Audience,
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    about,
    classified,
    finding,
    said,
    unclassified,
)
from reconcilers.ports.cluster import Event, Ingress

#: The controller takes seconds, AWS some minutes, until a load balancer has an address.
SLOW = timedelta(minutes=10)


def _rule(code: str, meaning: str, *steps: str | Remedy, words: tuple[str, ...]) -> Rule:
    return Rule(code, Layer.LOAD_BALANCER, Audience.PLATFORM, meaning, steps, said(*words))


OTHER_PREVIEW = Rule(
    "alb-other-preview",
    Layer.LOAD_BALANCER,
    Audience.PLATFORM,
    "Another preview's Ingress is at fault, and nothing of the whole group is changed until it is repaired.",
    ("repair or stop the other one: its Ingress stops the whole load balancer group",),
)
RULES = (
    OTHER_PREVIEW,
    _rule(
        "alb-full",
        "The load balancer holds as many target groups, rules, targets or certificates as it may.",
        "stop another preview of this group, or give the environment another shard (exposure.shards), and so"
        " another group",
        words=(
            "TooManyUniqueTargetGroups",
            "maximum number of unique target groups",
            "TooManyRules",
            "TooManyTargetGroups",
            "TooManyTargets",
            "TooManyCertificates",
            "TooManyListeners",
            "TooManyActions",
            r"maximum number of (?:rules|target groups|targets|certificates|listeners)",
        ),
    ),
    _rule(
        "alb-quota",
        "The account or VPC has as many load balancers, security groups or interfaces as its quota allows.",
        "have that quota of the account raised, or remove what is left over",
        words=(
            "TooManyLoadBalancers",
            "maximum number of load balancers",
            "LimitExceeded",
            "maximum number of security groups",
            "AddressLimitExceeded",
            "quota",
        ),
    ),
    _rule(
        "alb-account-blocked",
        "AWS does not let this account make load balancers.",
        "have AWS Support allow load balancers in this account",
        words=("does not support creating load balancers", "OperationNotPermitted"),
    ),
    _rule(
        "alb-conflict",
        "The load balancer or one of its rules is there already, made by somebody else or with settings that cannot be"
        " changed.",
        "remove what is in the way in AWS (the load balancer, listener rule or target group that it names), or have the"
        " previews use another group",
        words=(
            "PriorityInUse",
            "DuplicateLoadBalancer",
            "DuplicateListener",
            "DuplicateTargetGroup",
            "already exists",
            "ResourceInUse",
            "Scheme .{0,60}cannot be changed",
            "is already associated",
        ),
    ),
    _rule(
        "alb-firewall",
        "The web application firewall (WAF) that the load balancer is to have is missing or cannot be used.",
        "correct the WAF's ACL in the IngressClassParams or annotations: its ARN, region and scope",
        words=("WAF", "WebACL"),
    ),
    _rule(
        "alb-webhook",
        "The load balancer controller's own webhook does not answer, so it cannot make its objects.",
        "see whether the load balancer controller's pods run, and that the API server reaches them (port 9443)",
        words=("failed calling webhook", "failed to call webhook"),
    ),
    _rule(
        "target-security-group",
        "The load balancer controller cannot tell which security group of the pods to open for the load balancer.",
        "tag exactly one security group of the pods' network interface with kubernetes.io/cluster/NAME",
        words=("expected exactly one security ?group",),
    ),
    _rule(
        "alb-denied",
        "The role of the load balancer controller lacks a right.",
        "give the controller's IAM role the policy of its version (docs/install/iam_policy.json of that release)",
        words=(
            "AccessDenied",
            "UnauthorizedOperation",
            "is not authorized to perform",
            "no identity-based policy",
            "AssumeRoleWithWebIdentity",
            "NoCredentialProviders",
            "failed to (?:refresh cached|retrieve) credentials",
            "no EC2 IMDS role",
            "ExpiredToken",
            "InvalidClientTokenId",
        ),
    ),
    _rule(
        "alb-controller-settings",
        "The load balancer controller does not know which VPC or region it works in.",
        "set vpcId and region of the load balancer controller: on Fargate it cannot ask the instance",
        words=("VPC ID", "instance metadata", "EC2Metadata", "IMDS"),
    ),
    _rule(
        "alb-throttled",
        "AWS answers too many requests at once. The controller tries again by itself.",
        "wait: the controller tries again by itself",
        words=("Throttling", "Rate exceeded", "RequestLimitExceeded", "TooManyRequests"),
    ),
    _rule(
        "alb-subnets",
        "The controller finds no subnets for the load balancer, or they have too few addresses.",
        "tag two subnets in different zones with kubernetes.io/role/elb or kubernetes.io/role/internal-elb, or name"
        " them in the IngressClassParams; see that each has eight free addresses",
        words=(
            "auto-discover subnets",
            "find all subnets",
            "at least (?:one|two) subnet",
            "subnets? .{0,120}(?:not found|not exist|AZ|Availability Zone)",
            "InvalidSubnet",
            "SubnetNotFound",
            "InsufficientFreeAddresses",
            "not enough IP (?:space|addresses)",
            "free IP addresses",
            "multiple (?:tagged )?subnets?",
        ),
    ),
    _rule(
        "alb-certificate",
        "There is no certificate for the host, or the load balancer cannot use the one it names.",
        "have an ACM certificate for the host in this region, issued and named in the IngressClassParams",
        words=("no(?:ne)? certificate found", "CertificateNotFound", "UnsupportedCertificate", "certificate"),
    ),
    _rule(
        "alb-security-group",
        "A security group of the load balancer is missing, or cannot be changed.",
        "correct the security groups in the IngressClassParams, or make them in this VPC",
        words=("InvalidGroup", "InvalidSecurityGroup", "security ?group", "DependencyViolation"),
    ),
    _rule(
        "alb-service",
        "The Ingress names a Service or port that is not there or cannot be used.",
        "correct the Service that the Ingress names in the template: its name, its port and its type",
        words=(
            r"services? \"[^\"]*\" not found",
            "unable to find port",
            "service port",
            "TargetGroupInput",
            "TargetType",
            "target type",
            "no endpoints",
            "backend",
        ),
    ),
    _rule(
        "alb-class",
        "The Ingress's class, or its parameters, are missing or contradict each other.",
        "an administrator applies argocd/<environment> (kubectl apply -k), which brings the IngressClass",
        words=(
            "IngressClass",
            "ingress class",
            "conflicting",
            "group\\.name",
            "FailedLoadGroupID",
            "ConflictingIngressClass",
        ),
    ),
    _rule(
        "alb-unreachable",
        "The load balancer controller cannot reach AWS.",
        "give the controller's subnets a route to elasticloadbalancing and ec2 (a NAT gateway or VPC endpoints),"
        " and DNS; check the region it is set to",
        words=(
            "send request failed",
            "dial tcp",
            "no such host",
            "i/o timeout",
            "deadline exceeded",
            "connection refused",
        ),
    ),
)
SILENT = Rule(
    "alb-silent",
    Layer.LOAD_BALANCER,
    Audience.PLATFORM,
    "The Ingress has no address, and the load balancer controller says nothing about it.",
    (
        "see whether the load balancer controller runs: kubectl get pods -n kube-system -l"
        " app.kubernetes.io/name=aws-load-balancer-controller",
    ),
    patience=SLOW,
)
ALL = (*RULES, SILENT)
_OTHER = unclassified(Layer.LOAD_BALANCER)
_MEMBER = re.compile(r"\bingress: ([a-z0-9][-a-z0-9]*)/([a-z0-9][-a-z0-9.]*)")
_KEY = re.compile(r"[a-z][a-z0-9]+-[0-9]+")


def findings(look: Look) -> Iterator[Finding]:
    """One for each Ingress without an address that the controller complains about, or is long silent on."""
    for ingress in sorted(look.details.ingresses, key=lambda one: one.name):
        if not ingress.has_address:
            event = look.event("Ingress", ingress.name, uid=ingress.uid, after=ingress.created)
            if event is not None:
                yield _told(look, ingress, event)
            elif ingress.created and look.now - ingress.created > SLOW:
                yield finding(
                    SILENT,
                    Ref("Ingress", ingress.name),
                    f"Ingress {ingress.name} waits for the load balancer, and the controller says nothing",
                    evidence=[Evidence("state", Ref("Ingress", ingress.name), "no address", at=ingress.created)],
                    since=ingress.created,
                )
    yield from _targets(look)


def _targets(look: Look) -> Iterator[Finding]:
    """What the controller says of the TargetGroupBindings, which it makes of the Ingress."""
    names = {e.name for e in look.details.events if e.kind == "TargetGroupBinding"}
    for name in sorted(names):
        event = look.event("TargetGroupBinding", name)
        if event is not None and look.is_recent(event):
            yield finding(
                classified(RULES[1:], event.message) or _OTHER,
                Ref("TargetGroupBinding", name),
                f"TargetGroupBinding {name} does not work",
                f"{event.reason}: {event.message}",
                names={"namespace": look.namespace},
                evidence=[of_event(event)],
                since=event.first or event.last,
            )


def _told(look: Look, ingress: Ingress, event: Event) -> Finding:
    other = _other(look, event)
    rule = (
        OTHER_PREVIEW
        if other
        else classified(RULES[1:], event.message) or classified(RULES[1:], event.reason) or _OTHER
    )
    before = f"Ingress {ingress.name} waits for the load balancer"
    if other:
        before = f"not this preview is at fault but {other[0]}, whose Ingress stops the whole group"
    found = finding(
        rule,
        Ref("Ingress", ingress.name),
        before,
        f"{event.reason}: {event.message}",
        names={"namespace": look.namespace, "name": ingress.name},
        evidence=[of_event(event)],
        since=event.first or event.last or ingress.created,
    )
    return _with_steps(found, other, ingress)


def _with_steps(found: Finding, other: tuple[str, str] | None, ingress: Ingress) -> Finding:
    if other is not None:
        name = other[0].removeprefix(NAMESPACE_PREFIX)
        where = f"repair or stop the other one, {other[0]}: its Ingress {other[1]} stops the whole load balancer group"
        known = _KEY.fullmatch(name) is not None
        return replace(found, steps=(where, *([about(RemedyKind.STOP_OTHER, issue=name.upper())] if known else [])))
    if found.code == "alb-full" and ingress.group:
        return replace(found, steps=(*found.steps, f"the group that is full is {ingress.group[:63]}"))
    return found


def _other(look: Look, event: Event) -> tuple[str, str] | None:
    """The member of the group that the message names, when it is not in this namespace."""
    member = _MEMBER.search(event.message)
    if member is None or not look.namespace or member.group(1) == look.namespace:
        return None
    return member.group(1), member.group(2)
