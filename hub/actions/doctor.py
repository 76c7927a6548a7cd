"""What is wrong with the state repository and, when asked, with a cluster. Writes to neither."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from pathlib import PurePosixPath

from generator.bootstrap.argocd import argocd_files, render_argocd
from generator.errors import ConfigError, Location, Reason, Stalled
from generator.model.overlay import unknown_environment
from generator.objects.manifest import Manifest
from hub.actions.cluster_phases import Clusters, inspect_environment, read_each
from hub.actions.doctor_forge import Guards, check_forges
from hub.actions.repository import Repository
from hub.adapters.git.store import GitRepository
from reconcilers.approval.push_rules import BranchRule, PushRules, branch_rules
from reconcilers.doctor.checked import Checked, CheckedCluster, CheckedEnvironment, CheckedRules, CheckedSharing
from reconcilers.doctor.cluster import Observation, diagnose_cluster, diagnose_strays, diagnose_unread
from reconcilers.doctor.repository import (
    Diagnosis,
    Severity,
    diagnose_argocd,
    diagnose_entries,
    diagnose_rules,
    diagnose_services,
    diagnose_sharing,
)
from reconcilers.doctor.store import diagnose_branch, diagnose_date, diagnose_obstacles
from reconcilers.doctor.unreadable import diagnose_unreadable
from reconcilers.ports.cluster import ClusterState
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.project_rules import every_rule
from reconcilers.state.reading import Reading


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What was found and looked at. `rules`: of all branches. `held`: what is refused of pushes, None: not known."""

    findings: tuple[Diagnosis, ...]
    checked: tuple[Checked, ...]
    rules: tuple[BranchRule, ...]
    held: PushRules | None

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(1 for finding in self.findings if finding.severity == "error")


def doctor(
    envs: Sequence[str],
    *,
    repository: Repository,
    guards: Guards,
    clusters: Clusters | None,
    clock: Callable[[], datetime],
) -> Diagnosed:
    """Check environments (none: all) and what all share. One that cannot be read is a finding, and the others go on.

    Raises `ConfigError` (UnknownEnvironment), and what the store raises.
    """
    reading, now = repository.read(), clock()
    for env in envs:
        if env not in reading.names and not reading.environments.unreadable:
            raise unknown_environment(env, reading.names)
    states, _ = reading.each()
    chosen = [_Chosen(state) for state in states if not envs or state.environment.name in envs]
    report = _Report()
    report.findings += _unreadable(reading, envs)
    report.findings += _store(repository.store, states)
    report.findings += _services(reading)
    _check_files(chosen, now, report)
    report.findings += diagnose_sharing([state.environment for state in states])
    report.checked.append(CheckedSharing())
    at_forges = check_forges(guards, states, repository.library, partial=_partial(reading, states))
    report.findings += at_forges.findings
    rules = branch_rules({state.environment.name: state.environment for state in states})
    held = _check_rules(rules, guards, repository.store.location, told=at_forges.read, report=report)
    report.checked += at_forges.checked
    if clusters is not None:
        observed = _check_clusters(clusters, chosen, now, report, is_named=bool(envs))
        for cluster in () if reading.environments.unreadable else observed:
            report.findings += diagnose_strays(cluster, frozenset(reading.names))
    return Diagnosed(tuple(report.findings), tuple(report.checked), rules, held)


@dataclass(slots=True)
class _Report:
    findings: list[Diagnosis] = field(default_factory=list)
    checked: list[Checked] = field(default_factory=list)


@dataclass(frozen=True)
class _Chosen:
    """An environment to check, with the Argo CD objects that today's templates render, made when first asked for."""

    state: EnvironmentState

    @cached_property
    def objects(self) -> Mapping[PurePosixPath, tuple[Manifest, ...]]:
        return render_argocd(self.state.library, self.state.environment)


def _unreadable(reading: Reading, envs: Sequence[str]) -> Iterator[Diagnosis]:
    """Environments and branches that cannot be read: errors where they are asked for, or may be."""
    may_be_there = any(env not in reading.names for env in envs)
    for name, error in reading.each()[1].items():
        is_branch = name in reading.environments.unreadable and name not in reading.names
        where = Location(f"branch {name}" if is_branch else f"environments/{name}/environment.yaml")
        is_asked = not envs or name in envs or (is_branch and may_be_there)
        yield from diagnose_unreadable(where, error, is_asked=is_asked)


def _services(reading: Reading) -> Iterator[Diagnosis]:
    """What keeps rules from being read by which previews start by themselves."""
    try:
        every_rule(reading.environments)
    except ConfigError as err:
        yield from diagnose_services(err)


def _store(store: GitStore, states: Sequence[EnvironmentState]) -> Iterator[Diagnosis]:
    """What stands in the way of commits, and on each branch of Argo CD."""
    branches = {state.snapshot.branch: state.snapshot for state in states}
    if isinstance(store, GitRepository):
        try:
            yield from diagnose_obstacles(store.obstacles(branches))
        except Stalled as err:
            fault = err.faults[0]
            remedy = (fault.remedy,) if fault.remedy else ()
            severity: Severity = "error" if err.reason is Reason.REPOSITORY_DIRTY else "warning"
            rule = "work-tree-changed" if err.reason is Reason.REPOSITORY_DIRTY else "obstacles-unread"
            yield Diagnosis(severity, rule, Location(store.location), fault.message, remedy)
    for branch, snapshot in sorted(branches.items()):
        names = [state.environment.name for state in states if state.snapshot.branch == branch]
        yield from diagnose_branch(branch, snapshot.specials(), names)
        yield from diagnose_date(branch, snapshot.commit, snapshot.committed_at)


def _partial(reading: Reading, states: Sequence[EnvironmentState]) -> frozenset[str]:
    """The branches of environments that can be read on which there are files of others that cannot."""
    unread = set(reading.names) - {state.environment.name for state in states}
    paths = [PurePosixPath(f"environments/{name}/environment.yaml") for name in sorted(unread)]
    snapshots = {state.snapshot.branch: state.snapshot for state in states} if paths else {}
    return frozenset(branch for branch, snapshot in snapshots.items() if snapshot.read(paths))


def _check_files(chosen: Sequence[_Chosen], now: datetime, report: _Report) -> None:
    for one in chosen:
        state = one.state
        wanted = argocd_files(state.environment, one.objects)
        report.findings += [*diagnose_entries(state, now=now), *diagnose_argocd(state, wanted)]
        report.checked.append(CheckedEnvironment(state.environment.name, len(state.records), len(wanted)))


def _check_rules(
    rules: Sequence[BranchRule], guards: Guards, where: str, *, told: Collection[str], report: _Report
) -> PushRules | None:
    """The rules that Git tells of. `told`: branches whose forge was asked, which knows more."""
    try:
        found = guards.push_rules()
    except Stalled as err:
        fault = err.faults[0]
        remedy = (fault.remedy,) if fault.remedy else ()
        report.findings.append(Diagnosis("warning", "branch-rules-unread", Location(where), fault.message, remedy))
        found = None
    else:
        untold = [rule for rule in rules if found or rule.branch not in told or rule.name == "hub-only"]
        if untold:
            report.findings += diagnose_rules(untold, found[1] if found else None, found[0] if found else where)
    held = found[1] if found else None
    by_branch = groupby(rules, key=lambda rule: rule.branch)
    report.checked += [CheckedRules(branch, tuple(on_it), held) for branch, on_it in by_branch]
    return held


def _check_clusters(
    clusters: Clusters, chosen: Sequence[_Chosen], now: datetime, report: _Report, *, is_named: bool
) -> list[ClusterState]:
    """What each cluster has of its environments; the clusters as they were observed, those left out that are away."""
    observed: dict[int, ClusterState] = {}
    away: set[int] = set()
    for one, placed in zip(
        chosen, read_each(clusters, [one.state for one in chosen], inspect_environment), strict=True
    ):
        environment, reading, context = one.state.environment.name, placed.reading, placed.context
        cluster = id(placed.cluster or placed)  # clusters of several accounts may have one name
        if reading.error is not None:
            if cluster not in away:  # its next environment would only tell the same
                report.findings.append(diagnose_unread(context, reading.error))
            away.add(cluster)
            continue
        observed[cluster] = reading.cluster
        if not (clusters.is_own or is_named or reading.has_set):
            report.checked.append(CheckedCluster(context, environment, None))
            continue
        seen, told = placed.phases(reading.names, now=now)
        wanted = tuple(manifest for manifests in one.objects.values() for manifest in manifests)
        report.findings += diagnose_cluster(Observation(one.state, reading.cluster, seen, told, wanted))
        report.checked.append(CheckedCluster(context, environment, len(told)))
    return [found for cluster, found in observed.items() if cluster not in away]
