"""What a failed `git` means: who has to do what. Git has one exit code for all of it, so its English text decides.

`process` sets LC_ALL=C, so the text is the same everywhere; what is not known here counts as unreachable.
"""

from __future__ import annotations

import re
from shlex import quote

from generator.errors import Fault, HubError, Reason, Stalled, Transient
from hub.adapters.git.locks import lock_named, lock_remedy
from hub.adapters.git.process import Result, said

_DENIED = re.compile(
    r"Authentication failed|could not read (Username|Password)|returned error: 40[13]|Permission denied \("
    r"|Host key verification failed|Invalid username or|not allowed to (push|upload)|access denied",
    re.IGNORECASE,
)
_FULL = re.compile(r"No space left on device|Disk quota exceeded|File too large|exceeds maximum allowed size")
_LOCKED = re.compile(r"Unable to create '[^']*\.lock'|cannot lock ref|Unable to lock|could not lock config")
_DAMAGED = re.compile(
    r"bad (tree )?object|is corrupt|corrupt (loose|patch|delta)|object file \S+ is empty|inflate:|unable to unpack"
    r"|unable to read (tree|sha1|[0-9a-f]{40})|packfile \S+ (is|cannot|claims|does)|missing (blob|tree|commit)"
    r"|did not send all necessary objects|Could not read [0-9a-f]{40}|is missing|not a git repository: '"
    r"|Failed to traverse parents|[Nn]ot a tree object|[Nn]ot a valid object name|index file corrupt|bad config"
)


_MAKE_ROOM = "free disk space or raise the limit it names, then run this again; nothing was changed"
_HASHES = re.compile(r"mismatched algorithms: client (\w+); server (\w+)")
_NO_GIT = re.compile(r"info/refs not valid|protocol error: bad line length|invalid server response|unexpected '?<")
_OWNER = re.compile(r"detected dubious ownership in repository at '([^'\n]+)'")
#: A branch keeps others from being made below its name: both would stand at one path.
_BELOW = re.compile(r"'refs/heads/([^'\n]+)' exists; cannot create 'refs/heads/([^'\n]+)'")
#: The remote's branch is no longer where it was said to be, whatever it answers to who asks for it.
_MOVED = re.compile(r"stale info|fetch first|non-fast-forward|remote ref updated since|but expected [0-9a-f]{40}")


def is_locked(result: Result) -> bool:
    """Whether a lock file stood in the way: of a process that works, or of one that died."""
    return bool(_LOCKED.search(_own(result)))


def is_damaged(result: Result) -> bool:
    """Whether objects on this side are missing or corrupt."""
    return bool(_DAMAGED.search(_own(result)))


def has_moved(summary: str, result: Result) -> bool:
    """Whether a push was refused because the branch moved. `summary` is what `git push --porcelain` said of the ref."""
    return bool(_MOVED.search(summary) or _MOVED.search(result.err))


def refusal_remedy(result: Result) -> str:
    """What to do where a branch could not be moved or made though nobody else moved it."""
    if found := _BELOW.search(result.err):
        taken, wanted = found[1], found[2]
        return f"no branch {wanted} can be made while there is a branch {taken}: rename or delete that one"
    if _LOCKED.search(result.err):
        return lock_remedy(lock_named(result))
    if _FULL.search(result.err):
        return _MAKE_ROOM
    return "a hook or a rule there refused it, or it is read-only for you; nothing was changed"


def remote_fault(what: str, result: Result) -> HubError:
    """The error of a command that talks to a remote: `what` says what was tried on which repository."""
    message = f"{what}: {said(result)}"
    if _DENIED.search(result.err):
        remedy = (
            "the remote does not let you: give a credential that is valid and may do this (a token in a credential"
            " helper, or an ssh key), and try it with 'git ls-remote'"
        )
        return Stalled(Reason.REPOSITORY_DENIED, Fault(message, remedy=remedy))
    if _FULL.search(result.err):
        return Stalled(Reason.REPOSITORY_REFUSED, Fault(message, remedy=_MAKE_ROOM))
    if _LOCKED.search(_own(result)):
        return Transient(Reason.REPOSITORY_UNREACHABLE, Fault(message, remedy=lock_remedy(lock_named(result))))
    if _DAMAGED.search(result.err):
        where = "here" if _DAMAGED.search(_own(result)) else "on the remote"
        remedy = f"objects are damaged {where}: 'git fsck' there names them, another clone or a backup has them"
        return Stalled(Reason.REPOSITORY_REFUSED, Fault(message, remedy=remedy))
    if owner := _OWNER.search(result.err):
        return of_another_user(owner[1], there=True)
    if hashes := _HASHES.search(result.err):
        remedy = (
            f"its objects have {hashes[2]} names, and copies are kept with {hashes[1]}: name it by its path here,"
            " or use a repository with SHA-1 names ('git init --object-format=sha1')"
        )
        return Stalled(Reason.REPOSITORY_REFUSED, Fault(message, remedy=remedy))
    if _NO_GIT.search(result.err):
        return no_git_server(message)
    remedy = "check the address and the network ('git ls-remote' tells), and try again; nothing was changed"
    return Transient(Reason.REPOSITORY_UNREACHABLE, Fault(message, remedy=remedy))


def no_git_server(message: str) -> Stalled:
    """The error of an address where something else answers than Git."""
    remedy = (
        "what answers at this address is no Git server (a sign-in page, a proxy or another service): open it in a"
        " browser, and check the address"
    )
    return Stalled(Reason.REPOSITORY_REFUSED, Fault(message, remedy=remedy))


def of_another_user(path: str, *, there: bool = False) -> Stalled:
    """The error of a repository that Git does not open: its folder is another user's (git-config, safe.directory).

    `there`: it is the remote's Git that says so.
    """
    whose = "who runs Git there" if there else "who runs this"
    remedy = (
        f"run this as the user whose folder it is, or, if you trust all who may write there:"
        f" git config --global --add safe.directory {quote(path)}{', as the user on the server' if there else ''}"
    )
    return Stalled(Reason.REPOSITORY_DENIED, Fault(f"{path} belongs to another user than {whose}", remedy=remedy))


def dubious(result: Result) -> str:
    """The folder that Git does not open, since it is another user's; empty when that is not what it says."""
    found = _OWNER.search(result.err)
    return found[1] if found else ""


def _own(result: Result) -> str:
    """What git said itself, without what it passes on from the remote."""
    return "\n".join(line for line in result.err.splitlines() if not line.startswith("remote:"))
