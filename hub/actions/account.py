"""The stacks of an environment's account, of the files of all environments there are."""

from __future__ import annotations

from generator.bootstrap.account.objects import Stack
from generator.bootstrap.account.render import stacks_of
from generator.errors import Location
from generator.model.environment import Environment
from generator.values.model_faults import Path
from hub.actions.environments import EnvironmentSet


def account_stacks(found: EnvironmentSet, name: str) -> tuple[Environment, tuple[Stack, ...]]:
    """The environment and its account's stacks, in the order in which they are made.

    Raises `ConfigError` (UnknownEnvironment; InvalidEnvironment, with file and line, where any environment cannot be
    read or does not fit the others).
    """
    chosen, _ = found.get(name)
    read = {one: found.get(one) for one in found.names}

    def where(environment: str, path: Path) -> Location | None:
        return read[environment][1].where(path)

    return chosen, stacks_of(chosen, [environment for environment, _ in read.values()], where)
