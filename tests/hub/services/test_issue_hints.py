"""The worker on hints of Jira: read again, decided by the project's rule, done by jobs that follow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.queue_contract import QUICK
from generator.errors import Reason, Transient
from generator.values.naming import IssueKey
from hub.actions.images import ImageFinder
from hub.queue.payloads import SCHEMA, IssueHint
from hub.queue.port import Finished
from hub.services.worker.hints import Outside, follow
from hub.services.worker.service import working
from hub.store.database import Database, sqlite_url
from hub.store.jobs import Job, JobRow
from hub.store.schema import prepare
from reconcilers.ports.images import FoundImage, ImageName, Looked
from reconcilers.ports.issues import Issue, IssueChange, IssueHistory
from worlds.builders import digest
from worlds.commands import must
from worlds.serving import Serving, faults, job

RULE = """\
projects:
  RTB:
    startOn: {statusIds: ["10"]}
    environments: [int]
    images:
      web: {repository: registry.example.com/web, WEB}
      api: {repository: registry.example.com/api, digest: "DIGEST"}
""".replace("DIGEST", digest())
PINNED = RULE.replace("WEB", f'digest: "{digest()}"')
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TAGGED = RULE.replace("WEB", 'tag: "{key}-{sha7}", source: acme/web')


@dataclass
class FakeIssues:
    """Issues by key, as a test says they are."""

    statuses: dict[str, str] = field(default_factory=dict)
    #: Since when each has its status, which was another before.
    since: datetime = LONG_AGO

    def read(self, key: IssueKey) -> Issue | None:
        status = self.statuses.get(str(key))
        if status == "down":
            raise Transient(Reason.JIRA_UNREACHABLE, "cannot read it")
        return Issue(key, status, is_done=False, labels=frozenset()) if status else None

    def history(self, key: IssueKey) -> IssueHistory:
        del key
        return IssueHistory(LONG_AGO, (IssueChange(self.since, "5"),))

    def changed(self, projects: object, within: timedelta, *, until: timedelta = timedelta()) -> tuple[IssueKey, ...]:
        raise NotImplementedError


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    made = Serving(tmp_path / "state.git", url)
    yield made
    made.close()


def hint(job_id: str, issue: str = "RTB-1") -> Job:
    who = {"kind": "service", "id": "jira", "via": "jira"}
    said = {"schema": SCHEMA, "id": job_id, "issue": issue, "requestedBy": who}
    return Job(job_id, "jira-queue", "issue.hint", said, f"issue/{issue}", replaces=True)


def listed(serving: Serving) -> list[Mapping[str, object]]:
    return list(must("list", "--repo", serving.path, "--output", "json").json()["previews"])


def test_a_preview_starts_and_stops_with_its_issue(serving: Serving) -> None:
    serving.configured(PINNED)
    issues = FakeIssues({"RTB-1": "10"})
    with working(serving.parts(), serving.jobs, pace=QUICK, issues=issues):
        serving.put(hint("jira-1"))
        first = serving.ended("jira-1").result or {}
        assert (serving.ended("jira-1-int").result or {})["change"] == "created"
        (told,) = listed(serving)
        assert told["lease"]["requestedBy"] == "jira/RTB"  # type: ignore[index]
        serving.put(hint("jira-2"))
        again = serving.ended("jira-2").result or {}
        issues.statuses["RTB-1"] = "20"
        serving.put(hint("jira-3"))
        serving.ended("jira-3")
        assert (serving.ended("jira-3-int").result or {})["change"] == "removed"
    assert [one["decisions"][0]["change"] for one in (first, again)] == ["start", "nothing"]
    assert listed(serving) == []
    assert serving.operations() == ["jira-1-int", "jira-3-int"]


def test_what_a_person_started_is_left_as_it_is(serving: Serving) -> None:
    serving.configured(PINNED)
    with working(serving.parts(), serving.jobs, pace=QUICK, issues=FakeIssues({"RTB-1": "20"})):
        serving.put(job("op-1"))
        serving.ended("op-1")
        serving.put(hint("jira-1"), job("op-2", ifStartedBy="jira/RTB", ttl="8h"))
        result = serving.ended("jira-1").result or {}
        dead = serving.ended("op-2", "dead")
    assert "one of alice" in result["decisions"][0]["why"]
    assert "is alice's" in faults(dead)[0]["message"]
    assert serving.operations() == ["op-1"]


def test_what_a_person_stopped_starts_again_when_the_issue_asks_anew(serving: Serving) -> None:
    serving.configured(PINNED)
    issues = FakeIssues({"RTB-1": "10", "RTB-2": "10"})
    with working(serving.parts(), serving.jobs, pace=QUICK, issues=issues):
        serving.put(hint("jira-1"))
        serving.ended("jira-1")
        serving.ended("jira-1-int")
        serving.put(job("op-1", "preview.stop"))
        serving.ended("op-1")
        serving.put(hint("jira-2"), hint("jira-3", "RTB-2"))
        kept, other = (serving.ended(name).result or {} for name in ("jira-2", "jira-3"))
        issues.since = datetime.now(UTC) + timedelta(minutes=1)  # it left and came back after the stop
        serving.put(hint("jira-4"))
        anew = serving.ended("jira-4").result or {}
        serving.ended("jira-4-int")
    assert kept["decisions"][0]["change"] == "nothing"
    assert "alice stopped it since" in kept["decisions"][0]["why"]
    assert [one["decisions"][0]["change"] for one in (other, anew)] == ["start", "start"]
    assert [name for name in serving.operations() if "jira-2" in name] == []


def test_what_the_rule_itself_stopped_starts_again(serving: Serving) -> None:
    serving.configured(PINNED)
    issues = FakeIssues()
    with working(serving.parts(), serving.jobs, pace=QUICK, issues=issues):
        for name, status in (("jira-1", "10"), ("jira-2", "20"), ("jira-3", "10")):
            issues.statuses["RTB-1"] = status
            serving.put(hint(name))
            serving.ended(name)
            serving.ended(f"{name}-int")
    assert serving.operations() == ["jira-1-int", "jira-2-int", "jira-3-int"]


def test_without_a_rule_or_without_jira_the_job_says_so(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(hint("jira-1"))
        assert "no rule for issues of project RTB" in (serving.ended("jira-1").result or {})["why"]
        serving.configured(PINNED)
        serving.put(hint("jira-2"))
        dead = serving.ended("jira-2", "dead")
    assert faults(dead)[0]["field"] == "RTB_HUB_JIRA_URL"


def test_a_jira_that_is_down_stops_nothing_and_is_asked_again(serving: Serving) -> None:
    serving.configured(PINNED)
    issues = FakeIssues({"RTB-1": "10"})
    with working(serving.parts(), serving.jobs, pace=QUICK, issues=issues):
        serving.put(hint("jira-1"))
        serving.ended("jira-1")
        serving.ended("jira-1-int")
    issues.statuses["RTB-1"] = "down"
    serving.put(hint("jira-2"))
    row = serving.jobs.get("jira-2")
    assert row is not None
    with pytest.raises(Transient):
        decided(serving, row, issues, timedelta(0))
    issues.statuses.clear()
    assert decided(serving, row, issues, timedelta(0)).follow_ups == ()
    assert len(listed(serving)) == 1


def test_a_tag_that_is_looked_up_nowhere_is_told(serving: Serving) -> None:
    serving.configured(RULE.replace("WEB", 'tag: "{key}"'))
    with working(serving.parts(), serving.jobs, pace=QUICK, issues=FakeIssues({"RTB-1": "10"})):
        serving.put(hint("jira-1"))
        dead = serving.ended("jira-1", "dead")
    assert faults(dead)[0]["field"] == "RTB_HUB_REGISTRIES"
    assert "registry.example.com/web:RTB-1" in faults(dead)[0]["message"]


def test_a_commit_that_is_read_nowhere_is_told(serving: Serving) -> None:
    serving.configured(TAGGED)
    with working(serving.parts(), serving.jobs, pace=QUICK, issues=FakeIssues({"RTB-1": "10"})):
        serving.put(hint("jira-1"))
        dead = serving.ended("jira-1", "dead")
    assert faults(dead)[0]["field"] == "RTB_HUB_FORGE_APP_ID"


def test_an_image_of_two_environments_is_asked_for_once(serving: Serving) -> None:
    serving.configured(RULE.replace("WEB", 'tag: "{key}"').replace("[int]", "[int, stg]"))
    seen: list[list[str]] = []

    class Registry:
        def knows(self, name: ImageName) -> bool:
            return name.repository == "web"

        def of(self, name: ImageName) -> Registry:
            del name
            return self

        def look(self, wanted: Collection[ImageName]) -> Looked:
            seen.append([*map(str, wanted)])
            return dict.fromkeys(wanted, FoundImage(digest("f"), ("linux/amd64",)))

    issues = FakeIssues({"RTB-1": "10"})
    finder = ImageFinder(Registry())
    with closing(finder), working(serving.parts(), serving.jobs, pace=QUICK, issues=issues, images=finder):
        serving.put(hint("jira-1"))
        serving.ended("jira-1")
        changes = [(serving.ended(f"jira-1-{name}").result or {})["change"] for name in ("int", "stg")]
    assert (changes, seen) == (["created"] * 2, [["registry.example.com/web:RTB-1"]])


def decided(serving: Serving, row: JobRow, issues: FakeIssues, waited: timedelta) -> Finished:
    said = IssueHint.model_validate(row.payload)
    parts = serving.parts()
    return follow(said, row, parts.reading(), Outside(parts.store, issues), now=row.created_at + waited)
