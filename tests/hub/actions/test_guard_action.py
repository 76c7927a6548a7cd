"""Judging a change as services do: what is judged by which policy, and what is no change at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import ConfigError, Reason
from hub.actions.guard import Change, Judged, guard
from reconcilers.guard.judge import CAP
from worlds.builders import LIBRARY, NOW
from worlds.guarding import STARTER, lay_out


class Laid:
    """A repository with a start on main, and what a change there is judged to be."""

    def __init__(self, path: Path) -> None:
        self.world, self.main, self.prd = lay_out(path)
        self.head = self.world.started(self.main, "int", "RTB-1")

    def judged(self, revisions: str, branch: str | None = None) -> Judged:
        change = Change(revisions, branch, "any", CAP)
        history = self.world.history
        return guard(change, history=history, location="here", library=LIBRARY, starter=STARTER, clock=lambda: NOW)


@pytest.fixture
def laid(tmp_path: Path) -> Laid:
    return Laid(tmp_path / "state.git")


def test_a_start_is_allowed_by_the_environments_of_its_branch(laid: Laid) -> None:
    judged = laid.judged(f"{laid.main}..{laid.head}")
    assert judged.judgement.refusals == ()
    assert judged.environments == ("int", "stg")
    assert (judged.walk.base, judged.walk.head) == (laid.main, laid.head)


def test_a_rewritten_branch_is_refused_without_any_policy(laid: Laid) -> None:
    judged = laid.judged(f"{laid.head}..{laid.main}")
    assert [one.rule for one in judged.judgement.refusals] == ["history-rewritten"]
    assert judged.environments == ()


@pytest.mark.parametrize("revisions", ["main", "..x", "x..", "a...b", "{main}..nothing"])
def test_what_is_no_change_is_wrong_input(laid: Laid, revisions: str) -> None:
    with pytest.raises(ConfigError) as caught:
        laid.judged(revisions.format(main=laid.main))
    assert caught.value.reason is Reason.INVALID_VALUE


def test_a_branch_that_no_environment_lives_on_is_wrong_input(laid: Laid) -> None:
    with pytest.raises(ConfigError, match="no environment lives on 'feature'"):
        laid.judged(f"{laid.main}..{laid.head}", "feature")


@pytest.mark.parametrize("revisions", ["prd..{head}", "{main}..prd", "prd...{head}"])
def test_a_tag_in_the_place_of_a_branch_is_wrong_input(laid: Laid, revisions: str) -> None:
    """Git takes the tag: whoever may push one would choose the policy that is judged by."""
    laid.world.git("update-ref", "refs/heads/prd", laid.prd)
    laid.world.git("update-ref", "refs/tags/prd", laid.head)
    with pytest.raises(ConfigError, match="the name of several") as caught:
        laid.judged(revisions.format(main=laid.main, head=laid.head))
    assert caught.value.reason is Reason.INVALID_VALUE
    whole = laid.judged(revisions.format(main=laid.main, head=laid.head).replace("prd", "refs/heads/prd"), "prd")
    assert laid.prd in {whole.walk.base, whole.walk.head}
