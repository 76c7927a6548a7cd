"""The local forge: the contract, then what only it does."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from contracts.forge_contract import BASE, ONE, TWO, ForgeContract, ask, listed, refused, settled
from generator.errors import ConfigError, HubError, Reason, Stalled
from hub.adapters.local_forge.forge import open_local_forge
from reconcilers.ports.forge import BranchProtection
from worlds.commands import git
from worlds.local_world import Clock, LocalWorld


@pytest.fixture
def world(tmp_path: Path) -> LocalWorld:
    return LocalWorld(tmp_path / "state.git")


class TestLocalForge(ForgeContract):
    def test_its_refs_are_sound_and_no_branch(self, world: LocalWorld) -> None:
        request = ask(world)
        world.review(request.number, "bob", "approved")
        world.report(request.head, "guard", "passed")
        git(world.path, "fsck", "--strict")
        assert sorted(git(world.path, "for-each-ref", "--format=%(refname)", "refs/heads").split()) == [
            f"refs/heads/{BASE}",
            f"refs/heads/{ONE}",
        ]

    def test_nobody_approves_what_they_asked_for(self, world: LocalWorld) -> None:
        world.push(ONE, {"one.txt": "1\n"})
        number = world.as_("alice").open(ONE, BASE, title="t", body="b").number
        refused(Stalled, Reason.FORGE_REFUSED, world.as_("alice").review, number, "approved")
        assert world.forge.reviews(number) == ()

    def test_many_at_once_open_and_review_and_nothing_is_lost(self, world: LocalWorld) -> None:
        for n in range(6):
            world.push(f"preview/prd/rtb-{n}", {f"{n}.txt": "x\n"})
        first = world.forge.open("preview/prd/rtb-0", BASE, title="t", body="b").number
        failed: list[HubError] = []

        def work(n: int) -> None:
            try:
                world.as_(f"user{n}").open(f"preview/prd/rtb-{n}", BASE, title="t", body="b")
                world.as_(f"user{n}").review(first, "approved")
            except HubError as err:
                failed.append(err)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert {one.branch for one in listed(world).values()} == {f"preview/prd/rtb-{n}" for n in range(6)}
        assert sorted(r.author.login for r in world.forge.reviews(first)) == [f"user{n}" for n in range(1, 6)]

    def test_two_that_merge_at_once_merge_once(self, world: LocalWorld) -> None:
        request = ask(world)
        before = len(world.line(BASE))
        got: list[str] = []
        threads = [
            threading.Thread(target=lambda: got.append(world.as_("rtb-hub").merge(request.number, request.head)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 4
        assert set(got) == {world.line(BASE)[0]}
        assert len(world.line(BASE)) == before + 1

    def test_a_merge_by_git_alone_counts(self, world: LocalWorld) -> None:
        request = ask(world)
        git(world.path, "update-ref", f"refs/heads/{BASE}", request.head)
        seen = world.forge.request(request.number)
        assert (seen.state, seen.merge_commit) == ("merged", request.head)

    def test_a_branch_that_was_moved_back_asks_for_nothing(self, world: LocalWorld) -> None:
        request = ask(world)
        git(world.path, "update-ref", f"refs/heads/{ONE}", world.line(BASE)[0])
        assert world.forge.request(request.number).state == "closed"

    @pytest.mark.parametrize("text", [b"", b"{", b'{"number": 1}', b"\xff"], ids=["empty", "half", "short", "binary"])
    def test_a_request_that_cannot_be_read_is_not_left_out(
        self, world: LocalWorld, text: bytes, tmp_path: Path
    ) -> None:
        ask(world, ONE), ask(world, TWO)
        (tmp_path / "bad").write_bytes(text)
        blob = git(world.path, "hash-object", "-w", str(tmp_path / "bad")).strip()
        git(world.path, "update-ref", "refs/rtb-hub/requests/2", blob)
        assert "refs/rtb-hub/requests/2" in str(refused(Stalled, Reason.FORGE_REFUSED, listed, world))

    def test_a_member_line_that_is_none_is_not_left_out(self, world: LocalWorld) -> None:
        git(world.path, "config", "--add", "rtb-hub.member", f"{world.team} carol dave")
        refused(Stalled, Reason.FORGE_DENIED, world.forge.team_members, world.team)

    def test_a_machine_is_a_bot(self, world: LocalWorld) -> None:
        git(world.path, "config", "--add", "rtb-hub.bot", "carol")
        request = ask(world)
        world.review(request.number, "carol", "approved")
        assert [r.author.is_bot for r in world.forge.reviews(request.number)] == [True]
        assert world.forge.whoami().actor.is_bot

    def test_it_says_what_it_cannot_hold(self, world: LocalWorld) -> None:
        held = world.forge.protect(BASE, BranchProtection(approvals=2, no_force_push=True, no_deletion=True))
        assert (held.approvals, held.no_force_push, held.no_deletion) == (0, True, True)
        assert "whoever" in " ".join(held.not_expressed) or "nobody who they are" in " ".join(held.not_expressed)

    @pytest.mark.parametrize(
        "name", ["", "-x", "a b", "a\nb", "x" * 101], ids=["empty", "option", "space", "line", "long"]
    )
    def test_a_name_that_is_none_is_refused(self, world: LocalWorld, name: str) -> None:
        refused(ConfigError, Reason.INVALID_FORGE, world.as_, name)

    def test_a_folder_that_is_no_bare_repository_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            open_local_forge(tmp_path, actor="alice", clock=Clock(), environ=os.environ)
        assert caught.value.reason == Reason.INVALID_FORGE

    def test_the_clock_orders_what_happened(self, world: LocalWorld) -> None:
        request = ask(world)
        world.review(request.number, "bob", "commented")
        world.forge.merge(request.number, request.head)
        seen = settled(world, request.number, request.head)
        (review,) = world.forge.reviews(request.number)
        assert seen.merged_at is not None
        assert request.created_at < review.at < seen.merged_at
