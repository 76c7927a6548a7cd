"""What is wrong in an environment's cluster, beside what Git says, and what to do about it. Pure; nothing is written.

That a repaired set stays stopped until its requeue, whatever webhooks say, was measured with Argo CD 3.6.1: a webhook
sets the annotation, which the failed run has not taken off, so nothing changes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.bootstrap.argocd import PLATFORM, argocd_folder, project_name
from generator.errors import HubError, Location
from generator.objects.manifest import Manifest
from generator.values.naming import ENTRY_FILE, NAMESPACE_PREFIX, previews_folder
from reconcilers.doctor.repository import Diagnosis, Severity, removal, stops_the_set
from reconcilers.health.phase import Phase, Seen
from reconcilers.ports.cluster import ApplicationSet, ClusterState
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState

REFRESH = "argocd.argoproj.io/application-set-refresh"
TRACKING, GUARD = "rtb-hub-preview-tracking", "rtb-hub-guard-deletion"


@dataclass(frozen=True, slots=True)
class Observation:
    """One environment in its cluster: what Git and the cluster say, what was seen of each preview, and its phase.

    `wanted`: what an administrator should have applied, as today's templates render it.
    """

    state: EnvironmentState
    cluster: ClusterState
    seen: Mapping[str, Seen]
    phases: Mapping[str, Phase]
    wanted: tuple[Manifest, ...] = ()

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.state.environment.name

    @property
    def apply(self) -> tuple[str, ...]:
        """What puts right the objects that an administrator installs."""
        return (f"have an administrator apply it: kubectl apply --server-side -k {argocd_folder(self.name)}",)

    def place(self, what: str) -> Location:
        """Something in the cluster as a finding's place."""
        return Location(f"cluster {self.cluster.context}: {what}")


def diagnose_cluster(observation: Observation) -> Iterator[Diagnosis]:
    """Everything that is wrong: what an administrator installs first, then the set, then previews."""
    yield from _installed(observation)
    yield from _differing(observation)
    yield from _set(observation)
    yield from _previews(observation)


def _installed(observation: Observation) -> Iterator[Diagnosis]:
    cluster, remedy = observation.cluster, observation.apply
    project = project_name(observation.name)
    for wanted in (project, PLATFORM):
        if wanted not in cluster.projects:
            message = "is missing: Argo CD can neither apply nor remove what belongs to it"
            yield Diagnosis("error", "project-missing", observation.place(f"AppProject {wanted}"), message, remedy)
    if PLATFORM not in cluster.applications:
        message = "is missing: with the last preview, the load balancer and its DNS name go"
        yield Diagnosis("error", "platform-missing", observation.place(f"Application {PLATFORM}"), message, remedy)
    for wanted, without in (
        (TRACKING, "a preview can put objects into another one's namespace"),
        (GUARD, "ApplicationSets and projects can be deleted by mistake, and every preview with them"),
    ):
        where, policy = observation.place(f"ValidatingAdmissionPolicy {wanted}"), cluster.policies.get(wanted)
        if policy is None:
            yield Diagnosis("error", "policy-missing", where, f"is missing: {without}", remedy)
        elif not policy.denies:
            said = "its binding does not deny" if policy.is_bound else "no binding puts it in force"
            yield Diagnosis("error", "policy-not-in-force", where, f"{said}: {without}", remedy)
        elif wanted == GUARD and policy.names and project not in policy.names:
            message = f"does not guard {project}: {without}"
            yield Diagnosis("error", "set-not-guarded", where, message, remedy)


def _differing(observation: Observation) -> Iterator[Diagnosis]:
    """Applied objects that are not as rendered. What the cluster adds to them (defaults) is no difference."""
    for manifest in observation.wanted:
        kind, name = manifest.kind, manifest.identity.name
        live = observation.cluster.installed.get((kind, name))
        path = None if live is None else _difference(live, manifest.data.get("spec") or {}, "spec")
        if path:
            message = f"{path} is not what today's templates render: it was changed by hand, or not applied since"
            yield Diagnosis(
                "warning", "object-differs", observation.place(f"{kind} {name}"), message, observation.apply
            )


def _difference(live: Any, wanted: Any, path: str) -> str | None:
    """The first path at which `live` does not hold what is wanted; None when it holds all of it."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        return next(filter(None, (_difference(live.get(k), v, f"{path}.{k}") for k, v in wanted.items())), None)
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        pairs = enumerate(zip(live, wanted, strict=True))
        return next(filter(None, (_difference(a, b, f"{path}[{i}]") for i, (a, b) in pairs)), None)
    is_nothing = wanted in (None, {}, [], False) and live is None
    return None if live == wanted or is_nothing else path


def _set(observation: Observation) -> Iterator[Diagnosis]:
    name = project_name(observation.name)
    found, where = observation.cluster.sets.get(name), observation.place(f"ApplicationSet {name}")
    if found is None:
        message = "is missing: nothing makes or removes previews"
        yield Diagnosis("error", "set-missing", where, message, observation.apply)
    elif found.deleting_since:
        yield Diagnosis("error", "set-deleted", where, "is being deleted, and every preview with it")
    elif found.error:
        yield _stopped(observation, found, found.error.message)


def _stopped(observation: Observation, found: ApplicationSet, said: str) -> Diagnosis:
    """A set that makes, changes and removes nothing: by which file, and how to wake it after the repair."""
    environment = observation.name
    named = _files_in(said, environment)
    at_fault = [r for r in observation.state.entries if r.faults and stops_the_set(r)]
    at_fault.sort(key=lambda record: str(record.path) not in named)
    where = observation.place(f"ApplicationSet {found.name}")
    message = f"has stopped, and makes, changes and removes no preview: {said}"
    if not at_fault and not named:
        remedy = "repair what it names; it tries again by itself"
        return Diagnosis("error", "set-stopped", where, message, (remedy, *_wake(observation, found)))
    if not at_fault:
        done = f"{', '.join(named)} is repaired or gone on the branch already"
        return Diagnosis("error", "set-frozen", where, f"{message}; {done}", _wake(observation, found))
    steps = [removal(record, environment, place=_place(record)) for record in at_fault]
    return Diagnosis("error", "set-stopped", where, message, (*steps, *_wake(observation, found)))


def _wake(observation: Observation, found: ApplicationSet) -> tuple[str, ...]:
    namespace = observation.state.environment.spec.argocd.namespace
    context = shlex.quote(observation.cluster.context)
    command = f"kubectl --context {context} -n {namespace} annotate applicationset {found.name}"
    return (
        "have an administrator refresh it: webhooks do not, and it retries by itself only at its next requeue",
        f"{command} {REFRESH}-",
        f"{command} {REFRESH}=true",
    )


def _place(record: EntryRecord) -> str:
    return str(next((fault.where for fault in record.faults if fault.where), record.path))


def _files_in(text: str, environment: str) -> list[str]:
    """Entries that a condition's message names."""
    pattern = re.escape(f"{previews_folder(environment)}/") + r"[^\s'\"]{1,200}?" + re.escape(f"/{ENTRY_FILE}")
    return re.findall(pattern, text)


def _previews(observation: Observation) -> Iterator[Diagnosis]:
    found = observation.cluster.sets.get(project_name(observation.name))
    is_asleep = found is None or found.error is not None
    for name, phase in sorted(observation.phases.items()):
        seen = observation.seen[name]
        if is_asleep and _waits_for_the_set(seen):
            continue  # told once, of the set
        if severity := _severity(seen, phase):
            where = observation.place(f"{NAMESPACE_PREFIX}{name}")
            remedy = (phase.remedy,) if phase.remedy else ()
            yield Diagnosis(severity, _rule(seen, phase), where, f"{phase.name}: {phase.cause}", remedy)


def _waits_for_the_set(seen: Seen) -> bool:
    if seen.application is None:
        return seen.entry is not None
    return seen.entry is None and seen.application.deleting_since is None and bool(seen.application.owner)


def _severity(seen: Seen, phase: Phase) -> Severity | None:
    if phase.name in ("stuck", "unknown"):
        return "error"
    if phase.name == "failed" or (phase.name == "stopping" and _is_unnoticed(seen)):
        return "warning"
    return None


def _rule(seen: Seen, phase: Phase) -> str:
    if phase.name == "unknown":
        return "preview-unread"
    if seen.entry is None and seen.application is None:
        return "orphan-namespace" if not (seen.namespace and seen.namespace.deleting_since) else "preview-stuck"
    if seen.entry is None and _is_unnoticed(seen):
        return "application-without-entry"
    if seen.application is None:
        return "entry-without-application"
    return "preview-failed" if phase.name == "failed" else "preview-stuck"


def _is_unnoticed(seen: Seen) -> bool:
    return seen.entry is None and seen.application is not None and seen.application.deleting_since is None


def diagnose_unread(context: str, error: HubError) -> Diagnosis:
    """The finding on a cluster that did not answer."""
    fault = error.faults[0]
    message = f"could not be read, so nothing is known of it: {fault.message}"
    remedy = (fault.remedy,) if fault.remedy else ()
    return Diagnosis("error", "cluster-unread", Location(f"cluster {context}"), message, remedy)


def diagnose_strays(cluster: ClusterState, environments: frozenset[str]) -> Iterator[Diagnosis]:
    """Namespaces `preview-*` that no environment of the repository answers for."""
    for namespace in cluster.namespaces.values():
        if not namespace.name.startswith(NAMESPACE_PREFIX) or namespace.environment in environments:
            continue
        if namespace.name in cluster.applications:
            continue  # Argo CD answers for it, and its Application is looked at
        where = Location(f"cluster {cluster.context}: {namespace.name}")
        label = f"environment {namespace.environment!r}" if namespace.environment else "no environment's label"
        message = f"a namespace with {label}: this repository neither made it nor removes it"
        remedy = f"look at what is in it, then remove it by hand: kubectl delete namespace {namespace.name}"
        yield Diagnosis("warning", "foreign-namespace", where, message, (remedy,))
