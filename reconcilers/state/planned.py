"""The state that a plan will leave, for planning what comes after it in the same commit.

Only what changes is counted anew, so that many plans on thousands of entries cost little more than the entries.
"""

from __future__ import annotations

from dataclasses import replace

from generator.values.naming import ENTRY_FILE, previews_folder, queue_folder
from reconcilers.capacity.usage import Usage
from reconcilers.plan import FileChange, Plan
from reconcilers.state.entries import EntryRecord, entry_record
from reconcilers.state.environment import Counts, EnvironmentState
from reconcilers.state.queue_files import Queue, in_order, queue_of, queued_record


def after(state: EnvironmentState, plan: Plan) -> EnvironmentState:
    """`state` with what `plan` does to entries, requests and queue. Entries that are new stand last.

    Its snapshot stays the one observed: a plan for a preview that `plan` touches must not be made on it.
    """
    environment = state.environment.name
    for change in plan.changes:
        if change.path.name == ENTRY_FILE and change.path.is_relative_to(previews_folder(environment)):
            own = plan.branch == state.snapshot.branch
            state = _with_entry(state, change) if own else _with_request(state, change)
        elif change.path.parent == queue_folder(environment):
            state = _with_queued(state, change)
    return state


def _with_entry(state: EnvironmentState, change: FileChange) -> EnvironmentState:
    name, new = change.path.parent.name, _record(state, change)
    old = state.by_name.get(name)
    entries = state.entries if old is None else tuple(record for record in state.entries if record is not old)
    by_name = {**state.by_name}
    by_name.pop(name, None)
    if new is not None:
        by_name[new.name] = new
    changed = replace(state, entries=entries if new is None else (*entries, new), known=Counts(by_name))
    return _recounted(state, changed, name)


def _with_request(state: EnvironmentState, change: FileChange) -> EnvironmentState:
    name, new = change.path.parent.name, _record(state, change)
    requests = tuple(record for record in state.requests if record.name != name)
    removals = state.removals - {name} if new else state.removals | ({name} & state.by_name.keys())
    requests = requests if new is None else (*requests, new)
    changed = replace(state, requests=requests, removals=removals, known=Counts(state.by_name))
    return _recounted(state, changed, name)


def _with_queued(state: EnvironmentState, change: FileChange) -> EnvironmentState:
    rest = tuple(record for record in state.queued if record.path != change.path)
    new = () if change.content is None else (queued_record(change.path, change.content, state.environment.name),)
    changed = replace(state, queued=(*rest, *new), known=Counts(state.by_name, state.usage))
    return _with_counts(changed, state.usage, _queue(changed, state.queue, change.path.stem))


def _recounted(before: EnvironmentState, changed: EnvironmentState, name: str) -> EnvironmentState:
    return _with_counts(changed, before.usage_after(changed, [name]), _queue(changed, before.queue, name))


def _with_counts(state: EnvironmentState, usage: Usage, queue: Queue) -> EnvironmentState:
    return replace(state, known=Counts(state.by_name, usage, queue))


def _queue(state: EnvironmentState, before: Queue, name: str) -> Queue:
    """The queue `before`, with the request of one preview judged anew."""
    mine = queue_of(
        [record for record in state.queued if record.name == name], state.environment, state.library, state.by_name
    )
    return Queue(
        in_order((*(one for one in before.waiting if one.record.name != name), *mine.waiting)),
        (*(record for record in before.set_aside if record.name != name), *mine.set_aside),
    )


def _record(state: EnvironmentState, change: FileChange) -> EntryRecord | None:
    if change.content is None:
        return None
    return entry_record(change.path, change.content, state.snapshot, state.environment.name)
