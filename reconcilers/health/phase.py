"""The phase of a preview, from what is observed: Git, its Application, its namespace. Never from a commit alone. Pure.

`removed` is said only when Application and namespace were looked for and are gone, and the target groups too where AWS
may be asked; what could not be read is `unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from generator.errors import Remedy, RemedyKind, ToDo
from generator.model.entry import Preview, Sleep
from generator.values.formats import format_time, parse_time
from reconcilers.causes import argo, engine, progress, removal, sets
from reconcilers.causes.exposure import Reached, unreached
from reconcilers.causes.look import Look
from reconcilers.causes.model import Finding
from reconcilers.causes.texts import bounded
from reconcilers.health.lost_data import lost_data
from reconcilers.ports.cluster import Application, ApplicationSet, Namespace, NamespaceDetails
from reconcilers.ports.target_groups import Targets
from reconcilers.state.entries import EntryRecord

PhaseName = Literal[
    "awaiting approval",
    "starting",
    "running",
    "expiring soon",
    "sleeping",
    "stopping",
    "failed",
    "stuck",
    "removed",
    "unknown",
]
#: Phases in which a preview can be used.
UP: frozenset[PhaseName] = frozenset({"running", "expiring soon"})
#: Longer than this, what a finalizer holds is stuck: the load balancer controller takes seconds.
HELD = timedelta(seconds=60)
#: A set polls Git at least this often (docs of the Git generator, `requeueAfterSeconds`, default 180 s).
NOTICED = timedelta(minutes=3)
#: Pods end within a minute (terminationGracePeriodSeconds), the namespace at once after them.
REMOVED = timedelta(minutes=5)
#: A sync that runs longer than this when nothing is wanted any more holds the removal.
SYNC_ENDS = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Phase:
    """Where a preview stands, why, and what to do about it.

    Texts name moments, not lengths of time: what has not changed reads the same the next time. `finding`: the cause as
    it was found, None where `cause` only tells what is under way; `others`: what else was found.
    """

    name: PhaseName
    cause: str = ""
    remedy: ToDo = ""
    finding: Finding | None = field(default=None, compare=False)
    others: tuple[Finding, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an entry asks for, as far as phases need it. `fault`: why the entry cannot be read, None when it can.

    `begun` and `expires_at` are RFC 3339; `images` are by component. `asleep`: since when and why it sleeps, in words;
    empty when it is awake.
    """

    begun: str | None = None
    expires_at: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    compute: str = ""
    fault: str | None = None
    asleep: str = ""

    @classmethod
    def of(cls, record: EntryRecord) -> Asked:
        """What an entry of a state repository asks for; its lease began at its merge, where it is reviewed."""
        if record.preview is None:
            told = f": {record.faults[0]}" if record.faults else ""
            return cls(fault=f"its entry cannot be read{told}")
        spec = record.preview.spec
        return cls(
            begun=spec.lease.activated_at or spec.lease.requested_at,
            expires_at=spec.lease.expires_at,
            images={name: component.image for name, component in spec.components.items()},
            compute=spec.compute,
            asleep=_asleep(spec.sleep) if spec.sleep and spec.sleep.asleep else "",
        )


def _asleep(sleep: Sleep) -> str:
    why = f"asked for by {sleep.requested_by}"
    if sleep.why == "office-hours":
        why = "while the office is closed"
    if sleep.why == "idle":
        why = f"since no request had come since {sleep.idle_since or 'long'}"
    return f"asleep since {sleep.since}, {why}; its pods do not run"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of one preview. `applications` is the set of its environment, None when that is not there.

    `details` are None when they were not asked for. `unread`: why the cluster could not be read, with what to do about
    it; nothing else of the cluster then counts. `keeps_data`: a pod of it has data that ends with the pod. `entry` is a
    record of a state repository, or what was recorded of one. `reached`: what asking its address came to. `removed_at`:
    since when Git has no entry of it any more, None where that is not known. `targets`: what AWS has of one whose
    Application and namespace are gone, None where AWS may not be asked.
    """

    entry: EntryRecord | Asked | None = None
    request: EntryRecord | None = None
    application: Application | None = None
    namespace: Namespace | None = None
    details: NamespaceDetails | None = None
    applications: ApplicationSet | None = None
    unread: str = ""
    unread_remedy: ToDo = ""
    keeps_data: bool = False
    reached: Reached | None = None
    removed_at: datetime | None = None
    targets: Targets | None = None

    @property
    def is_gone(self) -> bool:
        """True when nothing is wanted, and neither Application nor namespace is there."""
        return self.entry is None and not self.unread and self.application is None and self.namespace is None

    @property
    def preview(self) -> Preview | None:
        """What its entry in a state repository says, where that can be read."""
        return self.entry.preview if isinstance(self.entry, EntryRecord) else None

    @property
    def target(self) -> str:
        """The name that Application and namespace share."""
        return self.namespace.name if self.namespace else self.application.name if self.application else ""


def needs_details(seen: Seen) -> bool:
    """True when a phase without details would lack its cause."""
    application, namespace = seen.application, seen.namespace
    if application is None:
        return namespace is not None
    going = application.deleting_since or (namespace and namespace.deleting_since) or seen.entry is None
    return bool(going) or seen.keeps_data or (application.sync, application.health) != ("Synced", "Healthy")


def phase_of(seen: Seen, *, now: datetime, warn_before: timedelta) -> Phase:
    """The phase at `now` (aware). `warn_before`: how long before its end a preview is expiring soon."""
    if seen.entry is None and seen.request is not None and seen.application is None and seen.namespace is None:
        return Phase("awaiting approval")
    if seen.unread:
        return Phase("unknown", seen.unread, seen.unread_remedy)
    if seen.entry is None:
        return _without_entry(seen, now)
    asked = seen.entry if isinstance(seen.entry, Asked) else Asked.of(seen.entry)
    phase = _with_entry(seen, asked, now)
    if asked.fault is not None:
        remedy = phase.remedy or Remedy(RemedyKind.REPAIR_ENTRY)
        return replace(phase, cause=f"{phase.cause}; {asked.fault}" if phase.cause else asked.fault, remedy=remedy)
    return _with_lease(phase, asked.expires_at, now, warn_before)


def _look(seen: Seen, now: datetime, asked: Asked | None = None) -> Look:
    return Look(
        details=seen.details or NamespaceDetails(),
        now=now,
        namespace=seen.target,
        application=seen.application,
        compute=asked.compute if asked else "",
    )


def _of(
    name: PhaseName, found: Finding, others: tuple[Finding, ...] = (), *, before: str = "", after: str = ""
) -> Phase:
    """A phase with its cause."""
    text = f"{before}{found.text}{after}"
    return Phase(name, text, found.steps[0] if found.steps else "", finding=found, others=others)


def _without_entry(seen: Seen, now: datetime) -> Phase:
    application, namespace = seen.application, seen.namespace
    if application is None and namespace is None:
        return _gone(seen.targets)
    look = _look(seen, now)
    deleting = [t for t in (application and application.deleting_since, namespace and namespace.deleting_since) if t]
    if application is None and not deleting:
        return _of("stuck", removal.left_over(look))
    if application is not None and not deleting:
        return _not_noticed(seen, application, look)
    found = tuple(removal.holding(look, namespace)) if seen.details else ()
    if not found and application is not None and application.operation == "Running":
        return _behind_sync(application, look)
    if not found:
        begun = format_time(min(deleting))
        if now - min(deleting) > REMOVED:
            after = _not_read(look.details.unread)
            return _of(
                "stuck", removal.silent(look, min(deleting)), before=f"stopping since {begun}, and ", after=after
            )
        return Phase("stopping", f"being removed since {begun}")
    since = found[0].since or min(deleting)
    after = f", since {format_time(since)}"
    if now - since > HELD:
        return _of("stuck", found[0], found[1:], before="stopping, stuck on ", after=after)
    return Phase("stopping", f"held by {found[0].text}{after}")


def _gone(targets: Targets | None) -> Phase:
    """One whose Application and namespace are gone."""
    if targets is not None and targets.unread:
        before = "Application and namespace are gone; whether its target groups in AWS are gone is not known"
        return Phase("unknown", bounded(f"{before}: {targets.unread}"), targets.remedy)
    if targets is not None and targets.found:
        left = removal.targets_left(targets.found[0].namespace, targets.found)
        return _of("stuck", left, before="Application and namespace are gone, but ")
    return Phase("removed")


def _not_noticed(seen: Seen, application: Application, look: Look) -> Phase:
    """No entry, and an Application that nobody has begun to remove."""
    if stopped := sets.stopped(seen.applications):
        return _of("stuck", stopped, before="stopping, but ")
    if not application.owner:
        return _of("stuck", removal.nobodys(application))
    if application.operation == "Running":
        return _behind_sync(application, look)
    if seen.removed_at is not None and look.now - seen.removed_at > NOTICED:
        return _of("stuck", removal.unnoticed(application, seen.removed_at), before="stopping, but ")
    return Phase("stopping", "Argo CD has not noticed yet that the entry is gone")


def _behind_sync(application: Application, look: Look) -> Phase:
    """A removal that a sync, which still runs, keeps from going on."""
    begun = application.operation_since
    if begun is not None and look.now - begun > SYNC_ENDS:
        return _of("stuck", removal.blocked(application, engine.findings(look)), before="stopping, but ")
    return Phase("stopping", bounded(f"a sync still runs and ends first: {application.operation_message}"))


def _with_entry(seen: Seen, asked: Asked, now: datetime) -> Phase:
    application, namespace = seen.application, seen.namespace
    if application is None:
        return _not_made(seen, asked, now)
    if application.deleting_since or (namespace and namespace.deleting_since):
        return _still_removed(seen, application, now)
    look = _look(seen, now, asked)
    if (application.sync, application.health) == ("Synced", "Healthy"):
        if old := _old_image(asked, seen.details):
            return Phase("starting", bounded(old))
        lost = lost_data(seen.details) if seen.details else ""
        if lost:
            return Phase("failed", bounded(lost), Remedy(RemedyKind.FILL_AGAIN))
        if asked.asleep:
            return Phase("sleeping", bounded(asked.asleep), Remedy(RemedyKind.WAKE))
        away = unreached(seen.reached, seen.target)
        return _of("running", away) if away else Phase("running")
    phase = _not_running(application, look, engine.findings(look))
    if asked.asleep and phase.name == "starting" and phase.finding is None:
        return Phase("sleeping", bounded(f"{asked.asleep}. {phase.cause}"), Remedy(RemedyKind.WAKE))
    return phase


def _still_removed(seen: Seen, application: Application, now: datetime) -> Phase:
    """The preview of before, which is in the way of the one that is wanted."""
    look = _look(seen, now)
    found = tuple(removal.holding(look, seen.namespace)) if seen.details else ()
    before = "the one of before is still being removed"
    if not found:
        return Phase("starting", before)
    since = found[0].since or application.deleting_since or now
    after = f", since {format_time(since)}"
    if now - since > HELD:
        return _of("stuck", found[0], found[1:], before=f"{before}: held by ", after=after)
    return Phase("starting", f"{before}: held by {found[0].text}{after}")


def _not_running(application: Application, look: Look, found: tuple[Finding, ...]) -> Phase:
    """One that is wanted and not up yet, for what was found."""
    is_late = application.health == "Degraded" or any(one.rule is progress.DEADLINE for one in found)
    if found:
        first, others = found[0], found[1:]
        is_compared = not any(condition.type == "ComparisonError" for condition in application.conditions)
        if application.health == "Healthy" and first.subject.kind == "Application" and not is_compared:
            return _of("unknown", first, others, before="it runs, and ")
        if first.is_final:
            return _of("failed", first, others)
        if first.is_overdue(look.now):
            return _of(first.rule.overdue, first, others)
        return _of("failed" if is_late else "starting", first, others)
    unread = look.details.unread
    if is_late:
        return _of("failed", argo.degraded(application), after=_not_read(unread))
    if late := argo.waits(look) or (None if unread else progress.silent(look)):
        return _of("stuck", late)
    return Phase("starting", f"{bounded(_under_way(application, look))}{_not_read(unread)}")


def _under_way(application: Application, look: Look) -> str:
    """What goes on in one that is not up yet, when nothing is wrong."""
    if told := progress.told(look):
        return told
    if application.operation == "Running":
        return f"Argo CD applies it: {application.operation_message}".removesuffix(": ")
    state = ", ".join(part for part in (application.sync, application.health) if part) or "not looked at yet"
    return f"Argo CD: {state}"


def _not_read(unread: Mapping[str, str]) -> str:
    """That there may be more to tell, which could not be read."""
    return f"; what may tell more could not be read: {', '.join(sorted(unread)[:5])}" if unread else ""


def _not_made(seen: Seen, asked: Asked, now: datetime) -> Phase:
    if seen.applications is None:
        return _of("stuck", sets.missing())
    if stopped := sets.stopped(seen.applications):
        return _of("stuck", stopped)
    if seen.namespace and seen.namespace.deleting_since:
        return Phase("starting", "the namespace of before is still being removed")
    if asked.begun is not None and now - parse_time(asked.begun) > NOTICED:
        return _of("stuck", sets.silent(parse_time(asked.begun), asked.begun))
    return Phase("starting", "Argo CD has not made its Application yet")


def _old_image(asked: Asked, details: NamespaceDetails | None) -> str:
    """Says when a Deployment still has another image than its entry: Argo CD has not seen the latest commit yet."""
    for workload in details.workloads if details else ():
        wanted = asked.images.get(workload.name) if workload.kind == "Deployment" else None
        if wanted and workload.images and wanted not in workload.images:
            return f"Argo CD has not applied the latest entry yet: {workload.name} has the image of before"
    return ""


def _with_lease(phase: Phase, expires_at: str | None, now: datetime, warn_before: timedelta) -> Phase:
    if expires_at is None or phase.name != "running":
        return phase
    left = parse_time(expires_at) - now
    if left <= timedelta(0):
        return Phase("expiring soon", f"its lease ended at {expires_at}, and its entry is still there")
    return replace(phase, name="expiring soon") if left <= warn_before else phase
