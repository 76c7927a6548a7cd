"""Containers that end when they should run, and Jobs that fail: by exit code, reason, last words and failed probes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from reconcilers.causes.crash_rules import (
    DONE,
    EVICTED,
    EXIT,
    FEW,
    JOB_DEADLINE,
    JOB_FAILED,
    JOB_LOG,
    KILLED,
    LAST_WORDS,
    LIVENESS,
    LOG,
    LOST,
    NOT_FOUND,
    OOM,
    SEGFAULT,
    STARTUP,
    TERMINATED,
)
from reconcilers.causes.look import Look, of_event, of_state
from reconcilers.causes.model import Evidence, Finding, Layer, Ref, Rule, classified, finding
from reconcilers.causes.starting_containers import NEVER_RAN
from reconcilers.causes.starting_containers import RULES as NEVER_BEGUN
from reconcilers.ports.cluster import Container, Event, Pod, Workload

#: Between two tries kubelet waits at most five minutes (MaxContainerBackOff); one that runs longer has come up.
_BETWEEN = timedelta(minutes=10)

#: Reasons that tell more than the exit code (kubelet: kuberuntime_container.go, kubelet_pods.go).
_BY_REASON = {"OOMKilled": OOM, "ContainerStatusUnknown": LOST}


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
        end = _end(look, container)
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
        end = _end(look, container)
        job = look.workload_of(pod)
        if end and job in jobs - failed - done and container.reason == "CrashLoopBackOff" and not _is_refused(end):
            yield _finding(look, pod, container, end)


def _is_refused(end: _End) -> bool:
    """True for a process that never ran: that is told where containers cannot be begun."""
    return end.reason in NEVER_RAN


def _end(look: Look, container: Container) -> _End | None:
    """How it ended, when it is no more than between two tries; None when it runs, or may still come up."""
    ended = container.last_ended
    is_between = container.is_running and container.restarts >= FEW and (ended is None or look.now - ended <= _BETWEEN)
    if container.reason == "CrashLoopBackOff" or is_between:
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
    if end.reason in _BY_REASON:
        return _BY_REASON[end.reason]
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
            log = () if known in NEVER_BEGUN else (JOB_LOG,)
            steps = (*(step for step in known.steps if step is not LOG), *log)
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
