"""Pull requests and branches of issues, read at the server that GitHub's own description checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import Reason, Stalled
from generator.values.naming import IssueKey
from hub.adapters.github.sources import GitHubSources
from hub.settings import load_settings
from hub.wiring import Hub
from hub.wiring.outside import open_sources
from worlds.github_world import GitHubWorld

KEY = IssueKey("RTB", 1)
BRANCH = "feature/RTB-1-login"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with GitHubWorld(tmp_path / "code.git") as made:
        yield made


def test_an_issue_is_found_by_its_branch_and_read_again(world: GitHubWorld) -> None:
    forge = world.forge
    sources = GitHubSources(lambda _: forge)
    name = forge.name
    assert sources.works(name, KEY) == ()
    commit = world.push(BRANCH, {"a": "1"}, by="alice")
    world.push("feature/RTB-12", {"b": "1"}, by="alice")
    for branch in (BRANCH, "feature/RTB-12"):
        forge.open(branch, "prd", title="x", body="y")
    (found,) = sources.works(name, KEY)
    assert (found.branch, found.commit, found.is_open, found.labels) == (BRANCH, commit, True, frozenset())
    world.label(found.number or 0, "preview")
    assert sources.pull(name, found.number or 0).labels == {"preview"}
    assert sources.works(name, KEY)[0].labels == {"preview"}
    world.close(found.number or 0, by="alice")
    assert sources.works(name, KEY) == ()
    assert not sources.pull(name, found.number or 0).is_open


def test_a_branch_and_its_checks_are_those_of_now(world: GitHubWorld) -> None:
    sources, name = GitHubSources(lambda _: world.forge), world.forge.name
    assert sources.branch(name, BRANCH) is None
    commit = world.push(BRANCH, {"a": "1"}, by="alice")
    found = sources.branch(name, BRANCH)
    assert found is not None
    assert (found.commit, found.number, found.is_open) == (commit, None, True)
    assert sources.passed(name, commit) == frozenset()
    world.report(commit, "build", "passed")
    world.report(commit, "lint", "failed")
    assert sources.passed(name, commit) == {"build"}


def test_what_is_not_there_or_moved_is_an_error(world: GitHubWorld) -> None:
    sources, name = GitHubSources(lambda _: world.forge), world.forge.name
    with pytest.raises(Stalled) as raised:
        sources.pull(name, 99)
    assert raised.value.reason is Reason.REQUEST_NOT_FOUND


@pytest.mark.parametrize(
    ("environ", "is_there"),
    [
        ({}, False), ({"RTB_HUB_FORGE_TOKEN": "gitea"}, False), ({"RTB_HUB_GITHUB_API": "https://api.github.com"}, False),
        ({"RTB_HUB_FORGE_TOKEN": "x", "RTB_HUB_GITHUB_API": "https://api.github.com"}, True),
        ({"RTB_HUB_FORGE_APP_ID": "1", "RTB_HUB_FORGE_APP_KEY": "-----BEGIN"}, True),
    ],
)  # fmt: skip
def test_a_token_is_not_shown_to_a_github_that_it_may_not_be_of(environ: dict[str, str], is_there: bool) -> None:
    assert (open_sources(Hub(load_settings({"HOME": "/tmp", **environ}))) is not None) == is_there
