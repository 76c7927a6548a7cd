"""The approval reconciler: each request to change a gated environment is merged when it may be, closed when it may not.

A pass merges one request at most: the next is judged by what then stands. Forges are asked again in the next run for
whatever a crash or a lost answer left undone; every step may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from generator.errors import Fault, declared
from generator.model.lifecycle import Approval
from generator.values.formats import format_time
from generator.values.quantities import duration
from reconcilers.approval.observer import Requests
from reconcilers.approval.verdict import Observed, Verdict, Wait, deadline_of, judge
from reconcilers.ports.forge import ChangeRequest
from reconcilers.results import Action, ReconcileResult, SetAside
from reconcilers.state.environment import EnvironmentState, issue_of

NAME = "approval"
#: Kinds of actions that are carried out at the forge, not by a commit.
AT_FORGE = frozenset({"merge", "close", "open", "tidy"})
#: Requests that ended longer before their deadline's length are not asked for.
LOOK_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Judged:
    """One open request of a preview (`rtb-123`), and what becomes of it now."""

    name: str
    request: ChangeRequest
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ApprovalResult(ReconcileResult):
    """What becomes of the requests of one environment.

    `judged` are the open ones, by number; the first whose verdict is "merge" is merged, and when the forge refuses that
    the one after it. `unasked` are previews whose request branch no request stands for: one is opened. `left_over` maps
    request branches that nobody waits for any more to their commits: they are deleted.
    """

    judged: tuple[Judged, ...] = ()
    unasked: tuple[str, ...] = ()
    left_over: tuple[tuple[str, str], ...] = ()

    @property
    def merging(self) -> Judged | None:
        """The one that is merged."""
        return next((one for one in self.judged if one.verdict.kind == "merge"), None)


def since(policy: Approval, now: datetime) -> datetime:
    """From when on ended requests are asked for: a rejected one is known until its branch goes, at its deadline."""
    return now - duration(policy.deadline) - LOOK_BACK


def without_policy(environment: str) -> ApprovalResult:
    """The pass of an environment that names a forge, but nobody who approves."""
    why = "its file names nobody who approves (approval.team): nothing is merged by itself"
    return ApprovalResult(NAME, environment, (Action("report", environment, why),))


def plan_approval(state: EnvironmentState, found: Requests, policy: Approval, *, now: datetime) -> ApprovalResult:
    """The pass at `now` (aware)."""
    where = state.environment.name
    aside = [_aside(f"{where}/{name}", state.request_snapshots[name].branch, why) for name, why in found.faults.items()]
    judged: list[Judged] = []
    for name, one in sorted(found.open, key=lambda pair: pair[1].request.number):
        verdict, faults = _judged(name, one, state, policy, now=now)
        judged.append(Judged(name, one.request, verdict))
        if faults:
            aside.append(_aside(f"{where}/{name}", one.request.branch, faults))
    asked = {name for name, one in found.open if not one.request.is_foreign}
    ended = {(name, request.head): request for name, request in found.ended}
    asks = {record.name for record in state.requests} | state.removals
    unasked: list[str] = []
    left_over: list[tuple[str, str]] = []
    actions: list[Action] = []
    for name, snapshot in sorted(state.request_snapshots.items()):
        if name in asked or name in found.faults:
            continue
        before = ended.get((name, snapshot.commit))
        why = found.obsolete.get(name, "")
        if before is not None and before.state == "merged":
            why = f"request {before.number} was merged"
        elif before is not None and now >= deadline_of(before, policy):
            why = why or f"request {before.number} was closed, and nobody asked anew within {policy.deadline}"
        if why:
            left_over.append((snapshot.branch, snapshot.commit))
            actions.append(Action("tidy", f"{where}/{name}", f"{snapshot.branch}: {why}"))
        elif before is not None:
            actions.append(_rejected(f"{where}/{name}", before, policy))
        elif name in asks and issue_of(name):
            unasked.append(name)
        else:
            told = f"{snapshot.branch} is no request of the hub's: it is left as it is"
            actions.append(Action("wait", f"{where}/{name}", told))
    planned = ApprovalResult(
        NAME,
        where,
        set_aside=tuple(aside),
        judged=tuple(judged),
        unasked=tuple(unasked),
        left_over=tuple(left_over),
    )
    return replace(planned, actions=(*_actions(planned), *actions))


def _judged(
    name: str, one: Observed, state: EnvironmentState, policy: Approval, *, now: datetime
) -> tuple[Verdict, tuple[Fault, ...]]:
    """The verdict, and mistakes of rtb-hub itself, with which a request waits."""
    try:
        return _verdict(name, one, state, policy, now=now), one.faults
    except Exception as err:  # noqa: BLE001 - the border of a request
        found = declared(f"request {one.request.number} cannot be judged", err)
        return Verdict("wait", found.words, waits=(Wait("content", found.words),)), found.faults


def _aside(preview: str, branch: str, faults: tuple[Fault, ...]) -> SetAside:
    return SetAside(preview, PurePosixPath(branch), faults)


def _verdict(name: str, one: Observed, state: EnvironmentState, policy: Approval, *, now: datetime) -> Verdict:
    """A request whose branch is gone asks for nothing; a foreign one has its branch elsewhere."""
    if name in state.request_snapshots or one.request.is_foreign:
        return judge(one, policy, now=now)
    return Verdict("close", "its branch is gone", waits=(Wait("content", "its branch is gone"),))


def _actions(found: ApprovalResult) -> Iterator[Action]:
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


def _rejected(preview: str, request: ChangeRequest, policy: Approval) -> Action:
    ends = deadline_of(request, policy)
    why = f"request {request.number} was closed: starting it again asks anew; its branch goes at {format_time(ends)}"
    return Action("wait", preview, why, ends)
