"""Reading a repository, and noting which environments it has: what goes later is missed."""

from __future__ import annotations

from generator.model.blueprint import TemplateLibrary
from hub.adapters.known_environments import KnownEnvironments
from reconcilers.ports.git import EntryCache, GitStore
from reconcilers.state.policies import find_environments
from reconcilers.state.reading import Reading
from reconcilers.state.vanished import missed, seen, with_missed


def read_noting(
    store: GitStore, library: TemplateLibrary, *, cache: EntryCache, known: KnownEnvironments | None
) -> Reading:
    """The environments of a repository, and among those that cannot be read the ones that are missed.

    `known`: where it is noted what there was; None: nowhere. Raises what the store raises, and `Stalled`
    (NotAStateRepository) when there is nothing at all.
    """
    branches = store.snapshots()
    environments = find_environments(branches, store.location, library)
    if known is not None:
        before = known.recall()
        missing = missed(environments, before, branches=branches, forget=f"remove {known.path} to have it forgotten")
        found = seen(environments, before)
        known.remember({name: one for name, one in found.items() if name not in missing or missing[name]})
        environments = with_missed(environments, missing)
    return Reading(environments, cache)
