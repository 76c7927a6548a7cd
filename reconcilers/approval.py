"""The approval reconciler: each request to change a gated environment is merged when it may be, closed when it may not.

A pass merges one request at most: the next is judged by what then stands. Forges are asked again in the next run for
whatever a crash or a lost answer left undone; every step may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconcilers.approve import Verdict, Wait, judge
from reconcilers.forge import ChangeRequest
from reconcilers.passes import Action, Pass
from reconcilers.requests import Requests
from reconcilers.state import EnvironmentState

NAME = "approval"
#: Requests that ended longer ago are not asked for.
LOOK_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Judged:
    """One open request of a preview (`rtb-123`), and what becomes of it now."""

    name: str
    request: ChangeRequest
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ApprovalPass(Pass):
    """What becomes of the requests of one environment.

    `judged` are the open ones, by number; the first whose verdict is "merge" is merged. `unasked` are previews whose
    request branch no request stands for: one is opened. `left_over` maps request branches that were merged to their
    commits: they are deleted.
    """

    judged: tuple[Judged, ...] = ()
    unasked: tuple[str, ...] = ()
    left_over: tuple[tuple[str, str], ...] = ()

    @property
    def merging(self) -> Judged | None:
        """The one that is merged."""
        return next((one for one in self.judged if one.verdict.kind == "merge"), None)


def plan_approval(state: EnvironmentState, found: Requests, *, now: datetime) -> ApprovalPass:
    """The pass at `now` (aware). Without `approval` in the environment's file nothing is merged, which is reported."""
    environment = state.environment
    policy = environment.spec.approval
    if policy is None:
        why = "its file names nobody who approves (approval.team): nothing is merged by itself"
        return ApprovalPass(NAME, environment.name, (Action("report", environment.name, why),))
    judged = tuple(
        Judged(name, one.request, judge(one, policy, now=now) if name in state.request_snapshots else _GONE)
        for name, one in sorted(found.open, key=lambda pair: pair[1].request.number)
    )
    asked = {name for name, _ in found.open}
    ended = {(name, request.head): request for name, request in found.ended}
    asks = {record.name for record in state.requests} | state.removals
    unasked: list[str] = []
    left_over: list[tuple[str, str]] = []
    rejected: list[Action] = []
    for name, snapshot in sorted(state.request_snapshots.items()):
        before = ended.get((name, snapshot.commit))
        if name in asked:
            continue
        if name not in asks or (before is not None and before.state == "merged"):
            left_over.append((snapshot.branch, snapshot.commit))
        elif before is None:
            unasked.append(name)
        else:
            rejected.append(_rejected(environment.name, name, before))
    planned = ApprovalPass(NAME, environment.name, judged=judged, unasked=tuple(unasked), left_over=tuple(left_over))
    return replace(planned, actions=(*_actions(planned), *rejected))


_GONE = Verdict("close", "its branch is gone", waits=(Wait("content", "its branch is gone"),))


def _actions(found: ApprovalPass) -> Iterator[Action]:
    where = found.environment
    for one in found.judged:
        about = f"request {one.request.number}"
        verdict = one.verdict
        if one is found.merging:
            yield Action("merge", f"{where}/{one.name}", f"{about}: {verdict.why}")
        elif verdict.kind == "close":
            yield Action("close", f"{where}/{one.name}", f"{about}: {verdict.why}")
        else:
            why = "it is the next one's turn" if verdict.kind == "merge" else verdict.why
            yield Action("wait", f"{where}/{one.name}", f"{about}: {why}")
    for name in found.unasked:
        yield Action("open", f"{where}/{name}", "its branch has no request yet")
    for branch, _ in found.left_over:
        yield Action("tidy", where, f"branch {branch} asks for nothing any more")


def _rejected(environment: str, name: str, request: ChangeRequest) -> Action:
    again = f"'rtb-hub stop {name.upper()} --env {environment}' takes the branch away, 'start' asks anew"
    return Action("wait", f"{environment}/{name}", f"request {request.number} was closed: {again}")
