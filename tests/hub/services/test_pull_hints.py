"""The worker on hints of GitHub: read again, decided by the project's rule, images of several repositories looked up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from contracts.queue_contract import QUICK
from generator.errors import Reason, Transient
from generator.model.registries import RegistryRule
from generator.values.naming import IssueKey
from hub.actions.images import ImageFinder
from hub.adapters.http import SenderParts
from hub.adapters.registry.configured import ConfiguredRegistries
from hub.queue.payloads import SCHEMA, PullHint
from hub.services.worker.hints import Outside, follow_work
from hub.services.worker.service import working
from hub.store.database import Database, sqlite_url
from hub.store.jobs import Job
from hub.store.schema import prepare
from reconcilers.ports.sources import Work, key_in
from worlds.commands import IMAGES, must
from worlds.registry import RegistryServer, registry, single
from worlds.serving import Serving, faults

pytestmark = pytest.mark.timeout(1200)  # the first may build the registry
RULE = """\
projects:
  RTB:
    pullRequests: {repositories: [acme/web, acme/api], checks: [build]}
    environments: [int]
    images:
      web: {repository: HOST/web, tag: "{key}-{sha7}", source: acme/web}
      api: {repository: HOST/api, tag: "{sha}", source: acme/api, otherwise: main}
"""


@dataclass
class FakeSources:
    """Repositories of code as a test says they are; `asked` is what was read of them."""

    pulls: dict[tuple[str, int], Work] = field(default_factory=dict)
    branches: dict[tuple[str, str], Work] = field(default_factory=dict)
    checks: frozenset[str] = frozenset()
    is_down: bool = False
    asked: list[str] = field(default_factory=list)

    def pull(self, repository: str, number: int) -> Work:
        self._ask(repository)
        return self.pulls[repository, number]

    def branch(self, repository: str, name: str) -> Work | None:
        self._ask(repository)
        return self.branches.get((repository, name))

    def works(self, repository: str, key: IssueKey) -> tuple[Work, ...]:
        return tuple(one for one in self.open_works(repository) if key_in(one.branch) == key)

    def open_works(self, repository: str) -> tuple[Work, ...]:
        self._ask(repository)
        return tuple(one for (name, _), one in self.pulls.items() if name == repository and one.is_open)

    def passed(self, repository: str, commit: str) -> frozenset[str]:
        self._ask(repository)
        return self.checks

    def _ask(self, repository: str) -> None:
        self.asked.append(repository)
        if self.is_down:
            raise Transient(Reason.FORGE_UNREACHABLE, "cannot read it")

    def put(self, repository: str, number: int, commit: str, *labels: str) -> Work:
        made = Work(repository, "feature/RTB-1-login", commit * 40, number, labels=frozenset(labels))
        self.pulls[repository, number] = made
        return made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry(tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture
def serving(tmp_path: Path, server: RegistryServer) -> Iterator[Serving]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    made = Serving(tmp_path / "state.git", url)
    made.configured(RULE.replace("HOST", server.host))
    yield made
    made.close()


@contextmanager
def worker(serving: Serving, server: RegistryServer, sources: FakeSources) -> Iterator[None]:
    finder = ImageFinder(ConfiguredRegistries({server.host: RegistryRule(kind="oci")}, SenderParts()))
    with closing(finder), working(serving.parts(), serving.jobs, pace=QUICK, images=finder, sources=sources):
        yield


def hinted(job_id: str, repository: str = "acme/web", number: int | None = 7) -> Job:
    said: dict[str, Any] = {
        "schema": SCHEMA, "id": job_id, "repo": repository,
        "requestedBy": {"kind": "service", "id": "github", "via": "github"},
    }  # fmt: skip
    if number is None:
        said |= {"branch": "feature/RTB-1-login"}
        return Job(job_id, "jira-queue", "branch.hint", said, f"branch/{repository}/x", replaces=True)
    return Job(
        job_id, "jira-queue", "pull.hint", {**said, "number": number}, f"pull/{repository}/{number}", replaces=True
    )


def images_of(serving: Serving) -> dict[str, str]:
    told = must("show", "RTB-1", "--env", "int", "--repo", serving.path, "--output", "json").json()
    return {name: one["image"] for name, one in told["components"].items()}


def previews(serving: Serving) -> list[Any]:
    return list(must("list", "--repo", serving.path, "--output", "json").json()["previews"])


def test_a_preview_of_two_repositories_follows_their_pull_requests(serving: Serving, server: RegistryServer) -> None:
    web, new = (
        server.push("web", "RTB-1-aaaaaaa", single(salt="w")),
        server.push("web", "RTB-1-ccccccc", single(salt="n")),
    )
    main, api = server.push("api", "main", single(salt="m")), server.push("api", "b" * 40, single(salt="a"))
    sources = FakeSources()
    pull = sources.put("acme/web", 7, "a", "preview")
    with worker(serving, server, sources):
        serving.put(hinted("github-1"))
        serving.ended("github-1")
        assert (serving.ended("github-1-int").result or {})["change"] == "created"
        assert images_of(serving) == {
            "web": f"{server.host}/web:RTB-1-aaaaaaa@{web}", "api": f"{server.host}/api:main@{main}",
        }  # fmt: skip
        (told,) = previews(serving)
        assert (told["lease"]["requestedBy"], told["branch"]) == ("github/RTB", "feature/RTB-1-login")
        other = sources.put("acme/api", 3, "b")
        serving.put(hinted("github-2", "acme/api", 3))
        serving.ended("github-2")
        serving.ended("github-2-int")
        assert images_of(serving)["api"] == f"{server.host}/api:{'b' * 40}@{api}"
        pull = sources.pulls["acme/web", 7] = replace(pull, commit="c" * 40)
        serving.put(hinted("github-3"))
        serving.ended("github-3")
        serving.ended("github-3-int")
        assert images_of(serving)["web"] == f"{server.host}/web:RTB-1-ccccccc@{new}"
        serving.put(hinted("github-4"))
        assert (serving.ended("github-4").result or {})["decisions"][0]["change"] == "nothing"
        sources.pulls["acme/web", 7] = replace(pull, is_open=False)
        sources.pulls["acme/api", 3] = replace(other, labels=frozenset({"preview"}))
        serving.put(hinted("github-5"))
        assert "acme/api#3 has the label" in (serving.ended("github-5").result or {})["decisions"][0]["why"]
        assert len(previews(serving)) == 1
    assert images_of(serving)["web"].endswith(new)  # nothing tells of another, so it stays as it runs


def test_a_preview_of_two_branches_is_shown_as_of_neither(serving: Serving, server: RegistryServer) -> None:
    server.push("web", "RTB-1-aaaaaaa", single(salt="w"))
    server.push("api", "main", single(salt="m"))
    server.push("api", "b" * 40, single(salt="a"))
    sources = FakeSources()
    sources.put("acme/web", 7, "a", "preview")
    with worker(serving, server, sources):
        serving.put(hinted("github-1"))
        serving.ended("github-1")
        serving.ended("github-1-int")
        assert previews(serving)[0]["branch"] == "feature/RTB-1-login"
        other = sources.put("acme/api", 3, "b")
        sources.pulls["acme/api", 3] = replace(other, branch="feature/RTB-1-api")
        serving.put(hinted("github-2", "acme/api", 3))
        serving.ended("github-2")
        serving.ended("github-2-int")
    assert previews(serving)[0].get("branch") is None


def test_each_repository_is_asked_once_for_its_pull_requests(serving: Serving, server: RegistryServer) -> None:
    server.push("web", "RTB-1-aaaaaaa", single(salt="w"))
    server.push("api", "main", single(salt="m"))
    sources = FakeSources()
    sources.put("acme/web", 7, "a", "preview")
    with worker(serving, server, sources):
        serving.put(hinted("github-1"))
        serving.ended("github-1")
        serving.ended("github-1-int")
    assert sources.asked == ["acme/web", "acme/api", "acme/web"]  # the pull request, then others of each


def test_what_is_closed_stops_only_what_the_rule_started(serving: Serving, server: RegistryServer) -> None:
    server.push("web", "RTB-1-aaaaaaa", single(salt="w"))
    server.push("api", "main", single(salt="m"))
    sources = FakeSources()
    pull = sources.put("acme/web", 7, "a", "preview")
    with worker(serving, server, sources):
        serving.put(hinted("github-1"))
        serving.ended("github-1")
        serving.ended("github-1-int")
        sources.is_down, sources.pulls["acme/web", 7] = True, replace(pull, is_open=False)
        row = serving.jobs.get("github-1")
        assert row is not None
        said, parts = PullHint.model_validate(row.payload), serving.parts()
        outside, reading = Outside(parts.store, sources=sources), parts.reading()
        with pytest.raises(Transient):
            follow_work(said, row, reading, outside, now=row.created_at)
        sources.is_down = False
        serving.put(hinted("github-3"))
        serving.ended("github-3")
        assert (serving.ended("github-3-int").result or {})["change"] == "removed"
        must("start", "RTB-1", "--env", "int", "--repo", serving.path, *IMAGES)
        serving.put(hinted("github-4"))
        assert (serving.ended("github-4").result or {})["decisions"][0]["change"] == "nothing"
    assert len(previews(serving)) == 1


def test_a_branch_whose_checks_passed_starts_without_a_pull_request(serving: Serving, server: RegistryServer) -> None:
    server.push("web", "RTB-1-aaaaaaa", single(salt="w"))
    server.push("api", "main", single(salt="m"))
    sources = FakeSources(
        branches={("acme/web", "feature/RTB-1-login"): Work("acme/web", "feature/RTB-1-login", "a" * 40)}
    )
    with worker(serving, server, sources):
        serving.put(hinted("github-1", number=None))
        assert (serving.ended("github-1").result or {})["decisions"][0]["change"] == "nothing"
        sources.checks = frozenset({"build"})
        serving.put(hinted("github-2", number=None))
        serving.ended("github-2")
        assert (serving.ended("github-2-int").result or {})["change"] == "created"


def test_an_image_that_is_still_built_is_waited_for_as_its_commit_is_then(
    serving: Serving, server: RegistryServer
) -> None:
    server.push("api", "main", single(salt="m"))
    sources = FakeSources()
    sources.put("acme/web", 7, "e", "preview")
    with worker(serving, server, sources):
        serving.put(hinted("github-1"))
        waits = serving.ended("github-1", "waiting")
        assert (waits.error or {})["awaited"] == [f"{server.host}/web:RTB-1-eeeeeee"]
        assert "there is no" in faults(waits)[0]["message"]
        digest = server.push("web", "RTB-1-eeeeeee", single(salt="e"))
        said = {"schema": SCHEMA, "id": "ecr-1", "repository": f"{server.host}/web", "tags": ["RTB-1-eeeeeee"],
                "requestedBy": {"kind": "service", "id": "ecr", "via": "ecr"}}  # fmt: skip
        serving.put(Job("ecr-1", "jira-queue", "image.hint", said))
        assert (serving.ended("ecr-1").result or {}) == {"woken": 1}
        serving.ended("github-1")
        serving.ended("github-1-int")
    assert images_of(serving)["web"].endswith(digest)


def test_github_is_asked_for_no_repository_that_no_rule_names(serving: Serving, server: RegistryServer) -> None:
    sources = FakeSources()
    foreign = sources.put("acme/web", 9, "a", "preview")
    sources.pulls["acme/web", 9] = replace(foreign, is_foreign=True)
    sources.pulls["acme/web", 8] = replace(foreign, branch="main")
    with worker(serving, server, sources):
        serving.put(hinted("github-1", "evil/web", 7), hinted("github-2", number=9), hinted("github-3", number=8))
        why = [(serving.ended(f"github-{n}").result or {})["why"] for n in (1, 2, 3)]
    assert sources.asked.count("evil/web") == 0
    assert [
        words in one for words, one in zip(("no rule for evil/web", "of a fork", "names no issue"), why, strict=True)
    ] == [True] * 3
    assert previews(serving) == []
