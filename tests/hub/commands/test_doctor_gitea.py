"""`rtb-hub doctor --services`: what the hub's token lacks on a Gitea that code is on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES, UNHEALTHY
from worlds.commands import IMAGES, Ran, commit_file, must, rtb_hub
from worlds.gitea_api import GiteaApi, Reply
from worlds.repositories import state_repository

RULE = """\
projects:
  RTB:
    pullRequests: {repositories: [acme/web, acme/api]}
    environments: [int]
    images: {web: {repository: registry.example.com/web, tag: main}}
"""
SCOPES, WEB, API = "GET /api/v1/admin/cron", "GET /api/v1/repos/acme/web", "GET /api/v1/repos/acme/api"


def refusal(scopes: str | None) -> Reply:
    """As Gitea 1.26 says it; None: as Forgejo does."""
    told = "token does not have at least one of required scope(s)"
    told += ": [read:admin]" if scopes is None else f", required=[read:admin], token scope={scopes}"
    return Reply({"message": told}, 403)


def repository(*, push: bool = True, archived: bool = False) -> Reply:
    return Reply({"archived": archived, "permissions": {"admin": False, "push": push, "pull": True}})


@pytest.fixture
def gitea() -> Iterator[GiteaApi]:
    with GiteaApi() as api:
        api.on(SCOPES, refusal("write:issue,write:repository,read:user"))
        api.on(WEB, repository())
        api.on(API, repository())
        yield api
        assert {call.partition(" ")[0] for call in api.seen} <= {"GET"}, "nothing is written"


@pytest.fixture
def doctor(tmp_path: Path, gitea: GiteaApi) -> Callable[..., Ran]:
    """Runs it on a repository with a preview of RTB-1."""
    repo = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repo)
    commit_file(Path(repo), "hub/services.yaml", RULE)
    settings = {
        "RTB_HUB_GITEA_URL": gitea.url, "RTB_HUB_GITEA_MESSAGES": "en", "RTB_HUB_FORGE_TOKEN": "a-token-of-the-hub",
    }  # fmt: skip

    def run(**changed: str) -> Ran:
        told = ("doctor", "--env", "int", "--services", "--repo", repo, "--output", "json")
        return rtb_hub(*told, **{**settings, **changed})

    return run


def of_gitea(ran: Ran) -> list[Any]:
    return [one for one in ran.json()["findings"] if one["rule"].startswith("gitea-")]


@pytest.mark.parametrize("scopes", ["write:issue,write:repository,read:user", "write:issue,write:repository,write:user",
                                    "all", None])  # fmt: skip
def test_a_token_with_all_that_it_needs_is_well(
    doctor: Callable[..., Ran], gitea: GiteaApi, scopes: str | None
) -> None:
    gitea.on(SCOPES, refusal(scopes))
    ran = doctor()
    assert of_gitea(ran) == []
    assert "Gitea: rights in acme/api, acme/web" in ran.json()["checked"]


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [("read:issue,write:repository,read:user", "write:issue"), ("read:user", "write:repository, write:issue"),
     ("write:issue,write:repository", "read:user")],
)  # fmt: skip
def test_scopes_that_lack_are_named_once(
    doctor: Callable[..., Ran], gitea: GiteaApi, scopes: str, lacking: str
) -> None:
    gitea.on(SCOPES, refusal(scopes))
    ran = doctor()
    assert ran.code == UNHEALTHY
    (found,) = of_gitea(ran)
    assert (found["rule"], found["message"]) == ("gitea-scopes", f"the hub's token lacks scopes: {lacking}")


@pytest.mark.parametrize(
    ("answer", "rule", "is_answered"),
    [
        (repository(push=False), "gitea-rights", True),
        (repository(archived=True), "gitea-archived", True),
        (Reply({"message": "not found"}, 404), "gitea-unread", False),
    ],
)
def test_a_repository_that_nothing_can_be_told_in_is_a_finding(
    doctor: Callable[..., Ran], gitea: GiteaApi, answer: Reply, rule: str, is_answered: bool
) -> None:
    gitea.on(API, answer)
    ran = doctor()
    assert [one["rule"] for one in of_gitea(ran)] == [rule]
    assert f"Gitea: rights in {'acme/api, ' if is_answered else ''}acme/web" in ran.json()["checked"]


@pytest.mark.parametrize(
    ("call", "answer", "says"),
    [
        ("GET /api/v1/settings/api", Reply({"message": "invalid"}, 401), "token is not"),
        ("GET /api/v1/settings/api", Reply("<html>", 404), "no Gitea or Forgejo answers"),
        ("GET /api/v1/settings/api", Reply("<html>"), "makes no sense"),
    ],
)
def test_an_address_or_a_token_that_is_wrong_is_told_once(
    doctor: Callable[..., Ran], gitea: GiteaApi, call: str, answer: Reply, says: str
) -> None:
    gitea.on(call, answer)
    (found,) = of_gitea(doctor())
    assert (found["rule"], says in found["message"]) == ("gitea-unread", True), found


def test_a_server_that_is_not_there_is_told_once(doctor: Callable[..., Ran]) -> None:
    (found,) = of_gitea(doctor(RTB_HUB_GITEA_URL="http://127.0.0.1:9"))
    assert (found["rule"], "no connection" in found["message"]) == ("gitea-unread", True)


def test_a_token_that_may_not_read_its_own_account_is_told_by_the_servers_words(
    doctor: Callable[..., Ran], gitea: GiteaApi
) -> None:
    gitea.on(SCOPES, refusal(None))
    gitea.on("GET /api/v1/user", Reply({"message": "required scope(s): [read:user]"}, 403))
    (found,) = of_gitea(doctor())
    assert (found["rule"], "read:user" in found["message"]) == ("gitea-unread", True)


def test_without_an_address_or_a_token_it_is_refused(doctor: Callable[..., Ran]) -> None:
    for lacking in ("RTB_HUB_GITEA_URL", "RTB_HUB_FORGE_TOKEN"):
        assert doctor(**{lacking: ""}).code == CODES[Reason.INVALID_VALUE]
