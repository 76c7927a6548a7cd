"""What `init` lays out beside previews: files that Argo CD applies, and files that a Git host reads of a branch."""

from __future__ import annotations

from dataclasses import dataclass

from generator.bootstrap.argocd import argocd_files, render_argocd
from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.validate.validation import PolicySettings, Validator
from hub import assets
from hub.actions.branch_files import branch_files
from hub.actions.environments import EnvironmentSet
from reconcilers.state.layout import Layout


@dataclass(frozen=True, slots=True)
class LaidOutFiles:
    """Renders them from the shipped templates."""

    library: TemplateLibrary
    validator: Validator

    def argocd(self, found: EnvironmentSet, environment: Environment) -> dict[str, str]:
        """An environment's Argo CD files by path. Raises `ConfigError` (ManifestInvalid) when they do not validate."""
        objects = render_argocd(found.library(self.library, environment), environment)
        findings = self.validator.validate(
            [manifest for manifests in objects.values() for manifest in manifests],
            kubernetes=[environment.spec.cluster.kubernetes],
            settings=PolicySettings(),
        )
        faults = [Fault(str(finding), remedy=finding.remedy) for finding in findings if finding.severity == "error"]
        if faults:
            raise ConfigError(Reason.MANIFEST_INVALID, faults)
        return argocd_files(environment, objects)

    def layout(self, found: EnvironmentSet) -> Layout:
        """All of a state repository with these environments. Raises `ConfigError` for one that is wrong."""
        chosen = {name: found.get(name)[0] for name in found.names}
        branches = {environment.spec.branch for environment in chosen.values()}
        return Layout(
            environments=chosen,
            own_files={name: self.argocd(found, environment) for name, environment in chosen.items()},
            environment_files=found.files,
            base_files={
                one.spec.branch: found.base_of(one.spec.branch if one.spec.branch in found.bases else found.homes[name])
                for name, one in chosen.items()
                if found.bases
            },
            shared_files={
                "README.md": self.library.files["templates/repository/README.md"],
                **assets.schema_files(("preview", "environment-overlay", "services")),
            },
            branch_files={
                branch: branch_files(
                    self.library, branch, [one for one in chosen.values() if one.spec.branch == branch]
                )
                for branch in branches
            },
        )
