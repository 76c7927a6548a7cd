"""What a hint of Jira comes to: the issue is read again, and jobs follow that start or stop what its rule says.

They are jobs of their own, so that they run one at a time with all others of the preview; each is refused where the
preview is another's when its turn comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from generator.errors import ConfigError, Fault, Reason, Waiting
from generator.model.services import SERVICES_FILE, ProjectRule
from generator.values.naming import IssueKey
from hub.queue.payloads import SCHEMA, IssueHint
from hub.queue.port import Finished
from hub.store.ids import derived
from hub.store.jobs import Job, JobRow
from reconcilers.lifecycle.issue_rules import Decision, decide, pinned, rule_name, seen_in, unresolved
from reconcilers.plan import one_line
from reconcilers.ports.issues import Issues
from reconcilers.state.project_rules import project_rules
from reconcilers.state.reading import Reading

#: So long an image is waited for since the hint came; looked for after a quarter of what it took so far, within these.
GIVE_UP, _FIRST, _MOST = timedelta(hours=1), timedelta(seconds=15), timedelta(minutes=5)


def follow(hint: IssueHint, row: JobRow, reading: Reading, issues: Issues | None, *, now: datetime) -> Finished:
    """What follows from an issue as it is now, with jobs for it. `now`: the database's time.

    Raises `Waiting` (ImageNotThere) while an image of a start is not known by its digest, `ConfigError` (the same
    reason) after an hour of that, `ConfigError` (InvalidValue) where a rule needs Jira and none is set, and what
    reading the repository and Jira raises.
    """
    key = IssueKey.parse(hint.issue)
    rules = project_rules(reading.environments, key.project)
    if not rules:
        return Finished({"change": "nothing", "why": f"{SERVICES_FILE} has no rule for project {key.project}"})
    if issues is None:
        message = f"{SERVICES_FILE} has a rule for project {key.project}, and its issues cannot be read"
        remedy = "set RTB_HUB_JIRA_URL, RTB_HUB_JIRA_EMAIL and RTB_HUB_JIRA_TOKEN of the worker"
        raise ConfigError(Reason.INVALID_VALUE, Fault(message, field="RTB_HUB_JIRA_URL", remedy=remedy))
    issue = issues.read(key)
    seen = {name: found for name in rules if (found := seen_in(reading.state(name), key))}
    decisions = decide(key, issue, rules, seen)
    lacking = [one for one in decisions if one.change == "start" and [*unresolved(rules[one.environment].images)]]
    jobs = [_job(one, key, rules[one.environment], row) for one in decisions if one not in lacking]
    follow_ups = tuple(job for job in jobs if job is not None)
    if lacking:
        if not follow_ups:
            raise _not_there(key, lacking, rules, waited=now - row.created_at)
        again = derived(row.id, "again")
        follow_ups += (Job(again, row.queue, row.name, {**row.payload, "id": again}, row.key, True, parent=row.id),)
    told = [{"environment": one.environment, "change": one.change, "why": one_line(one.why)} for one in decisions]
    return Finished({"change": "decided", "decisions": told}, follow_ups)


def _job(decision: Decision, key: IssueKey, rule: ProjectRule, row: JobRow) -> Job | None:
    """The job that does it. It replaces none that somebody asked for meanwhile, and waits for those before it."""
    if decision.change == "nothing":
        return None
    name, ours = decision.environment, rule_name(key.project)
    payload: dict[str, Any] = {
        "schema": SCHEMA, "id": derived(row.id, name), "issue": str(key), "environment": name,
        "requestedBy": {"kind": "service", "id": ours, "via": "jira"}, "ifStartedBy": ours,
        "reason": one_line(decision.why)[:500],
    }  # fmt: skip
    if decision.change == "start":
        payload |= {"images": pinned(rule.images), "blueprint": rule.blueprint}
    return Job(payload["id"], row.queue, f"preview.{decision.change}", payload, f"{name}/{key}", parent=row.id)


def _not_there(
    key: IssueKey, lacking: Sequence[Decision], rules: Mapping[str, ProjectRule], *, waited: timedelta
) -> Waiting | ConfigError:
    name = lacking[0].environment
    component, image = next(unresolved(rules[name].images))
    tag = (image.tag or "").replace("{key}", str(key))
    message = f"{key} in {name} waits for the image of {component}: no digest of {image.repository}:{tag} is known"
    remedy = "have CI start it with digests, or give the component a digest in hub/services.yaml"
    fault = Fault(message, field=f"projects.{key.project}.images.{component}", remedy=remedy)
    if waited >= GIVE_UP:
        return ConfigError(Reason.IMAGE_NOT_THERE, fault)
    pause = min(max(waited / 4, _FIRST), _MOST)
    return Waiting(Reason.IMAGE_NOT_THERE, fault, retry_after_seconds=pause.total_seconds())
