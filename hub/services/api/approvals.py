"""Changes of gated environments that await a review: whose, since when, and where they are reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from generator.errors import ConfigError
from generator.values.naming import IssueKey, preview_folder
from hub.services.api.context import Api, Data, or_none
from hub.services.api.told import moment
from hub.store import operations
from hub.store.operations import Operation, Which
from reconcilers.ports.git import Snapshot as Branch
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.history import events_of

#: Operations of one preview among which the one with its pull request is looked for.
_NEWEST = 20


def awaiting(state: EnvironmentState) -> set[str]:
    """The names of previews of an environment with a change that awaits a review."""
    return {record.name for record in state.requests} | state.removals


def approvals_of(api: Api, state: EnvironmentState) -> Iterator[Data]:
    """Those of one environment, by name."""
    for name in sorted(awaiting(state) & state.request_snapshots.keys()):
        try:
            issue = IssueKey.parse(name.upper())
        except ConfigError:  # a branch that somebody called otherwise
            continue
        yield _approval(api, state, issue, state.request_snapshots[name])


def _approval(api: Api, state: EnvironmentState, issue: IssueKey, branch: Branch) -> Data:
    env, is_there = state.environment.name, state.entry(issue) is not None
    action = "removal" if issue.name in state.removals else "update" if is_there else "start"
    review = review_of(newest_of(api, f"{env}/{issue}"))
    return {
        "issue": str(issue), "environment": env, "action": action, "branch": request_branch(env, issue),
        "requestedBy": requester_of(api, state, issue, branch), "requestedAt": moment(branch.committed_at),
        "request": review.get("request"), "notYet": review.get("notYet"),
    }  # fmt: skip


def newest_of(api: Api, key: str) -> Sequence[Operation]:
    """The newest operations on a preview, the newest first; none too where the database does not answer."""

    def read() -> Sequence[Operation]:
        with api.jobs.database.read() as connection:
            return operations.listed(connection, Which(key), limit=_NEWEST)

    return or_none(read) or ()


def review_of(newest: Iterable[Operation]) -> Mapping[str, Any]:
    """What the newest of them that has a pull request tells of it; empty: none has."""
    return next((one.review for one in newest if one.review and one.review.get("request")), {})


def requester_of(api: Api, state: EnvironmentState, issue: IssueKey, branch: Branch) -> str:
    """Who asked last, by the request branch's newest commit. Kept by commit: it never changes."""
    known, env = api.requesters.get(branch.commit), state.environment.name
    if known is None:
        newest = next(api.repository.store.log(branch, below=preview_folder(env, issue)), None)
        known = next(events_of(newest, env, issue)).who if newest is not None else ""
        if len(api.requesters) > 1000:
            api.requesters.clear()
        api.requesters[branch.commit] = known
    return known
