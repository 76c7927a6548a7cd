"""Checking manifests that people keep, against the schemas of Kubernetes versions and the policy of an environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.errors import Fault, Location
from generator.model.environment import Environment
from generator.objects.findings import Finding
from generator.objects.manifest import Identity, Manifest
from generator.validate.policy import PolicySettings
from generator.validate.validation import Validator
from generator.values.naming import NAMESPACE_PREFIX
from hub.actions.manifest_files import ManifestFiles

_NO_OBJECT = Identity("", "", "File", "", "")


@dataclass(frozen=True, slots=True)
class Validated:
    """What was found in `objects` objects, in the order of files and lines. `skipped`: what was left out, and why."""

    versions: tuple[str, ...]
    objects: int
    skipped: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity == "error" for finding in self.findings)


def validate(
    files: ManifestFiles, *, versions: Sequence[str], environment: Environment | None, validator: Validator
) -> Validated:
    """All findings of files by the Kubernetes `versions`; by the image policy of `environment`, None: images pinned.

    Objects of one preview's namespace in one file are checked as a preview, all others one by one. A file that cannot
    be read is a finding.
    """
    policy = environment.spec.images if environment else None
    base = PolicySettings(None, policy.pinned if policy else True, tuple(policy.registries) if policy else ())
    findings = [_unreadable(fault) for fault in files.faults]
    for (_, namespace), manifests in _groups(files.manifests).items():
        settings = replace(base, namespace=namespace or None)
        findings += validator.validate(manifests, kubernetes=versions, settings=settings, locate=files.locate)
    ordered = tuple(sorted(findings, key=lambda finding: finding.order))
    return Validated(tuple(versions), len(files.manifests), tuple(files.skipped), ordered)


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


def _unreadable(fault: Fault) -> Finding:
    where = fault.where or Location("")
    return Finding("file/unreadable", fault.message, _NO_OBJECT, where.file, (), "fix the file", "error", where)
