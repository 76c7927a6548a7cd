"""Phases and their causes: what is said of a preview for what is observed of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from generator.errors import Fault
from generator.model.entry import Preview
from generator.values.formats import format_time
from hub.output.remedies import words
from reconcilers.health.phase import HELD, NOTICED, REMOVED, Seen, needs_details, phase_of
from reconcilers.ports.cluster import Container, ExternalSecret, Ingress, Workload
from reconcilers.ports.target_groups import TargetGroup, Targets
from reconcilers.state.entries import EntryRecord
from worlds.builders import NOW, image, preview
from worlds.memory_store import MemorySnapshot
from worlds.observations import (
    ago,
    application,
    condition,
    deployment,
    details,
    event,
    held,
    namespace,
    pod,
    stopped_set,
    waiting,
    working_set,
)

PATH = PurePosixPath("environments/int/previews/rtb/100/rtb-123/preview.yaml")
PROGRESSING = application(sync="Synced", health="Progressing")
DEGRADED = application(health="Degraded")


def entry(asked: timedelta = timedelta(0), ends: timedelta = timedelta(hours=24), **faults: Any) -> EntryRecord:
    """An entry asked for `asked` ago that ends in `ends`."""
    made: Preview = preview()
    times = {"requested_at": format_time(NOW - asked), "expires_at": format_time(NOW + ends)}
    lease = made.spec.lease.model_copy(update=times)
    found = made.model_copy(update={"spec": made.spec.model_copy(update={"lease": lease})})
    return EntryRecord(PATH, MemorySnapshot("main", "0" * 40, {}), None if faults else found, **faults)


ENTRY = entry()


def phase(seen: Seen, warn: timedelta = timedelta(hours=2)) -> tuple[str, str, str]:
    told = phase_of(seen, now=NOW, warn_before=warn)
    return told.name, told.cause, words(told.remedy)


def row(sentence: str, seen: Seen, name: str, *causes: str) -> Any:
    return pytest.param(seen, name, causes, id=sentence)


def of(**fields: Any) -> Seen:
    return Seen(**{"applications": working_set(), **fields})


def running(**fields: Any) -> Seen:
    return of(**{"entry": ENTRY, "application": application(), "namespace": namespace(), **fields})


def coming(*things: Any, app: Any = PROGRESSING) -> Seen:
    return running(application=app, details=details(*things))


def leaving(*things: Any, **fields: Any) -> Seen:
    gone = {"entry": None, "application": application(deleting_since=ago(minutes=4)), "namespace": namespace()}
    return of(**{**gone, "details": details(*things), **fields})


LEFT = Targets((TargetGroup("k8s-previewr-web-1", "arn:aws:elasticloadbalancing:x", "preview-rtb-123"),))
STUCK_APPLICATION = "an Application without entry that no ApplicationSet made"
PHASES = [
    row("a synced and healthy preview runs", running(), "running"),
    row("one near its end is expiring soon", running(entry=entry(ends=timedelta(hours=1))), "expiring soon"),
    row("one past its end is told so", running(entry=entry(ends=-timedelta(minutes=1))), "expiring soon", "its lease ended at 2026-11-23T01:59:00Z"),
    row("a request that nobody merged awaits approval", of(request=ENTRY), "awaiting approval"),
    row("a request needs no cluster to await approval", of(request=ENTRY, unread="no network"), "awaiting approval"),
    row("without entry, Application and namespace it is removed", of(), "removed"),
    row("nor while AWS has a target group of it", of(targets=LEFT), "stuck", "but AWS still has its target groups: k8s-previewr-web-1"),
    row("with AWS asked and nothing there it is removed", of(targets=Targets()), "removed"),
    row("what AWS refuses to tell is not gone", of(targets=Targets(unread="AccessDenied", is_refused=True)), "unknown", "whether its target groups in AWS are gone is not known: AccessDenied"),
    row("a request awaits approval whatever AWS has", of(request=ENTRY, targets=LEFT), "awaiting approval"),
    row("a cluster that cannot be read makes nothing removed", of(unread="no network"), "unknown", "no network"),
    row("nor anything running", running(unread="no network"), "unknown", "no network"),
    row("an Application that is gone with its namespace there is no removal", leaving(application=None), "stuck", "left over without entry and Application"),
    row("a namespace that is gone with its Application there is no removal", leaving(namespace=None), "stopping"),
    row("a namespace that ends without its Application is stopping", leaving(application=None, namespace=namespace(deleting_since=ago(seconds=5))), "stopping", "since 2026-11-23T01:59:55Z"),
    # Starting
    row("right after the commit there is no Application yet", of(entry=ENTRY), "starting", "has not made its Application yet"),
    row("after three minutes without one it is stuck", of(entry=entry(timedelta(minutes=4))), "stuck", "no Application of it since 2026-11-23T01:56:00Z"),
    row("a set that is not there is named", of(entry=ENTRY, applications=None), "stuck", "ApplicationSet is not in this cluster"),
    row("a set that has stopped is named with the file", of(entry=ENTRY, applications=stopped_set()), "stuck", "previews-int has stopped", "unable to process file 'x'"),
    row("a start right after a stop waits for the namespace", of(entry=ENTRY, namespace=namespace(deleting_since=ago(seconds=1))), "starting", "namespace of before"),
    row("a start right after a stop waits for the Application", running(application=application(deleting_since=ago(seconds=9))), "starting", "the one of before is still being removed"),
    row("and is stuck when that is held", running(application=application(deleting_since=ago(minutes=5)), details=details(held(minutes=2))), "stuck", "the one of before", "Ingress preview"),
    row("an Application not looked at yet starts", coming(app=application(sync="", health="", operation="", created=ago(minutes=1))), "starting", "not looked at yet"),
    row("and is stuck when nobody did in three minutes", coming(app=application(sync="", health="", operation="")), "stuck", "Argo CD has not looked at the Application", "application-controller"),
    row("an image that cannot be pulled is told with pod, container and message", coming(pod("web-1", "Pending", waiting("ImagePullBackOff", "not found"))), "failed", "container web in pod web-1 cannot be pulled: ImagePullBackOff: not found"),
    row("a container that ends again and again is told with its exit", coming(pod("web-1", "Running", waiting("CrashLoopBackOff", restarts=4, last_reason="OOMKilled", last_exit_code=137))), "failed", "container web of pod web-1", "OOMKilled, exit code 137, 4 times", "more memory"),
    row("a container without its secret's key is told", coming(pod("web-1", "Pending", waiting("CreateContainerConfigError", 'secret "x" not found'))), "starting", "cannot be made", 'secret "x" not found'),
    row("pods over the quota are told", coming(deployment("web", 0, condition("ReplicaFailure", 'pods "web-1" is forbidden: exceeded quota: preview'))), "failed", "Deployment web may not make its pods", "exceeded quota", "rtb-hub price"),
    row("Fargate without capacity is told in its own words", coming(pod(), event("FailedScheduling", "Fargate capacity is unavailable at this time.")), "starting", "pod web-1 finds no place: Fargate capacity is unavailable", "wait: it is tried again"),
    row("a pod that fits nowhere is told by its condition", coming(pod(unscheduled="0/2 nodes are available")), "starting", "pod web-1 finds no place: 0/2 nodes are available"),
    row("a pod that waits for a node to be made is on its way", coming(pod(unscheduled="0/2 nodes are available: 2 Insufficient cpu")), "starting", "pod web-1 is being started: it waits for a node"),
    row("and finds no place when none was made in five minutes", coming(pod(unscheduled="0/2 nodes are available: 2 Insufficient cpu", created=ago(minutes=6))), "stuck", "2 Insufficient cpu", "Karpenter"),
    row("a readiness probe that fails is told", coming(pod("web-1", "Running", Container("web", is_running=True)), event("Unhealthy", "Readiness probe failed: 503")), "starting", "runs but is not ready: Readiness probe failed: 503"),
    row("the probe's failure stays the cause when time is up", coming(pod("web-1", "Running", Container("web", is_running=True)), event("Unhealthy", "Readiness probe failed: 503"), app=DEGRADED), "failed", "Readiness probe failed: 503"),
    row("an ExternalSecret that is not ready comes before the pods that wait for it", coming(ExternalSecret("web-env", False, "no such key"), pod("web-1", "Pending", waiting("CreateContainerConfigError"))), "starting", "ExternalSecret web-env is not ready: no such key", "rtb-hub why --all"),
    row("an ExternalSecret that nobody looked at is told", coming(ExternalSecret("web-env")), "starting", "not been looked at by the External Secrets Operator"),
    row("a pod on its way is told", coming(pod("web-1", "Pending", waiting("ContainerCreating"))), "starting", "pod web-1 is being started (container web)"),
    row("a Deployment that is not complete is told", coming(deployment("web")), "starting", "Deployment web has 0 of 1 pods ready"),
    row("a Deployment that was too slow is told", coming(deployment("web", 0, condition("Progressing", "timed out", "False"))), "failed", "did not come up in time: timed out"),
    row("an Ingress without address waits for the load balancer", coming(Ingress("preview")), "starting", "Ingress preview waits for the load balancer"),
    row("what the load balancer controller says is told", coming(Ingress("preview"), event("FailedBuildModel", "no certificate found", "preview", "Ingress")), "starting", "FailedBuildModel: no certificate found", "ACM certificate"),
    row("an Ingress with an address is no cause", coming(Ingress("preview", has_address=True)), "starting", "Argo CD: Synced, Progressing"),
    row("pods that end are no cause", coming(pod("old-1", "Running", waiting("ImagePullBackOff"), deleting_since=NOW)), "starting", "Argo CD: Synced, Progressing"),
    row("a Degraded preview without a cause is failed", coming(app=DEGRADED), "failed", "Argo CD reports it Degraded"),
    row("a sync that failed is told with its message", running(application=application(sync="OutOfSync", health="Missing", operation="Failed", operation_message="x", failures=("Service a: not permitted in project",))), "failed", "Argo CD cannot apply it: Service a: not permitted in project"),
    row("a sync that tries again is starting", running(application=application(sync="OutOfSync", operation="Running", failures=("Service a: x",))), "starting", "Argo CD tries again: Service a: x"),
    row("a failure of before does not outlast a good sync", running(application=application(operation="Failed")), "running"),
    row("manifests that Argo CD cannot read are told", running(application=application(sync="Unknown", health="", conditions=(condition("ComparisonError", "invalid YAML"),))), "failed", "ComparisonError: invalid YAML"),
    row("a running preview that cannot be compared is unknown", running(application=application(sync="Unknown", conditions=(condition("ComparisonError", "no repo server"),))), "unknown", "no repo server"),
    row("the image of before is not the one that was asked for", running(details=details(deployment("web", 1, images=("old",)))), "starting", "web has the image of before"),
    row("the image that was asked for runs", running(details=details(deployment("web", 1, images=(image("web"),)))), "running"),
    row("an entry with a fault does not hide what runs", running(entry=entry(faults=(Fault("is not a port"),))), "running", "its entry cannot be read: is not a port"),
    # Stopping
    row("an Application that nobody has begun to remove", leaving(application=application()), "stopping", "has not noticed yet"),
    row("and so does one of an Application that is being deleted", leaving(application=application(deleting_since=ago(minutes=2), operation="Running", operation_since=ago(minutes=3), operation_message="waiting for web")), "stuck", "stopping, but a sync still runs and ends first: waiting for web", "argocd app terminate-op preview-rtb-123"),
    row("a removal that nobody notices for three minutes is stuck", leaving(application=application(), removed_at=ago(minutes=4)), "stuck", "stopping, but Argo CD has not noticed that its entry is gone since 2026-11-23T01:56:00Z", "applicationset-controller"),
    row("and has not been noticed yet before", leaving(application=application(), removed_at=ago(minutes=3)), "stopping", "has not noticed yet"),
    row("a finalizer of others on the Application is told when all else is gone", leaving(namespace=None, application=application(deleting_since=ago(minutes=2), finalizers=("example.com/keep",))), "stuck", "stuck on the Application preview-rtb-123 itself: finalizer example.com/keep", "kubectl get application preview-rtb-123 -n argocd"),
    row("and not while Argo CD removes what is in it", leaving(application=application(deleting_since=ago(minutes=2), finalizers=("resources-finalizer.argocd.argoproj.io", "example.com/keep"))), "stopping", "being removed since"),
    row("a finalizer of others on an emptied Namespace is told", leaving(application=None, namespace=namespace(deleting_since=ago(minutes=2), finalizers=("example.com/keep",))), "stuck", "the Namespace preview-rtb-123 itself: finalizer example.com/keep"),
    row("a sync that runs holds the removal back", leaving(application=application(operation="Running", operation_message="waiting for web")), "stopping", "a sync still runs and ends first: waiting for web"),
    row("a stopped set removes nothing", leaving(application=application(), applications=stopped_set()), "stuck", "stopping, but the ApplicationSet previews-int has stopped"),
    row("an Application that no set made stays", leaving(application=application(owner="")), "stuck", STUCK_APPLICATION, "kubectl delete application -n argocd preview-rtb-123"),
    row("a finalizer just put to work is stopping", leaving(held(seconds=20)), "stopping", "held by Ingress preview: finalizer group.ingress.k8s.aws/previews-0, since 2026-11-23T01:59:40Z"),
    row("after a minute it is stuck, with what not to do", leaving(held(seconds=61)), "stuck", "stopping, stuck on Ingress preview: finalizer group.ingress.k8s.aws/previews-0", "repair the load balancer controller", "do not strip"),
    row("a target group's finalizer is the load balancer controller's too", leaving(held("TargetGroupBinding", "k8s-web", "elbv2.k8s.aws/resources", minutes=2)), "stuck", "TargetGroupBinding k8s-web", "repair the load balancer controller"),
    row("an Ingress comes before Deployments that wait for their pods", leaving(held("Deployment", "web", "foregroundDeletion", minutes=3), held(minutes=2)), "stuck", "Ingress preview"),
    row("an API that does not answer blocks every namespace", leaving(held(minutes=2), namespace=namespace(deleting_since=ago(minutes=2), conditions=(condition("NamespaceDeletionDiscoveryFailure", "external.metrics.k8s.io", since=ago(minutes=2)),))), "stuck", "NamespaceDeletionDiscoveryFailure: external.metrics.k8s.io", "kubectl get apiservices"),
    row("what the namespace says remains is told", leaving(namespace=namespace(deleting_since=ago(seconds=9), conditions=(condition("NamespaceContentRemaining", "services. has 1", since=ago(seconds=9)),))), "stopping", "NamespaceContentRemaining: services. has 1"),
    row("Argo CD's own trouble with a removal is told", leaving(application=application(deleting_since=ago(minutes=2), conditions=(condition("DeletionError", "project is gone"),))), "stuck", "DeletionError: project is gone"),
    row("a removal that takes long without a word is stuck", leaving(application=application(deleting_since=ago(minutes=6))), "stuck", "stopping since 2026-11-23T01:54:00Z", "nothing tells what holds it"),
    row("a removal began with its first part", leaving(namespace=namespace(deleting_since=ago(minutes=1))), "stopping", "being removed since 2026-11-23T01:56:00Z"),
    row("without details the removal is told plainly", leaving(details=None), "stopping", "being removed since"),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "name", "causes"), PHASES)
def test_phase(seen: Seen, name: str, causes: tuple[str, ...]) -> None:
    told, cause, remedy = phase(seen)
    assert told == name
    for text in causes:
        assert text in f"{cause} | {remedy}"
    if not causes:
        assert told in ("running", "expiring soon", "awaiting approval", "removed", "stopping")


#: What changes at a length of time: what is seen, the length, and the phase below, at and above it.
BOUNDS: dict[str, tuple[Callable[[timedelta], Seen], timedelta, tuple[str, str, str]]] = {
    "a finalizer of what is removed": (
        lambda t: leaving(held(seconds=t.total_seconds())), HELD, ("stopping", "stopping", "stuck"),
    ),
    "a finalizer of the one before": (
        lambda t: running(application=application(deleting_since=ago(hours=1)), details=details(held(seconds=t.total_seconds()))),
        HELD, ("starting", "starting", "stuck"),
    ),
    "a removal without a word": (
        lambda t: leaving(application=application(deleting_since=NOW - t)), REMOVED, ("stopping", "stopping", "stuck"),
    ),
    "a removal whose parts follow each other": (
        lambda t: leaving(application=application(deleting_since=NOW - t), namespace=namespace(deleting_since=ago(seconds=1))),
        REMOVED, ("stopping", "stopping", "stuck"),
    ),
    "what holds it, for nobody knows how long": (
        lambda t: leaving(
            application=application(deleting_since=NOW - t),
            namespace=namespace(deleting_since=ago(seconds=1), conditions=(condition("NamespaceContentRemaining", "services. has 1"),)),
        ),
        HELD, ("stopping", "stopping", "stuck"),
    ),
    "an entry without an Application": (lambda t: of(entry=entry(t)), NOTICED, ("starting", "starting", "stuck")),
    "the time left of a lease": (
        lambda t: running(entry=entry(ends=t)), timedelta(hours=2), ("expiring soon", "expiring soon", "running"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BOUNDS)
def test_what_a_length_of_time_changes_it_changes_to_the_second(what: str) -> None:
    seen, length, names = BOUNDS[what]
    assert tuple(phase(seen(length + timedelta(seconds=n)))[0] for n in (-1, 0, 1)) == names


@pytest.mark.parametrize(("left", "over"), [(1, False), (0, True), (-1, True)])
def test_a_lease_is_told_as_over_from_its_end_on(left: int, over: bool) -> None:
    name, cause, _ = phase(running(entry=entry(ends=timedelta(seconds=left))))
    assert (name, cause.startswith("its lease ended at ")) == ("expiring soon", over)


def test_a_job_that_failed_is_told_and_one_that_still_runs_is_no_cause() -> None:
    failed = Workload("Job", "seed-1", 1, 0, conditions=(condition("Failed", "backoff limit"),))
    assert phase(coming(failed))[:2] == ("failed", "Job seed-1 failed: backoff limit")
    assert phase(coming(Workload("Job", "seed-1", 1, 0)))[1] == "Argo CD: Synced, Progressing"


def test_nothing_is_removed_while_anything_is_left_or_unread() -> None:
    """All combinations: `removed` needs the entry, the Application and the namespace to be gone, and a cluster read."""
    for has_entry in (False, True):
        for app in (None, application(), application(deleting_since=NOW)):
            for found in (None, namespace(), namespace(deleting_since=NOW)):
                for unread in ("", "no network"):
                    seen = of(entry=ENTRY if has_entry else None, application=app, namespace=found, unread=unread)
                    told = phase(seen)[0]
                    assert (told == "removed") == (not has_entry and app is None and found is None and not unread)


def test_what_has_not_changed_reads_the_same_later() -> None:
    seen = leaving(held(minutes=2))
    later = phase_of(seen, now=NOW + timedelta(hours=1), warn_before=timedelta(hours=2))
    assert (later.name, later.cause, words(later.remedy)) == phase(seen)


def test_details_are_asked_for_where_a_cause_is_needed() -> None:
    assert not needs_details(running())
    assert not needs_details(of(entry=ENTRY))
    assert not needs_details(of())
    begun = running(application=application(deleting_since=NOW)), running(namespace=namespace(deleting_since=NOW))
    for seen in (coming(), leaving(), leaving(application=None), *begun):
        assert needs_details(seen)
