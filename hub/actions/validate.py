"""Checking manifests that people keep, against the schemas of Kubernetes versions and the policy of an environment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from generator.errors import ConfigError, Fault, Reason
from generator.model.environment import Environment
from generator.objects.findings import Finding, Severity
from generator.objects.manifest import Manifest
from generator.validate.definitions import KindName, strict_schemas
from generator.validate.policy import PolicySettings
from generator.validate.validation import Validator
from generator.values.naming import NAMESPACE_PREFIX
from hub.actions.manifest_files import ManifestFiles


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


@dataclass(frozen=True, slots=True)
class Choices:
    """What to do about kinds: `given` definitions to use, which to `skip`, how an `unknown` one counts; and about none.

    A kind to skip is `Kind`, `group/Kind` or `group/version/Kind`, as in an apiVersion.
    """

    given: Mapping[KindName, Mapping[str, Any]] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    unknown: Severity = "error"
    allow_empty: bool = True

    def skips(self, manifest: Manifest) -> bool:
        """Whether the object is not to be checked."""
        group, kind = manifest.group_kind
        return not {kind, f"{group}/{kind}", f"{manifest.api_version}/{kind}"}.isdisjoint(self.skip)


CHECK_ALL = Choices()


def validate(
    files: ManifestFiles,
    *,
    versions: Sequence[str],
    environment: Environment | None,
    validator: Validator,
    choices: Choices = CHECK_ALL,
) -> Validated:
    """All findings of files by the Kubernetes `versions`; by the image policy of `environment`, None: images pinned.

    Objects of one preview's namespace in one file are checked as a preview, all others one by one. A file that cannot
    be read is a finding. Kinds that the files define are known. Raises `ConfigError` (InvalidValue) where there is
    nothing to check, unless `allow_empty`.
    """
    kept = [manifest for manifest in files.manifests if not choices.skips(manifest)]
    skipped = [*files.skipped, *(_skipped(files, one) for one in files.manifests if choices.skips(one))]
    if not (kept or files.findings or choices.allow_empty):
        remedy = "check the paths, or allow it with --allow-empty"
        raise ConfigError(Reason.INVALID_VALUE, Fault("there is no Kubernetes object to check", remedy=remedy))
    validator = validator.knowing({**_defined(kept), **choices.given})
    policy = environment.spec.images if environment else None
    base = PolicySettings(None, policy.pinned if policy else True, tuple(policy.registries) if policy else ())
    findings = [*files.findings, *_twice(files, kept)]
    for (_, namespace), manifests in _groups(kept).items():
        settings = replace(base, namespace=namespace or None)
        findings += validator.validate(manifests, kubernetes=versions, settings=settings, locate=files.locate)
    weighed = (replace(one, severity=choices.unknown) if one.rule == "schema/unknown-kind" else one for one in findings)
    ordered = tuple(sorted(weighed, key=lambda finding: finding.order))
    return Validated(tuple(versions), len(kept), tuple(skipped), ordered)


def _skipped(files: ManifestFiles, manifest: Manifest) -> str:
    return f"{files.locate(manifest, ()) or manifest.source}: {manifest.identity}, as asked"


def _defined(manifests: Iterable[Manifest]) -> dict[KindName, dict[str, Any]]:
    """Schemas of the kinds that CustomResourceDefinitions among `manifests` define; a wrong one is told itself."""
    schemas: dict[KindName, dict[str, Any]] = {}
    for manifest in manifests:
        if manifest.group_kind == ("apiextensions.k8s.io", "CustomResourceDefinition"):
            with suppress(ConfigError):
                schemas |= strict_schemas(manifest.data, manifest.source)
    return schemas


def _groups(manifests: Sequence[Manifest]) -> dict[tuple[str, str], list[Manifest]]:
    """(file, preview's namespace) → objects, where a file makes one; else ("", "") → objects."""
    previews = {manifest.source: manifest.identity.name for manifest in manifests if _is_preview(manifest)}
    groups: dict[tuple[str, str], list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        namespace = previews.get(manifest.source, "")
        groups[manifest.source if namespace else "", namespace].append(manifest)
    return groups


def _twice(files: ManifestFiles, manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """Objects that another one of the same name replaces when both are applied: an error in one folder, else a warning.

    Folders may be alternatives, such as overlays of one base; files of previews stand for different clusters.
    """
    first: dict[tuple[str, ...], Manifest] = {}
    previews = {manifest.source for manifest in manifests if _is_preview(manifest)}
    for manifest in manifests:
        one = manifest.identity
        where = manifest.source if manifest.source in previews else ""
        key = (where, one.group, one.kind, one.namespace, one.name)
        other = first.setdefault(key, manifest)
        if other is manifest or not one.name:
            continue
        at = files.locate(other, ("metadata", "name")) or other.source
        beside = PurePosixPath(other.source).parent == PurePosixPath(manifest.source).parent
        finding = Finding.of(
            manifest, "file/duplicate", f"stands also at {at}", ("metadata", "name"), "keep one of them"
        )
        severity: Severity = "error" if beside else "warning"
        yield replace(finding, severity=severity, location=files.locate(manifest, ("metadata", "name")))


def _is_preview(manifest: Manifest) -> bool:
    return manifest.group_kind == ("", "Namespace") and manifest.identity.name.startswith(NAMESPACE_PREFIX)
