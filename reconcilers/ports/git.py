"""Ports: what the reconcilers need of the world, in our words. Adapters are in `hub.adapters`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, Protocol

from reconcilers.plan import Plan
from reconcilers.ports.target_groups import Targets

if TYPE_CHECKING:
    from reconcilers.ports.cluster import ClusterState, NamespaceDetails


class Snapshot(Protocol):
    """One branch at one commit. Reading never changes anything and never sees a later commit."""

    @property
    def branch(self) -> str:
        """The branch's name, without `refs/heads/`."""

    @property
    def commit(self) -> str:
        """The commit id, 40 hexadecimal digits."""

    @property
    def committed_at(self) -> datetime | None:
        """When the commit says that it was made (aware); None when what it says is no time, as after the year 9999."""

    def files(self, below: PurePosixPath) -> tuple[PurePosixPath, ...]:
        """All file paths below a folder, sorted, relative to the root; empty when the folder is not there."""

    def read(self, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
        """The contents of those `paths` that exist (one round trip). Raises `Transient` when a read fails."""

    def listing(self, below: PurePosixPath) -> Mapping[str, str]:
        """Path → content id of all files below a folder, sorted. Texts, since thousands of paths cost more than Git.

        Equal content has an equal id, in every branch and repository; other content has another.
        """

    def names(self, folder: PurePosixPath) -> tuple[str, ...]:
        """The names of files and folders that stand in a folder, sorted; empty when it is not there."""

    def specials(self) -> Mapping[str, str | None]:
        """All of the branch that is neither file nor folder, sorted: the path of each symbolic link with its target.

        None for a submodule.
        """

    def changed(self, since: Snapshot, below: PurePosixPath) -> Mapping[str, str | None]:
        """Path → content id of the files below a folder that are not as in `since`; None: it is gone.

        Costs what differs, not what is there.
        """


class Kept(NamedTuple):
    """What is kept of one entry: facts to count and plan by, what a list tells of it, and the whole."""

    summary: str
    outline: str
    entry: str


class EntryCache(Protocol):
    """What was made of entries, by content id. It saves time only: it may forget anything, and it never fails."""

    def summaries(self, content_ids: Collection[str]) -> Mapping[str, str]:
        """The summaries of those that are known."""

    def outlines(self, content_ids: Collection[str]) -> Mapping[str, str]:
        """The outlines of those that are known."""

    def entry(self, content_id: str) -> str | None:
        """The whole entry, None when it is not known."""

    def keep(self, found: Mapping[str, Kept]) -> bool:
        """Keep what was made of entries, by content id. False when that cannot be done now."""


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """One commit of a branch's history. `parent` is the first parent, None for a root; `at` is aware.

    `trailers` are those of the message in order, as git-interpret-trailers(1) reads them.
    """

    commit: str
    parent: str | None
    at: datetime
    author: str
    subject: str
    trailers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What stands in the way of commits: lock files of Git, and the work tree that did not follow its branch.

    `behind` is its top folder, while nobody changed anything in it.
    """

    locks: tuple[Path, ...] = ()
    behind: Path | None = None


class GitStore(Protocol):
    """A state repository. Safe for several processes and machines: a write compares and swaps, never forces."""

    @property
    def location(self) -> str:
        """Path or URL for people, without credentials."""

    def snapshots(self) -> Mapping[str, Snapshot]:
        """All branches as they are now, by name, sorted: one observation, of the remote when there is one."""

    def known(self) -> Mapping[str, Snapshot]:
        """All branches as they were when the remote was last asked or written to: it is not asked now.

        A commit that is planned on them and goes through proves that its branch had not moved; nothing else is proven.
        """

    def log(
        self, snapshot: Snapshot, *, below: PurePosixPath | None = None, since: datetime | None = None
    ) -> Iterator[LoggedCommit]:
        """The history that led to `snapshot`, newest first: all of it, or the commits that changed something `below`.

        Of a merge that only took over what was requested, the request's commits stand there. `since` leaves out what
        was committed before. Raises `Transient` or `Stalled` when it cannot be read to its
        end, a shallow clone's missing part among that: a history is never silently short.
        """

    def at(self, snapshot: Snapshot, commit: str) -> Snapshot:
        """The same branch at an earlier commit of its history. Raises `Stalled` when there is no such commit."""

    def before(self, snapshot: Snapshot, commit: LoggedCommit) -> Snapshot | None:
        """The same branch before a commit that its `log` told of, which proves that it is there; None: the first."""

    def read_before(
        self, wanted: Sequence[tuple[LoggedCommit, PurePosixPath]]
    ) -> Mapping[tuple[str, PurePosixPath], bytes]:
        """Files as they were before commits that a `log` told of, by the commit and the path, at once however many.

        What is no file there is left out.
        """

    def commit(self, plan: Plan, *, at: datetime) -> str:
        """Commit `plan` and publish it; returns the commit id. A converged plan returns its base and does nothing.

        Raises `Moved` when the branch is no longer at `plan.expected`, `Stalled` when the repository refuses (hook,
        protection, dirty work tree), `Transient` when it cannot be reached. On any error the branch is as it was.
        """

    def delete_branch(self, branch: str, *, expected: str) -> None:
        """Delete a request branch that is still at `expected`. Raises `Moved` otherwise."""


#: Content ids of an entry and of the manifest beside it.
Pair = tuple[str, str]


class VerifiedMemo(Protocol):
    """Which manifests were found to be what their entries render to. It saves time only, and never fails."""

    def recall(self, pairs: Collection[Pair]) -> Mapping[Pair, str]:
        """Of those that are known, the digest of what else they were rendered from and checked by (the basis)."""

    def remember(self, verified: Mapping[Pair, str]) -> None:
        """Keep pairs with their basis; a pair's basis takes the place of the one before. Nothing, if it cannot now."""


class ClusterReader(Protocol):
    """A cluster, read only. Raises `Transient` when it cannot be reached and `Stalled` when it refuses to answer."""

    @property
    def context(self) -> str:
        """The name people know the cluster by: the kubeconfig's context."""

    def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
        """One observation of previews: Applications in the namespace `argocd`, then our namespaces, then the sets.

        Applications are read before namespaces, so that one that is gone has taken its namespace along. `preview`
        (`preview-rtb-123`) narrows Applications and namespaces to one. The sets are left out without `with_set`, unless
        there is no Application.
        """

    def inspect(self, argocd: str) -> ClusterState:
        """As `observe` of all previews, and what an administrator installs: projects, policies, specs."""

    def targets(self, namespace: str = "") -> Targets | None:
        """Target groups that AWS has of one namespace, or of all; None where AWS may not be asked. Raises nothing."""

    def details(self, namespaces: Sequence[str]) -> Mapping[str, NamespaceDetails]:
        """What happens inside these namespaces; a namespace that is gone has empty details.

        Kinds that may not be read are `unread` in the details, and no error.
        """
