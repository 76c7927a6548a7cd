"""`rtb-hub hub render`: what an administrator applies to the cluster that the hub itself runs in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.bootstrap.hub import HEADER, hub_files, render_hub
from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import TemplateLibrary
from generator.validate.schemas import VERSIONS
from generator.validate.validation import PolicySettings
from generator.values.formats import check_dns_label, check_image, image_digest
from hub.commands.argocd import deliver
from hub.wiring import hub


@dataclass(frozen=True, slots=True)
class Images:
    """What the hub runs, and what sign-in runs where it has an image of its own."""

    hub: str
    auth: str | None = None


def run(images: Images, *, namespace: str, to: Path | None, repo: str | None, environments: Path | None) -> None:
    """Print the files as one YAML stream, or write them below `to`.

    Raises `ConfigError` (InvalidValue; ImageNotPinned; ManifestInvalid with every finding, for any known Kubernetes).
    """
    try:
        check_dns_label(namespace)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="--namespace")) from err
    _check_image(images.hub, "--image")
    if images.auth is not None:
        _check_image(images.auth, "--auth-image")
    ours = hub()
    found = ours.environments(repo=repo, folder=environments)
    library = TemplateLibrary({**ours.library.files, **found.overlays})
    ordered = [found.get(name)[0] for name in found.names]
    files = render_hub(library, ordered, image=images.hub, auth_image=images.auth, namespace=namespace)
    findings = ours.validator.validate(
        [manifest for manifests in files.values() for manifest in manifests],
        kubernetes=VERSIONS,
        settings=PolicySettings(),
    )
    faults = [Fault(str(finding), remedy=finding.remedy) for finding in findings if finding.severity == "error"]
    if faults:
        raise ConfigError(Reason.MANIFEST_INVALID, faults)
    deliver(hub_files(files), HEADER, to)


def _check_image(image: str, option: str) -> None:
    try:
        check_image(image)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field=option)) from err
    if image_digest(image) is None:
        fault = Fault(f"{image[:200]!r} has no digest", field=option, remedy="pin it: name@sha256:…")
        raise ConfigError(Reason.IMAGE_NOT_PINNED, fault)
