"""What stands in the way of commits to the store, and what on its branches stops Argo CD. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from posixpath import dirname, join, normpath

from generator.errors import Location
from generator.values.naming import previews_folder
from generator.values.shell import shell_word
from reconcilers.doctor.repository import Diagnosis
from reconcilers.ports.git import Obstacles
from reconcilers.state.clocks import UNDATED


def diagnose_obstacles(found: Obstacles) -> Iterator[Diagnosis]:
    """Lock files, which may be of a process that died, and checked-out files that did not follow."""
    for lock in found.locks:
        is_index = lock.name == "index.lock"
        keeps = "checked-out files from following commits" if is_index else "what it is named after from being changed"
        message = f"keeps {keeps}; a process that died leaves it"
        remedy = (f"if no git works there: rm {shell_word(str(lock))}",)
        yield Diagnosis("warning" if is_index else "error", "stale-lock", Location(str(lock)), message, remedy)
    if found.behind is not None:
        message = "the checked-out files are behind their branch, and nobody changed anything in them"
        remedy = (f"the next commit brings them along; at once: git -C {shell_word(str(found.behind))} restore -SW .",)
        yield Diagnosis("warning", "work-tree-behind", Location(str(found.behind)), message, remedy)


def leaves(path: str, target: str) -> bool:
    """Whether a symbolic link at `path` points out of the repository, on its way or at its end, or is absolute.

    As Argo CD judges it: `CheckOutOfBoundsSymlinks` in util/app/path/path.go (v2.4 and later), which reads no further
    link on the way.
    """
    if target.startswith("/"):
        return True
    at = dirname(path)
    for part in target.split("/"):
        at = normpath(join(at, part)) if part else at
        if at == ".." or at.startswith("../"):
            return True
    return False


def diagnose_branch(branch: str, specials: Mapping[str, str | None], environments: list[str]) -> Iterator[Diagnosis]:
    """Links and submodules of a branch that keep Argo CD from rendering. `environments` are those that live on it."""
    previews = [str(previews_folder(name)) for name in environments]
    for path, target in specials.items():
        step = f"remove it, or put a file in its place: git rm {shell_word(path)} on branch {branch}"
        if target is not None and leaves(path, target):
            message = (
                f"is a symbolic link to {target[:200]!r}, which leaves the repository: while it is on {branch}, Argo CD"
                " renders nothing of the branch, so no preview there is made or changed"
            )
            yield Diagnosis("error", "link-leaves-repository", Location(path), message, (step,))
        elif target is not None and any(path.startswith(f"{one}/") for one in previews):
            message = (
                f"is a symbolic link to {target[:200]!r} where previews are: the hub reads the link's own text, Argo CD"
                " what it points to, so both see another preview"
            )
            yield Diagnosis("error", "link-in-previews", Location(path), message, (step,))
        elif target is None and any(f"{path}/".startswith(f"{one}/") or one.startswith(f"{path}/") for one in previews):
            message = (
                "is a submodule where previews are: the hub sees nothing in it, and Argo CD would apply what it has"
            )
            yield Diagnosis("error", "submodule-in-previews", Location(path), message, (step,))
        elif target is None:
            message = "is a submodule: Argo CD renders nothing of the branch when it cannot fetch one"
            yield Diagnosis("warning", "submodule", Location(path), message, (step,))


def diagnose_date(branch: str, commit: str, at: datetime | None) -> Iterator[Diagnosis]:
    """A newest commit whose date (`at`) is none, which keeps a slow clock from being noticed."""
    if at is None:
        remedy = (f"commit once more to {branch} on a machine whose clock is right",)
        yield Diagnosis("warning", "commit-undated", Location(f"branch {branch}"), f"{commit[:12]}: {UNDATED}", remedy)
