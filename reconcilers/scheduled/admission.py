"""Queue: start those who wait, in order, as far as there is room, each with a lease that begins now."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from generator.errors import Fault, Stalled, declared
from generator.model.entry import Preview
from reconcilers.capacity.capacity import Room, freest_shard, room_faults
from reconcilers.leases import new_lease
from reconcilers.lifecycle.queue_order import held_back
from reconcilers.lifecycle.start import Attribution, Starter, check_room, checked, start_plan
from reconcilers.plan import Plan, combined
from reconcilers.results import Action, ReconcileResult, SetAside
from reconcilers.state.environment import EnvironmentState, must_not_share
from reconcilers.state.planned import after
from reconcilers.state.queue_files import Waiting

NAME = "queue"


def plan_queue(state: EnvironmentState, *, starter: Starter, now: datetime) -> ReconcileResult:
    """What the line comes to now. What cannot be read, rendered or started by today's policy is skipped; it stays."""
    environment = state.environment.name
    set_aside = [_aside(environment, record.path, record.faults) for record in state.queue.set_aside]
    plans: list[Plan] = []
    actions: list[Action] = []
    later = state
    for one in state.queue.waiting:
        faults = room_faults(one.need, later.usage, later.environment)
        if held_back(faults):
            break
        if faults:
            continue
        try:
            preview, plan = _admitted(one, later, starter, now)
        except Stalled as err:  # pods that templates add have no room yet
            if held_back(err.faults):
                break
            continue
        except Exception as err:  # noqa: BLE001 - the border of a request
            faults = declared(f"{one.record.path} cannot be started", err).faults
            set_aside.append(_aside(environment, one.record.path, faults))
            continue
        since = one.queued.spec.lease.requested_at
        actions.append(Action("admit", f"{environment}/{one.record.name}", f"waited since {since}; {_where(preview)}"))
        plans.append(plan)
        later = after(later, plan)
    together = combined(plans, f"Admit {len(plans)} previews in {environment}") if plans else None
    return ReconcileResult(NAME, environment, tuple(actions), tuple(set_aside), together)


def _admitted(one: Waiting, state: EnvironmentState, starter: Starter, now: datetime) -> tuple[Preview, Plan]:
    environment, spec = state.environment, one.queued.spec
    lease = spec.lease
    begun = {
        **spec.wanted,
        "shard": freest_shard(state.usage, environment),
        "lease": new_lease(lease.requested_by, now, lease.ttl, environment, office_hours=lease.office_hours),
    }
    draft = checked({"metadata": one.queued.metadata, "spec": begun})
    preview, rendering = starter.rendered(draft, environment, state.library)
    must_not_share(rendering.manifests, state)
    check_room(preview, Room(state.usage), environment)
    owner = lease.requested_by
    return preview, start_plan(preview, rendering, state, Attribution(owner, "admit"))


def _where(preview: Preview) -> str:
    return f"it starts on {preview.spec.shard} and ends at {preview.spec.lease.expires_at}"


def _aside(environment: str, path: PurePosixPath, faults: tuple[Fault, ...]) -> SetAside:
    return SetAside(f"{environment}/{path.stem}", path, faults)
