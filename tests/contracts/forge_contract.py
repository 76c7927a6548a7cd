"""What every forge must do, and the world a test needs around one: people who push, review and click.

`ForgeContract` is inherited by a test class that gives a `world` fixture; it runs over the local forge, the GitHub
adapter and a real Gitea. In a world `alice` asks, `bob` and `carol` are the team, `dave` may write but is in no team.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from generator.errors import HubError, Moved, Reason, Stalled, Waiting
from reconcilers.ports.forge import BranchProtection, ChangeRequest, CheckState, Forge, ReviewState

BASE, PREFIX = "prd", "preview/prd/"
ONE, TWO = PREFIX + "rtb-1", PREFIX + "rtb-2"
NOWHERE = "0" * 40
#: How often a test looks again at what a forge does behind a call (Gitea follows pushes with a queue).
LOOKS = 100


class World(Protocol):
    """One forge with one repository, whose branch `prd` has one commit with `README.md`. `forge` acts as the hub."""

    forge: Forge
    team: str
    #: A team that is not there.
    no_team: str
    #: Before everything that happens in it.
    begin: datetime

    def pause(self) -> None:
        """Wait a moment for what the forge does behind a call; nothing where it does all at once."""

    def push(
        self,
        branch: str,
        files: Mapping[str, str | None],
        *,
        by: str = "alice",
        email: str = "",
        onto: str = "",
        author: str = "",
    ) -> str:
        """Commit on top of `branch`, or of the commit `onto` by force, else of `prd`; returns the commit.

        `email` is the commit's, by default the one of the account `by`. A file of None is removed. `author`: the account
        that wrote what `by` commits, where that is another.
        """

    def delete_branch(self, branch: str) -> None: ...

    def review(self, number: int, by: str, state: ReviewState) -> None:
        """Submit a review of the present head."""

    def dismiss(self, number: int, of: str) -> None:
        """Dismiss the last review of an account."""

    def report(self, commit: str, name: str, state: CheckState) -> None: ...

    def leave_team(self, login: str) -> None: ...

    def close(self, number: int, by: str) -> None: ...

    def merge(self, number: int, by: str) -> None: ...

    def label(self, number: int, name: str) -> None: ...

    def comment(self, number: int, by: str, body: str) -> None: ...

    def comments(self, number: int) -> Sequence[tuple[str, str]]:
        """Login and body of each comment, oldest first."""

    def asked(self, number: int) -> frozenset[str]:
        """The teams whose review is asked for."""

    def line(self, branch: str) -> Sequence[str]:
        """The commits of a branch along its first parents, newest first."""

    def parents(self, commit: str) -> Sequence[str]: ...

    def files(self, commit: str) -> Mapping[str, str]: ...

    def trailers(self, commit: str) -> str:
        """Those of its message, as git-interpret-trailers(1) reads them."""


def ask(world: World, branch: str = ONE, text: str = "one\n", **push: str) -> ChangeRequest:
    """Push a branch with one file named like it, and open a request."""
    head = world.push(branch, {f"{branch.rpartition('/')[2]}.txt": text}, **push)
    request = world.forge.open(branch, BASE, title=f"Preview {branch}", body="A preview.")
    return settled(world, request.number, head)


def settled(world: World, number: int, head: str) -> ChangeRequest:
    """The request once the forge has seen that its branch is at `head`, and can say whether it merges."""
    for _ in range(LOOKS):
        request = world.forge.request(number)
        if request.head == head and (request.mergeable is not None or request.state != "open"):
            return request
        world.pause()
    raise AssertionError(f"request {number} never came to {head}: {world.forge.request(number)}")


def merged(world: World, number: int, head: str, onto: str | None = None) -> str:
    """Merge, as often as the forge says that it is not ready."""
    for _ in range(LOOKS):
        try:
            return world.forge.merge(number, head, onto=onto)
        except Waiting as err:
            assert err.reason == Reason.MERGE_NOT_READY
            world.pause()
    raise AssertionError(f"request {number} never became ready")


def listed(world: World, **changes: object) -> dict[int, ChangeRequest]:
    found = world.forge.requests(BASE, **{"prefix": PREFIX, "closed_since": world.begin, **changes})  # type: ignore[arg-type]
    assert [one.number for one in found] == sorted(one.number for one in found)
    return {one.number: one for one in found}


def refused(kind: type[HubError], reason: Reason, call: object, *arguments: object, **named: object) -> HubError:
    with pytest.raises(kind) as caught:
        call(*arguments, **named)  # type: ignore[operator]
    assert caught.value.reason == reason, caught.value
    return caught.value


class ForgeContract:
    """Inherit, and give a fixture `world`."""

    def test_a_request_is_what_was_asked_for(self, world: World) -> None:
        head = world.push(ONE, {"one.txt": "1\n"})
        opened = world.forge.open(
            ONE, BASE, title="Preview RTB-1 in prd", body='| a | b |\n|---|---|\n| `x` | "é" <b> |'
        )
        request = settled(world, opened.number, head)
        assert (request.branch, request.base, request.head, request.state) == (ONE, BASE, head, "open")
        assert (request.title, request.body) == ("Preview RTB-1 in prd", '| a | b |\n|---|---|\n| `x` | "é" <b> |')
        assert request.author == world.forge.whoami().actor
        assert (request.merged_at, request.merge_commit, request.is_foreign) == (None, None, False)
        assert request.created_at.utcoffset() is not None
        assert request.mergeable is True
        assert request.url.startswith(("http", "/"))

    def test_opening_again_returns_the_open_one_as_it_is(self, world: World) -> None:
        request = ask(world)
        again = world.forge.open(ONE, BASE, title="other", body="other")
        assert (again.number, again.title) == (request.number, request.title)
        assert len(listed(world)) == 1

    def test_a_branch_that_is_not_there_cannot_be_asked_for(self, world: World) -> None:
        refused(Moved, Reason.BRANCH_MOVED, world.forge.open, ONE, BASE, title="t", body="b")
        world.push(ONE, {"one.txt": "1\n"})
        refused(Moved, Reason.BRANCH_MOVED, world.forge.open, ONE, "nowhere", title="t", body="b")
        assert listed(world) == {}

    def test_a_branch_with_nothing_new_cannot_be_asked_for(self, world: World) -> None:
        request = ask(world)
        merged(world, request.number, request.head)
        refused(Stalled, Reason.FORGE_REFUSED, world.forge.open, ONE, BASE, title="t", body="b")

    def test_a_number_that_is_none_is_not_found(self, world: World) -> None:
        forge = world.forge
        for call in (forge.request, forge.reviews, forge.committers):
            refused(Stalled, Reason.REQUEST_NOT_FOUND, call, 4711)
        refused(Stalled, Reason.REQUEST_NOT_FOUND, forge.merge, 4711, NOWHERE)
        refused(Stalled, Reason.REQUEST_NOT_FOUND, forge.close, 4711, "why")
        refused(Stalled, Reason.REQUEST_NOT_FOUND, forge.update, 4711, title="t", body="b")
        refused(Stalled, Reason.REQUEST_NOT_FOUND, forge.put_comment, 4711, "m", "b")

    def test_a_push_and_a_forced_push_move_the_head(self, world: World) -> None:
        request = ask(world)
        pushed = world.push(ONE, {"two.txt": "2\n"})
        assert settled(world, request.number, pushed).head == pushed
        forced = world.push(ONE, {"three.txt": "3\n"}, onto=world.line(BASE)[0])
        assert settled(world, request.number, forced).head == forced

    def test_title_and_body_are_updated(self, world: World) -> None:
        number = ask(world).number
        for _ in range(2):
            changed = world.forge.update(number, title="new", body="line\n\n- item")
            assert (changed.title, changed.body) == ("new", "line\n\n- item")
        assert world.forge.request(number).title == "new"

    def test_closing_says_why_once_and_leaves_the_branch(self, world: World) -> None:
        request = ask(world)
        for _ in range(2):
            assert world.forge.close(request.number, "Nobody approved in time.").state == "closed"
        assert [body.count("Nobody approved in time.") for _, body in world.comments(request.number)] == [1]
        closed = world.forge.request(request.number)
        assert (closed.state, closed.head, closed.merge_commit) == ("closed", request.head, None)
        assert world.line(ONE)[0] == request.head

    def test_asking_again_after_a_close_opens_another(self, world: World) -> None:
        request = ask(world)
        world.forge.close(request.number, "Rejected.")
        again = world.forge.open(ONE, BASE, title="t", body="b")
        assert again.number != request.number
        assert {n: r.state for n, r in listed(world).items()} == {request.number: "closed", again.number: "open"}

    def test_closing_a_merged_one_changes_and_says_nothing(self, world: World) -> None:
        request = ask(world)
        merged(world, request.number, request.head)
        assert world.forge.close(request.number, "too late").state == "merged"
        assert world.comments(request.number) == []

    def test_a_listing_has_all_open_and_the_recently_ended_of_one_base_and_prefix(self, world: World) -> None:
        first, second = ask(world, ONE), ask(world, TWO)
        third = ask(world, PREFIX + "rtb-3")
        world.push("main", {"main.txt": "m\n"})
        elsewhere = world.forge.open(ONE, "main", title="t", body="b")
        other = ask(world, "feature/x")
        merged(world, first.number, first.head)
        world.forge.close(second.number, "no")
        found = listed(world)
        assert {n: r.state for n, r in found.items()} == {
            first.number: "merged",
            second.number: "closed",
            third.number: "open",
        }
        assert elsewhere.number not in found
        assert other.number in listed(world, prefix="")
        assert set(listed(world, closed_since=world.begin + timedelta(days=1))) >= {third.number}
        assert first.number not in listed(world, closed_since=world.begin + timedelta(days=1))

    def test_a_listing_says_the_same_as_each_request(self, world: World) -> None:
        first, second = ask(world, ONE), ask(world, TWO)
        merged(world, first.number, first.head)
        world.forge.set_labels(second.number, ["preview:prd"])
        for number, one in listed(world).items():
            assert replace(one, mergeable=None) == replace(world.forge.request(number), mergeable=None)

    def test_reviews_come_oldest_first_with_the_commit_they_saw(self, world: World) -> None:
        request = ask(world)
        assert world.forge.reviews(request.number) == ()
        world.review(request.number, "bob", "changes-requested")
        world.review(request.number, "carol", "commented")
        pushed = world.push(ONE, {"two.txt": "2\n"})
        settled(world, request.number, pushed)
        world.review(request.number, "bob", "approved")
        seen = world.forge.reviews(request.number)
        assert [(r.author.login, r.state, r.commit) for r in seen] == [
            ("bob", "changes-requested", request.head),
            ("carol", "commented", request.head),
            ("bob", "approved", pushed),
        ]
        assert not any(r.author.is_bot for r in seen)
        assert all(r.at.utcoffset() is not None for r in seen)

    def test_a_dismissed_review_is_dismissed_whatever_it_said(self, world: World) -> None:
        request = ask(world)
        world.review(request.number, "bob", "approved")
        world.review(request.number, "carol", "changes-requested")
        world.dismiss(request.number, "carol")
        seen = world.forge.reviews(request.number)
        assert [(r.author.login, r.state) for r in seen] == [("bob", "approved"), ("carol", "dismissed")]

    def test_every_committer_is_named_and_an_unknown_one_is_not_dropped(self, world: World) -> None:
        first = world.push(ONE, {"one.txt": "1\n"}, by="alice")
        second = world.push(ONE, {"two.txt": "2\n"}, by="bob")
        third = world.push(ONE, {"three.txt": "3\n"}, by="alice", email="stranger@elsewhere.invalid")
        request = world.forge.open(ONE, BASE, title="t", body="b")
        settled(world, request.number, third)
        found = world.forge.committers(request.number)
        assert {(c.commit, c.actor.login, c.role) for c in found} == {
            (commit, login, role)
            for commit, login in ((first, "alice"), (second, "bob"), (third, ""))
            for role in ("author", "committer")
        }
        assert {c.email for c in found if not c.actor.is_known} == {"stranger@elsewhere.invalid"}

    def test_who_amends_anothers_commit_is_named_beside_its_author(self, world: World) -> None:
        first = world.push(ONE, {"one.txt": "1\n"}, by="bob", author="alice")
        second = world.push(ONE, {"two.txt": "2\n"}, by="alice", author="bob")
        request = world.forge.open(ONE, BASE, title="t", body="b")
        settled(world, request.number, second)
        assert {(c.commit, c.actor.login, c.role) for c in world.forge.committers(request.number)} == {
            (first, "alice", "author"),
            (first, "bob", "committer"),
            (second, "bob", "author"),
            (second, "alice", "committer"),
        }

    def test_what_the_hub_commits_by_its_identity_is_the_hubs(self, world: World) -> None:
        me = world.forge.whoami()
        assert me.actor.is_known
        request = ask(world, by=me.name, email=me.email)
        assert {c.actor for c in world.forge.committers(request.number)} == {me.actor}

    @pytest.mark.parametrize("name", ["bob", "BOB", "Bob"])
    def test_an_account_goes_by_its_name_in_any_case(self, world: World, name: str) -> None:
        found = world.forge.account(name)
        assert (found.login, found.is_bot) == ("bob", False)
        if found.id:
            assert world.forge.account_of(found.id).login == "bob"

    def test_the_hub_is_a_machine_among_the_accounts(self, world: World) -> None:
        me = world.forge.whoami().actor
        found = world.forge.account(me.login)
        assert (found.login, found.is_bot, found.id) == (me.login, True, me.id)

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "@bob",
            "Bob Example",
            "bob ",
            "b0b",
            "bób",
            "bob/../alice",
            "bob?x=1",
            "nobody@example.com",
            "x" * 300,
            "-",
        ],
    )
    def test_what_is_no_accounts_name_is_nobodys(self, world: World, name: str) -> None:
        assert not world.forge.account(name).is_known

    @pytest.mark.parametrize("account_id", ["", "0", "-1", "999999999999", "bob", "1/../2", "9" * 40])
    def test_an_id_that_is_nobodys(self, world: World, account_id: str) -> None:
        assert not world.forge.account_of(account_id).is_known

    def test_a_team_is_its_present_members(self, world: World) -> None:
        assert world.forge.team_members(world.team) == {"bob", "carol"}
        world.leave_team("carol")
        assert world.forge.team_members(world.team) == {"bob"}

    def test_a_team_that_is_not_there_is_not_an_empty_team(self, world: World) -> None:
        refused(Stalled, Reason.FORGE_DENIED, world.forge.team_members, world.no_team)

    def test_checks_are_the_latest_of_each_name(self, world: World) -> None:
        head = ask(world).head
        assert world.forge.checks(head) == ()
        for name, state in (("guard", "pending"), ("lint", "failed"), ("guard", "passed"), ("slow", "pending")):
            world.report(head, name, state)  # type: ignore[arg-type]
        found = {check.name: check.state for check in world.forge.checks(head)}
        assert found == {"guard": "passed", "lint": "failed", "slow": "pending"}
        assert [c.name for c in world.forge.checks(head)] == ["guard", "lint", "slow"]
        assert all(check.source for check in world.forge.checks(head))
        assert world.forge.checks(world.line(BASE)[0]) == ()

    def test_the_hubs_labels_change_and_others_stay(self, world: World) -> None:
        number = ask(world).number
        world.label(number, "important")
        world.forge.set_labels(number, ["preview:prd", "preview:waiting"])
        assert world.forge.request(number).labels == {"important", "preview:prd", "preview:waiting"}
        for _ in range(2):
            world.forge.set_labels(number, ["preview:prd"])
            assert world.forge.request(number).labels == {"important", "preview:prd"}
        with pytest.raises(ValueError, match="important"):
            world.forge.set_labels(number, ["important"])

    def test_a_team_is_asked_once(self, world: World) -> None:
        number = ask(world).number
        for _ in range(2):
            world.forge.ask_review(number, world.team)
            assert world.asked(number) == {world.team}
        world.review(number, "bob", "approved")
        before = world.asked(number)
        world.forge.ask_review(number, world.team)
        assert world.asked(number) == before
        refused(Stalled, Reason.FORGE_DENIED, world.forge.ask_review, number, world.no_team)

    def test_a_comment_is_edited_and_nobody_elses_touched(self, world: World) -> None:
        number = ask(world).number
        me = world.forge.whoami().actor.login
        world.forge.put_comment(number, "status", "Waits for 1 approval.")
        mine = dict(world.comments(number))[me]
        world.comment(number, "alice", mine)  # a copy, the hidden marker among it
        for _ in range(2):
            world.forge.put_comment(number, "status", "Approved.")
        world.forge.put_comment(number, "other", "Another.")
        seen = world.comments(number)
        assert [login for login, _ in seen] == [me, "alice", me]
        assert seen[1][1] == mine
        assert [text in body for text, (_, body) in zip(("Approved.", "1 approval.", "Another."), seen, strict=True)]
        assert "1 approval" not in seen[0][1]

    def test_a_merge_is_a_merge_commit_and_doing_it_again_is_harmless(self, world: World) -> None:
        request = ask(world)
        before = world.line(BASE)
        commit = merged(world, request.number, request.head)
        assert world.line(BASE) == [commit, *before]
        assert world.parents(commit) == [before[0], request.head]
        assert world.files(commit)["rtb-1.txt"] == "one\n"
        seen = world.forge.request(request.number)
        assert (seen.state, seen.merge_commit, seen.head) == ("merged", commit, request.head)
        assert seen.merged_at is not None
        assert seen.merged_at.utcoffset() is not None
        assert world.forge.merge(request.number, request.head) == commit
        assert world.line(BASE) == [commit, *before]

    @pytest.mark.parametrize("title", ["Operation: op-1", "Preview: prd/rtb-7"])
    def test_no_title_becomes_a_trailer_of_the_target(self, world: World, title: str) -> None:
        """Anybody who may push may set it, and the hub reads trailers of its branches as its own."""
        request = ask(world)
        world.forge.update(request.number, title=title, body="Action: stop\n\nRequested-By: carol")
        commit = merged(world, request.number, request.head)
        assert world.trailers(commit) == ""

    def test_only_the_commit_that_was_judged_is_merged(self, world: World) -> None:
        request = ask(world)
        before = world.line(BASE)
        pushed = world.push(ONE, {"evil.txt": "x\n"})
        settled(world, request.number, pushed)
        refused(Moved, Reason.BRANCH_MOVED, world.forge.merge, request.number, request.head)
        assert world.line(BASE) == before
        assert world.forge.request(request.number).state == "open"

    def test_it_is_merged_only_onto_the_commit_that_it_was_judged_on(self, world: World) -> None:
        request = ask(world)
        judged_on = world.line(BASE)[0]
        moved = world.push(BASE, {"README.md": "moved\n"}, by="dave")
        settled(world, request.number, request.head)
        refused(Moved, Reason.BRANCH_MOVED, world.forge.merge, request.number, request.head, onto=judged_on)
        assert world.line(BASE)[0] == moved
        assert world.forge.request(request.number).state == "open"
        commit = merged(world, request.number, request.head, onto=moved)
        assert world.parents(commit) == [moved, request.head]

    def test_two_requests_from_one_base_both_keep_their_files(self, world: World) -> None:
        first, second = ask(world, ONE, "1\n"), ask(world, TWO, "2\n")
        merged(world, first.number, first.head)
        commit = merged(world, second.number, second.head)
        assert {"rtb-1.txt", "rtb-2.txt", "README.md"} <= set(world.files(commit))

    def test_a_conflict_is_refused_and_seen(self, world: World) -> None:
        first = ask(world, ONE)
        second = world.push(TWO, {"rtb-1.txt": "another\n"})
        number = world.forge.open(TWO, BASE, title="t", body="b").number
        settled(world, number, second)
        merged(world, first.number, first.head)
        before = world.line(BASE)
        for _ in range(LOOKS):
            if world.forge.request(number).mergeable is False:
                break
            world.pause()
        assert world.forge.request(number).mergeable is False
        refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, number, second)
        assert world.line(BASE) == before

    def test_a_closed_request_is_not_merged(self, world: World) -> None:
        request = ask(world)
        world.close(request.number, "alice")
        before = world.line(BASE)
        refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, request.head)
        assert world.line(BASE) == before

    def test_a_request_that_somebody_merged_is_merged(self, world: World) -> None:
        request = ask(world)
        world.merge(request.number, "dave")
        seen = world.forge.request(request.number)
        assert (seen.state, seen.merge_commit) == ("merged", world.line(BASE)[0])
        assert world.forge.merge(request.number, request.head) == world.line(BASE)[0]

    def test_a_request_whose_branch_is_deleted_merges_nothing(self, world: World) -> None:
        request = ask(world)
        before = world.line(BASE)
        world.delete_branch(ONE)
        with pytest.raises((Stalled, Moved)) as caught:
            merged(world, request.number, request.head)
        assert caught.value.reason in (Reason.MERGE_REFUSED, Reason.BRANCH_MOVED)
        assert world.line(BASE) == before
        assert world.forge.request(request.number).state != "merged"

    def test_a_branch_that_nothing_protects_says_so(self, world: World) -> None:
        found = world.forge.protection(BASE)
        assert replace(found, not_expressed=()) == BranchProtection()

    def test_protection_is_read_back_and_never_said_to_be_more_than_it_is(self, world: World) -> None:
        wanted = BranchProtection(
            requests_only=True,
            approvals=1,
            approver_team=world.team,
            dismiss_stale=True,
            not_by_last_pusher=True,
            checks=frozenset({"guard"}),
            no_force_push=True,
            no_deletion=True,
        )
        held = world.forge.protect(BASE, wanted)
        assert held == world.forge.protection(BASE) == world.forge.protect(BASE, wanted)
        assert (held.no_force_push, held.no_deletion) == (True, True)
        assert replace(held, not_expressed=()) == wanted or held.not_expressed
        assert world.forge.protection("main" if BASE != "main" else "prd").approvals == 0
        request = ask(world)
        before = world.line(BASE)
        if held.approvals:
            refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, request.head)
            assert world.line(BASE) == before
            world.review(request.number, "bob", "approved")
        if held.checks:
            refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, request.head)
            assert world.line(BASE) == before
            world.report(request.head, "guard", "passed")
        merged(world, request.number, request.head)
