"""Whether a repository that is reached by its path refuses to have branches rewritten or deleted, and making it so.

A Git host has rules for this; a bare repository has `receive.denyNonFastForwards` and `receive.denyDeletes`
(git-config(1)), for all branches alike. The latter would also refuse to withdraw a request, which deletes its branch.
So `protect` installs an `update` hook (githooks(5)) that guards the branches it is told. Hooks and settings act on
pushes alone: they stop accidents and people without a shell on the server, not who can write its files.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote

from hub.adapters.git.process import Git
from hub.telemetry.telemetry import SILENT, Telemetry
from reconcilers.approval.push_rules import HookState, PushRules
from reconcilers.state.environment import REQUEST_PREFIX

#: Where the hook reads, one value a branch, what it guards.
_BRANCHES = "rtb-hub.protectedBranch"
_FIRST_LINES = "#!/bin/sh\n# Push rules of rtb-hub. "
HOOK = f"""\
{_FIRST_LINES}'rtb-hub init' writes this file; git runs it for each ref that is pushed (githooks(5), update).
# A branch named in {_BRANCHES} is neither deleted nor moved to what does not follow from it. If none is
# named, that holds for every branch but requests, which are withdrawn by deleting their branch.
branch=${{1#refs/heads/}} old=$2 new=$3
[ "$branch" != "$1" ] || exit 0

newline='
'
guarded=$(git config --get-all {_BRANCHES})
case $newline$guarded$newline in
  *"$newline$branch$newline"*) ;;
  "$newline$newline") case $branch in {REQUEST_PREFIX}*) exit 0 ;; esac ;;
  *) exit 0 ;;
esac

refuse() {{ echo "rtb-hub: $branch $1" >&2; exit 1; }}
case $new in *[!0]*) ;; *) refuse "must not be deleted: previews live on it" ;; esac
case $old in *[!0]*) ;; *) exit 0 ;; esac
git --no-replace-objects merge-base --is-ancestor "$old" "$new"
case $? in
  0) ;;
  1) refuse "must not be rewritten: an older state removes previews and revives others; commit on top instead" ;;
  *) refuse "was not moved: git cannot tell whether $new follows from $old" ;;
esac
"""


def rules_of(path: Path, *, environ: Mapping[str, str], telemetry: Telemetry = SILENT) -> PushRules:
    """The rules of the repository at `path`. Raises `Stalled` when it is none, or its configuration is unreadable."""
    git = Git(environ, path, telemetry=telemetry)
    hook, is_own_folder = _hook_file(git, path)
    state = _state(hook)
    guarded = git.ask("config", "--get-all", _BRANCHES).text.splitlines()
    return PushRules(
        hook=state,
        guarded=frozenset(guarded),
        deny_rewriting=_is_set(git, "receive.denyNonFastForwards"),
        deny_deletion=_is_set(git, "receive.denyDeletes"),
        is_protectable=_is_bare(git) and (state == "ours" or (state != "foreign" and is_own_folder)),
    )


def pushed_to(path: Path, *, environ: Mapping[str, str], telemetry: Telemetry = SILENT) -> Path | None:
    """Where pushes to the state repository at `path` arrive, if that is a path: its remote, or itself when it is bare.

    None: a Git host answers them, or (a work tree of its own) nobody pushes.
    """
    git = Git(environ, path, telemetry=telemetry)
    if remote := git.ask("config", "--get", "remote.origin.url").text:
        return remote_path(path, remote)
    return path if _is_bare(git) else None


def remote_path(path: Path, remote: str) -> Path | None:
    """The folder that `remote`, of the repository at `path`, is a path or a file URL of; None when it is none."""
    is_url = remote.startswith("file://")
    # Git takes a relative path from the repository's top, and decodes a URL.
    found = path / (unquote(remote.removeprefix("file:")) if is_url else remote)
    return found if found.is_dir() else None


def protect(
    path: Path, branches: Iterable[str], *, environ: Mapping[str, str], telemetry: Telemetry = SILENT
) -> PushRules:
    """Install the hook in the bare repository at `path`, add `branches` to what it guards, and return what holds now.

    A hook of somebody else stays as it is, and so does a folder of hooks that several repositories may share. Doing it
    again changes nothing. Raises `Stalled` like `rules_of`.
    """
    git = Git(environ, path, telemetry=telemetry)
    hook, _ = _hook_file(git, path)
    found = rules_of(path, environ=environ, telemetry=telemetry)
    if not found.is_protectable:
        return found
    for branch in sorted(set(branches) - found.guarded):
        git.must("config", "--add", _BRANCHES, branch)
    if found.hook != "ours":
        _write(hook)
    return rules_of(path, environ=environ, telemetry=telemetry)


def _hook_file(git: Git, path: Path) -> tuple[Path, bool]:
    """The file git runs as `update` hook on a push, and whether it is in the repository's own folder of hooks.

    Our own git calls switch hooks off on the command line, which must not count here.
    """
    common = path / git.must("rev-parse", "--git-common-dir").text
    listing = git.ask("config", "--show-scope", "--type=path", "--get-all", "core.hooksPath").text.splitlines()
    values = [value for scope, _, value in (line.partition("\t") for line in listing) if scope != "command"]
    folder = common / values[-1] if values else common / "hooks"
    return folder / "update", not values


def _state(hook: Path) -> HookState:
    if not hook.is_file():
        return "none"
    text = hook.read_bytes()
    if not text.startswith(_FIRST_LINES.encode()):
        return "foreign"
    if not os.access(hook, os.X_OK):
        return "not executable"
    return "ours" if text == HOOK.encode() else "outdated"


def _is_bare(git: Git) -> bool:
    return git.must("rev-parse", "--is-bare-repository").text == "true"


def _is_set(git: Git, name: str) -> bool:
    return git.ask("config", "--type=bool", "--get", name).text == "true"


def _write(hook: Path) -> None:
    """Put the hook in place at once: a push meanwhile runs the old one or the new one, never half of one."""
    hook.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".update-", dir=hook.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(HOOK)
        Path(name).chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
        Path(name).replace(hook)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
