"""What an environment's account needs, of the files of all environments there are."""

from __future__ import annotations

from generator.bootstrap.account.render import Account, account_of
from generator.errors import Location
from generator.values.model_faults import Path
from hub.actions.environments import EnvironmentSet


def render_account(found: EnvironmentSet, name: str) -> Account:
    """The account of an environment.

    Raises `ConfigError` (UnknownEnvironment; InvalidEnvironment, with file and line, where any environment cannot be
    read or does not fit the others).
    """
    chosen, _ = found.get(name)
    read = {one: found.get(one) for one in found.names}

    def where(environment: str, path: Path) -> Location | None:
        return read[environment][1].where(path)

    return account_of(chosen, [environment for environment, _ in read.values()], where)
