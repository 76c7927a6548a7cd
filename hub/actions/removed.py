"""Since when Git has no entry of a preview any more, by the history of its branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from generator.errors import HubError
from generator.values.naming import preview_folder
from reconcilers.health.phase import Seen
from reconcilers.lifecycle.revive import KEPT
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState, issue_of


def removed_at(name: str, state: EnvironmentState, store: GitStore, *, now: datetime) -> datetime | None:
    """When the files of a preview (`rtb-123`) changed last, which Git has no entry of; None: not in the last `KEPT`.

    None as well where the history cannot be read: nothing that is told needs it.
    """
    key = issue_of(name)
    if key is None:
        return None
    folder = preview_folder(state.environment.name, key)
    try:
        last = next(iter(store.log(state.snapshot, below=folder, since=now - KEPT)), None)
    except HubError:
        return None
    return last.at if last is not None else None


def with_removals(
    seen: Mapping[str, Seen], state: EnvironmentState, store: GitStore, *, now: datetime
) -> dict[str, Seen]:
    """What was seen by preview name, with that time of those whose Application nobody has begun to remove."""
    return {
        name: replace(one, removed_at=removed_at(name, state, store, now=now)) if is_unnoticed(one) else one
        for name, one in seen.items()
    }


def is_unnoticed(seen: Seen) -> bool:
    """Whether Git has no entry, and its Application is there as if it had."""
    application = seen.application
    return seen.entry is None and application is not None and application.deleting_since is None
