"""Who asks, writes, approves and is a machine, as accounts of the forge: by whatever name, and however it is spelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from worlds.approving import BRANCH, Prd, laid_out, prd_on
from worlds.commands import git, must
from worlds.github_world import GitHubWorld
from worlds.local_world import LocalWorld

NOBODY = "nobody can tell whether an approver asked for it as"


@pytest.fixture(params=["local", "github"])
def prd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Prd]:
    with prd_on(request.param, tmp_path) as prd:
        yield prd


@pytest.fixture
def on_github(tmp_path: Path) -> Iterator[tuple[Prd, GitHubWorld]]:
    with prd_on("github", tmp_path) as prd:
        yield prd, prd.world


@pytest.mark.parametrize(
    "name", ["@bob", "Bob Example", "root@localhost", "b0b", "unknown", "rtb-hub", "bob bob@example.com"]
)
def test_who_asks_under_a_name_that_is_no_persons_account_waits_and_is_told_at_once(prd: Prd, name: str) -> None:
    name = prd.world.forge.whoami().actor.login if name == "rtb-hub" else name
    assert NOBODY in prd.start(by=name).unknown
    prd.approved("bob")
    kind, why, _ = prd.judged()
    assert (kind, NOBODY in why) == ("wait", True)
    assert prd.merges() == 0


@pytest.mark.parametrize("name", ["bob", "BOB", "bob@example.com", "Bob@Example.com"])
def test_who_asks_under_another_spelling_or_by_e_mail_cannot_approve(prd: Prd, name: str) -> None:
    if isinstance(prd.world, GitHubWorld):
        prd.world.server.state.accounts["bob"].profile_email = "bob@example.com"
    assert prd.start(by=name).unknown == ""
    prd.approved("bob")
    assert prd.judged()[::2] == ("wait", ("bob asked for it",))
    prd.world.review(prd.number(), "carol", "approved")
    assert prd.judged()[:2] == ("merge", "approved by carol")


@pytest.mark.parametrize(("author", "committer"), [("alice", "bob"), ("bob", "alice")])
def test_who_amended_or_whose_commit_was_amended_cannot_approve(prd: Prd, author: str, committer: str) -> None:
    prd.start()
    prd.world.push(BRANCH, {"note.txt": "x\n"}, by=committer, author=author)
    prd.approved("bob")
    assert "bob wrote a commit of it" in prd.judged()[2]


def test_everybody_who_asked_for_a_part_of_it_is_known(prd: Prd) -> None:
    prd.start(by="alice")
    prd.approved("bob")
    prd.reconcile("approval")
    assert prd.merges() == 1
    prd.late = timedelta(minutes=5)
    prd.reconcile("stamp", RTB_HUB_IDENTITY="expiry")
    prd.extend(by="Carol")
    prd.approved("carol")
    assert "carol asked for it" in prd.judged()[2]


class TestRenamed:
    def test_who_renames_the_account_after_asking_cannot_approve(self, on_github: tuple[Prd, GitHubWorld]) -> None:
        prd, world = on_github
        prd.start(by="bob")
        trailers = git(world.path, "log", "-1", "--format=%(trailers:key=Requested-By-Id,valueonly)", BRANCH)
        assert trailers.strip() == str(world.server.state.accounts["bob"].id)
        world.server.state.keys["token-of-robert"] = world.server.state.keys["token-of-bob"]
        world.server.state.rename("bob", "robert")
        prd.approved("robert")
        assert prd.judged()[::2] == ("wait", ("robert asked for it",))
        world.server.state.add_account("bob", "write", token="token-of-bob")
        world.server.state.teams["prd-approvers"][1].add("bob")
        world.review(prd.number(), "carol", "approved")
        assert prd.judged()[:2] == ("merge", "approved by carol")

    def test_an_account_that_is_gone_is_nobodys(self, on_github: tuple[Prd, GitHubWorld]) -> None:
        prd, world = on_github
        prd.start(by="alice")
        del world.server.state.accounts["alice"]
        prd.approved("bob")
        kind, why, _ = prd.judged()
        assert (kind, NOBODY in why) == ("wait", True)


class TestRetargeted:
    def test_an_approval_from_while_it_was_aimed_elsewhere_does_not_count(
        self, on_github: tuple[Prd, GitHubWorld]
    ) -> None:
        prd, world = on_github
        prd.start()
        number = prd.number()
        world.retarget(number, "main")
        prd.green()
        world.review(number, "bob", "approved")
        world.retarget(number, "prd")
        assert prd.judged()[::2] == ("wait", ("bob approved before it was aimed at prd",))
        pull = world.server.state.pulls[number]
        pull.events = [(event, at - timedelta(seconds=9)) for event, at in pull.events]
        pull.reviews[0].at -= timedelta(seconds=10)
        assert prd.judged()[0] == "wait"
        world.review(number, "bob", "approved")
        assert prd.judged()[:2] == ("merge", "approved by bob")


@pytest.mark.parametrize("told", ["deploy-bot", "DEPLOY-BOT"])
def test_a_machine_is_no_approver_however_it_is_spelled(prd: Prd, told: str) -> None:
    if isinstance(prd.world, GitHubWorld):
        prd.world.server.state.add_account("Deploy-Bot", "write", token="token-of-Deploy-Bot")
        prd.world.server.state.teams["prd-approvers"][1].add("Deploy-Bot")
        prd.policy(**{"repository: acme/state}": f"repository: acme/state, machines: [{told}]}}"})
    else:
        git(prd.world.path, "config", "--add", "rtb-hub.bot", told)
        git(prd.world.path, "config", "--add", "rtb-hub.member", f"{prd.world.team} Deploy-Bot")
        git(prd.world.path, "config", "--add", "rtb-hub.account", "Deploy-Bot deploy-bot@example.com")
    prd.start()
    prd.approved("Deploy-Bot")
    kind, _, not_counted = prd.judged()
    assert kind == "wait"
    assert not_counted in {("Deploy-Bot is a machine",), ("Deploy-Bot is a bot",), (f"{told} is a bot",)}


def test_start_says_so_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "state.git"
    laid_out(path, "{kind: local}")
    world = LocalWorld(path, team="acme/prd-approvers")
    digest = "sha256:" + "a" * 64
    words = (
        "start",
        "RTB-123",
        "--env",
        "prd",
        "--blueprint",
        "web",
        "--repo",
        path,
        "--image",
        f"web=registry.example.com/web@{digest}",
    )
    ran = must(*words, RTB_HUB_ACTOR="root")
    assert "not yet: " + NOBODY in " ".join(ran.out.split())
    assert "set RTB_HUB_ACTOR to your login at the forge" in " ".join(ran.out.split())
    told = must(*words, "-o", "json", RTB_HUB_ACTOR="dave").json()
    assert told["notYet"] is None
    assert world.forge.account("dave").is_known
