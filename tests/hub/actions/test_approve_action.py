"""Reviews as values: what awaits one and why, and one that is given."""

from __future__ import annotations

import pytest

from generator.errors import About, ConfigError, Reason, Remedy, RemedyKind, Stalled
from generator.values.naming import IssueKey
from hub.actions.approve import ReviewRequest, approvals, approve
from worlds.approving import BRANCH, POLICY, Prd
from worlds.commands import commit_file, git

KEY = IssueKey.parse("RTB-123")
BOB = ReviewRequest(KEY, "prd", "approved", "bob")


def test_each_request_is_judged_and_a_review_counts(prd: Prd) -> None:
    prd.start()
    requests = prd.parts("nobody").requests
    found = approvals("prd", requests=requests)
    (judged,) = found.passes
    (one,) = judged.judged
    assert (one.name, one.verdict.kind, one.verdict.approved_by, found.without_forge) == ("rtb-123", "wait", (), ())
    given = approve(BOB, requests=requests, forge_as=prd.world.as_)
    assert (given.asked, given.request.branch) == (BOB, BRANCH)
    prd.green()
    (judged,) = approvals(None, requests=requests).passes
    (one,) = judged.judged
    assert (one.verdict.kind, one.verdict.approved_by) == ("merge", ("bob",))
    assert prd.requests()[0].state == "open"


def test_where_nothing_awaits_a_review_the_way_to_see_what_does(prd: Prd) -> None:
    with pytest.raises(Stalled) as caught:
        approve(BOB, requests=prd.parts("nobody").requests, forge_as=prd.world.as_)
    (fault,) = caught.value.faults
    assert caught.value.reason is Reason.REQUEST_NOT_FOUND
    assert fault.remedy == Remedy(RemedyKind.LIST_REQUESTS, About("prd"))


def test_what_is_not_reviewed_here_is_refused_before_a_forge_is_opened(prd: Prd) -> None:
    def opened(_: str) -> None:
        raise AssertionError("opened")

    with pytest.raises(ConfigError) as caught:
        approve(
            ReviewRequest(KEY, "int", "approved", "bob"),
            requests=prd.parts("nobody").requests,
            forge_as=opened,  # type: ignore[arg-type]
        )
    assert caught.value.reason is Reason.INVALID_FORGE


def test_what_cannot_be_read_is_told_beside_the_rest(prd: Prd) -> None:
    prd.start()
    commit_file(prd.world.path, "environments/stg/environment.yaml", "kind: [\n")
    requests = prd.parts("nobody").requests
    found = approvals(None, requests=requests)
    assert [one.environment for one in found.passes] == ["prd"]
    assert {name: error.reason for name, error in found.unreadable.items()} == {"stg": Reason.INVALID_ENVIRONMENT}
    assert [one.name for one in approvals("prd", requests=requests).passes[0].judged] == ["rtb-123"]
    with pytest.raises(ConfigError) as caught:
        approvals("stg", requests=requests)
    assert caught.value.reason is Reason.INVALID_ENVIRONMENT


def test_an_environment_without_a_forge_is_told_of_or_refused_by_name(prd: Prd) -> None:
    text = git(prd.world.path, "show", f"prd:{POLICY}")
    commit_file(prd.world.path, POLICY, text.replace("  forge: {kind: local}\n", ""), "prd")
    requests = prd.parts("nobody").requests
    found = approvals(None, requests=requests)
    assert (found.passes, found.without_forge) == ((), ("prd",))
    for name, reason in (("prd", Reason.INVALID_ENVIRONMENT), ("qa", Reason.UNKNOWN_ENVIRONMENT)):
        with pytest.raises(ConfigError) as caught:
            approvals(name, requests=requests)
        assert caught.value.reason is reason
    assert approvals("int", requests=requests).passes == ()
