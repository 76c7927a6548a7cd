"""Images that cannot be pulled, by the innermost error of kubelet, containerd and registry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from generator.errors import Remedy, RemedyKind
from reconcilers.causes.look import Look, of_event, of_state
from reconcilers.causes.model import (
    NODE_AT_FAULT,
    Audience,
    Evidence,
    Finding,
    Layer,
    Ref,
    Rule,
    classified,
    finding,
    said,
    unclassified,
)
from reconcilers.ports.cluster import Container, Event, Pod

#: Reasons of kubelet (pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime).
REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_PASSES = timedelta(minutes=5)
_PULLED_AGAIN = Remedy(RemedyKind.START_WITH_IMAGE)
_MAY_PULL = (
    "let the cluster pull it: the Fargate pod execution role (or the nodes' role) may pull with"
    " ecr:GetAuthorizationToken, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"
)
_OTHER_ACCOUNT = "an image of another account: that account's repository policy has to allow this account to pull"
#: What is said when nobody was asked after all: it decides before what was to be done.
_NO_ANSWER = said(
    r"\b50[0234] \w", "TLS handshake timeout", "dial tcp", "i/o timeout", "no such host", "request canceled"
)

ELSEWHERE = Rule(
    "image-unauthorized-elsewhere",
    Layer.IMAGE,
    Audience.PLATFORM,
    "A registry that is not ECR does not let the cluster pull the image. Some answer so for an image that is not there,"
    " too.",
    (
        "let the cluster pull it: give the pods credentials that may pull from this registry (imagePullSecrets of their"
        " ServiceAccount), or copy the image to ECR",
        "check the image's name and tag as well: some registries say so of an image that is not there",
    ),
)
NO_PULL_SECRET = Rule(
    "image-pull-secret-missing",
    Layer.IMAGE,
    Audience.PLATFORM,
    "The registry wants credentials, and the Secret that should hold them (imagePullSecrets) is not there.",
    (
        "make the pull secret that it names in the namespace (by an ExternalSecret), or take it out of the template and"
        " pull from ECR",
    ),
    said(r"image pull secrets \([^)]{0,200}\)"),
)
RULES = (
    Rule(
        "image-name-invalid",
        Layer.IMAGE,
        Audience.DEVELOPER,
        "The image's name is none that a registry can have.",
        ("correct the image's name", _PULLED_AGAIN),
        said("InvalidImageName", "couldn't parse image", "invalid reference format", "failed to apply default image"),
        is_final=True,
    ),
    Rule(
        "image-wrong-platform",
        Layer.IMAGE,
        Audience.DEVELOPER,
        "The image was not built for the platform of the cluster, linux/amd64.",
        ("build and push the image for the platform linux/amd64 (docker buildx build --platform)", _PULLED_AGAIN),
        said(
            "no match for platform",
            "no matching manifest for",
            "does not match the (?:specified|expected) platform",
            r"image operating system .{0,40} cannot be used",
            "no image found in manifest list for architecture",
            "exec format error",
        ),
        is_final=True,
    ),
    Rule(
        "image-format-old",
        Layer.IMAGE,
        Audience.DEVELOPER,
        "The image is in a format of old (manifest version 1) that the cluster's container runtime no longer takes.",
        ("build and push the image anew with a current tool (docker buildx build)", _PULLED_AGAIN),
        said(r"manifest\.v1\+(?:json|prettyjws)", "schema ?1", "media type .{0,80}no longer supported"),
        is_final=True,
    ),
    Rule(
        "image-broken",
        Layer.IMAGE,
        Audience.DEVELOPER,
        "The image's layers do not fit together: what was pushed is damaged, or no image of a container.",
        ("build and push the image anew, as an image of a container", _PULLED_AGAIN),
        said("mismatched image rootfs", r"(?:archive/tar|gzip|zstd|flate): .{0,40}(?:invalid|corrupt)", "no layers"),
        is_final=True,
    ),
    Rule(
        "image-store-broken",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The node's own store of images is damaged: a layer that it should have is missing.",
        NODE_AT_FAULT,
        said("content digest sha256:.{0,80}not found", "content store", "failed to extract layer .{0,300}not found"),
        patience=_PASSES,
    ),
    Rule(
        "image-answer-foreign",
        Layer.IMAGE,
        Audience.PLATFORM,
        "What answers at the registry's address is no registry: its answer is a page or another kind of file.",
        ("check the registry's address, and what stands before it (proxy, sign-in page, mirror)",),
        said("unexpected media type", "invalid character '<'"),
    ),
    Rule(
        "image-refused-by-policy",
        Layer.IMAGE,
        Audience.DEVELOPER,
        "A policy of the registry or the nodes refuses the image: for its vulnerabilities or its signature.",
        (
            "build the image anew without what the policy names (vulnerabilities), or sign it; then push it",
            _PULLED_AGAIN,
        ),
        said("vulnerabilit", "SignatureValidationFailed", "signature was required", "image rejected", "quarantined"),
        is_final=True,
    ),
    Rule(
        "image-upstream-denied",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The registry is to fetch the image from another one (pull-through cache), which does not accept its name and"
        " password.",
        ("renew the credentials of the pull-through cache rule: its secret ecr-pullthroughcache/... in this account",),
        said("upstream registry"),
    ),
    Rule(
        "image-rate-limit",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The registry gives out no more for now: its limit of pulls is reached. Kubelet tries again by itself.",
        (
            "wait: kubelet tries again by itself, and the registry's limit passes",
            "pull from ECR instead: mirror the image, or have a pull-through cache rule",
        ),
        said("toomanyrequests", r"429\b", "Too Many Requests", "pull rate limit", "rate exceeded", "Throttling"),
        patience=_PASSES,
    ),
    Rule(
        "image-registry-certificate",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The registry's certificate is not trusted, or it does not speak TLS.",
        ("have the registry use a certificate that the nodes trust, or name a registry that does",),
        said("x509:", "tls: ", "certificate signed by", "server gave HTTP response to HTTPS client"),
    ),
    Rule(
        "image-unauthorized",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The registry does not let this cluster pull the image.",
        (_MAY_PULL, _OTHER_ACCOUNT),
        said(
            "no basic auth credentials",
            r"\b401\b",
            r"\b403\b",
            "unauthorized",
            "authorization token has expired",
            "authentication required",
            "not authorized to perform",
            "AccessDenied",
            "no identity-based policy",
            "incorrect username or password",
            "failed to fetch (?:anonymous|oauth) token",
            "insufficient_scope",
            "pull access denied",
            "requested access to the resource is denied",
            r": denied\b",
            r"\bdenied:",
            "error getting credentials",
            "Forbidden",
        ),
        not_words=_NO_ANSWER,
    ),
    ELSEWHERE,
    NO_PULL_SECRET,
    Rule(
        "image-disk-full",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The image does not fit on the disk of its node; on Fargate a pod has 20 GiB unless it asks for more.",
        ("make the image smaller, or give its pods more ephemeral storage",),
        said("no space left on device", "disk quota exceeded"),
    ),
    Rule(
        "image-registry-unreachable",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The registry cannot be reached from the cluster's subnets. Kubelet tries again by itself.",
        (
            "give the private subnets a route to the registry: a NAT gateway, or VPC endpoints (ecr.api, ecr.dkr, s3)",
            "check the security group of these endpoints, network ACLs and DNS of the VPC",
        ),
        said(
            "i/o timeout",
            "no such host",
            "connection refused",
            "connection reset",
            "network is unreachable",
            "no route to host",
            "deadline exceeded",
            "TLS handshake timeout",
            r"Client\.Timeout",
            "request canceled",
            "server misbehaving",
            "name resolution",
            "dial tcp",
        ),
        patience=_PASSES,
    ),
    Rule(
        "image-registry-trouble",
        Layer.IMAGE,
        Audience.NOBODY,
        "The registry answers with an error of its own. Kubelet tries again by itself.",
        ("wait: kubelet tries again by itself", "look at the registry's status page if it lasts"),
        said(
            r"(?:status|code|HTTP)[^:]{0,40}:? ?5\d\d\b",
            r"\b50[0234] (?:Internal|Bad|Service|Gateway|Not Impl)",
            "RegistryUnavailable",
            r"unexpected EOF",
            r": EOF$",
            "context canceled",
            "code = Canceled",
            "pull QPS exceeded",
        ),
        patience=_PASSES,
    ),
    Rule(
        "image-missing",
        Layer.IMAGE,
        Audience.DEVELOPER,
        "The registry has no such image: it was never pushed, or removed since.",
        (
            "check that the image exists in the registry under this digest or tag, and push it",
            _PULLED_AGAIN,
        ),
        said(
            "manifest unknown",
            "MANIFEST_UNKNOWN",
            "name unknown",
            "NAME_UNKNOWN",
            "not found",
            "does not exist",
            "no such (?:image|manifest)",
            "NotFound",
            r"\b404\b",
        ),
        not_words=said("unexpected media type", "unpack image on", "commit digest", "failed precondition"),
        is_final=True,
    ),
    Rule(
        "image-never-pulled",
        Layer.IMAGE,
        Audience.PLATFORM,
        "The pod may not pull its image (imagePullPolicy Never), and its node does not have it.",
        ("set another imagePullPolicy in the template",),
        said("ErrImageNeverPull"),
        is_final=True,
    ),
)
_OTHER = unclassified(Layer.IMAGE)
_ECR = re.compile(r"\.dkr\.ecr\.|\becr:[A-Z]")
#: A registry in a quoted name of an image, or the address that was asked.
_HOST = re.compile(r"(?:\"|https?://)([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5})?/", re.IGNORECASE)
_SAYS_NOTHING = re.compile(r"^(?:Back-off pulling image \"[^\"]*\"|Error: (?:ErrImagePull|ImagePullBackOff)|)$")
_REFERENCE = re.compile(r"\"[^\"\s]{1,600}\"|https?://\S{1,600}?(?=[:,]?\s|:?$)|\bsha256:[0-9a-f]+")


def findings(look: Look) -> Iterator[Finding]:
    """One for each container whose image cannot be pulled."""
    for pod, container in look.containers():
        if container.reason in REASONS:
            yield _finding(look, pod, container)


def _finding(look: Look, pod: Pod, container: Container) -> Finding:
    message, evidence = _message(look, pod, container)
    rule = classified(RULES, f"{container.reason}: {_error(message, container)}") or _OTHER
    if rule.code == "image-unauthorized":
        other, missing = _unauthorized(look, pod, container, message)
        rule = other or rule
        if missing is not None:
            message, evidence = missing.message, [*evidence, of_event(missing)]
    before = f"the image of container {container.name} in pod {pod.name} cannot be pulled"
    told = f"{container.reason}: {message}" if message else container.reason
    return finding(
        rule,
        Ref("Pod", pod.name, container.name),
        before,
        told,
        names={"namespace": look.namespace},
        evidence=evidence,
        since=_since(look, pod, container),
        workload=look.workload_of(pod),
    )


def _unauthorized(look: Look, pod: Pod, container: Container, message: str) -> tuple[Rule | None, Event | None]:
    """Which credentials are refused: those that are not there, or for another registry; None: the cluster's for ECR."""
    missing = look.event("Pod", pod.name, "FailedToRetrieveImagePullSecret", uid=pod.uid, after=pod.created)
    if missing is not None and look.is_recent(missing):
        return NO_PULL_SECRET, missing
    inner = message.rpartition("ErrImagePull: ")[2]
    inner = inner.replace(container.image, "") if container.image else inner
    host = container.image.partition("/")[0]
    is_named = _ECR.search(inner) or _HOST.search(inner)
    is_elsewhere = not _ECR.search(inner) if is_named else "." in host and not _ECR.search(container.image)
    return ELSEWHERE if is_elsewhere else None, None


def _message(look: Look, pod: Pod, container: Container) -> tuple[str, list[Evidence]]:
    """The most telling message: kubelet repeats the error while it waits, or has it in the event Failed only."""
    evidence = [of_state(pod, container, container.reason, container.message)]
    if not _SAYS_NOTHING.match(container.message):
        return container.message, evidence
    events = look.events("Pod", pod.name, "Failed", uid=pod.uid, after=pod.created, container=container.name)
    for event in events:
        names_image = not container.image or container.image in event.message or "image" not in event.message
        if not _SAYS_NOTHING.match(event.message) and (event.container or names_image or len(pod.containers) == 1):
            return event.message, [*evidence, of_event(event)]
    return container.message, evidence


def _error(message: str, container: Container) -> str:
    """A message without the names it quotes, so that an image may be called what it likes."""
    text = message.replace(container.image, "") if container.image else message
    return _REFERENCE.sub("", text)


def _since(look: Look, pod: Pod, container: Container) -> datetime:
    event = look.event("Pod", pod.name, "Failed", uid=pod.uid, after=pod.created, container=container.name)
    return max(pod.scheduled_since or pod.created, (event and event.first) or pod.created)
