"""Revive: bring a preview back that was removed in the last `KEPT`, as it was, with a fresh lease.

What was removed is found by looking: the newest commit that took the entry away, whoever made it. It comes back by
today's templates and policy, in the shard it was on while there is room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from generator.errors import About, ConfigError, Fault, Reason, Remedy, RemedyKind, ToDo
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.render.asked import Request
from generator.render.request import check_fits, check_policy, compute_of
from generator.values.formats import format_time
from generator.values.naming import ENTRY_FILE, IssueKey, preview_folder
from reconcilers.capacity.capacity import find_shard, need_of
from reconcilers.leases import new_lease
from reconcilers.lifecycle.queue_order import room_for
from reconcilers.lifecycle.start import Attribution, Starter, check_room, checked, start_plan
from reconcilers.plan import Plan
from reconcilers.ports.git import GitStore, LoggedCommit
from reconcilers.state.entries import EntryRecord, entry_record
from reconcilers.state.environment import EnvironmentState, must_not_share, target

Change = Literal["revived", "unchanged", "kept"]
KEPT = timedelta(days=7)
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReviveRequest:
    """What a person asks for. `ttl` None: as long as it was asked for before."""

    key: IssueKey
    requested_by: str
    ttl: str | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """The commit that took an entry away, and the entry as it was before."""

    commit: LoggedCommit
    record: EntryRecord

    @property
    def until(self) -> datetime:
        """Until when it can be brought back; the last day of the calendar for a commit that claims one near it."""
        return min(self.commit.at, _LAST - KEPT) + KEPT


@dataclass(frozen=True, slots=True)
class ReviveOutcome:
    """What reviving would do. `plan` and `removal` are None when the preview is there.

    "kept": its removal was requested, and `withdraw` names the request branch to delete and the commit it must be at.
    """

    change: Change
    preview: Preview
    plan: Plan | None
    removal: Removal | None = None
    withdraw: tuple[str, str] | None = None


def plan_revival(
    asked: ReviveRequest, state: EnvironmentState, *, store: GitStore, starter: Starter, now: datetime
) -> ReviveOutcome:
    """Plan one revival. `store` is read for the history that led to `state`.

    Raises `ConfigError`: PreviewNotFound (never there, or removed longer ago), UnreadableEntry, what today's blueprint
    and policy refuse; `Stalled` (CapacityExhausted) when there is no room.
    """
    there = state.request(asked.key) or state.entry(asked.key)
    if there is not None:
        return _there(asked.key, there, state)
    removal = find_removal(asked.key, state, store, now=now)
    before = removal.record.preview
    if before is None:
        raise _unreadable(asked.key, removal)
    draft = _draft(asked, before, state, now)
    preview, rendering = starter.rendered(draft, state.environment, state.library)
    must_not_share(rendering.manifests, state)
    check_room(preview, room_for(asked.key, state), state.environment)
    commit = removal.commit.commit
    told = (("Removed-By-Commit", commit),)
    attribution = Attribution(asked.requested_by, "revive", f", removed by {commit[:12]}", told)
    return ReviveOutcome("revived", preview, start_plan(preview, rendering, state, attribution), removal)


def _there(key: IssueKey, record: EntryRecord, state: EnvironmentState) -> ReviveOutcome:
    if record.preview is None:
        raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
    if key.name in state.removals:
        branch = target(key, state)[0]
        return ReviveOutcome("kept", record.preview, None, withdraw=(branch, state.request_heads[key.name]))
    return ReviveOutcome("unchanged", record.preview, None)


def find_removal(key: IssueKey, state: EnvironmentState, store: GitStore, *, now: datetime) -> Removal:
    """The newest removal of an entry that is not there, made in the last `KEPT`. Raises `ConfigError`."""
    # Git reads no further back than asked; the whole history only to tell why there is nothing to bring back.
    recent = recent_removal(key, state, store, now=now)
    if recent is not None:
        return recent
    older = _newest_removal(key, state, store, since=None)
    name = state.environment.name
    remedy: ToDo = Remedy(RemedyKind.SEE_HISTORY, About(name))
    if older is None:
        what = f"there never was a preview of {key} in {name}"
    else:
        at, days = format_time(older.commit.at), KEPT.days
        what = f"the preview of {key} in {name} was removed at {at}, more than {days} days ago"
        remedy = f"start it anew; 'git show {older.commit.commit[:12]}' tells what it was"
    raise ConfigError(Reason.PREVIEW_NOT_FOUND, Fault(what, remedy=remedy))


def recent_removal(key: IssueKey, state: EnvironmentState, store: GitStore, *, now: datetime) -> Removal | None:
    """The newest removal of an entry that is not there, made in the last `KEPT`; None: there is none."""
    return _newest_removal(key, state, store, since=now - KEPT)


def _newest_removal(
    key: IssueKey, state: EnvironmentState, store: GitStore, *, since: datetime | None
) -> Removal | None:
    folder = preview_folder(state.environment.name, key)
    path = folder / ENTRY_FILE
    for commit in store.log(state.snapshot, below=folder, since=since):
        before = store.before(state.snapshot, commit)
        if before is None or path in store.at(state.snapshot, commit.commit).read([path]):
            continue
        text = before.read([path]).get(path)
        if text is not None:
            return Removal(commit, entry_record(path, text, before, state.environment.name))
    return None


def _unreadable(key: IssueKey, removal: Removal) -> ConfigError:
    commit = removal.commit.commit[:12]
    head = f"the entry of {key} could not be read when {commit} removed it"
    remedy = f"start it anew; 'git show {commit}' tells what it was"
    faults = (Fault(head, remedy=remedy), *removal.record.faults)
    return ConfigError(Reason.UNREADABLE_ENTRY, faults)


def _draft(asked: ReviveRequest, before: Preview, state: EnvironmentState, now: datetime) -> Preview:
    environment, spec = state.environment, before.spec
    components = spec.components
    blueprint = state.library.blueprint(spec.blueprint)
    check_fits(components, blueprint)
    check_policy(components, compute_of(Request(compute=spec.compute), environment, blueprint), environment)
    lease = _lease(asked, before, environment, now)
    need = need_of(asked.requested_by, components, spec.compute)
    shard = find_shard(need, room_for(asked.key, state), environment, before=spec.shard)
    return checked({"metadata": before.metadata, "spec": {**spec.wanted, "lease": lease, "shard": shard}})


def _lease(asked: ReviveRequest, before: Preview, environment: Environment, now: datetime) -> dict[str, object]:
    """A fresh lease of the length asked for, else of the one before, in office hours if that was."""
    old = before.spec.lease
    return new_lease(asked.requested_by, now, asked.ttl or old.ttl, environment, office_hours=old.office_hours)
