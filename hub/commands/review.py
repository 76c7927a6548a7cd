"""What `start`, `stop`, `extend` and `revive` do at the forge after they wrote a request branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from generator.errors import HubError
from generator.model.environment import Environment
from generator.values.naming import IssueKey
from reconcilers.approval.text import code
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import request_branch

if TYPE_CHECKING:
    from rich.console import Console

    from hub.wiring import Hub
    from reconcilers.ports.forge import ChangeRequest


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The pull request of what was written. `is_at_forge` False: the environment names none, people open it.

    `error`: the branch is written, but the forge could not be told; the approval reconciler does that.
    """

    environment: Environment
    is_at_forge: bool = False
    request: ChangeRequest | None = None
    error: HubError | None = None

    def data(self) -> dict[str, Any]:
        """For machines."""
        one = self.request
        return {"request": {"number": one.number, "url": one.url, "state": one.state} if one else None}

    def tell(self, console: Console) -> None:
        """For people."""
        from rich.text import Text

        name, base = self.environment.name, self.environment.spec.branch
        if self.request is not None:
            url = self.request.url
            console.print(Text.assemble("  request ", (url, f"link {url}" if url.startswith("http") else "")))
        elif self.error is not None:
            again = f"rtb-hub reconcile --env {name} --only approval"
            console.print(Text(f"  its pull request could not be opened yet: '{again}' does it", "yellow"))
        elif self.environment.spec.gated and not self.is_at_forge:
            told = f"  {name} changes by review only: open a pull request from this branch to {base}"
            console.print(Text(told, "yellow"))

    def finish(self) -> None:
        """Raise what kept the forge from being told, after all else was told."""
        if self.error is not None:
            raise self.error


def review(ours: Hub, store: GitStore, environment: Environment, key: IssueKey) -> Reviewed:
    """Ask for a review of what stands on a preview's request branch, or bring an open request up to date."""
    if not environment.spec.gated or environment.spec.forge is None:
        return Reviewed(environment)
    try:
        forge = ours.forge(environment, store.location)
        state = ours.read_state(store, environment.name)
        asks = {record.name for record in state.requests} | state.removals
        if forge is None or key.name not in asks:
            return Reviewed(environment, is_at_forge=True)
        return Reviewed(environment, is_at_forge=True, request=ours.desk(store, forge).ask(key.name, state))
    except HubError as err:
        return Reviewed(environment, is_at_forge=True, error=err)


def withdraw(ours: Hub, store: GitStore, environment: Environment, key: IssueKey) -> Reviewed:
    """Close the request of a branch that was just deleted, saying so; many forges close it with the branch."""
    if not environment.spec.gated or environment.spec.forge is None:
        return Reviewed(environment)
    from hub.approval.desk import MARKER as APPROVAL

    branch = request_branch(environment.name, key)
    try:
        forge = ours.forge(environment, store.location)
        since = ours.clock() - timedelta(days=1)
        found = forge.requests(environment.spec.branch, prefix=branch, closed_since=since) if forge else ()
        own = [one for one in found if one.branch == branch and not one.is_foreign]
        request = own[-1] if own and own[-1].state != "merged" else None
        if forge is not None and request is not None:
            told = f"Withdrawn by {code(ours.settings.actor)}."
            forge.put_comment(request.number, APPROVAL, told)
            request = forge.close(request.number, told)
        return Reviewed(environment, is_at_forge=True, request=request)
    except HubError as err:
        return Reviewed(environment, is_at_forge=True, error=err)
