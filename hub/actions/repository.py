"""A state repository as actions are handed it: with the shipped templates, and the cache of its entries."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.blueprint import TemplateLibrary
from reconcilers.ports.git import EntryCache, GitStore
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import Reading, read_repository


@dataclass(frozen=True, slots=True)
class Repository:
    """Observed anew each time it is asked."""

    store: GitStore
    library: TemplateLibrary
    cache: EntryCache

    def read(self) -> Reading:
        """Its environments, each with its state or why it cannot be read. Raises what the store raises."""
        return read_repository(self.store, self.library, cache=self.cache)

    def state(self, environment: str) -> EnvironmentState:
        """One environment. Raises `ConfigError` (UnknownEnvironment, …), and what keeps it from being read."""
        return self.read().state(environment)
