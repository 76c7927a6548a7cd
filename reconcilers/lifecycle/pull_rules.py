"""What follows from a pull request or a branch as it is now: in each environment a start, a stop, or nothing. Pure.

A preview of an issue may come of several repositories' pull requests: any that asks for it is enough, and it is stopped
when the one that changed ended or asks no more, and no other does. A branch that is gone stops nothing: its pull
request is closed, or its lease ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from generator.model.services import ProjectRule, PullRule
from generator.values.naming import IssueKey
from reconcilers.lifecycle.issue_rules import BY_PULLS, Change, Decision, Seen, decided
from reconcilers.ports.sources import Work

#: The checks of a work's commit that passed.
Passed = Callable[[Work], frozenset[str]]


def pull_rule_name(project: str) -> str:
    """Who asks for what a project's rule of pull requests starts. No login of a forge has '/'."""
    return f"{BY_PULLS}{project}"


@dataclass(frozen=True, slots=True)
class Works:
    """`changed`: what was read anew; `others`: the other open pull requests of the issue."""

    changed: Work
    others: tuple[Work, ...]
    passed: Passed


def decide_pull(
    key: IssueKey, works: Works, rules: Mapping[str, ProjectRule], seen: Mapping[str, Seen]
) -> tuple[Decision, ...]:
    """One decision for each environment of `rules`, which have `pull_requests`."""
    ours = pull_rule_name(key.project)
    found = []
    for name, rule in sorted(rules.items()):
        if rule.pull_requests is not None:
            wanted, why = _wanted(works, rule.pull_requests)
            found.append(decided(name, wanted, why, seen.get(name), ours=ours))
    return tuple(found)


def _wanted(works: Works, rule: PullRule) -> tuple[Change, str]:
    changed = works.changed
    if changed.is_foreign:
        return "nothing", f"{_told(changed)} is of a fork"
    known = {one.casefold() for one in rule.repositories}
    for work in (changed, *works.others):
        if work.is_open and not work.is_foreign and work.repository.casefold() in known:
            why = _asks(work, rule, works.passed)
            if why:
                return "start", f"{_told(work)} {why}"
    if changed.number is None:
        return "nothing", f"{_told(changed)} did not pass {', '.join(rule.checks) or 'checks that start previews'}"
    left = "is closed" if not changed.is_open else "asks for no preview"
    return "stop", f"{_told(changed)} {left}, and no other pull request of the issue does"


def _asks(work: Work, rule: PullRule, passed: Passed) -> str:
    """Why a work asks for a preview; empty: it does not."""
    if label := min(work.labels & {*rule.labels}, default=""):
        return f"has the label {label}"
    if rule.checks and {*rule.checks} <= passed(work):
        return f"passed {', '.join(rule.checks)}"
    return ""


def _told(work: Work) -> str:
    return f"{work.repository}#{work.number}" if work.number else f"branch {work.branch} of {work.repository}"
