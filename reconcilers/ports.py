"""Ports: what the reconcilers need of the world, in our words. Adapters are in `hub.adapters`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Protocol

from reconcilers.observed import ClusterState, NamespaceDetails
from reconcilers.plan import Plan


class Snapshot(Protocol):
    """One branch at one commit. Reading never changes anything and never sees a later commit."""

    @property
    def branch(self) -> str:
        """The branch's name, without `refs/heads/`."""

    @property
    def commit(self) -> str:
        """The commit id, 40 hexadecimal digits."""

    def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """All file paths below a folder, sorted, relative to the root; empty when the folder is not there."""

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        """The contents of those `paths` that exist (one round trip). Raises `Transient` when a read fails."""


class GitStore(Protocol):
    """A state repository. Safe for several processes and machines: a write compares and swaps, never forces."""

    @property
    def location(self) -> str:
        """Path or URL for people, without credentials."""

    def snapshots(self) -> Mapping[str, Snapshot]:
        """All branches as they are now, by name, sorted: one observation, of the remote when there is one."""

    def commit(self, plan: Plan, *, at: datetime) -> str:
        """Commit `plan` and publish it; returns the commit id. A converged plan returns its base and does nothing.

        Raises `Moved` when the branch is no longer at `plan.expected`, `Stalled` when the repository refuses (hook,
        protection, dirty work tree), `Transient` when it cannot be reached. On any error the branch is as it was.
        """

    def delete_branch(self, branch: str, *, expected: str) -> None:
        """Delete a request branch that is still at `expected`. Raises `Moved` otherwise."""


class ClusterReader(Protocol):
    """A cluster, read only. Raises `Transient` when it cannot be reached and `Stalled` when it refuses to answer."""

    @property
    def context(self) -> str:
        """The name people know the cluster by: the kubeconfig's context."""

    def observe(self, argocd: str, *, preview: str | None = None) -> ClusterState:
        """One observation: Argo CD's objects in the namespace `argocd`, then our namespaces, then the policies.

        Applications are read before namespaces, so that one that is gone has taken its namespace along. `preview`
        (`preview-rtb-123`) narrows Applications and namespaces to one.
        """

    def details(self, namespaces: Sequence[str]) -> Mapping[str, NamespaceDetails]:
        """What happens inside these namespaces; a namespace that is gone has empty details."""
