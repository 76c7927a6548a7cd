"""What the AWS Load Balancer Controller's messages mean: rules as data.

Reasons: pkg/k8s/events.go of the controller; codes of errors are those of Elastic Load Balancing's API.
"""

from __future__ import annotations

from datetime import timedelta

from generator.errors import Remedy
from reconcilers.causes.model import Audience, Layer, Rule, said

#: The controller takes seconds, AWS some minutes, until a load balancer has an address.
SLOW = timedelta(minutes=10)


def _rule(code: str, meaning: str, *steps: str | Remedy, words: tuple[str, ...], but_not: tuple[str, ...] = ()) -> Rule:
    not_words = said(*but_not) if but_not else None
    return Rule(code, Layer.LOAD_BALANCER, Audience.PLATFORM, meaning, steps, said(*words), not_words)


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
        but_not=("rules per security group",),
    ),
    _rule(
        "alb-quota",
        "The account or VPC has as many load balancers, security groups or interfaces as its quota allows.",
        "have that quota of the account raised, or remove what is left over",
        words=(
            "TooManyLoadBalancers",
            "maximum number of load balancers",
            "LimitExceeded",
            "maximum number of (?:security groups|rules per security group)",
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
        "alb-unreachable",
        "The load balancer controller cannot reach AWS.",
        "give the controller's subnets a route to elasticloadbalancing, ec2 and sts (and wafv2, shield, where they are"
        " switched on): a NAT gateway or VPC endpoints, and DNS; check the region it is set to",
        words=(
            "request send failed",
            "send request failed",
            "dial tcp",
            "no such host",
            "i/o timeout",
            "deadline exceeded",
            "connection refused",
        ),
        but_not=("failed calling webhook", "failed to call webhook", "metadata", "IMDS", "VPC ID"),
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
            "TargetGroup port is empty",
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
        "alb-settings-refused",
        "AWS, or the controller, does not take a setting of the load balancer, its listeners or its target groups.",
        "correct the setting that it names, in the IngressClassParams or the annotations of the template",
        words=(
            "InvalidConfigurationRequest",
            "InvalidLoadBalancerAction",
            "ValidationError",
            "InvalidParameter",
            r"failed to parse .{0,60}annotation",
            "shouldn't contain wildcards",
            "must be no more than",
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
        "see whether the IngressClass that it names is there, which the controller looks at: kubectl get ingress -n"
        " {namespace} {name} -o wide; kubectl get ingressclasses",
    ),
    patience=SLOW,
)
ALL = (*RULES, SILENT)
