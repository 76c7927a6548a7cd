"""The phase of a preview, from what is observed: Git, its Application, its namespace. Never from a commit alone. Pure.

`removed` is said only when Application and namespace were looked for and are gone; what could not be read is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from generator.errors import About, Remedy, RemedyKind, ToDo
from generator.model.entry import Preview
from generator.values.formats import format_time, parse_time
from reconcilers.health.causes import Cause, holding_cause, start_cause
from reconcilers.ports.cluster import Application, ApplicationSet, Namespace, NamespaceDetails
from reconcilers.state.entries import EntryRecord

PhaseName = Literal[
    "awaiting approval",
    "starting",
    "running",
    "expiring soon",
    "stopping",
    "failed",
    "stuck",
    "removed",
    "unknown",
]
#: Longer than this, what a finalizer holds is stuck: the load balancer controller takes seconds.
HELD = timedelta(seconds=60)
#: A set polls Git at least this often (docs of the Git generator, `requeueAfterSeconds`, default 180 s).
NOTICED = timedelta(minutes=3)
#: Pods end within a minute (terminationGracePeriodSeconds), the namespace at once after them.
REMOVED = timedelta(minutes=5)
_BROKEN = frozenset({"ComparisonError", "InvalidSpecError", "SyncError", "UnknownError"})


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a preview stands, why, and what to do about it.

    Texts name moments, not lengths of time: what has not changed reads the same the next time.
    """

    name: PhaseName
    cause: str = ""
    remedy: ToDo = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of one preview. `applications` is the set of its environment, None when that is not there.

    `details` are None when they were not asked for. `unread`: why the cluster could not be read, with what to do about
    it; nothing else of the cluster then counts.
    """

    entry: EntryRecord | None = None
    request: EntryRecord | None = None
    application: Application | None = None
    namespace: Namespace | None = None
    details: NamespaceDetails | None = None
    applications: ApplicationSet | None = None
    unread: str = ""
    unread_remedy: ToDo = ""


def needs_details(seen: Seen) -> bool:
    """True when a phase without details would lack its cause."""
    application, namespace = seen.application, seen.namespace
    if application is None:
        return namespace is not None
    going = application.deleting_since or (namespace and namespace.deleting_since) or seen.entry is None
    return bool(going) or (application.sync, application.health) != ("Synced", "Healthy")


def phase_of(seen: Seen, *, now: datetime, warn_before: timedelta) -> Phase:
    """The phase at `now` (aware). `warn_before`: how long before its end a preview is expiring soon."""
    if seen.entry is None and seen.request is not None and seen.application is None and seen.namespace is None:
        return Phase("awaiting approval")
    if seen.unread:
        return Phase("unknown", seen.unread, seen.unread_remedy)
    if seen.entry is None:
        return _without_entry(seen, now)
    phase = _with_entry(seen, seen.entry, now)
    if seen.entry.preview is None:
        fault = f"its entry cannot be read: {seen.entry.faults[0]}" if seen.entry.faults else "its entry cannot be read"
        remedy = phase.remedy or Remedy(RemedyKind.REPAIR_ENTRY)
        return replace(phase, cause=f"{phase.cause}; {fault}" if phase.cause else fault, remedy=remedy)
    return _with_lease(phase, seen.entry.preview, now, warn_before)


def _without_entry(seen: Seen, now: datetime) -> Phase:
    application, namespace = seen.application, seen.namespace
    if application is None and namespace is None:
        return Phase("removed")
    deleting = [t for t in (application and application.deleting_since, namespace and namespace.deleting_since) if t]
    if application is None and not deleting:
        remedy = f"look at what is in it, then remove it by hand: kubectl delete namespace {_target(seen)}"
        return Phase("stuck", "the namespace is left over without entry and Application: nothing removes it", remedy)
    if not deleting:
        return _not_noticed(seen)
    held = holding_cause(seen.details, namespace) if seen.details else None
    if held is None:
        error = _condition(application, ("DeletionError",))
        held = Cause(f"Argo CD cannot remove it: {error}", since=min(deleting)) if error else None
    if held is None:
        begun = format_time(min(deleting))
        if now - min(deleting) > REMOVED:
            remedy = f"see what is left: kubectl get events,all,ingress -n {_target(seen)}"
            return Phase("stuck", f"stopping since {begun}, and nothing tells what holds it", remedy)
        return Phase("stopping", f"being removed since {begun}")
    since = held.since or min(deleting)
    if now - since > HELD:
        return Phase("stuck", f"stopping, stuck on {held.text}, since {format_time(since)}", held.remedy)
    return Phase("stopping", f"held by {held.text}, since {format_time(since)}")


def _not_noticed(seen: Seen) -> Phase:
    """No entry, and an Application that nobody has begun to remove."""
    application = seen.application
    assert application is not None  # noqa: S101 - the caller's case
    if stopped := _set_error(seen.applications):
        return Phase("stuck", f"stopping, but {stopped.text}", stopped.remedy)
    if not application.owner:
        remedy = f"remove it by hand if nobody needs it: kubectl delete application {application.name}"
        return Phase("stuck", "an Application without entry that no ApplicationSet made: nothing removes it", remedy)
    if application.operation == "Running":
        return Phase("stopping", f"a sync still runs and ends first: {application.operation_message}")
    return Phase("stopping", "Argo CD has not noticed yet that the entry is gone")


def _with_entry(seen: Seen, entry: EntryRecord, now: datetime) -> Phase:
    application, namespace = seen.application, seen.namespace
    if application is None:
        return _not_made(seen, entry, now)
    if application.deleting_since or (namespace and namespace.deleting_since):
        held = holding_cause(seen.details, namespace) if seen.details else None
        since = (held and held.since) or application.deleting_since or now
        text = f": held by {held.text}, since {format_time(since)}" if held else ""
        if held and now - since > HELD:
            return Phase("stuck", f"the one of before is still being removed{text}", held.remedy)
        return Phase("starting", f"the one of before is still being removed{text}")
    if (application.sync, application.health) == ("Synced", "Healthy"):
        old = _old_image(entry.preview, seen.details)
        return Phase("starting", old) if old else Phase("running")
    if sync := _sync_error(application, str(entry.path.parent)):
        return sync
    cause = start_cause(seen.details) if seen.details else None
    if application.health == "Degraded":
        why = cause or Cause("Argo CD reports it Degraded")
        return Phase("failed", why.text, why.remedy)
    if cause is not None:
        return Phase("failed" if cause.is_final else "starting", cause.text, cause.remedy)
    if application.operation == "Running":
        return Phase("starting", f"Argo CD applies it: {application.operation_message}".removesuffix(": "))
    state = ", ".join(part for part in (application.sync, application.health) if part) or "not looked at yet"
    return Phase("starting", f"Argo CD: {state}")


def _not_made(seen: Seen, entry: EntryRecord, now: datetime) -> Phase:
    if seen.applications is None:
        remedy = "an administrator applies argocd/<environment> (kubectl apply -k)"
        return Phase("stuck", "the environment's ApplicationSet is not in this cluster", remedy)
    if stopped := _set_error(seen.applications):
        return Phase("stuck", stopped.text, stopped.remedy)
    if seen.namespace and seen.namespace.deleting_since:
        return Phase("starting", "the namespace of before is still being removed")
    begun = _begun(entry.preview)
    if begun is not None and now - parse_time(begun) > NOTICED:
        remedy = "look at the log of Argo CD's applicationset controller, and at the ApplicationSet's conditions"
        return Phase("stuck", f"Argo CD has made no Application of it since {begun}", remedy)
    return Phase("starting", "Argo CD has not made its Application yet")


def _set_error(applications: ApplicationSet | None) -> Cause | None:
    error = applications.error if applications else None
    if applications is None or error is None:
        return None
    remedy = Remedy(RemedyKind.RUN_DOCTOR)
    return Cause(f"the ApplicationSet {applications.name} has stopped: {error.message}", remedy)


def _sync_error(application: Application, folder: str) -> Phase | None:
    about = About(path=folder)
    message = "; ".join(application.failures) or application.operation_message
    if application.operation in ("Failed", "Error"):
        remedy = Remedy(RemedyKind.SEE_CHANGES_AND_RESTART, about)
        return Phase("failed", f"Argo CD cannot apply it: {message}", remedy)
    if application.health == "Healthy" and (error := _condition(application, ("ComparisonError",))):
        return Phase("unknown", f"it runs, and Argo CD cannot compare it with Git: {error}")
    if error := _condition(application, _BROKEN):
        return Phase("failed", f"Argo CD cannot apply it: {error}", Remedy(RemedyKind.SEE_CHANGES, about))
    if application.operation == "Running" and application.failures:
        return Phase("starting", f"Argo CD tries again: {message}")
    return None


def _condition(application: Application | None, types: tuple[str, ...] | frozenset[str]) -> str:
    found = (c for c in application.conditions if c.type in types) if application else iter(())
    return next((f"{c.type}: {c.message}" for c in found), "")


def _old_image(preview: Preview | None, details: NamespaceDetails | None) -> str:
    """Says when a Deployment still has another image than its entry: Argo CD has not seen the latest commit yet."""
    if preview is None or details is None:
        return ""
    components = preview.spec.components
    for workload in details.workloads:
        wanted = components.get(workload.name) if workload.kind == "Deployment" else None
        if wanted and workload.images and wanted.image not in workload.images:
            return f"Argo CD has not applied the latest entry yet: {workload.name} has the image of before"
    return ""


def _with_lease(phase: Phase, preview: Preview, now: datetime, warn_before: timedelta) -> Phase:
    expires_at = preview.spec.lease.expires_at
    if expires_at is None or phase.name != "running":
        return phase
    left = parse_time(expires_at) - now
    if left <= timedelta(0):
        return Phase("expiring soon", f"its lease ended at {expires_at}, and its entry is still there")
    return Phase("expiring soon") if left <= warn_before else phase


def _begun(preview: Preview | None) -> str | None:
    """When its lease began: at its merge, where it is reviewed."""
    return (preview.spec.lease.activated_at or preview.spec.lease.requested_at) if preview else None


def _target(seen: Seen) -> str:
    """The name that Application and namespace share."""
    return seen.namespace.name if seen.namespace else seen.application.name if seen.application else ""
