"""`rtb-hub doctor`: what is wrong with the state repository and, when asked, with a cluster. Writes to neither."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from generator.bootstrap.argocd import argocd_files, project_name, render_argocd
from generator.errors import HubError, Location, Stalled
from generator.model.overlay import unknown_environment
from generator.objects.manifest import Manifest
from hub.actions.cluster_phases import phases, read_environment
from hub.commands.cluster_options import Options
from hub.commands.doctor_forge import check_forges
from hub.output.console import Format, emit, printable
from hub.output.exit_codes import UNHEALTHY
from hub.output.remedies import words
from hub.views.preview import rule_data
from hub.wiring import Hub, hub
from reconcilers.approval.push_rules import BranchRule, PushRules, branch_rules
from reconcilers.doctor.cluster import Observation, diagnose_cluster, diagnose_strays
from reconcilers.doctor.repository import (
    Diagnosis,
    diagnose_argocd,
    diagnose_entries,
    diagnose_rules,
    diagnose_sharing,
)
from reconcilers.ports.cluster import ClusterState
from reconcilers.state.environment import EnvironmentState

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.ports.git import ClusterReader

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


@dataclass(slots=True)
class _Report:
    findings: list[Diagnosis] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Chosen:
    """An environment to check, with the Argo CD objects that today's templates render, made when first asked for."""

    state: EnvironmentState

    @cached_property
    def objects(self) -> Mapping[PurePosixPath, tuple[Manifest, ...]]:
        return render_argocd(self.state.library, self.state.environment)


def run(envs: Sequence[str], *, repo: str | None, at: Options | None, output: Format) -> None:
    """Check, tell, and exit with `UNHEALTHY` when there is an error."""
    ours = hub()
    reader = ours.cluster(at.context, at.kubeconfig) if at else None
    states = ours.read_states(ours.store(repo))
    known = [state.environment.name for state in states]
    for env in envs:
        if env not in known:
            raise unknown_environment(env, known)
    chosen = [_Chosen(state) for state in states if not envs or state.environment.name in envs]
    report = _Report()
    _check_repository(ours, repo, states, chosen, report)
    if reader is not None:
        _check_cluster(ours, reader, chosen, report, named=bool(envs), known=frozenset(known))
    errors = sum(1 for finding in report.findings if finding.severity == "error")
    data = {
        "findings": [_data(finding) for finding in report.findings],
        "checked": report.checked,
        "rules": report.rules,
        "errors": errors,
    }
    emit(data, output, lambda console: _tell(console, report))
    if errors:
        sys.exit(UNHEALTHY)


def _check_repository(
    ours: Hub,
    repo: str | None,
    states: Sequence[EnvironmentState],
    chosen: Sequence[_Chosen],
    report: _Report,
) -> None:
    now = ours.clock()
    for one in chosen:
        state, environment = one.state, one.state.environment
        wanted = argocd_files(environment, one.objects)
        report.findings += [*diagnose_entries(state, now=now), *diagnose_argocd(state, wanted)]
        counted = (
            f"{_many(len(state.records), 'entry', 'entries')} and {_many(len(wanted), 'file', 'files')} of Argo CD"
        )
        report.checked.append(f"{environment.name}: {counted}")
    environments = [state.environment for state in states]
    report.findings += diagnose_sharing(environments)
    report.checked.append("environments for what they share")
    at_forges = check_forges(ours, repo, states)
    report.findings += at_forges.findings
    _check_rules(ours, repo, states, report, told=at_forges.read)
    report.checked += at_forges.checked


def _check_rules(
    ours: Hub, repo: str | None, states: Sequence[EnvironmentState], report: _Report, *, told: Collection[str]
) -> None:
    """The rules that Git tells of. `told`: branches whose forge was asked, which knows more."""
    rules = branch_rules({state.environment.name: state.environment for state in states})
    where = ours.store(repo).location
    try:
        found = ours.push_rules(repo)
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
    report.rules = [rule_data(rule, held) for rule in rules]
    for branch, on_it in groupby(rules, key=lambda rule: rule.branch):
        told = _holders(list(on_it), held)
        report.checked.append(f"rules of {branch}: {told}")


def _holders(rules: Sequence[BranchRule], held: PushRules | None) -> str:
    if held is None:
        return f"{', '.join(rule.name for rule in rules)}; Git cannot tell who holds them"
    return ", ".join(f"{rule.name} by {held.held_by(rule.name, rule.branch) or 'nobody'}" for rule in rules)


def _check_cluster(  # noqa: PLR0913
    ours: Hub,
    reader: ClusterReader,
    chosen: Sequence[_Chosen],
    report: _Report,
    *,
    named: bool,
    known: frozenset[str],
) -> None:
    last: ClusterState | None = None
    for one in chosen:
        state, environment = one.state, one.state.environment.name
        reading = read_environment(reader, state)
        if reading.error is not None:
            report.findings.append(_unread(reader.context, reading.error))
            return  # one context is one cluster: the next environment would only tell the same
        last = reading.cluster
        if not (named or reading.has_set):
            report.checked.append(
                f"cluster {reader.context}: {environment} is not in it (no {project_name(environment)})"
            )
            continue
        seen, told = phases(reader, reading, reading.names, now=ours.clock())
        wanted = tuple(manifest for manifests in one.objects.values() for manifest in manifests)
        report.findings += diagnose_cluster(Observation(state, reading.cluster, seen, told, wanted))
        counted = f"its ApplicationSet and {_many(len(told), 'preview', 'previews')}"
        report.checked.append(f"cluster {reader.context}: {environment}, {counted}")
    if last is not None:
        report.findings += diagnose_strays(last, known)


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _unread(context: str, error: HubError) -> Diagnosis:
    fault = error.faults[0]
    message = f"could not be read, so nothing is known of it: {fault.message}"
    remedy = (fault.remedy,) if fault.remedy else ()
    return Diagnosis("error", "cluster-unread", Location(f"cluster {context}"), message, remedy)


def _data(finding: Diagnosis) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "rule": finding.rule,
        "where": finding.where.file,
        "line": finding.where.line,
        "column": finding.where.column,
        "message": finding.message,
        "remedy": list(map(words, finding.remedy)),
    }


def _tell(console: Console, report: _Report) -> None:
    from rich.text import Text

    for finding in report.findings:
        head = Text.assemble(
            (f"{printable(str(finding.where))}: ", "bold"),
            (f"{finding.severity}: ", _STYLES[finding.severity]),
            printable(finding.message),
            (f" [{finding.rule}]", "dim"),
        )
        console.print(head)
        for step in finding.remedy:
            console.print(Text.assemble(("  to do: ", "cyan"), printable(words(step))))
    counts = {s: sum(1 for f in report.findings if f.severity == s) for s in _STYLES}
    found = ", ".join(_many(count, name, f"{name}s") for name, count in counts.items() if count)
    style = "red" if counts["error"] else "green"
    console.print(Text(found or "nothing is wrong", style))
    for line in report.checked:
        console.print(Text(f"  checked {printable(line)}", "dim"))
