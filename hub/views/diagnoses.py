"""What `rtb-hub doctor` found and looked at, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from generator.bootstrap.argocd import project_name
from generator.values.counting import counted
from hub.output.console import printable
from hub.output.remedies import words
from reconcilers.doctor.checked import (
    Checked,
    CheckedAccount,
    CheckedCluster,
    CheckedCode,
    CheckedEnvironment,
    CheckedJira,
    CheckedProtection,
    CheckedRules,
    CheckedSharing,
    CheckedSignIn,
    CheckedSlack,
)
from reconcilers.doctor.repository import Diagnosis

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


def diagnosis_data(finding: Diagnosis) -> dict[str, Any]:
    """A finding for machines."""
    return {
        "severity": finding.severity,
        "rule": finding.rule,
        "where": finding.where.file,
        "line": finding.where.line,
        "column": finding.where.column,
        "message": finding.message,
        "remedy": list(map(words, finding.remedy)),
    }


def tell_diagnoses(console: Console, findings: Sequence[Diagnosis], checked: Iterable[Checked]) -> None:
    """Findings for people like a compiler's, then how many, then what was looked at."""
    from rich.text import Text

    for finding in findings:
        head = Text.assemble(
            (f"{printable(str(finding.where))}: ", "bold"),
            (f"{finding.severity}: ", _STYLES[finding.severity]),
            printable(finding.message),
            (f" [{finding.rule}]", "dim"),
        )
        console.print(head)
        for step in finding.remedy:
            console.print(Text.assemble(("  to do: ", "cyan"), printable(words(step))))
    counts = {s: sum(1 for f in findings if f.severity == s) for s in _STYLES}
    found = ", ".join(counted(count, name) for name, count in counts.items() if count)
    console.print(Text(found or "no problems found", "red" if counts["error"] else "green"))
    for one in checked:
        console.print(Text(f"  checked {printable(checked_line(one))}", "dim"))


def checked_line(one: Checked) -> str:  # noqa: C901 - one case a kind
    """What was looked at, in words."""
    match one:
        case CheckedEnvironment():
            files = counted(one.files, "Argo CD file")
            return f"{one.environment}: {counted(one.entries, 'entry', 'entries')} and {files}"
        case CheckedSharing():
            return "environments for what they share"
        case CheckedRules():
            return f"rules of {one.branch}: {_holders(one)}"
        case CheckedProtection():
            ways = counted(one.ways_past, "way to bypass it", "ways to bypass it")
            return f"protection of {one.branch} at {one.where}: {ways}"
        case CheckedCluster():
            return f"cluster {one.context}: {one.environment}{_in_cluster(one)}"
        case CheckedSignIn():
            by = ", ".join(one.ways) or "nobody"
            return f"sign-in by {by}, its settings" + (f", keys and roles in {one.database}" if one.database else "")
        case CheckedJira():
            return f"{one.site}: rights in {', '.join(one.projects) or 'no project, since there are no previews'}"
        case CheckedCode():
            named = ", ".join(one.repositories) or "no repository, since no preview is of any"
            return f"{one.forge}: rights in {named}"
        case CheckedSlack():
            return f"Slack, workspace {one.team}: scopes, {counted(one.channels, 'channel')}"
        case CheckedAccount():
            return f"{one.environment}: {counted(one.objects, 'object')} of AWS account {one.account}"


def _in_cluster(one: CheckedCluster) -> str:
    if one.previews is None:
        return f" is not in it (no {project_name(one.environment)})"
    return f", its ApplicationSet and {counted(one.previews, 'preview')}"


def _holders(one: CheckedRules) -> str:
    held = one.held
    if held is None:
        return f"{', '.join(rule.name for rule in one.rules)}; Git cannot tell whether they are enforced"
    holders = ((rule.name, held.held_by(rule.name, rule.branch)) for rule in one.rules)
    return ", ".join(f"{name} enforced by {holder}" if holder else f"{name} not enforced" for name, holder in holders)
