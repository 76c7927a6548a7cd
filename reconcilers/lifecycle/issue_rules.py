"""What follows from an issue as it is now: in each environment, a start, a stop, or nothing and why. Pure.

Only what a project's rule started is stopped by it, and only because of what was read: an issue that cannot be seen
stops nothing. A status decides over a label, and stopping over starting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from generator.model.entry import Wanted
from generator.model.services import ProjectRule
from generator.values.naming import IssueKey
from reconcilers.ports.images import image_name
from reconcilers.ports.issues import Issue, IssueHistory
from reconcilers.state.environment import EnvironmentState

Change = Literal["start", "stop", "nothing"]
#: What names of those who ask begin with where a rule of issues, or of pull requests, asks.
BY_ISSUES, BY_PULLS = "jira/", "github/"


@dataclass(frozen=True, slots=True)
class Seen:
    """A preview, or its request in line, as it was observed: whose it is, empty for nobody's; images by component."""

    requested_by: str
    images: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do in one environment, and why, for people."""

    environment: str
    change: Change
    why: str


def rule_name(project: str) -> str:
    """Who asks for what a project's rule starts. No login of a forge has '/'."""
    return f"{BY_ISSUES}{project}"


def is_rule(requested_by: str) -> bool:
    """Whether a project's rule asked, of issues or of pull requests, and no person."""
    return requested_by.startswith((BY_ISSUES, BY_PULLS))


def seen_in(state: EnvironmentState, key: IssueKey) -> Seen | None:
    """The preview of an issue, or its request in line; None: there is neither.

    One whose entry cannot be read is nobody's that a rule may touch.
    """
    if record := state.entry(key) or state.request(key):
        if record.preview is None:
            return Seen("", {})
        return _seen(record.preview.spec.lease.requested_by, record.preview.spec)
    if waits := state.in_queue(key):
        return _seen(waits.queued.spec.lease.requested_by, waits.queued.spec) if waits.queued else Seen("", {})
    return None


def _seen(requested_by: str, wanted: Wanted) -> Seen:
    return Seen(requested_by, {name: one.image for name, one in wanted.components.items()})


def decide(
    key: IssueKey, issue: Issue | None, rules: Mapping[str, ProjectRule], seen: Mapping[str, Seen]
) -> tuple[Decision, ...]:
    """One decision for each environment of `rules`. `seen`: the previews of `key` there, by environment."""
    return tuple(_decided(key, issue, name, rule, seen.get(name)) for name, rule in sorted(rules.items()))


def _decided(key: IssueKey, issue: Issue | None, name: str, rule: ProjectRule, seen: Seen | None) -> Decision:
    if issue is None:
        return Decision(name, "nothing", f"{key} is not there, or the hub's account at Jira may not see it")
    if issue.key != key:
        return Decision(name, "nothing", f"{key} is {issue.key} now")
    return decided(name, *_wanted(issue, rule), seen, ours=rule_name(key.project))


def asks_since(issue: Issue, rule: ProjectRule, history: IssueHistory) -> datetime:
    """Since when an issue that asks for a preview has done so without a break."""
    before = issue
    for change in history.changes:
        status = before.status_id if change.status_id is None else change.status_id
        labels = before.labels if change.labels is None else change.labels
        before = replace(before, status_id=status, labels=labels, is_done=False)
        if _wanted(before, rule)[0] != "start":
            return change.at
    return history.since


def decided(name: str, wanted: Change, why: str, seen: Seen | None, *, ours: str) -> Decision:
    """What to do where `wanted` is asked for by a rule whose previews are of the requester `ours`.

    A start of what is there says that its images have to be compared (`as_asked`).
    """
    if wanted == "start":
        if seen is not None and seen.requested_by != ours:
            return Decision(name, "nothing", f"{_whose(seen)} is there already")
        return Decision(name, "start", why)
    if seen is None:
        return Decision(name, "nothing", f"{why}, and there is no preview")
    if seen.requested_by != ours:
        return Decision(name, "nothing", f"{_whose(seen)} is no preview that this rule started")
    return Decision(name, wanted, why)


def as_asked(decision: Decision, seen: Seen | None, images: Mapping[str, str]) -> Decision:
    """A start, or nothing where a preview of these images is there. Tags beside digests do not count."""
    if seen is None:
        return decision
    if all(name in seen.images and _same(seen.images[name], image) for name, image in images.items()):
        return replace(decision, change="nothing", why=f"{decision.why}, and it is there as that asks")
    return replace(decision, why=f"{decision.why}, and it is there with other images")


def _same(one: str, other: str) -> bool:
    return image_name(one) == image_name(other)


def _whose(seen: Seen) -> str:
    return f"one of {seen.requested_by}" if seen.requested_by else "one whose entry cannot be read"


def _wanted(issue: Issue, rule: ProjectRule) -> tuple[Change, str]:
    """What an issue asks for where nothing is known of its previews, and why."""
    start, stop = rule.start_on, rule.stop_on
    if start is None:
        return "nothing", "no status or label of issues starts previews"
    if stop is not None:
        if issue.status_id in stop.status_ids:
            return "stop", f"status {issue.status_id} stops previews"
        if label := min(issue.labels & {*stop.labels}, default=""):
            return "stop", f"label {label} stops previews"
    if issue.status_id in start.status_ids:
        return "start", f"status {issue.status_id} starts previews"
    if issue.is_done:
        return "stop", f"status {issue.status_id} is one of what is done"
    if label := min(issue.labels & {*start.labels}, default=""):
        return "start", f"label {label} starts previews"
    left = f"neither status {issue.status_id} nor a label starts previews"
    return ("stop", left) if stop is None else ("nothing", f"{left}, nor stops them")
