"""The forge contract on a real Gitea, and what Gitea enforces by itself. Needs no control plane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from gitea import ORGANISATION, RefusedError
from gitea_world import Cast, GiteaWorld

from contracts.forge_contract import BASE, ONE, ForgeContract, ask, merged, refused, settled
from generator.errors import Reason, Stalled, Transient
from reconcilers.ports.forge import BranchProtection


@pytest.fixture
def world(cast: Cast, tmp_path: Path) -> GiteaWorld:
    """The hub is an administrator of the repository, for it writes the rules."""
    return GiteaWorld(cast, tmp_path, is_admin=True)


class TestGiteaForge(ForgeContract):
    pass


# What Gitea enforces, whatever the hub does


@pytest.fixture
def guarded(cast: Cast, tmp_path: Path) -> GiteaWorld:
    """As in production: the hub may write and no more, an administrator has protected `prd`, dave's account expires."""
    world = GiteaWorld(cast, tmp_path, is_admin=False)
    world.protect("dave")
    return world


def test_a_push_of_the_hubs_token_to_prd_is_refused_by_gitea(guarded: GiteaWorld) -> None:
    guarded.push(BASE, {"gone.txt": "x\n"}, by="dave")
    before = guarded.line(BASE)
    for by in ("rtb-hub", "alice", "bob"):
        with pytest.raises(RuntimeError, match=r"protected branch"):
            guarded.push(BASE, {"evil.txt": "x\n"}, by=by)
        with pytest.raises(RuntimeError, match="protected from force push"):
            guarded.push(BASE, {"evil.txt": "x\n"}, by=by, onto=before[-1])
        with pytest.raises(RuntimeError, match="protected from deletion"):
            guarded.delete_branch(BASE, by=by)
    assert guarded.line(BASE) == before


def test_the_expiry_identity_may_push_and_not_rewrite(guarded: GiteaWorld) -> None:
    commit = guarded.push(BASE, {"gone.txt": "x\n"}, by="dave")
    assert guarded.line(BASE)[0] == commit
    with pytest.raises(RuntimeError, match="protected from force push"):
        guarded.push(BASE, {"evil.txt": "x\n"}, by="dave", onto=guarded.line(BASE)[-1])


def test_the_hub_cannot_change_the_rules(guarded: GiteaWorld) -> None:
    for call in (lambda: guarded.forge.protection(BASE), lambda: guarded.forge.protect(BASE, BranchProtection())):
        refused(Stalled, Reason.FORGE_DENIED, call)


def test_neither_the_authors_nor_the_requesters_approval_counts(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    guarded.report(request.head, "guard", "passed")
    with pytest.raises(RefusedError, match="approve your own pull"):
        guarded.review(request.number, "rtb-hub", "approved")
    guarded.review(request.number, "alice", "approved")
    refused(Stalled, Reason.MERGE_REFUSED, guarded.forge.merge, request.number, request.head)
    guarded.review(request.number, "bob", "approved")
    assert merged(guarded, request.number, request.head) == guarded.line(BASE)[0]


def test_an_approval_does_not_outlive_a_push(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    guarded.review(request.number, "bob", "approved")
    pushed = guarded.push(ONE, {"evil.txt": "x\n"}, by="rtb-hub")
    settled(guarded, request.number, pushed)
    guarded.report(pushed, "guard", "passed")
    assert {review.commit for review in guarded.forge.reviews(request.number)} == {request.head}
    refused(Stalled, Reason.MERGE_REFUSED, guarded.forge.merge, request.number, pushed)


def test_a_check_that_is_red_pending_or_missing_holds_the_merge(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    guarded.review(request.number, "bob", "approved")
    for report in ((), ("guard", "pending"), ("guard", "failed"), ("other", "passed")):
        if report:
            guarded.report(request.head, *report)
        refused(Stalled, Reason.MERGE_REFUSED, guarded.forge.merge, request.number, request.head)


def test_one_reporter_does_not_outvote_another(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    guarded.report(request.head, "guard", "failed", by="dave")
    guarded.report(request.head, "guard", "passed", by="alice")
    assert [(c.source, c.state) for c in guarded.forge.checks(request.head)] == [
        ("alice", "passed"),
        ("dave", "failed"),
    ]


def test_a_committers_approval_counts_for_gitea_and_is_seen_by_the_hub(guarded: GiteaWorld) -> None:
    """Gitea takes it; the hub has to refuse it, and can."""
    request = ask(guarded, by="bob")
    guarded.review(request.number, "bob", "approved")
    (review,) = guarded.forge.reviews(request.number)
    assert review.author in {one.actor for one in guarded.forge.committers(request.number)}


# What goes wrong


def test_a_token_that_is_wrong_or_revoked_is_refused_and_not_told(guarded: GiteaWorld) -> None:
    hub = guarded.cast.accounts["rtb-hub"]
    revoked = guarded.gitea.token(hub, "all")
    assert guarded.as_hub(revoked).whoami().actor.login == "rtb-hub"
    guarded.gitea.revoke(hub, revoked)
    for token in (revoked, "0" * 40):
        forge = guarded.as_hub(token, token)
        for call in (forge.whoami, lambda f=forge: f.request(1), lambda f=forge: f.team_members(guarded.team)):
            error = refused(Stalled, Reason.FORGE_DENIED, call)
            assert token not in f"{error!r} {error} {forge!r}"


def test_a_token_that_may_only_read_cannot_write(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    hub = guarded.cast.accounts["rtb-hub"]
    forge = guarded.as_hub(guarded.gitea.token(hub, "read:repository", "read:issue", "read:user"))
    assert forge.request(request.number).state == "open"
    refused(Stalled, Reason.FORGE_DENIED, forge.close, request.number, "no")
    refused(Stalled, Reason.FORGE_DENIED, forge.merge, request.number, request.head)
    assert guarded.forge.request(request.number).state == "open"


def test_the_teams_token_can_do_nothing_else(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    refused(Stalled, Reason.FORGE_DENIED, guarded.as_hub(guarded.cast.teams_token).request, request.number)


def test_a_team_that_the_account_may_not_see_is_not_an_empty_team(guarded: GiteaWorld) -> None:
    own = guarded.cast.accounts["rtb-hub"].token
    refused(Stalled, Reason.FORGE_DENIED, guarded.as_hub(own, own).team_members, guarded.team)
    refused(Stalled, Reason.FORGE_DENIED, guarded.forge.team_members, "nowhere/approvers")


def test_an_archived_repository_is_read_and_not_written(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    guarded.change_repository({"archived": True})
    assert guarded.forge.request(request.number).state == "open"
    for call in (
        lambda: guarded.forge.close(request.number, "no"),
        lambda: guarded.forge.merge(request.number, request.head),
        lambda: guarded.forge.set_labels(request.number, ["preview:x"]),
        lambda: guarded.forge.update(request.number, title="new", body="new"),
    ):
        assert "archived" in str(refused(Stalled, Reason.FORGE_DENIED, call))


def test_a_renamed_repository_is_named_and_a_deleted_one_is_gone(guarded: GiteaWorld) -> None:
    guarded.change_repository({"name": f"{guarded.name}-new"})
    error = refused(Stalled, Reason.FORGE_REFUSED, guarded.forge.request, 1)
    assert f"{guarded.name}-new" in str(error)
    guarded.gitea.call("DELETE", f"/repos/{ORGANISATION}/{guarded.name}-new")
    refused(Stalled, Reason.FORGE_REFUSED, guarded.forge.request, 1)
    refused(Stalled, Reason.FORGE_REFUSED, guarded.forge.open, ONE, BASE, title="t", body="b")


def test_a_repository_that_the_account_may_not_see(guarded: GiteaWorld) -> None:
    stranger = guarded.gitea.account(f"stranger-{guarded.name}")
    forge = guarded.as_hub(stranger.token)
    for call in (lambda: forge.request(1), lambda: forge.requests(BASE, prefix="", closed_since=guarded.begin)):
        refused(Stalled, Reason.FORGE_REFUSED, call)


def test_lists_longer_than_a_page_are_whole(guarded: GiteaWorld) -> None:
    head = guarded.push_many(ONE, 55)
    request = guarded.forge.open(ONE, BASE, title="t", body="b")
    settled(guarded, request.number, head)
    assert len({one.commit for one in guarded.forge.committers(request.number)}) == 55
    for n in range(55):
        guarded.report(head, f"check-{n}", "passed")
    assert len(guarded.forge.checks(head)) == 55


def test_a_gitea_that_is_down_is_waited_for_and_nothing_is_lost(guarded: GiteaWorld) -> None:
    request = ask(guarded)
    guarded.gitea.process.stop()
    try:
        for call in (
            lambda: guarded.forge.request(request.number),
            lambda: guarded.forge.merge(request.number, request.head),
            lambda: guarded.forge.requests(BASE, prefix="", closed_since=guarded.begin),
        ):
            refused(Transient, Reason.FORGE_UNREACHABLE, call)
    finally:
        guarded.gitea.start()
    assert guarded.forge.request(request.number).head == request.head


def test_the_scopes_that_the_docs_name_are_enough(guarded: GiteaWorld) -> None:
    hub = guarded.cast.accounts["rtb-hub"]
    token = guarded.gitea.token(hub, "write:repository", "write:issue", "read:user")
    guarded.forge = guarded.as_hub(token)
    request = ask(guarded)
    guarded.forge.update(request.number, title="new", body="new")
    guarded.forge.set_labels(request.number, ["preview:prd"])
    guarded.forge.put_comment(request.number, "status", "Waits.")
    guarded.forge.ask_review(request.number, guarded.team)
    guarded.review(request.number, "bob", "approved")
    guarded.report(request.head, "guard", "passed")
    assert [len(found) for found in (guarded.forge.reviews(request.number), guarded.forge.checks(request.head))] == [
        1,
        1,
    ]
    assert merged(guarded, request.number, request.head) == guarded.line(BASE)[0]
    admin = guarded.gitea.token(guarded.gitea.admin, "write:repository", "read:user")
    held = guarded.as_hub(admin).protection(BASE)
    assert guarded.as_hub(admin).protect(BASE, replace(held, approvals=2)).approvals == 2
