"""A state repository as actions are handed it: with the shipped templates, the cache of entries, and what was there.

Each reading notes which environments there are, so that one that goes later is missed.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.blueprint import TemplateLibrary
from hub.adapters.known_environments import KnownEnvironments
from reconcilers.ports.git import EntryCache, GitStore
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.policies import find_environments
from reconcilers.state.reading import Reading
from reconcilers.state.vanished import left_behind, missed, seen, with_missed


@dataclass(frozen=True, slots=True)
class Repository:
    """Observed anew each time it is asked. `known`: where it is noted which environments there were; None: nowhere."""

    store: GitStore
    library: TemplateLibrary
    cache: EntryCache
    known: KnownEnvironments | None = None

    def read(self) -> Reading:
        """Its environments, each with its state or why it cannot be read, those among them that are missed.

        Raises what the store raises, and `Stalled` (NotAStateRepository) when there is nothing at all.
        """
        known, branches = self.known, self.store.snapshots()
        environments = find_environments(branches, self.store.location, self.library)
        traces = left_behind(environments, branches)
        if known is not None:
            before = known.recall()
            forget = f"remove {known.path} to have it forgotten"
            missing = missed(environments, before, branches=branches, forget=forget)
            found = seen(environments, before)
            known.remember({name: one for name, one in found.items() if name not in missing or missing[name]})
            traces |= {name: err for name, err in missing.items() if err is not None}
        environments = with_missed(environments, traces)
        return Reading(environments, self.cache)

    def state(self, environment: str) -> EnvironmentState:
        """One environment. Raises `ConfigError` (UnknownEnvironment, …), and what keeps it from being read."""
        return self.read().state(environment)
