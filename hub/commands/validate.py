"""`rtb-hub validate`: check any folder of manifests, and report like a compiler."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from generator.errors import ConfigError, Fault, Location, Reason
from generator.objects.findings import Finding
from generator.objects.manifest import Identity, Manifest
from generator.validate.policy import PolicySettings
from generator.validate.schemas import VERSIONS
from generator.values.naming import NAMESPACE_PREFIX
from hub import __version__
from hub.commands.manifest_files import ManifestFiles, read_manifests
from hub.environments import read_environments
from hub.output.console import console, printable, write
from hub.output.exit_codes import CODES
from hub.wiring import Hub, hub

if TYPE_CHECKING:
    from generator.model.environment import Environment

_NO_OBJECT = Identity("", "", "File", "", "")


def run(  # noqa: PLR0913 - the command's options
    paths: Sequence[Path],
    *,
    kubernetes: str | None,
    env: str | None,
    repo: str | None,
    environments: Path | None,
    output: Literal["table", "json", "sarif"],
) -> None:
    """Validate and report; exits with the code of ManifestInvalid when there is an error."""
    ours = hub()
    environment = read_environments(ours, repo=repo, environments=environments).get(env)[0] if env else None
    asked = _versions(kubernetes) if kubernetes else (environment.spec.cluster.kubernetes,) if environment else VERSIONS
    files = read_manifests(paths)
    findings = sorted(
        [*map(_unreadable, files.faults), *_findings(ours, files, asked, environment)], key=lambda f: f.order
    )
    errors = sum(finding.severity == "error" for finding in findings)
    if output == "sarif":
        from generator.validate.sarif import sarif

        write(json.dumps(sarif(findings, __version__), indent=2) + "\n")
    elif output == "json":
        write(json.dumps(_data(files, findings, asked), indent=2, ensure_ascii=False) + "\n")
    else:
        _print(files, findings, asked)
    if errors:
        sys.exit(CODES[Reason.MANIFEST_INVALID])


def _findings(
    ours: Hub, files: ManifestFiles, versions: Sequence[str], environment: Environment | None
) -> list[Finding]:
    """Objects of one preview's namespace in one file are checked as a preview, all others one by one."""
    policy = environment.spec.images if environment else None
    base = PolicySettings(None, policy.pinned if policy else True, tuple(policy.registries) if policy else ())
    findings: list[Finding] = []
    for (_, namespace), manifests in _groups(files.manifests).items():
        settings = replace(base, namespace=namespace or None)
        findings.extend(ours.validator.validate(manifests, kubernetes=versions, settings=settings, locate=files.locate))
    return findings


def _groups(manifests: Sequence[Manifest]) -> dict[tuple[str, str], list[Manifest]]:
    """(file, preview's namespace) → objects, where a file makes one; else ("", "") → objects."""
    previews = {
        manifest.source: manifest.identity.name
        for manifest in manifests
        if manifest.kind == "Namespace" and manifest.identity.name.startswith(NAMESPACE_PREFIX)
    }
    groups: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        namespace = previews.get(manifest.source, "")
        groups[manifest.source if namespace else "", namespace].append(manifest)
    return groups


def _versions(text: str) -> tuple[str, ...]:
    """`1.34`, `1.31-1.36`, `1.31,1.34` as versions that there are schemas for."""
    chosen: list[str] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first not in VERSIONS or (last or first) not in VERSIONS:
            fault = Fault(f"{part.strip()[:40]!r} has no schemas", field="--kubernetes", allowed=", ".join(VERSIONS))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        chosen += VERSIONS[VERSIONS.index(first) : VERSIONS.index(last or first) + 1]
    return tuple(dict.fromkeys(chosen))


def _unreadable(fault: Fault) -> Finding:
    where = fault.where or Location("")
    return Finding("file/unreadable", fault.message, _NO_OBJECT, where.file, (), "mend the file", "error", where)


def _data(files: ManifestFiles, findings: Sequence[Finding], versions: Sequence[str]) -> dict[str, object]:
    return {
        "kubernetes": list(versions),
        "objects": len(files.manifests),
        "skipped": files.skipped,
        "findings": [
            {
                "file": f.location.file if f.location else f.source,
                "line": f.location.line if f.location else 0,
                "column": f.location.column if f.location else 0,
                "severity": f.severity,
                "rule": f.rule,
                "object": str(f.object),
                "field": list(f.field),
                "message": f.message,
                "remedy": f.remedy,
            }
            for f in findings
        ],
    }


def _print(files: ManifestFiles, findings: Sequence[Finding], versions: Sequence[str]) -> None:
    from rich.text import Text

    out = console()
    for finding in findings:
        place, _, rest = str(finding).partition(": ")
        colour = "bold red" if finding.severity == "error" else "bold yellow"
        out.print(Text.assemble((f"{place}: ", "bold"), (f"{finding.severity}: ", colour), printable(rest)))
        out.print(Text.assemble(("  to do: ", "cyan"), printable(finding.remedy)))
    for skipped in files.skipped:
        out.print(Text(f"note: left out {skipped}", "dim"))
    said = f"{len(files.manifests)} objects, Kubernetes {', '.join(versions)}"
    out.print(f"{said}: {len(findings)} findings" if findings else f"{said}: nothing found")
