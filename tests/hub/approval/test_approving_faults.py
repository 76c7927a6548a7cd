"""What fails in the middle of an approval, and who else is at it: nothing is merged twice, no lease stays without end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from generator.errors import HubError, Reason, Transient
from worlds.approving import BRANCH, ENTRY, Prd, failed, prd_on, told
from worlds.builders import image
from worlds.commands import git
from worlds.github_server import Fault


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Prd]:
    with prd_on("local", tmp_path) as prd:
        yield prd


@dataclass
class Counted:
    """Counts the calls of what it stands before; the `at`-th fails, before its effect or after it."""

    at: int
    is_after: bool
    calls: list[str] = field(default_factory=list)

    def before(self, behind: Any) -> Any:
        return Interposed(behind, self)


class Interposed:
    def __init__(self, behind: Any, counted: Counted) -> None:
        self._behind, self._counted = behind, counted

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._behind, name)
        if not callable(real):
            return real

        def called(*arguments: Any, **named: Any) -> Any:
            counted = self._counted
            counted.calls.append(name)
            fails = len(counted.calls) == counted.at
            if fails and not counted.is_after:
                raise Transient(Reason.FORGE_UNREACHABLE, "the line broke")
            answer = real(*arguments, **named)
            if fails:
                raise Transient(Reason.FORGE_UNREACHABLE, "the answer was lost")
            return answer

        return called


def converged(prd: Prd) -> None:
    """A clean run has left: one merge, one lease that began at it, no request branch, nothing to do."""
    assert prd.merges() == 1
    (merged,) = [one for one in prd.requests() if one.state == "merged"]
    lease = prd.lease()
    assert lease.expires_at is not None
    assert prd.world.head(BRANCH) == ""
    assert merged.merge_commit in git(prd.world.path, "rev-list", "prd").split()
    head = prd.world.head("prd")
    outcomes = prd.reconcile()
    assert not failed(outcomes)
    assert told(outcomes["approval"]) == ()
    assert prd.world.head("prd") == head
    assert prd.lease() == lease


@pytest.mark.parametrize("is_after", [False, True], ids=["before its effect", "after its effect"])
def test_any_call_of_a_run_may_fail(local: Prd, *, is_after: bool) -> None:
    """The n-th call to the forge or the repository, for every n of the run that merges and stamps."""
    local.start()
    local.approved()
    rewind = local.rewinding()
    names, at = [""], 0
    while at < len(names):
        rewind()
        forge, counted = local.forge, Counted(at, is_after)
        local.forge, local.store_of = counted.before(forge), counted.before
        try:
            local.reconcile("approval", "stamp")
        except HubError as err:
            assert err.reason is Reason.FORGE_UNREACHABLE
        assert len(counted.calls) >= at, names
        if at == 0:  # none fails
            names = ["", *counted.calls]
        local.forge, local.store_of = forge, lambda store: store
        local.late = timedelta(minutes=30)
        local.reconcile()
        converged(local)
        at += 1
    assert {"requests", "reviews", "committers", "team_members", "checks", "merge"} <= set(names)
    assert {"snapshots", "delete_branch", "commit"} <= set(names)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_server_goes_down_at_any_call(tmp_path: Path, when: Literal["before", "after"]) -> None:
    """The server that answers as GitHub does is gone from its n-th call on, for every n: retries do not help."""
    with prd_on("github", tmp_path) as prd:
        prd.start()
        prd.approved()
        rewind, server = prd.rewinding(), prd.world.server
        at = reached = 0
        while reached >= at:
            at += 1
            rewind()
            server.faults = {at: Fault(when), **{n: Fault("before") for n in range(at + 1, at + 200)}}
            prd.reconcile("approval", "stamp")
            reached, server.faults = server.calls, {}
            prd.late = timedelta(minutes=30)
            prd.reconcile()
            converged(prd)
    assert at > len(("requests", "request", "team", "reviews", "commits", "checks", "merge"))


class TestRaces:
    def test_two_reconcilers_at_once_merge_once(self, local: Prd) -> None:
        local.start()
        local.approved()
        gate, outcomes = threading.Barrier(2), []

        class Gated(Interposed):
            def __getattr__(self, name: str) -> Any:
                real = getattr(self._behind, name)
                if name == "merge":
                    return lambda *arguments, **named: (gate.wait(30), real(*arguments, **named))[1]
                return real

        local.forge = Gated(local.forge, Counted(0, is_after=False))
        threads = [threading.Thread(target=lambda: outcomes.append(local.reconcile("approval"))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [failed(one) for one in outcomes] == [[], []]
        local.forge = local.world.forge
        local.reconcile("stamp")
        converged(local)

    def test_a_head_that_moves_after_it_was_judged_is_not_merged(self, local: Prd) -> None:
        local.start()
        local.approved()
        head = local.world.head("prd")
        local.forge = Before(local.forge, "merge", lambda: local.start(images={"web": image("web", "c")}))
        assert not failed(local.reconcile("approval"))
        assert local.world.head("prd") == head
        assert local.world.head(BRANCH)
        local.forge = local.world.forge
        assert local.judged()[2] == ("bob approved an older commit",)

    def test_a_push_between_judging_and_closing_is_kept(self, local: Prd) -> None:
        local.start()
        local.late = timedelta(hours=73)
        local.forge = Before(local.forge, "put_comment", lambda: local.start(images={"web": image("web", "c")}))
        assert not failed(local.reconcile("approval"))
        assert local.requests()[0].state == "open"
        assert "c" * 64 in git(local.world.path, "show", f"{BRANCH}:{ENTRY}")

    def test_a_branch_that_is_deleted_before_the_merge(self, local: Prd) -> None:
        local.start()
        local.approved()
        local.forge = Before(local.forge, "merge", lambda: local.world.delete_branch(BRANCH))
        head = local.world.head("prd")
        local.reconcile("approval")
        assert local.world.head("prd") == head
        local.forge = local.world.forge
        assert not failed(local.reconcile())
        assert local.entry() is None

    def test_a_branch_that_is_deleted_after_the_merge(self, local: Prd) -> None:
        local.start()
        local.approved()
        local.store_of = lambda store: Before(store, "delete_branch", lambda: local.world.delete_branch(BRANCH))
        assert not failed(local.reconcile())
        local.store_of = lambda store: store
        converged(local)

    def test_a_branch_that_is_withdrawn_before_it_is_asked_for(self, local: Prd) -> None:
        local.start()
        local.world.close(1, "bob")
        git(local.world.path, "update-ref", "-d", "refs/rtb-hub/requests/1")
        local.forge = Before(local.forge, "ask", lambda: local.world.delete_branch(BRANCH))
        assert not failed(local.reconcile("approval"))
        assert local.requests() == ()


class Before:
    """Something happens once, just before a method's effect."""

    def __init__(self, behind: Any, method: str, event: Any) -> None:
        self._behind, self._method, self._event = behind, method, event

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._behind, name)
        if name != self._method:
            return real

        def called(*arguments: Any, **named: Any) -> Any:
            event, self._event = self._event, lambda: None
            event()
            return real(*arguments, **named)

        return called
