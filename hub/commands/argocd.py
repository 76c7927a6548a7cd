"""`rtb-hub argocd render`: what an administrator applies to an account's cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.bootstrap.argocd import HEADER, argocd_files, render_argocd
from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.validate.validation import PolicySettings
from hub.actions.environments import EnvironmentSet
from hub.output.console import write
from hub.wiring import Hub, hub


def run(env: str | None, *, to: Path | None, repo: str | None, environments: Path | None) -> None:
    """Print the files of one environment, or of all, as one YAML stream; or write them below `to`."""
    ours = hub()
    found = ours.environments(repo=repo, folder=environments)
    chosen = [found.get(env)[0]] if env else [found.get(name)[0] for name in found.names]
    files = {path: text for one in chosen for path, text in checked_files(ours, found, one).items()}
    deliver(files, HEADER, to)


def deliver(files: Mapping[str, str], header: str, to: Path | None) -> None:
    """Print files (text by path), without the `header` of each, as one YAML stream; or write them below `to`."""
    for path, text in files.items():
        if to is None:
            body, separator = text.removeprefix(header), "---\n"
            write(f"# {path}\n{body if body.startswith('---') else separator + body}")
            continue
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        write(f"{target}\n")


def checked_files(ours: Hub, found: EnvironmentSet, environment: Environment) -> dict[str, str]:
    """The environment's Argo CD files by path. Raises `ConfigError` (ManifestInvalid) when they do not validate."""
    objects = render_argocd(TemplateLibrary({**ours.library.files, **found.overlays}), environment)
    findings = ours.validator.validate(
        [manifest for manifests in objects.values() for manifest in manifests],
        kubernetes=[environment.spec.cluster.kubernetes],
        settings=PolicySettings(),
    )
    faults = [Fault(str(finding), remedy=finding.remedy) for finding in findings if finding.severity == "error"]
    if faults:
        raise ConfigError(Reason.MANIFEST_INVALID, faults)
    return argocd_files(environment, objects)
