"""Checks of a commit on GitHub: check runs, which Apps report, and commit statuses, which anyone who may write can."""

from __future__ import annotations

from hub.adapters.github.answers import CheckRun, Status, read_all
from hub.adapters.github.calls import GitHubCalls, senseless
from hub.adapters.http import Route
from reconcilers.ports.forge import Check, CheckState

#: Of several runs of one name by one App the worst counts: a green one beside it proves nothing.
_WORST: dict[CheckState, int] = {"failed": 0, "pending": 1, "passed": 2}
_PASSED = ("success", "neutral", "skipped")


def read_checks(calls: GitHubCalls, commit: Route) -> tuple[Check, ...]:
    """All checks of the commit, sorted. Raises `Transient` when GitHub lists fewer runs than it counts."""
    found: dict[tuple[str, str], CheckState] = {}
    for run in _runs(calls, commit.below("check-runs")):
        key = (run.name, run.app.slug if run.app else "")
        found[key] = min(found.get(key, "passed"), _state_of(run), key=_WORST.__getitem__)
    checks = [Check(name, state, source) for (name, source), state in found.items()]
    return tuple(sorted([*checks, *_statuses(calls, commit)], key=lambda check: (check.name, check.source)))


def _runs(calls: GitHubCalls, route: Route) -> list[CheckRun]:
    counted = calls.get(route, {"per_page": 100, "filter": "latest"}).data
    runs = read_all(CheckRun, calls.pages(route, {"filter": "latest"}, key="check_runs"), where=calls.where)
    if not isinstance(counted, dict) or counted.get("total_count") != len(runs):
        raise senseless(calls.where, route.path)
    return runs


def _state_of(run: CheckRun) -> CheckState:
    if run.status != "completed" or run.conclusion is None:
        return "pending"
    return "passed" if run.conclusion in _PASSED else "failed"


def _statuses(calls: GitHubCalls, commit: Route) -> list[Check]:
    """The latest status of each context by each account; GitHub lists the newest first."""
    latest: dict[tuple[str, str], Status] = {}
    for status in read_all(Status, calls.pages(commit.below("statuses")), where=calls.where):
        latest.setdefault((status.context, status.creator.login if status.creator else ""), status)
    states: dict[str, CheckState] = {"success": "passed", "pending": "pending"}
    return [Check(context, states.get(one.state, "failed"), source) for (context, source), one in latest.items()]
