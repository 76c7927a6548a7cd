"""Containers that end when they should run, and Jobs that fail: by exit code, reason, last words and failed probes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from generator.errors import Remedy, RemedyKind, ToDo
from reconcilers.causes.look import Look, of_event, of_state
from reconcilers.causes.model import Audience, Evidence, Finding, Layer, Ref, Rule, classified, finding, said
from reconcilers.causes.starting_containers import NEVER_RAN
from reconcilers.causes.starting_containers import RULES as NEVER_BEGUN
from reconcilers.ports.cluster import Container, Event, Pod, Workload

_LOG: ToDo = "read its log: kubectl logs --previous -n {namespace} {pod} -c {container}"
_JOB_LOG: ToDo = "read its log: kubectl logs -n {namespace} job/{name} --all-containers"
_START = Remedy(RemedyKind.START_WITH_IMAGE)
#: Times a container that runs again may have ended before: one that waits for its database ends once or twice.
_FEW = 3


def _crash(code: str, meaning: str, *steps: ToDo, words: tuple[str, ...] = ()) -> Rule:
    return Rule(code, Layer.CRASH, Audience.DEVELOPER, meaning, steps, said(*words) if words else None)


OOM = _crash(
    "crash-oom",
    "The container used more memory than it has, and was killed.",
    "give the component more memory, or have it use less",
    Remedy(RemedyKind.ASK_FOR_MEMORY),
)
LIVENESS = _crash(
    "probe-liveness",
    "The liveness probe failed, so kubelet killed the container. It was not out of memory.",
    "check what the livenessProbe asks (port, path, timeout) and whether the component answers it in time",
    _LOG,
)
STARTUP = _crash(
    "probe-startup",
    "The startup probe never succeeded, so kubelet killed the container.",
    "check that the component listens on its port and answers its healthPath before the startup probe gives up",
    _LOG,
)
KILLED = _crash(
    "crash-killed",
    "The container was killed (SIGKILL), and not for its memory by what Kubernetes says.",
    "look whether its livenessProbe failed: kubectl describe pod -n {namespace} {pod}",
    _LOG,
)
TERMINATED = _crash(
    "crash-terminated",
    "The container was asked to end (SIGTERM) while it should run.",
    "look whether its livenessProbe or startup probe failed: kubectl describe pod -n {namespace} {pod}",
    _LOG,
)
SEGFAULT = _crash(
    "crash-segfault",
    "The program ended by a fault of its own (SIGSEGV, SIGABRT, SIGILL, SIGBUS).",
    _LOG,
    "look for native libraries that do not fit the image or its processor architecture",
)
NOT_FOUND = _crash(
    "crash-command-not-found",
    "The shell of the image did not find or could not execute a command (exit code 126 or 127).",
    "check the component's command and what the image has in it",
    _LOG,
)
DONE = _crash(
    "crash-done",
    "The process ended by itself without an error (exit code 0); a component has to keep running.",
    "have the command stay in the foreground, and check that it is the one that serves",
    _LOG,
)
EXIT = _crash("crash-exit", "The process ended with an error of its own, which its log tells.", _LOG)
EVICTED = _crash(
    "pod-evicted-storage",
    "The pod wrote more to its disk than it may, and was evicted.",
    "have the component write less, or give it more ephemeral storage",
    words=("ephemeral-storage", "ephemeral local storage", "DiskPressure", "EmptyDir volume"),
)
#: What the last words of a process tell, when it left any (terminationMessagePolicy FallbackToLogsOnError).
LAST_WORDS = (
    _crash(
        "crash-heap-full",
        "The program ran out of the memory that it gives itself.",
        "give the component more memory, or its program a heap that fits in it",
        Remedy(RemedyKind.ASK_FOR_MEMORY),
        words=("OutOfMemoryError", "heap out of memory", "Reached heap limit", "MemoryError", "annot allocate memory"),
    ),
    _crash(
        "crash-wrong-platform",
        "The program was built for another architecture than that of the cluster, linux/amd64.",
        "build and push the image for the platform linux/amd64 (docker buildx build --platform)",
        _START,
        words=("exec format error", "rosetta error", "wrong ELF class"),
    ),
    _crash(
        "crash-module-missing",
        "The program misses a module or library in its image.",
        "build an image that has the module or library it names",
        _LOG,
        words=(
            "Cannot find module",
            "ModuleNotFoundError",
            "No module named",
            "ClassNotFoundException",
            "error while loading shared libraries",
            "Could not find or load main class",
            r"Error loading shared library",
            "cannot load such file",
        ),
    ),
    _crash(
        "crash-port-in-use",
        "The port it wants to listen on is taken, or one that only root may have.",
        "have it listen on the component's port, above 1024",
        _LOG,
        words=("EADDRINUSE", "address already in use", r"bind\(?\)?.{0,80}permission denied", r"listen EACCES"),
    ),
    _crash(
        "crash-not-permitted",
        "The program may not read, write or do something; it runs without root.",
        "have it write only where its user may (/tmp, or a path that the image gives to that user)",
        _LOG,
        words=("EACCES", "EROFS", "read-only file system", "permission denied", "operation not permitted", "EPERM"),
    ),
    _crash(
        "crash-database-denied",
        "The database does not accept the name or password that the program gives.",
        "check the variables or secrets that hold the database's name, user and password",
        _LOG,
        words=(
            "password authentication failed",
            "Access denied for user",
            "no pg_hba.conf entry",
            "SASL.{0,60}password",
        ),
    ),
    _crash(
        "crash-cannot-connect",
        "The program ends because it cannot reach something it needs.",
        "check the address it connects to, and that what is there runs",
        _LOG,
        words=(
            "ECONNREFUSED",
            "connection refused",
            "ENOTFOUND",
            "EAI_AGAIN",
            "no such host",
            "could not translate host name",
            "could not connect to server",
            "connection timed out",
            "ETIMEDOUT",
            "i/o timeout",
            "Name or service not known",
            "Can't reach database server",
        ),
    ),
    _crash(
        "crash-setting-missing",
        "The program misses a setting that it needs.",
        "set the variable or secret that it names",
        _LOG,
        words=(
            r"(?:environment|env) var(?:iable)?s? .{0,80}(?:not set|is required|missing|must be)",
            r"missing (?:required )?(?:environment|env|config|setting)",
            r"KeyError: '[A-Z][A-Z0-9_]+'",
            r"\b[A-Z][A-Z0-9_]{2,} (?:is|must be|was) (?:not set|not defined|required|set)",
        ),
    ),
)
JOB_DEADLINE = Rule(
    "job-deadline",
    Layer.CRASH,
    Audience.DEVELOPER,
    "A Job took longer than it may.",
    (_JOB_LOG, "have the seed do less, or raise the Job's deadline in the template"),
    said("DeadlineExceeded", "longer than specified deadline"),
    is_final=True,
)
JOB_FAILED = Rule(
    "job-failed", Layer.CRASH, Audience.DEVELOPER, "A Job failed as often as it may.", (_JOB_LOG,), is_final=True
)
RULES = (
    OOM,
    LIVENESS,
    STARTUP,
    KILLED,
    TERMINATED,
    SEGFAULT,
    NOT_FOUND,
    DONE,
    EXIT,
    EVICTED,
    *LAST_WORDS,
    JOB_DEADLINE,
    JOB_FAILED,
)


@dataclass(frozen=True, slots=True)
class _End:
    """How a container ended last."""

    reason: str
    code: int | None
    message: str


def findings(look: Look) -> Iterator[Finding]:
    """One for each container that ends again and again, each pod that was evicted, and each Job that failed."""
    failed = [one for one in look.workloads if one.kind == "Job" and _failure(one)]
    of_jobs = {one.name for one in look.workloads if one.kind == "Job"}
    for pod, container in look.containers():
        end = _end(container)
        if end is not None and look.workload_of(pod) not in of_jobs and not _is_refused(end):
            yield _finding(look, pod, container, end)
    for job in failed:
        yield _job(look, job)
    yield from _jobs_at_work(look, {one.name for one in failed}, of_jobs)
    for pod in look.pods:
        if pod.phase == "Failed" and classified((EVICTED,), pod.message) and _is_latest(look, pod):
            evidence = Evidence("state", Ref("Pod", pod.name), pod.reason, pod.message)
            yield finding(
                EVICTED,
                Ref("Pod", pod.name),
                f"pod {pod.name} was evicted",
                pod.message,
                evidence=[evidence],
                since=pod.created,
                workload=look.workload_of(pod),
            )


def _is_latest(look: Look, pod: Pod) -> bool:
    """Whether no other pod was made in its place."""
    return not any(other.created > pod.created for other in look.beside(pod))


def _jobs_at_work(look: Look, failed: set[str], jobs: set[str]) -> Iterator[Finding]:
    """Containers of Jobs that are tried again: told while the Job has neither failed nor is done."""
    done = {one.name for one in look.workloads if one.kind == "Job" and (c := one.condition("Complete")) and c.holds}
    for pod, container in look.containers():
        end = _end(container)
        job = look.workload_of(pod)
        if end and job in jobs - failed - done and container.reason == "CrashLoopBackOff" and not _is_refused(end):
            yield _finding(look, pod, container, end)


def _is_refused(end: _End) -> bool:
    """True for a process that never ran: that is told where containers cannot be begun."""
    return end.reason in NEVER_RAN


def _end(container: Container) -> _End | None:
    """How it ended, when it is no more than between two tries; None when it runs, or may still come up."""
    if container.reason == "CrashLoopBackOff" or (container.is_running and container.restarts >= _FEW):
        return _End(container.last_reason, container.last_exit_code, container.last_message)
    if container.exit_code is not None and (container.exit_code != 0 or container.restarts):
        return _End(container.reason, container.exit_code, container.message)
    return None


def _finding(look: Look, pod: Pod, container: Container, end: _End) -> Finding:
    probe = _probe(look, pod, container)
    rule = _rule(end, probe)
    evidence = [of_state(pod, container, end.reason, end.message, container.last_ended)]
    if probe is not None and rule in (LIVENESS, STARTUP):
        evidence.append(of_event(probe))
    why = {OOM: "", LIVENESS: "it was killed: ", STARTUP: "the startup probe gave up: "}.get(rule, "")
    last = probe.message if probe and rule in (LIVENESS, STARTUP) else end.message
    return finding(
        rule,
        Ref("Pod", pod.name, container.name),
        f"container {container.name} of pod {pod.name} {_how_often(end, container.restarts)}",
        f"{why}{last}".strip() if last else "",
        names={"namespace": look.namespace},
        evidence=evidence,
        since=container.last_ended,
        workload=look.workload_of(pod),
    )


def _how_often(end: _End, restarts: int) -> str:
    return f"ends again and again ({_told(end)}, {restarts} times)" if restarts else f"has ended ({_told(end)})"


def _told(end: _End) -> str:
    parts = [end.reason or "it ended", *([] if end.code is None else [f"exit code {end.code}"])]
    return ", ".join(parts)


def _probe(look: Look, pod: Pod, container: Container) -> Event | None:
    """The newest failure of a liveness or startup probe, which ends a container."""
    events = look.events("Pod", pod.name, "Unhealthy", uid=pod.uid, after=pod.created, container=container.name)
    return next((e for e in events if e.message.startswith(("Liveness", "Startup")) and look.is_recent(e)), None)


def _rule(end: _End, probe: Event | None) -> Rule:
    if end.reason == "OOMKilled":
        return OOM
    if probe is not None and end.code in (None, 0, 2, 130, 137, 143):
        return LIVENESS if probe.message.startswith("Liveness") else STARTUP
    known = classified(LAST_WORDS, end.message) if end.message else None
    if known is not None and (end.code not in (126, 127) or known.code == "crash-wrong-platform"):
        return known
    by_code = {0: DONE, 126: NOT_FOUND, 127: NOT_FOUND, 132: SEGFAULT, 134: SEGFAULT, 135: SEGFAULT, 136: SEGFAULT}
    by_code |= {137: KILLED, 139: SEGFAULT, 143: TERMINATED}
    return by_code.get(end.code, EXIT) if end.code is not None else EXIT


def _failure(job: Workload) -> str:
    failed = job.condition("Failed") or job.condition("FailureTarget")
    return (failed.message or failed.reason or "it failed") if failed and failed.holds else ""


def _job(look: Look, job: Workload) -> Finding:
    failed = job.condition("Failed") or job.condition("FailureTarget")
    assert failed is not None  # noqa: S101 - the caller's case
    subject = Ref("Job", job.name)
    evidence = [Evidence("condition", subject, failed.reason, failed.message, failed.since)]
    rule = classified((JOB_DEADLINE,), f"{failed.reason}: {failed.message}") or JOB_FAILED
    why = ""
    for pod, container, end in _ends(look, job):
        evidence.append(of_state(pod, container, end.reason, end.message))
        told = f": {end.message}" if end.message else ""
        why = f"; its container {container.name} ended ({_told(end)}){told}"
        known = _job_rule(end)
        if known is not None and rule is JOB_FAILED:
            log = () if known in NEVER_BEGUN else (_JOB_LOG,)
            steps = (*(step for step in known.steps if step is not _LOG), *log)
            rule = replace(known, layer=Layer.CRASH, steps=steps, is_final=True)
        break
    return finding(
        rule,
        subject,
        f"Job {job.name} failed",
        f"{failed.message or failed.reason}{why}",
        names={"namespace": look.namespace},
        evidence=evidence,
        since=failed.since,
        workload=job.name,
    )


def _job_rule(end: _End) -> Rule | None:
    """What is known of how a Job's container ended, beyond that it did."""
    if end.reason in NEVER_RAN:
        return classified(NEVER_BEGUN, end.message)
    rule = _rule(end, None)
    return None if rule in (EXIT, DONE) else rule


def _ends(look: Look, job: Workload) -> Iterator[tuple[Pod, Container, _End]]:
    """How the containers of a Job's pods ended, the latest pod first."""
    for pod in sorted(look.pods_of(job), key=lambda pod: (pod.created, pod.name), reverse=True):
        for container in pod.containers:
            code = container.exit_code if container.exit_code is not None else container.last_exit_code
            if code:
                now = container.exit_code is not None
                reason = container.reason if now else container.last_reason
                yield pod, container, _End(reason, code, container.message if now else container.last_message)
