"""Requests of gated environments at their forges: asked for once their branch is written, closed once it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.errors import HubError
from generator.model.environment import Environment
from generator.values.naming import IssueKey
from hub.approval.review_process import MARKER, ReviewProcess
from reconcilers.approval.requesters import nobody
from reconcilers.approval.text import code
from reconcilers.lifecycle.done import Reviewed
from reconcilers.ports.forge import Actor, Forge
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.reading import Reading

#: So far back a request of a branch that was just deleted may have been closed with it.
_CLOSED_WITH_IT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests of one state repository. `reading` reads it, `forge` opens an environment's forge (None: names none)."""

    reading: Callable[[], Reading]
    forge: Callable[[Environment], Forge | None]
    review_process: Callable[[Forge], ReviewProcess]
    clock: Callable[[], datetime]

    def account(self, environment: Environment, name: str) -> Actor | None:
        """The account at an environment's forge that somebody goes by; None: there is no forge to ask, or no answer."""
        if not environment.spec.gated or environment.spec.forge is None:
            return None
        try:
            forge = self.forge(environment)
            return forge.account(name) if forge is not None else None
        except HubError:  # what keeps the forge from being asked is told once the request is written
            return None

    def review(self, environment: Environment, key: IssueKey, *, by: str) -> Reviewed:
        """Ask for a review of what stands on a preview's request branch, or bring an open request up to date.

        Told at once: that nobody at the forge goes by the name of who asks (`by`), so that nothing will be merged.
        """
        if not environment.spec.gated or environment.spec.forge is None:
            return Reviewed(environment)
        try:
            forge = self.forge(environment)
            state = self.reading().state(environment.name)
            if forge is None or key.name not in _asked_for(state):
                return Reviewed(environment, is_at_forge=True)
            request = self.review_process(forge).ask(key.name, state)
            return Reviewed(environment, True, request, unknown=nobody(by, forge.account(by)))
        except HubError as err:
            return Reviewed(environment, is_at_forge=True, error=err)

    def withdraw(self, environment: Environment, key: IssueKey, *, by: str) -> Reviewed:
        """Close the request of a branch that `by` just had deleted, saying so; many forges close it with the branch."""
        if not environment.spec.gated or environment.spec.forge is None:
            return Reviewed(environment)
        branch = request_branch(environment.name, key)
        try:
            forge = self.forge(environment)
            since = self.clock() - _CLOSED_WITH_IT
            found = forge.requests(environment.spec.branch, prefix=branch, closed_since=since) if forge else ()
            own = [one for one in found if one.branch == branch and not one.is_foreign]
            request = own[-1] if own and own[-1].state != "merged" else None
            if forge is not None and request is not None:
                told = f"Withdrawn by {code(by)}."
                forge.put_comment(request.number, MARKER, told)
                request = forge.close(request.number, told)
            return Reviewed(environment, is_at_forge=True, request=request)
        except HubError as err:
            return Reviewed(environment, is_at_forge=True, error=err)


def _asked_for(state: EnvironmentState) -> set[str]:
    return {record.name for record in state.requests} | state.removals
