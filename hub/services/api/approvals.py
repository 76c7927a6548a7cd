"""Changes of gated environments that await a review: whose, since when, and where they are reviewed."""

from __future__ import annotations

from collections.abc import Iterator

from generator.errors import ConfigError, Reason, Transient
from generator.values.naming import IssueKey, preview_folder
from hub.services.api.context import Api, Data
from hub.services.api.told import moment
from hub.store import operations
from hub.store.operations import Operation, Which
from reconcilers.ports.git import Snapshot as Branch
from reconcilers.state.environment import EnvironmentState, request_branch
from reconcilers.state.history import blocks

#: Operations of one preview among which the one with its pull request is looked for.
_NEWEST = 20


def approvals_of(api: Api, state: EnvironmentState) -> Iterator[Data]:
    """Those of one environment, by name."""
    awaiting = {record.name for record in state.requests} | state.removals
    for name in sorted(awaiting & state.request_snapshots.keys()):
        try:
            issue = IssueKey.parse(name.upper())
        except ConfigError:  # a branch that somebody called otherwise
            continue
        yield _approval(api, state, issue, state.request_snapshots[name])


def _approval(api: Api, state: EnvironmentState, issue: IssueKey, branch: Branch) -> Data:
    env, is_there = state.environment.name, state.entry(issue) is not None
    action = "removal" if issue.name in state.removals else "update" if is_there else "start"
    reviewed = review_of(api, f"{env}/{issue}")
    review = (reviewed.review if reviewed else None) or {}
    return {
        "issue": str(issue), "environment": env, "action": action, "branch": request_branch(env, issue),
        "requestedBy": requester_of(api, state, issue, branch), "requestedAt": moment(branch.committed_at),
        "request": review.get("request"), "notYet": review.get("notYet"),
    }  # fmt: skip


def review_of(api: Api, key: str) -> Operation | None:
    """The newest operation on a preview that has a pull request; None too where the database does not answer."""
    try:
        with api.jobs.database.read() as connection:
            found = operations.listed(connection, Which(key), limit=_NEWEST)
    except Transient as err:
        if err.reason is not Reason.DATABASE_UNREACHABLE:
            raise
        return None
    return next((one for one in found if one.review and one.review.get("request")), None)


def requester_of(api: Api, state: EnvironmentState, issue: IssueKey, branch: Branch) -> str:
    """Who asked last, by the request branch's newest commit. Kept by commit: it never changes."""
    known = api.requesters.get(branch.commit)
    if known is None:
        name = f"{state.environment.name}/{issue.name}"
        folder = preview_folder(state.environment.name, issue)
        newest = next(iter(api.repository.store.log(branch, below=folder)), None)
        told = next((dict(block) for about, block in blocks(newest.trailers) if about == name), {}) if newest else {}
        known = told.get("Requested-By") or (newest.author if newest else "")
        if len(api.requesters) > 1000:
            api.requesters.clear()
        api.requesters[branch.commit] = known
    return known
