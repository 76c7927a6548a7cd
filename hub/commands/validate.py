"""`rtb-hub validate`: check any folder of manifests, and report like a compiler."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from generator.errors import ConfigError, Fault, Reason
from generator.objects.findings import Severity
from generator.validate.schemas import VERSIONS
from generator.values.counting import counted
from hub import __version__
from hub.actions.manifest_files import read_definitions, read_manifests
from hub.actions.validate import Choices, Validated, validate
from hub.commands.standard_input import read_stdin
from hub.output.console import console, printable, write
from hub.output.exit_codes import CODES
from hub.wiring import hub

_COLOURS = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


def choices_of(
    schemas: Sequence[Path], skip_kinds: Sequence[str], unknown_kinds: Severity, *, allow_empty: bool
) -> Choices:
    """The options as typed, parsed. Raises `ConfigError` for definitions that cannot be used."""
    names = tuple(name.strip() for part in skip_kinds for name in part.split(",") if name.strip())
    return Choices(read_definitions(schemas), names, unknown_kinds, allow_empty)


def run(  # noqa: PLR0913 - the command's options
    paths: Sequence[Path],
    *,
    kubernetes: str | None,
    env: str | None,
    repo: str | None,
    environments: Path | None,
    choices: Choices,
    output: Literal["table", "json", "sarif"],
) -> None:
    """Validate and report; exits with the code of ManifestInvalid when there is an error."""
    ours = hub()
    environment = ours.environments(repo=repo, folder=environments).get(env)[0] if env else None
    asked = (
        _versions(kubernetes)
        if kubernetes is not None
        else (environment.spec.cluster.kubernetes,)
        if environment
        else VERSIONS
    )
    files = read_manifests(paths, read_stdin)
    found = validate(
        files,
        versions=asked,
        environment=environment,
        validator=ours.validator,
        choices=choices,
    )
    if output == "sarif":
        from generator.validate.sarif import sarif

        write(json.dumps(sarif(found.findings, __version__), indent=2) + "\n")
    elif output == "json":
        write(json.dumps(_data(found), indent=2, ensure_ascii=False) + "\n")
    else:
        _print(found)
    if found.errors:
        sys.exit(CODES[Reason.MANIFEST_INVALID])


def _versions(text: str) -> tuple[str, ...]:
    """`1.34`, `1.31-1.36`, `1.31,1.34` as versions that there are schemas for."""
    chosen: list[str] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first not in VERSIONS or (last or first) not in VERSIONS:
            fault = Fault(f"{part.strip()[:40]!r} has no schemas", field="--kubernetes", allowed=", ".join(VERSIONS))
            raise ConfigError(Reason.INVALID_VALUE, fault)
        span = VERSIONS[VERSIONS.index(first) : VERSIONS.index(last or first) + 1]
        if not span:
            fault = Fault(f"{part.strip()!r} ends before it begins", field="--kubernetes", allowed=f"{last}-{first}")
            raise ConfigError(Reason.INVALID_VALUE, fault)
        chosen += span
    return tuple(dict.fromkeys(chosen))


def _data(found: Validated) -> dict[str, object]:
    return {
        "kubernetes": list(found.versions),
        "objects": found.objects,
        "skipped": list(found.skipped),
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
            for f in found.findings
        ],
    }


def _print(found: Validated) -> None:
    from rich.text import Text

    out = console()
    for finding in found.findings:
        place = str(finding.location or finding.source)
        rest = str(finding).removeprefix(f"{place}: ")
        colour = _COLOURS[finding.severity]
        head = (f"{printable(place)}: ", "bold")
        out.print(Text.assemble(head, (f"{finding.severity}: ", colour), printable(rest)))
        if finding.remedy:
            out.print(Text.assemble(("  to do: ", "cyan"), printable(finding.remedy)))
    for skipped in found.skipped:
        out.print(Text(f"note: left out {printable(skipped)}", "dim"))
    said = f"{counted(found.objects, 'object')}, Kubernetes {', '.join(found.versions)}"
    out.print(f"{said}: {counted(len(found.findings), 'finding') if found.findings else 'nothing found'}")
