"""Stamp: the time of a gated preview begins at its merge. Its entry then says when it began, and when it ends.

Only the entry changes, and of it only the lease (docs/adr/0018): what runs stays what was approved, to the byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from generator.errors import declared
from generator.model.entry import Preview
from generator.values.formats import format_time, parse_time
from reconcilers.leases import end_of
from reconcilers.lifecycle.start import entry_text
from reconcilers.plan import FileChange, Plan
from reconcilers.results import Action, ReconcileResult, SetAside
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState

NAME = "stamp"
REQUESTED_BY = "rtb-hub (reconciler)"


def plan_stamp(state: EnvironmentState, *, at: datetime, merged_at: Mapping[str, datetime]) -> ReconcileResult:
    """The leases that begin now (`at`, aware). `merged_at` says when previews (`rtb-123`) were merged.

    A preview it does not name begins at `at`: late by a run at most, and never without an end.
    """
    environment = state.environment
    if not environment.spec.gated:
        return ReconcileResult(NAME, environment.name)
    stamped: list[tuple[EntryRecord, Preview]] = []
    aside: list[SetAside] = []
    for record in state.entries:
        if record.facts is None or record.facts.expires_at is not None:
            continue
        try:
            if record.preview is None:
                continue
            stamped.append((record, _stamped(record.preview, state, min(merged_at.get(record.name, at), at))))
        except Exception as err:  # noqa: BLE001 - the border of an entry
            faults = declared(f"the lease of {record.name} cannot be begun", err).faults
            aside.append(SetAside(f"{environment.name}/{record.name}", record.path, faults))
    why = {record.name: _why(preview, is_told=record.name in merged_at) for record, preview in stamped}
    actions = tuple(Action("stamp", f"{environment.name}/{record.name}", why[record.name]) for record, _ in stamped)
    return ReconcileResult(
        NAME, environment.name, actions, tuple(aside), _plan(state, stamped, why) if stamped else None
    )


def _stamped(preview: Preview, state: EnvironmentState, begin: datetime) -> Preview:
    lease = preview.spec.lease
    begun = lease.model_copy(update={"activated_at": format_time(max(begin, parse_time(lease.requested_at)))})
    ends = format_time(end_of(begun, state.environment))
    spec = preview.spec.model_copy(update={"lease": begun.model_copy(update={"expires_at": ends})})
    return preview.model_copy(update={"spec": spec})


def _why(preview: Preview, *, is_told: bool) -> str:
    lease = preview.spec.lease
    when = "at its merge" if is_told else "when it was found, since no forge tells of its merge"
    return f"its {lease.ttl} began {when}, {lease.activated_at}, and end at {lease.expires_at}"


def _plan(state: EnvironmentState, stamped: list[tuple[EntryRecord, Preview]], why: Mapping[str, str]) -> Plan:
    name, head = state.environment.name, state.snapshot.commit
    changes, trailers = [], []
    for record, preview in stamped:
        changes.append(FileChange(record.path, entry_text(preview).encode(), why[record.name]))
        trailers += [
            ("Preview", f"{name}/{record.name}"),
            ("Action", "stamp"),
            ("Requested-By", REQUESTED_BY),
            ("Ends", preview.spec.lease.expires_at or ""),
        ]
    what = stamped[0][0].name.upper() if len(stamped) == 1 else f"{len(stamped)} leases"
    return Plan(state.snapshot.branch, head, head, f"Begin {what} in {name}", tuple(changes), tuple(trailers))
