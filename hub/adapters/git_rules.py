"""What a Git repository on this machine refuses from those who push."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hub.adapters.git_process import Git
from hub.adapters.git_store import GitRepository
from reconcilers.diagnosis import ReceiveRules


def receive_rules(repository: GitRepository, environ: Mapping[str, str]) -> ReceiveRules | None:
    """The rules of the remote, or of the repository itself when it has none; None when the remote is elsewhere.

    Raises `Stalled` (RepositoryRefused) when Git gives no answer.
    """
    directory = repository.git.directory
    if repository.has_remote:
        directory = _local(repository.git.must("config", "--get", "remote.origin.url").text)
    if directory is None or not directory.is_dir():
        return None
    git = Git(environ, directory)
    return ReceiveRules(
        where=str(directory),
        denies_force=_is_true(git, "receive.denyNonFastForwards"),
        denies_deletion=_is_true(git, "receive.denyDeletes"),
    )


def _is_true(git: Git, name: str) -> bool:
    return git.ask("config", "--type=bool", "--get", name).text == "true"


def _local(url: str) -> Path | None:
    """The folder of a remote that is a path or a file URL."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(url) if not parts.scheme and Path(url).is_absolute() else None
