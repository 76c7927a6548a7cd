"""What a failed `git` means: who has to do what. Git has one exit code for all of it, so its English text decides.

`process` sets LC_ALL=C, so the text is the same everywhere; what is not known here counts as unreachable.
"""

from __future__ import annotations

import re

from generator.errors import Fault, HubError, Reason, Stalled, Transient
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


def is_locked(result: Result) -> bool:
    """Whether a lock file stood in the way: of a process that works, or of one that died."""
    return bool(_LOCKED.search(_own(result)))


def is_damaged(result: Result) -> bool:
    """Whether objects on this side are missing or corrupt."""
    return bool(_DAMAGED.search(_own(result)))


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
        remedy = "free disk space or raise the limit it names, then run this again; nothing was changed"
        return Stalled(Reason.REPOSITORY_REFUSED, Fault(message, remedy=remedy))
    if _LOCKED.search(_own(result)):
        remedy = "another git works there: try again; if none does, one died: remove the *.lock file it names"
        return Transient(Reason.REPOSITORY_UNREACHABLE, Fault(message, remedy=remedy))
    if _DAMAGED.search(result.err):
        where = "here" if _DAMAGED.search(_own(result)) else "on the remote"
        remedy = f"objects are damaged {where}: 'git fsck' there names them, another clone or a backup has them"
        return Stalled(Reason.REPOSITORY_REFUSED, Fault(message, remedy=remedy))
    remedy = "check the address and the network ('git ls-remote' tells), and try again; nothing was changed"
    return Transient(Reason.REPOSITORY_UNREACHABLE, Fault(message, remedy=remedy))


def _own(result: Result) -> str:
    """What git said itself, without what it passes on from the remote."""
    return "\n".join(line for line in result.err.splitlines() if not line.startswith("remote:"))
