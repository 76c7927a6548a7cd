"""What `guard` knows of a change and what it says of it. All of it comes from Git's objects, which cannot lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal, Protocol

from generator.errors import About, Location, Remedy, RemedyKind, ToDo
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from reconcilers.state.begun import Version

#: An ordinary file. Everything else (120000 symlink, 160000 submodule, 100755 executable) has no place on the branch.
FILE_MODE = "100644"
#: Who made the change: anybody whose change was reviewed or may push, or the identity that only ends leases.
Who = Literal["any", "expiry"]

#: Every rule, and what a change that breaks it needs.
RULES: Mapping[str, ToDo] = {
    "no-base": "a new branch cannot be compared with anything: an administrator looks at it whole",
    "base-unknown": "fetch the whole history; if BASE is gone from it, the branch was rewritten: restore it",
    "history-rewritten": "restore the branch to BASE, then commit on top of it",
    "commit-date": "commit it anew on a machine whose clock is right",
    "merge-bases": Remedy(RemedyKind.ASK_ANEW),
    "foreign-merge": Remedy(RemedyKind.ASK_ANEW),
    "merge-conflict": Remedy(RemedyKind.ASK_ANEW),
    "path-form": "name files with printable ASCII characters, each once",
    "path-case": "spell the path as the state repository does, in lower case",
    "mode-symlink": "commit an ordinary file (mode 100644)",
    "mode-submodule": "commit ordinary files (mode 100644)",
    "mode-executable": "commit an ordinary file (mode 100644): git update-index --chmod=-x",
    "policy-changed": "an administrator changes policy and templates by themselves, past this check",
    "platform-changed": "an administrator changes what keeps the platform alive, past this check",
    "layout-changed": Remedy(RemedyKind.CHANGE_LAYOUT, About(name="the layout")),
    "workflow-changed": Remedy(RemedyKind.CHANGE_LAYOUT, About(name=".github")),
    "other-environment": "change that environment on its own branch",
    "outside-previews": "change files of previews only",
    "extra-file": "a preview is two files, preview.yaml and manifest.yaml; leave others out",
    "misplaced-entry": Remedy(RemedyKind.START_IN_PLACE),
    "entry-missing": Remedy(RemedyKind.REMOVE_WHOLE),
    "manifest-missing": Remedy(RemedyKind.WRITE_TOGETHER),
    "file-unreadable": "commit an ordinary file of at most 1 MiB",
    "entry-unreadable": Remedy(RemedyKind.WRITE_BY_START),
    "entry-form": Remedy(RemedyKind.WRITE_BY_START_ONLY),
    "unknown-part": Remedy(RemedyKind.ASK_FOR_PARTS),
    "compute-not-allowed": "ask for compute that the environment allows",
    "image-not-pinned": "name images by digest",
    "foreign-reference": "use the registries and secrets that the environment allows",
    "over-limit": "ask for less",
    "lease-over-cap": "ask for a shorter time",
    "lease-arithmetic": "have the hub write the lease: its end is its start, its ttl and its extensions",
    "lease-in-future": "use the time of the change",
    "lease-moved": "leave who asked and when as they are while the lease runs; extend it instead",
    "lease-stamped-early": "leave activatedAt and expiresAt out: they are stamped after the merge",
    "entry-expired": "ask for it anew: an entry whose time is up would only be removed again",
    "over-capacity": "stop another preview first, or have the limit raised",
    "shard-changed": "keep the shard; to move a preview, stop it and start it anew",
    "not-renderable": "fix the entry, or have an administrator fix the templates",
    "manifest-unreadable": "have the hub render it",
    "manifest-edited": Remedy(RemedyKind.CHANGE_ENTRY),
    "manifest-stale": Remedy(RemedyKind.RENDER_ANEW),
    "manifest-differs": "have the hub render it, by the release that this check is of",
    "manifest-form": "have the hub write it: the same objects, but not the same text",
    "rendered-stamp": "have the hub write the entry's 'rendered', by the release that this check is of",
    "removal-not-due": Remedy(RemedyKind.REQUEST_REMOVAL),
    "removal-cap": Remedy(RemedyKind.REMOVE_FEWER),
    "expiry-overreach": "the expiry identity stamps leases and removes what is due; other changes are reviewed",
}


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file of a tree: its mode as Git prints it, and the id of its blob."""

    mode: str
    id: str


@dataclass(frozen=True, slots=True)
class FileDelta:
    """One path that differs between two commits; None: not there. `path` keeps undecodable bytes as surrogates."""

    path: str
    before: TreeFile | None
    after: TreeFile | None


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit changed on the branch, against the commit `before` it: its first parent, or the base.

    `stopped`: the previews (`int/rtb-123`) that its message says were stopped, in the form of the hub's own trailers.
    """

    commit: str
    deltas: tuple[FileDelta, ...]
    is_merge: bool = False
    stopped: frozenset[str] = frozenset()
    before: str = ""


@dataclass(frozen=True, slots=True)
class Dated:
    """What a commit says of when it was written and when it was made (aware); None: what is no time.

    `after`: when its parents say that they were made, those that say no time left out.
    """

    commit: str
    written_at: datetime | None
    made_at: datetime | None
    after: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Merging:
    """How a request and its target meet in `commit`, the merge or what is to be merged.

    `bases`: how many merge bases there are. `foreign`: commits of the request that merge what never was a state of the
    target. `conflicts`: files that Git cannot merge.
    """

    commit: str
    bases: int = 1
    foreign: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the difference from where the request left its target is what it changes."""
        return self.bases == 1 and not self.foreign


@dataclass(frozen=True, slots=True)
class Walk:
    """From `base` to `head`, one step a commit of the branch, oldest first.

    `base` None: not in the repository. When `base` is an ancestor but not along first parents (the branch was merged
    into another line, which then became the branch), there is one step with the whole difference. `dates` are of all
    commits that `head` has and `base` has not, oldest first; `merges` are those of the branch.
    """

    base: str | None
    head: str
    is_ancestor: bool = False
    steps: tuple[Step, ...] = ()
    dates: tuple[Dated, ...] = ()
    merges: tuple[Merging, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What merging a request gives: one step from the target's commit to the tree of the merge (None: there is none).

    `tree` names a tree, or a commit that has it.

    `asked` is what the request changed since it left the target.
    """

    walk: Walk
    tree: str | None = None
    asked: tuple[FileDelta, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """An environment as it was at BASE, with its templates. A change cannot loosen the policy it is judged by."""

    environment: Environment
    library: TemplateLibrary


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why the change is refused. `rule` is one of `RULES`; `commit` is the commit that brought it."""

    rule: str
    where: Location
    message: str
    commit: str
    remedy: ToDo = ""

    @property
    def to_do(self) -> ToDo:
        """What to do about it."""
        return self.remedy or RULES[self.rule]


class Objects(Protocol):
    """Git's objects, read by their ids."""

    def tree(self, commit: str, below: PurePosixPath) -> Mapping[str, TreeFile]:
        """All files below a folder, by path."""

    def versions(self, commit: str, path: str) -> Iterable[Version]:
        """A file as the branch that is at `commit` had it, newest first."""

    def blobs(self, ids: Iterable[str]) -> Mapping[str, bytes | None]:
        """Contents by id; None for what is no blob, or larger than 1 MiB."""
