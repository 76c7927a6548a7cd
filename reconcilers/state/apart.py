"""Environments of one account whose previews could read one another's secrets: what is refused because of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generator.errors import Fault, Location
from generator.model.across import shared_secret
from generator.model.environment import Environment

APART = "give the previews of each secrets.prefixes of its own, none of which begins with another's, or with a secret's"


def not_apart(environment: Environment, others: Iterable[Environment]) -> tuple[Fault, ...]:
    """Why nothing that reads secrets is started in an environment: it could read what is another's.

    What changes by review only is not kept from it by what does not: there, reviewers see which secrets are named.
    """
    rivals = (one for one in others if one.name != environment.name)
    judged = (one for one in rivals if one.spec.gated or not environment.spec.gated)
    return tuple(fault for other in judged for fault in _shared(other, environment))


def _shared(one: Environment, other: Environment) -> Iterator[Fault]:
    if found := shared_secret(one.spec, other.spec):
        message = f"previews of {other.name} and {one.name}, which share account {one.spec.account}, could read {found}"
        where = Location(f"environments/{other.name}/environment.yaml")
        yield Fault(message, where, "spec.secrets.prefixes", remedy=APART)
