"""What a `catch.up` job does: ask a sender for what did not come by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from generator.errors import HubError
from generator.model.lifecycle import ForgePolicy
from hub.actions.inbox.changed import look_for_changed
from hub.actions.inbox.lost import look_for_lost
from hub.queue.jobs import Jobs
from hub.queue.payloads import CatchUp
from hub.queue.port import Finished
from reconcilers.ports.deliveries import Deliveries
from reconcilers.ports.issues import Issues
from reconcilers.state.policies import Observed
from reconcilers.state.project_rules import ruled_projects
from reconcilers.state.reading import Reading


@dataclass(frozen=True, slots=True)
class Senders:
    """Who can be asked. `deliveries` opens those of a forge, for which it may have no key; `issues` None: no Jira."""

    deliveries: Callable[[ForgePolicy], Deliveries | None] = lambda _: None
    issues: Issues | None = None


def catch_up(
    job: CatchUp, jobs: Jobs, reading: Reading, senders: Senders, *, may_go_on: Callable[[], None]
) -> Finished:
    """Do it. Raises what the sender, the state repository and `may_go_on` raise."""
    if job.source == "github":
        return _github(jobs, reading, senders, may_go_on)
    if senders.issues is None:
        return _nothing("RTB_HUB_JIRA_URL of the worker is not set")
    projects = ruled_projects(reading.environments)
    hinted, is_whole = look_for_changed(jobs, senders.issues, projects, job.id, may_go_on=may_go_on)
    return Finished({"change": "looked", "hinted": hinted, "isWhole": is_whole})


def _github(jobs: Jobs, reading: Reading, senders: Senders, may_go_on: Callable[[], None]) -> Finished:
    opened = {}
    for policy in _policies(reading):
        deliveries = senders.deliveries(policy)
        if deliveries is not None:
            opened[deliveries.sender] = deliveries
    if not opened:
        return _nothing("no forge on GitHub, or no key of an App: RTB_HUB_FORGE_APP_ID, RTB_HUB_FORGE_APP_KEY")
    looked = {
        name: asdict(look_for_lost(jobs.database, one, may_go_on=may_go_on)) for name, one in sorted(opened.items())
    }
    return Finished({"change": "looked", "senders": looked})


def _policies(reading: Reading) -> list[ForgePolicy]:
    """The forges on GitHub that environments name. Raises where there is none, and one cannot be read that may."""
    environments = reading.environments
    policies = [one.environment.spec.forge for one in environments.found.values() if isinstance(one, Observed)]
    found = [one for one in policies if one is not None and one.kind == "github"]
    unread = [one for one in environments.found.values() if isinstance(one, HubError)]
    for err in (*environments.unreadable.values(), *unread):
        if not found:
            raise err
    return found


def _nothing(why: str) -> Finished:
    return Finished({"change": "nothing", "why": why})
