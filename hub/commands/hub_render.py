"""`rtb-hub hub render`: what an administrator applies to the cluster that the hub itself runs in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from generator.bootstrap.chart_places import Given
from generator.bootstrap.hub import HEADER, HOME, Files, hub_files, render_hub
from generator.bootstrap.hub_chart import chart_files, with_alerts
from generator.bootstrap.hub_host import host_of
from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import TemplateLibrary
from generator.validate.schemas import VERSIONS
from generator.validate.validation import PolicySettings
from generator.values.formats import check_dns_label, check_image, image_digest
from hub import __version__
from hub.actions.chart_folder import write_chart
from hub.commands.argocd import deliver
from hub.output.console import write
from hub.wiring import Hub, hub


@dataclass(frozen=True, slots=True)
class Images:
    """What the hub runs, and what sign-in runs where it has an image of its own."""

    hub: str
    auth: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The folders that files, and a Helm chart of the same objects, are written to; without any they are printed."""

    to: Path | None = None
    chart: Path | None = None


def run(images: Images, target: Target, *, namespace: str, repo: str | None, environments: Path | None) -> None:
    """Print the files as one YAML stream, or write them, after the chart: its folder can be refused.

    Raises `ConfigError` (InvalidValue; ImageNotPinned; ManifestInvalid with every finding, for any known Kubernetes;
    TargetNotEmpty for a folder with something else than such a chart).
    """
    try:
        check_dns_label(namespace)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="--namespace")) from err
    _check_image(images.hub, "--image")
    if images.auth is not None:
        _check_image(images.auth, "--auth-image")
    _check_apart(target)
    ours = hub()
    found = ours.environments(repo=repo, folder=environments)
    library = TemplateLibrary({**ours.library.files, **found.overlays})
    ordered = [found.get(name)[0] for name in found.names]
    of = partial(render_hub, library, image=images.hub, auth_image=images.auth, namespace=namespace)
    files = of(ordered)
    _validate(ours, files)
    if target.chart is not None:
        with_all = of(with_alerts(ordered))
        _validate(ours, with_all)
        host = host_of(ordered)
        given = Given(images.hub, images.auth, namespace, host.services if host is not None else None)
        for path in write_chart(chart_files(with_all, given, version=__version__), target.chart):
            write(f"{path}\n")
    if target.to is not None or target.chart is None:
        deliver(hub_files(files), HEADER, target.to)


def _validate(ours: Hub, files: Files) -> None:
    manifests = [manifest for some in files.values() for manifest in some]
    findings = ours.validator.validate(manifests, kubernetes=VERSIONS, settings=PolicySettings())
    faults = [Fault(str(finding), remedy=finding.remedy) for finding in findings if finding.severity == "error"]
    if faults:
        raise ConfigError(Reason.MANIFEST_INVALID, faults)


def _check_apart(target: Target) -> None:
    """Helm takes every file in a chart's folder for a part of the chart."""
    if target.to is None or target.chart is None:
        return
    files = target.to / HOME
    if files.resolve().is_relative_to(target.chart.resolve()):
        fault = Fault(
            f"{files}, which --to is to write, would be in the chart's folder {target.chart}",
            field="--chart",
            remedy="name another folder for one of both",
        )
        raise ConfigError(Reason.INVALID_VALUE, fault)


def _check_image(image: str, option: str) -> None:
    try:
        check_image(image)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field=option)) from err
    if image_digest(image) is None:
        fault = Fault(f"{image[:200]!r} has no digest", field=option, remedy="pin it: name@sha256:…")
        raise ConfigError(Reason.IMAGE_NOT_PINNED, fault)
