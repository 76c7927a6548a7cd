"""One preview: what there is of it, what happened to it, what differs, and what its cluster tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from pathlib import PurePosixPath
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from generator.errors import ConfigError, Fault, Reason, Transient
from generator.objects.diff import compare
from generator.objects.manifest import Manifest, manifests_in
from generator.values.formats import format_time
from generator.values.naming import MANIFEST_FILE, IssueKey, preview_folder
from hub.services.api.context import Api, ApiOf, CallerOf, Data
from hub.services.api.limits import StrictRoute
from hub.services.api.permitted import why_not
from hub.services.api.reads import Env, Key, found, not_found, state_of, told
from hub.services.api.rights import Caller
from hub.services.api.shapes import plans as differences
from hub.services.api.shapes import previews as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.snapshot import preview_data
from hub.services.api.told import moment, operation_told
from hub.store import operations
from hub.store.operations import Operation, Which
from hub.views.plans import differences_data
from hub.views.queue import describe_place
from reconcilers.lifecycle.operated import OPERATION
from reconcilers.ports.git import Snapshot as Branch
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.history import Event, Home, read_history

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
#: Operations of one preview that its history is put together with.
_OPERATIONS = 1000


@router.get("/previews/{env}/{key}", responses=tells(shapes.OnePreview), response_model=None)
def preview(env: Env, key: Key, request: Request, api: ApiOf, caller: CallerOf) -> Response:
    """One preview: live, asked for, or waiting for room; and what the caller may do about it."""
    snapshot = api.snapshot
    issue = IssueKey.parse(key)
    place = env, str(issue)
    listed, waiting = snapshot.by_place.get(place), snapshot.waiting.get(place)
    if listed is None and waiting is None:
        raise not_found(snapshot, env, issue)
    may = {one: why_not(snapshot, caller, one, env, issue) for one in ("extend", "stop", "revive", "sleep", "wake")}

    def tell() -> Data:
        return {
            "preview": None if listed is None else preview_data(listed, now=api.clock()),
            "place": describe_place(waiting) if listed is None and waiting is not None else None,
            "may": may,
        }

    return told(request, snapshot, tell, by=may)


@router.get("/previews/{env}/{key}/manifest", response_class=PlainTextResponse)
def manifest(env: Env, key: Key, api: ApiOf) -> Response:
    """The manifests as they are committed."""
    snapshot = api.snapshot
    listed = found(snapshot, env, key)
    state = state_of(snapshot, env)
    record = state.request(listed.key) if listed.is_request else state.entry(listed.key)
    text = state.manifest_beside(record) if record is not None else None
    if text is None:
        raise ConfigError(Reason.NOT_FOUND, f"there is no manifest beside the entry of {key[:40]} in {env}")
    return Response(text, media_type="text/plain; charset=utf-8")


@router.get("/previews/{env}/{key}/causes", responses=tells(shapes.Causes), response_model=None)
def causes(env: Env, key: Key, api: ApiOf) -> Data:
    """Its phase by its cluster, why, whose job that is, and what to do; or why nothing is known."""
    return api.clusters.told(state_of(api.snapshot, env), IssueKey.parse(key)).data()


@router.get("/previews/{env}/{key}/history", responses=tells(shapes.History), response_model=None)
def history(
    env: Env, key: Key, api: ApiOf, caller: CallerOf,
    after: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Data:  # fmt: skip
    """Who changed it, when and why, the newest first: by Git, and by operations that changed nothing."""
    issue = IssueKey.parse(key)
    events = list(_events(api, state_of(api.snapshot, env), issue))
    asked, unread = _operations(api, caller, f"{env}/{issue}")
    lines = _lines(events, asked)
    begin = 0
    if after:
        begin = next((number for number, one in enumerate(lines, 1) if one["id"] == after), 0)
        if not begin:
            fault = Fault(f"{after[:80]!r} is no event of it", field="after", remedy="begin again without it")
            raise ConfigError(Reason.INVALID_VALUE, fault)
    page, more = lines[begin : begin + limit], begin + limit < len(lines)
    return {"events": page, "next": page[-1]["id"] if more else None, "more": more, "unread": unread}


def _events(api: Api, state: EnvironmentState, issue: IssueKey) -> Iterator[Event]:
    home = Home(state.environment.name, state.snapshot, state.request_snapshots)
    return read_history([home], api.repository.store, key=issue)


def _operations(api: Api, caller: Caller, key: str) -> tuple[dict[str, Operation], str | None]:
    """What was asked for, by id, the newest first; and why that is not known. A service sees its own."""
    own = caller.id if caller.kind == "service" else None
    try:
        with api.jobs.database.read() as connection:
            rows = operations.listed(connection, Which(key, own), limit=_OPERATIONS)
    except Transient as err:
        return {}, err.words
    return {one.id: one for one in rows}, None


def _lines(events: Sequence[Event], asked: dict[str, Operation]) -> list[Data]:
    """Commits in Git's order with what was asked for, and between them, by time, what led to none."""
    named = {dict(one.details).get(OPERATION) for one in events}
    commits = [_commit(one, asked.get(dict(one.details).get(OPERATION, ""))) for one in events]
    others = [_operation(one) for one in asked.values() if one.id not in named]
    return list(merge(commits, others, key=lambda one: one["at"], reverse=True))


def _commit(one: Event, operation: Operation | None) -> Data:
    return {
        "id": one.commit, "kind": "commit", "at": format_time(one.at), "action": one.action, "who": one.who,
        "why": one.why, "commit": one.commit, "subject": one.subject, "details": dict(one.details),
        "awaits": one.awaits or None, "operation": operation_told(operation) if operation else None,
    }  # fmt: skip


def _operation(one: Operation) -> Data:
    return {
        "id": one.id, "kind": "operation", "at": moment(one.created_at), "action": one.kind.rpartition(".")[2],
        "who": one.requested_by, "why": str(one.request.get("reason") or ""), "commit": None, "subject": None,
        "details": {}, "awaits": None, "operation": operation_told(one),
    }  # fmt: skip


@router.get("/previews/{env}/{key}/diff", responses=tells(differences.Difference), response_model=None)
def difference(env: Env, key: Key, api: ApiOf) -> Data:
    """What its last change changed, object by object; of one that awaits a review, what that would change."""
    snapshot, issue = api.snapshot, IssueKey.parse(key)
    state = state_of(snapshot, env)
    newest = next(_events(api, state, issue), None)
    if newest is None:
        raise not_found(snapshot, env, issue)
    path, live = preview_folder(env, issue) / MANIFEST_FILE, state.snapshot
    request = state.request_snapshots.get(issue.name)
    old: Branch | None
    new: Branch | None
    if issue.name in state.removals:
        of, old, new = "removal request", live, None
    elif request is not None and state.request(issue) is not None:
        of, old, new = "open request", live if state.entry(issue) is not None else None, request
    else:
        of, old, new = "last change", _parent(api, live, newest.commit, path.parent), live
    before, after = (_at(branch, path) if branch is not None else () for branch in (old, new))
    commits = [
        branch.commit if branch is not None and there else None for branch, there in ((old, before), (new, after))
    ]
    if of == "last change" and after:
        commits[1] = newest.commit  # the branch went on, and this preview with it as it was
    return {
        "of": of, "at": format_time(newest.at), "who": newest.who, "action": newest.action, "before": commits[0],
        "after": commits[1], **differences_data(compare(before, after)),
    }  # fmt: skip


def _at(branch: Branch, path: PurePosixPath) -> tuple[Manifest, ...]:
    """The objects in a file; none where there is none. Raises `ConfigError` for one that cannot be read."""
    return manifests_in(branch.read([path]).get(path) or b"", str(path))


def _parent(api: Api, live: Branch, commit: str, below: PurePosixPath) -> Branch | None:
    """The branch before a commit of its history; None: there was nothing."""
    store = api.repository.store
    changed = next((one for one in store.log(live, below=below) if one.commit == commit), None)
    return store.before(live, changed) if changed is not None else None
