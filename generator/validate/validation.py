"""Validation of a set of objects: schemas of one or several Kubernetes versions, and policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from generator.errors import Location
from generator.objects.findings import Finding, Path
from generator.objects.manifest import Manifest
from generator.validate import policy
from generator.validate.api import objects as api
from generator.validate.policy import PolicySettings
from generator.validate.schemas import Given, Read, SchemaBundle

__all__ = ["PolicySettings", "Validator"]

Locate = Callable[[Manifest, Path], Location | None]


class Validator:
    """Validates with schemas that are read and compiled once. `read` gives a data file of this package by name.

    `given`: schemas of custom kinds to use before those that are known here.
    """

    def __init__(self, read: Read, given: Given | None = None) -> None:
        self._read, self._given = read, given or {}
        self._bundles: dict[str, SchemaBundle] = {}

    def bundle(self, version: str) -> SchemaBundle:
        """The schemas of a Kubernetes minor version. Raises `ConfigError` for one that is not bundled."""
        if version not in self._bundles:
            self._bundles[version] = SchemaBundle(version, self._read, self._given)
        return self._bundles[version]

    def knowing(self, given: Given) -> Validator:
        """One that knows the schemas `given` too, before all others."""
        return Validator(self._read, {**self._given, **given}) if given else self

    def validate(
        self,
        manifests: Sequence[Manifest],
        *,
        kubernetes: Sequence[str],
        settings: PolicySettings,
        locate: Locate | None = None,
    ) -> tuple[Finding, ...]:
        """All findings, sorted by place. One that holds for some versions only names them."""
        findings: list[Finding] = []
        oldest = min((_number(version) for version in kubernetes), default=(0, 0))
        for manifest in manifests:
            versions: dict[Finding, list[str]] = {}
            for version in kubernetes:
                for finding in self.bundle(version).check(manifest):
                    versions.setdefault(finding, []).append(version)
            findings.extend(_named(finding, seen, kubernetes) for finding, seen in versions.items())
            findings.extend(_without(versions, api.check(manifest, oldest)))
        findings.extend(policy.check(manifests, settings))
        if locate is not None:
            findings = [replace(f, location=locate(f.manifest, f.field)) if f.manifest else f for f in findings]
        return tuple(sorted(findings, key=lambda finding: finding.order))


def _number(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _without(told: Iterable[Finding], more: Iterable[Finding]) -> Iterator[Finding]:
    """What the schemas have not said of the same field already."""
    fields = {finding.field for finding in told}
    return (finding for finding in more if finding.field not in fields)


def _named(finding: Finding, seen: Sequence[str], asked: Sequence[str]) -> Finding:
    """The finding with the versions it holds for, unless it holds for all that were asked for."""
    if len(seen) == len(asked):
        return finding
    return replace(finding, message=f"{finding.message} (Kubernetes {', '.join(seen)})")
