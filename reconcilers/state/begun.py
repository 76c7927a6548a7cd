"""Which commit brought a lease that waits to begin: the one that made the oldest state of its entry with that lease."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from generator.errors import ConfigError
from generator.model.entry import Lease
from reconcilers.state.entries import parse_entry


@dataclass(frozen=True, slots=True)
class Version:
    """A file as a commit of a branch left it. `at` (aware) is when that says that it was made; None: what is no time.

    `text` None: the file is not there.
    """

    commit: str
    at: datetime | None
    text: bytes | None


def brought(versions: Iterable[Version], lease: Lease) -> Version | None:
    """The version that brought `lease`, which has not begun; None when the newest does not hold it.

    `versions` of its entry are newest first. Updates before its begin keep who asked and when, and so does this.
    """
    found: Version | None = None
    for version in versions:
        held = _lease(version.text)
        if held is None or held.expires_at is not None:
            break
        if (held.requested_by, held.requested_at) != (lease.requested_by, lease.requested_at):
            break
        found = version
    return found


def _lease(text: bytes | None) -> Lease | None:
    try:
        return None if text is None else parse_entry(text, "").spec.lease
    except ConfigError:
        return None
