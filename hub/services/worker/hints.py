"""What a hint comes to: issue, pull request or branch are read again, and jobs follow that start or stop previews.

They are jobs of their own, so that they run one at a time with all others of the preview; each is refused where the
preview is another's when its turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from generator.model.services import SERVICES_FILE, ProjectRule
from generator.values.formats import image_digest
from generator.values.naming import IssueKey
from hub.actions.images import ImageFinder, Resolved, resolve
from hub.queue.payloads import SCHEMA, BranchHint, IssueHint, PullHint
from hub.queue.port import Finished
from hub.services.worker.awaiting import not_there
from hub.services.worker.stopped import Stops
from hub.services.worker.works import newest, open_works, said_by, sources_of, unset
from hub.store.ids import derived
from hub.store.jobs import Job, JobRow
from reconcilers.lifecycle.issue_rules import Decision, Seen, as_asked, decide, rule_name, seen_in
from reconcilers.lifecycle.pull_rules import Works, decide_pull, pull_rule_name
from reconcilers.lifecycle.rule_images import named
from reconcilers.plan import one_line
from reconcilers.ports.git import GitStore
from reconcilers.ports.images import image_name
from reconcilers.ports.issues import Issues
from reconcilers.ports.sources import Sources, Work, key_in
from reconcilers.state.project_rules import every_rule, project_rules
from reconcilers.state.reading import Reading


@dataclass(frozen=True, slots=True)
class Outside:
    """Who is asked. `store`: of what was read, for its history. None: Jira, registries or GitHub are not asked."""

    store: GitStore
    issues: Issues | None = None
    images: ImageFinder | None = None
    sources: Sources | None = None


@dataclass(frozen=True)
class _Rules:
    """The rules that a hint is judged by, in each environment; whose their previews are, and how it came."""

    key: IssueKey
    rules: Mapping[str, ProjectRule]
    ours: str
    via: str


def follow(hint: IssueHint, row: JobRow, reading: Reading, outside: Outside, *, now: datetime) -> Finished:
    """What follows from an issue as it is now, with jobs for it. `now`: the database's time.

    Raises `Waiting` (ImageNotThere) while an image of a start is not there, `ConfigError` (the same reason) after an
    hour of that, `ConfigError` (InvalidValue, RegistryRefused) where a rule needs what this worker has no settings for,
    and what reading the repository, Jira, GitHub and registries raises.
    """
    key = IssueKey.parse(hint.issue)
    found = project_rules(reading.environments, key.project)
    rules = {name: rule for name, rule in found.items() if rule.start_on is not None}
    if not rules:
        why = f"{SERVICES_FILE} has no rule for issues of project {key.project}"
        return Finished({"change": "nothing", "why": why})
    if outside.issues is None:
        what = f"{SERVICES_FILE} has a rule for project {key.project}, and its issues cannot be read"
        raise unset(what, "RTB_HUB_JIRA_URL", "RTB_HUB_JIRA_URL, RTB_HUB_JIRA_EMAIL and RTB_HUB_JIRA_TOKEN")
    issue = outside.issues.read(key)
    seen = {name: one for name in rules if (one := seen_in(reading.state(name), key))}
    judged = _Rules(key, rules, rule_name(key.project), "jira")
    hinted = _Follow(judged, row, outside, now, newest(open_works(outside.sources, key)))
    decisions = decide(key, issue, rules, seen)
    if issue is not None:
        decisions = Stops(issue, outside.issues, reading.environments, outside.store).kept(decisions, rules, seen)
    return hinted.finished(decisions, seen)


def follow_work(
    hint: PullHint | BranchHint, row: JobRow, reading: Reading, outside: Outside, *, now: datetime
) -> Finished:
    """What follows from a pull request or a branch as it is now, with jobs for it. Raises as `follow`.

    GitHub is asked only for repositories that a rule names.
    """
    every = every_rule(reading.environments)
    if hint.repo.casefold() not in {one.casefold() for rule in every for one in rule.code}:
        return Finished({"change": "nothing", "why": f"{SERVICES_FILE} has no rule for {hint.repo}"})
    sources = sources_of(outside.sources, hint.repo)
    if isinstance(hint, PullHint):
        changed: Work | None = sources.pull(hint.repo, hint.number)
    else:
        changed = sources.branch(hint.repo, hint.branch)
    key = key_in(changed.branch) if changed is not None else None
    if changed is None or key is None:
        what = "its branch is not there" if changed is None else f"branch {changed.branch} names no issue"
        return Finished({"change": "nothing", "why": one_line(what)[:500]})
    if changed.is_foreign:
        return Finished({"change": "nothing", "why": "it is of a fork"})
    found = project_rules(reading.environments, key.project)
    again = _issue_again(key, found, row, hint.repo)
    rules = {name: rule for name, rule in found.items() if _names(rule, hint.repo)}
    if not rules:
        return Finished({"change": "nothing", "why": "no rule starts by its pull requests"}, again)
    judged = _Rules(key, rules, pull_rule_name(key.project), "github")
    pulls = [rule.pull_requests for rule in rules.values() if rule.pull_requests is not None]
    known = {one.casefold(): one for pull in pulls for one in pull.repositories}
    works = open_works(outside.sources, key)
    others = [
        one
        for _, repository in sorted(known.items())
        for one in works(repository)
        if (one.repository.casefold(), one.branch) != (changed.repository.casefold(), changed.branch)
    ]
    seen = {name: one for name in rules if (one := seen_in(reading.state(name), key))}
    passed = cache(lambda work: sources.passed(work.repository, work.commit))
    decisions = decide_pull(key, Works(changed, tuple(others), passed), rules, seen)
    hinted = _Follow(judged, row, outside, now, newest(works, *([changed] if changed.is_open else [])))
    done = hinted.finished(decisions, seen)
    return replace(done, follow_ups=(*done.follow_ups, *again))


@dataclass(frozen=True)
class _Follow:
    """A hint that is followed. `work_in`: the work on its issue in a repository of code."""

    judged: _Rules
    row: JobRow
    outside: Outside
    now: datetime
    work_in: Callable[[str], Work | None]

    def finished(self, decisions: tuple[Decision, ...], seen: Mapping[str, Seen]) -> Finished:
        """The jobs for it; what lacks an image is decided again later, by this job or one that follows."""
        told, jobs = [], []
        lacking: dict[str, tuple[Mapping[str, str], Mapping[str, str]]] = {}
        starts = [one.environment for one in decisions if one.change == "start"]
        # All are asked for before any is waited for: together, an image of several environments is asked for once.
        asked = {name: self._asked(name, seen.get(name)) for name in starts}
        for one in decisions:
            images: Mapping[str, str] = {}
            if one.change == "start":
                future, unknown = asked[one.environment]
                found = future.result()
                _must_be_looked_up(found)
                if found.lacking or unknown:
                    lacking[one.environment] = (found.lacking, unknown)
                    told.append(one)
                    continue
                images = found.images
                one = as_asked(one, seen.get(one.environment), images)  # noqa: PLW2901 - it is what was decided
            told.append(one)
            if one.change != "nothing":
                jobs.append(self._job(one, images))
        if lacking:
            if not jobs:
                name = min(lacking)
                not_named, unknown = lacking[name]
                waited = self.now - self.row.created_at
                raise not_there(f"{self.judged.key} in {name}", not_named, waited=waited, unknown=unknown)
            jobs.append(_again(self.row))
        data = [{"environment": one.environment, "change": one.change, "why": one_line(one.why)} for one in told]
        return Finished({"change": "decided", "decisions": data}, tuple(jobs))

    def _asked(self, environment: str, seen: Seen | None) -> tuple[Future[Resolved], Mapping[str, str]]:
        """The images of a start, which are looked up from now on; by component, why others are not known.

        What nothing tells of any more, such as that of a merged pull request, stays as it runs.
        """
        wanted = named(self.judged.rules[environment].images, self.judged.key, self.work_in)
        kept = {name: seen.images[name] for name in wanted.unknown if name in seen.images} if seen else {}
        unknown = {name: why for name, why in wanted.unknown.items() if name not in kept}
        return resolve({**wanted.images, **kept}, self.outside.images), unknown

    def _job(self, decision: Decision, images: Mapping[str, str]) -> Job:
        """The job that does it. It replaces none that somebody asked for meanwhile, and waits for those before it."""
        name, judged = decision.environment, self.judged
        payload: dict[str, Any] = {
            "schema": SCHEMA, "id": derived(self.row.id, name), "issue": str(judged.key), "environment": name,
            "requestedBy": {"kind": "service", "id": judged.ours, "via": judged.via}, "ifStartedBy": judged.ours,
            "reason": one_line(decision.why)[:500],
        }  # fmt: skip
        if decision.change == "start":
            payload |= said_by(judged.rules[name], images, self.work_in)
        preview = f"{name}/{judged.key}"
        return Job(payload["id"], self.row.queue, f"preview.{decision.change}", payload, preview, parent=self.row.id)


def _must_be_looked_up(found: Resolved) -> None:
    """Raise `ConfigError` (InvalidValue) where a tag is left whose registry no setting names."""
    for component, text in sorted(found.images.items()):
        if image_digest(text) is None and component not in found.lacking:
            host = image_name(text).host
            raise unset(f"{text} is looked up nowhere: no registry {host} is named", "RTB_HUB_REGISTRIES")


def _sources_of(rule: ProjectRule) -> list[str]:
    return [one.source for one in rule.images.values() if one.source is not None]


def _names(rule: ProjectRule, repository: str) -> bool:
    pulls = rule.pull_requests
    return pulls is not None and repository.casefold() in {one.casefold() for one in pulls.repositories}


def _issue_again(key: IssueKey, rules: Mapping[str, ProjectRule], row: JobRow, repository: str) -> tuple[Job, ...]:
    """A hint of the issue, where its own rule has images whose tags the work in this repository tells."""
    told = {one.casefold() for rule in rules.values() if rule.start_on is not None for one in _sources_of(rule)}
    if repository.casefold() not in told:
        return ()
    made = derived(row.id, "issue")
    payload = {"schema": SCHEMA, "id": made, "issue": str(key), "requestedBy": row.payload["requestedBy"]}
    return (Job(made, row.queue, "issue.hint", payload, f"issue/{key}", replaces=True, parent=row.id),)


def _again(row: JobRow) -> Job:
    made = derived(row.id, "again")
    return Job(made, row.queue, row.name, {**row.payload, "id": made}, row.key, True, parent=row.id)
