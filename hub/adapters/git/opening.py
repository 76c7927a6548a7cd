"""Where a state repository is: opened from a path or a URL, or made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind, Stalled
from hub.adapters.git.faults import dubious, of_another_user
from hub.adapters.git.location import is_url
from hub.adapters.git.mirror import open_mirror
from hub.adapters.git.process import Git, said, without_credentials
from hub.adapters.git.reader import GitReader
from hub.adapters.git.store import GitRepository, Identity
from hub.adapters.git.work_tree import git_directory_above, work_tree_of
from hub.telemetry.telemetry import SILENT, Telemetry

_NO_REPOSITORY = "not a git repository"


def open_store(
    location: str,
    *,
    cache: Path,
    environ: Mapping[str, str],
    identity: Identity,
    telemetry: Telemetry = SILENT,
) -> GitRepository:
    """The state repository at `location`: a path, or a URL that is mirrored below `cache`.

    Raises `Stalled` (NotAStateRepository) when a path is no Git repository.
    """
    if is_url(location):
        mirror, git = open_mirror(cache, location, environ, telemetry=telemetry)
        return GitRepository(
            GitReader(git), without_credentials(location), identity, True, None, mirror.directory, mirror
        )
    path = Path(location).expanduser()
    if path.name == ".git" and path.is_file():  # of a work tree that git-worktree(1) added, or a submodule
        path = path.parent
    git = Git(environ, path, telemetry=telemetry)
    asked = ("--absolute-git-dir", "--git-common-dir", "--is-bare-repository")
    found = git.run("rev-parse", *asked) if path.is_dir() else None
    if found is not None and (foreign := dubious(found)):
        raise of_another_user(foreign)
    if found is not None and found.code != 0 and (_NO_REPOSITORY not in found.err or _is_damaged(path)):
        remedy = "fix the problem git reports (permissions, a damaged configuration), or name another with --repo"
        raise Stalled(Reason.REPOSITORY_REFUSED, f"cannot open {location}: {said(found)}", remedy=remedy)
    if found is None or found.code != 0:
        fault = Fault(
            f"{without_credentials(location)} is not a Git repository", remedy=Remedy(RemedyKind.NAME_REPOSITORY)
        )
        raise Stalled(Reason.NOT_A_STATE_REPOSITORY, fault)
    directory, common, bare = found.text.splitlines()
    has_remote = git.ask("config", "--get", "remote.origin.url").code == 0
    top = None if bare == "true" else work_tree_of(git, Path(directory), location)
    reader = GitReader(Git(environ, top or Path(directory), telemetry=telemetry))
    return GitRepository(reader, location, identity, has_remote, top, path / common)


def _is_damaged(path: Path) -> bool:
    """Whether what Git calls no repository was one: its work tree's pointer is there, or a part of it."""
    return (path / ".git").exists() or ((path / "refs").is_dir() and (path / "config").is_file())


def create_repository(path: Path, *, bare: bool, remote: str | None, environ: Mapping[str, str]) -> None:
    """Make a Git repository without commits at `path`, new or empty. Raises `ConfigError` (TargetNotEmpty)."""
    if (path.is_symlink() or path.exists()) and (not path.is_dir() or any(path.iterdir())):
        raise ConfigError(Reason.TARGET_NOT_EMPTY, Fault(f"{path} is not an empty folder", remedy="name another"))
    if inside := git_directory_above(path, environ):
        fault = Fault(
            f"{path} is inside the Git repository {inside}; nothing was changed", remedy="name another folder"
        )
        raise ConfigError(Reason.TARGET_NOT_EMPTY, fault)
    git = Git(environ)
    git.must("init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []), "--", str(path))
    if remote is not None:
        # Git takes a relative path from the repository, people from where they stand.
        where = remote if is_url(remote) else str(Path(remote).expanduser().resolve())
        Git(environ, path).must("remote", "add", "origin", where)
