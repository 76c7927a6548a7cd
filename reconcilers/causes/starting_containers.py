"""Containers that cannot be made or begun: what they refer to, and what their image lacks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from generator.errors import Remedy, RemedyKind
from reconcilers.causes.look import Look, of_event, of_state
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
from reconcilers.ports.cluster import Container, Pod

REASONS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PostStartHookError"})
#: A container of these reasons never ran: there is no log.
NEVER_RAN = frozenset({"StartError", "ContainerCannotRun"})
_AT_ONCE = timedelta(0)
_START = Remedy(RemedyKind.START_WITH_IMAGE)

RULES = (
    Rule(
        "secret-missing",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "A container takes variables or files from a Secret that is not there.",
        (
            "name a secret that there is: the component's secrets are made from AWS Secrets Manager by an"
            " ExternalSecret; see 'kubectl get externalsecrets -n {namespace}'",
        ),
        said(r"secrets? \"[^\"]*\" (?:is forbidden|not found)", r"secret [\w./-]+ not found"),
    ),
    Rule(
        "configmap-missing",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "A container takes variables or files from a ConfigMap that is not there.",
        (
            "see whether Argo CD has applied the ConfigMap: kubectl get configmaps -n {namespace}",
            Remedy(RemedyKind.START_ANEW),
        ),
        said(r"configmaps? \"[^\"]*\" (?:is forbidden|not found)", r"configmap [\w./-]+ not found"),
    ),
    Rule(
        "key-missing",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "A Secret or ConfigMap has no such key.",
        (
            "add the key to the secret or the component's variables, or name one that it has",
            Remedy(RemedyKind.START_ANEW),
        ),
        said(r"couldn't find key .{0,200} in (?:Secret|ConfigMap)", "references non-existent (?:secret|config) key"),
    ),
    Rule(
        "runtime-broken",
        Layer.CONFIG,
        Audience.PLATFORM,
        "The node's container runtime fails before the program is begun: it, or its disk, is overloaded.",
        NODE_AT_FAULT,
        said(
            "unable to create new parent process",
            "child's pid from pipe",
            r"/proc/(?:\d+/ns|self|thread-self|sys)\b",
            "read init-p",
            "apparmor_parser",
            "no space left on device",
            "shim disconnected",
            "failed to start shim",
            "ttrpc: closed",
        ),
        patience=timedelta(minutes=5),
    ),
    Rule(
        "image-user-unknown",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The image's or component's user is not in the image.",
        ("have the image's USER in its /etc/passwd, or give it as a number", _START),
        said("unable to find (?:user|group) ", "no matching entries in (?:passwd|group) file"),
        is_final=True,
    ),
    Rule(
        "image-workdir-refused",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The program's user may not enter the image's working directory (WORKDIR).",
        ("let the image's user read and enter its WORKDIR (chown, chmod), or set another one", _START),
        said("chdir to cwd"),
        is_final=True,
    ),
    Rule(
        "image-user-not-numeric",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The image's user is a name, and Kubernetes cannot tell that it is not root.",
        (
            "give the image a numeric USER in its Dockerfile, such as USER 10001, or set the component's runAsUser",
            _START,
        ),
        said("image has non-numeric user"),
        is_final=True,
    ),
    Rule(
        "image-runs-as-root",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The image runs as root, which Pod Security does not allow here.",
        (
            "give the image a non-root USER in its Dockerfile, such as USER 10001, or set the component's runAsUser",
            _START,
        ),
        said("image will run as root", r"runAsUser breaks non-root policy", "container's runAsUser breaks"),
        is_final=True,
    ),
    Rule(
        "fargate-requests-not-limits",
        Layer.CONFIG,
        Audience.PLATFORM,
        "On Fargate a container's requests have to be its limits; otherwise its CPU quota cannot be set.",
        ("make requests and limits equal in the template, then start the preview anew",),
        said("cfs_quota_us", "error setting cgroup config", r"cpu\.max", "failed to write .{0,80}cgroup"),
        patience=_AT_ONCE,
    ),
    Rule(
        "memory-too-little-to-start",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The container has too little memory even to be begun.",
        ("give the component more memory", Remedy(RemedyKind.ASK_FOR_MEMORY)),
        said("container init was OOM-killed", "memory limit too low", "Minimum memory limit"),
        patience=_AT_ONCE,
    ),
    Rule(
        "container-wrong-platform",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The program was built for another architecture than that of the cluster, linux/amd64.",
        ("build and push the image for the platform linux/amd64 (docker buildx build --platform)", _START),
        said("exec format error"),
        is_final=True,
    ),
    Rule(
        "command-not-executable",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The command is in the image but may not be executed.",
        ("make the command executable in the image (chmod +x), or name another command", _START),
        said(r"exec:? .{0,200}permission denied", r"\bis a directory"),
        is_final=True,
    ),
    Rule(
        "command-not-found",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The command is not in the image. The process never ran, so there is no log.",
        (
            "correct the component's command, or build an image that has it (also the interpreter of its first line)",
            _START,
        ),
        said("executable file not found", r"exec:? .{0,300}no such file or directory", r"stat .{0,200}no such file"),
        is_final=True,
    ),
    Rule(
        "command-missing",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "Neither the image nor the component says which command to run.",
        ("give the image a CMD or ENTRYPOINT, or the component a command", _START),
        said("no command specified", "must specify .{0,20}command"),
        is_final=True,
    ),
    Rule(
        "mount-refused",
        Layer.CONFIG,
        Audience.PLATFORM,
        "A volume cannot be mounted where the template says.",
        ("correct the volume mounts in the template",),
        said(
            "subPath",
            "mount a directory onto a file",
            "error mounting .{0,300}not a directory",
            "read-only file system",
        ),
        patience=_AT_ONCE,
    ),
    Rule(
        "runtime-busy",
        Layer.CONFIG,
        Audience.NOBODY,
        "The node's container runtime is still busy with an earlier try. Kubelet tries again by itself.",
        ("wait: kubelet tries again by itself",),
        said(
            "is reserved for",
            "name .{0,300}already in use",
            "context deadline exceeded",
            "timed out waiting for the condition",
        ),
    ),
    Rule(
        "post-start-hook-failed",
        Layer.CONFIG,
        Audience.DEVELOPER,
        "The command that is to run right after the start (postStart) failed, so the container was killed.",
        ("correct the postStart command",),
        said("PostStartHook", "FailedPostStartHook"),
        patience=_AT_ONCE,
    ),
)
_OTHER = unclassified(Layer.CONFIG)


def findings(look: Look) -> Iterator[Finding]:
    """One for each container that cannot be made, or whose process cannot be begun."""
    for pod, container in look.containers():
        is_refused = container.reason in REASONS or {container.reason, container.last_reason} & NEVER_RAN
        if is_refused and (found := _finding(look, pod, container)):
            yield found


def _finding(look: Look, pod: Pod, container: Container) -> Finding | None:
    begun = container.reason in REASONS or container.reason in NEVER_RAN
    reason, message = container.reason, container.message
    evidence = [of_state(pod, container, reason, message)] if begun else []
    if not begun or (container.last_reason in NEVER_RAN and not classified(RULES, message)):
        if container.is_running:
            return None
        reason, message = container.last_reason, container.last_message
        evidence.append(of_state(pod, container, reason, message, container.last_ended))
    if not message:
        event = look.event("Pod", pod.name, "Failed", uid=pod.uid, after=pod.created, container=container.name)
        if event is not None:
            message = event.message
            evidence.append(of_event(event))
    rule = classified(RULES, f"{reason}: {message}") or _OTHER
    verb = "started" if reason in NEVER_RAN or reason == "RunContainerError" else "made"
    return finding(
        rule,
        Ref("Pod", pod.name, container.name),
        f"container {container.name} of pod {pod.name} cannot be {verb}",
        f"{reason}: {message}" if message else reason,
        names={"namespace": look.namespace},
        evidence=evidence,
        since=pod.scheduled_since or pod.created,
        workload=look.workload_of(pod),
    )
