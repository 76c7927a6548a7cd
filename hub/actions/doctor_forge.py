"""What a diagnosis asks the forges that environments name: protection, the approvers' team, its own account."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from generator.errors import HubError, Location
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.model.lifecycle import ForgePolicy
from hub.actions.branch_files import branch_files
from reconcilers.approval.protection import by_branch, wanted_protection
from reconcilers.approval.push_rules import PushRules
from reconcilers.approval.repository_files import CODEOWNERS
from reconcilers.doctor.checked import CheckedProtection
from reconcilers.doctor.forge import (
    OF_THE_HOOK,
    both_identities,
    diagnose_account,
    diagnose_branch_files,
    diagnose_own_rights,
    diagnose_protection,
    diagnose_team,
    unread,
)
from reconcilers.doctor.repository import Diagnosis
from reconcilers.ports.forge import Forge, Identity
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Guards:
    """What keeps branches from being changed, as this process sees it.

    `push_rules`: the path that pushes arrive at and what is refused there, None where Git cannot tell. `forge`: opens
    the forge that an environment names. `lacking`: the keys that a process would need for it, in words; None: it has
    them. `is_mixed`: the process holds the keys of both identities. `is_identity`: it says which of them it is.
    `email`: that of the hub's commits.
    """

    push_rules: Callable[[], tuple[str, PushRules] | None]
    forge: Callable[[Environment], Forge | None]
    lacking: Callable[[ForgePolicy], str | None]
    email: str
    is_mixed: bool = False
    is_identity: bool = False


@dataclass(slots=True)
class ForgeReport:
    """`read`: branches whose protection the forge told. `checked`: what was looked at."""

    findings: list[Diagnosis] = field(default_factory=list)
    checked: list[CheckedProtection] = field(default_factory=list)
    read: set[str] = field(default_factory=set)


def check_forges(
    guards: Guards, states: Sequence[EnvironmentState], library: TemplateLibrary, *, partial: Collection[str] = ()
) -> ForgeReport:
    """Look at all branches. What cannot be looked at is a finding; nothing is raised for it.

    `partial`: branches that other environments live on, too, which cannot be read: what all of a branch make together
    is not known of these.
    """
    report = ForgeReport()
    if guards.is_mixed:
        report.findings.append(both_identities())
    snapshots = {state.environment.spec.branch: state.snapshot for state in states}
    for branch, on_it in by_branch([state.environment for state in states]).items():
        gated = any(one.spec.gated for one in on_it)
        files = branch_files(library, branch, on_it)
        if branch in partial:
            files.pop(CODEOWNERS, None)
        report.findings += diagnose_branch_files(snapshots[branch], files, gated=gated)
        if not guards.is_mixed and branch not in partial:
            _check_branch(guards, branch, on_it, report)
    report.findings = list(dict.fromkeys(report.findings))  # what two branches of one forge share is told once
    return report


def _check_branch(guards: Guards, branch: str, on_it: Sequence[Environment], report: ForgeReport) -> None:
    named = next((one for one in on_it if one.spec.forge is not None), None)
    if named is None or named.spec.forge is None:
        return
    where = named.spec.forge.repository or named.spec.forge.url or named.spec.forge.kind
    if lacks := guards.lacking(named.spec.forge):
        message = "there are no keys to this forge here, so its protection was not looked at"
        report.findings.append(
            Diagnosis("note", "forge-not-asked", Location(f"{branch} at {where}"), message, (lacks,))
        )
        return
    try:
        forge = guards.forge(named)
    except HubError as err:
        report.findings.append(unread(where, "the forge", err))
        return
    if forge is not None:
        report.findings += _Branch(guards, forge, branch, on_it, report).look()


@dataclass(frozen=True, slots=True)
class _Branch:
    guards: Guards
    forge: Forge
    branch: str
    on_it: Sequence[Environment]
    report: ForgeReport

    def look(self) -> Iterator[Diagnosis]:
        """All findings; each part that cannot be read is one."""
        parts: Mapping[str, Callable[[], list[Diagnosis]]] = {
            f"the protection of {self.branch}": self._protection,
            "the account of these keys": lambda: list(self._account(self.forge.whoami())),
            "the approvers' team": lambda: list(self._teams(self.forge.whoami())),
        }
        for what, part in parts.items():
            try:
                yield from part()
            except HubError as err:
                yield unread(self.forge.location, what, err)

    def _protection(self) -> list[Diagnosis]:
        wanted = wanted_protection(self.on_it, reporter=self.forge.check_reporter())
        found = self.forge.protection(self.branch)
        where, is_local = self.forge.location, self._is_local
        findings = list(diagnose_protection(self.branch, where, wanted, found, is_local=is_local))
        if self._is_local:
            findings = [one for one in findings if one.rule not in OF_THE_HOOK]
        self.report.read |= {self.branch} if not self._is_local else set()
        if self.guards.is_identity and not self._is_local and any(one.spec.gated for one in self.on_it):
            findings.append(diagnose_own_rights(where, self.forge.whoami()))
        errors = sum(1 for one in findings if one.severity == "error")
        self.report.checked.append(CheckedProtection(self.branch, self.forge.location, errors))
        return findings

    def _account(self, hub: Identity) -> Iterator[Diagnosis]:
        location, email = self.forge.location, self.guards.email
        return diagnose_account(location, hub, email, is_identity=self.guards.is_identity)

    def _teams(self, hub: Identity) -> Iterator[Diagnosis]:
        for one in self.on_it:
            if one.spec.gated and one.spec.approval is not None:
                members = self.forge.team_members(one.spec.approval.team)
                yield from diagnose_team(one, self.forge.location, members, hub)

    @property
    def _is_local(self) -> bool:
        return any(one.spec.forge is not None and one.spec.forge.kind == "local" for one in self.on_it)
