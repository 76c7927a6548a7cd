"""In which environment the hub's services run, and what its state repository and forge give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.errors import ConfigError, Fault, Reason
from generator.model.environment import Environment
from generator.model.hosting import HubServices
from generator.model.lifecycle import ForgePolicy

#: A repository's page: what is before OWNER/NAME is the server.
_ON_GITEA = re.compile(r"\A(https?://[^/]+(?:/[^/]+)*)/[^/]+/[^/]+/?\Z")


@dataclass(frozen=True, slots=True)
class Host:
    """Where the services run: an environment that has `hub`. `environments`: all of its state repository.

    `forge` is where changes of the repository's gated environments are reviewed; its key is the services' too.
    """

    environment: Environment
    services: HubServices
    forge: ForgePolicy | None
    environments: tuple[str, ...] = ()

    @property
    def repository(self) -> str:
        """The state repository they work on."""
        return self.environment.spec.argocd.repository

    @property
    def gitea(self) -> str:
        """The Gitea that the forge's repository is on, whose token the hub has: such as https://git.example.com."""
        url = self.forge.url if self.forge is not None and self.forge.kind == "gitea" else None
        found = _ON_GITEA.match(url or "")
        return found[1] if found else ""


def host_of(environments: Sequence[Environment]) -> Host | None:
    """The one environment that says `hub`.

    Raises `ConfigError` (InvalidEnvironment) where several do, and for messages on a forge that the hub has no key to.
    """
    found = [one for one in environments if one.spec.hub is not None]
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        fault = Fault(f"{names} each have the hub's services", field="spec.hub", allowed="in one environment")
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    (one,) = found
    assert one.spec.hub is not None  # noqa: S101 - it was chosen by that
    repository = one.spec.argocd.repository
    together = [e for e in environments if e.spec.argocd.repository == repository]
    forges = (e.spec.forge for e in together if e.spec.forge is not None)
    host = Host(one, one.spec.hub, next(forges, None), tuple(sorted(e.name for e in together)))
    if faults := [*_unreached(host)]:
        raise ConfigError(Reason.INVALID_ENVIRONMENT, faults)
    return host


def _unreached(host: Host) -> Iterator[Fault]:
    """Messages in pull requests that the hub has no key for."""
    hub, kind, where = host.services, host.forge.kind if host.forge else None, host.environment.name
    if hub.github_messages is not None and kind != "github":
        told = f"{where}: previews are to be told of on GitHub, and the hub's services have no GitHub App's key"
        remedy = "have a gated environment whose forge is GitHub, or leave 'githubMessages' out"
        yield Fault(told, field="spec.hub.githubMessages", remedy=remedy)
    if hub.gitea_messages is not None and not host.gitea:
        told = f"{where}: previews are to be told of on Gitea, and the hub's services have no token of a Gitea"
        remedy = "have a gated environment whose forge is the Gitea that the code is on, or leave 'giteaMessages' out"
        yield Fault(told, field="spec.hub.giteaMessages", allowed="forge.url: https://HOST/OWNER/NAME", remedy=remedy)
