"""A state repository as actions are handed it: with the shipped templates, and the cache of its entries."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.blueprint import TemplateLibrary
from hub.actions.reading import read_noting
from hub.adapters.known_environments import KnownEnvironments
from reconcilers.ports.git import EntryCache, GitStore
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import Reading


@dataclass(frozen=True, slots=True)
class Repository:
    """Observed anew each time it is asked. `known`: where it is noted which environments there were; None: nowhere."""

    store: GitStore
    library: TemplateLibrary
    cache: EntryCache
    known: KnownEnvironments | None = None

    def read(self) -> Reading:
        """Its environments, each with its state or why it cannot be read, those among them that are missed.

        Raises what the store raises, and `Stalled` (NotAStateRepository).
        """
        return read_noting(self.store, self.library, cache=self.cache, known=self.known)

    def state(self, environment: str) -> EnvironmentState:
        """One environment. Raises `ConfigError` (UnknownEnvironment, …), and what keeps it from being read."""
        return self.read().state(environment)
