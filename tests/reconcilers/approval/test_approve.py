"""Who may say yes to production, and what a request waits for: actors × events, each with the decision and its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.model.lifecycle import Approval
from reconcilers.approval.verdict import Observed, Verdict, judge
from reconcilers.ports.forge import Actor, ChangeRequest, Check, Committer, Review, ReviewState
from worlds.builders import NOW

HEAD, OLD = "b" * 40, "a" * 40
HUB = Actor("rtb-hub[bot]", is_bot=True)
POLICY = Approval(team="acme/prd-approvers", required=1)
GREEN = (Check("guard", "passed", "actions"),)
REQUEST = ChangeRequest(
    number=7, url="https://git.example.com/acme/state/pull/7", title="Start RTB-123 in prd", body="",
    branch="preview/prd/rtb-123", head=HEAD, base="prd", author=HUB, state="open", created_at=NOW, mergeable=True,
)  # fmt: skip
BASE = Observed(
    request=REQUEST,
    requesters=frozenset({"alice"}),
    committers=frozenset({Committer(HEAD, HUB, role, "rtb-hub", "hub@example.com") for role in ("author", "committer")}),  # type: ignore[arg-type]
    members=frozenset({"alice", "bob", "carol"}),
    checks=GREEN,
)  # fmt: skip


def written_by(author: str, committer: str) -> frozenset[Committer]:
    """A commit by one, as another committed it."""
    return frozenset(
        {
            Committer(OLD, Actor(author), "author", "its author", "a@example.com"),
            Committer(OLD, Actor(committer), "committer", "its committer", "c@example.com"),
        }
    )


def review(who: str, state: ReviewState, after: int = 0, commit: str = HEAD, *, is_bot: bool = False) -> Review:
    return Review(Actor(who, is_bot), state, commit, NOW + timedelta(minutes=after))


def verdict(*reviews: Review, now: datetime = NOW + timedelta(hours=1), policy: Approval = POLICY, **fields: Any) -> Verdict:  # fmt: skip
    return judge(replace(BASE, reviews=reviews, **fields), policy, now=now)


def test_an_approver_who_is_nobody_else_is_enough() -> None:
    told = verdict(review("bob", "approved"))
    assert (told.kind, told.approved_by, told.why) == ("merge", ("bob",), "approved by bob")


CASES: dict[str, tuple[tuple[Review, ...], dict[str, Any], str]] = {
    "nobody has reviewed": ((), {}, "1 more approval of acme/prd-approvers"),
    "only a comment": ((review("bob", "commented"),), {}, "1 more approval"),
    "the requester approves": ((review("alice", "approved"),), {}, "alice asked for it"),
    "the requester in other letters": ((review("Alice", "approved"),), {}, "Alice asked for it"),
    "the author approves": (
        (review("bob", "approved"),),
        {"request": replace(REQUEST, author=Actor("bob"))},
        "bob opened the request",
    ),
    "a committer approves": (
        (review("bob", "approved"),),
        {"committers": BASE.committers | {Committer(OLD, Actor("bob"), "author", "Bob", "bob@example.com")}},
        "bob wrote a commit of it",
    ),
    "a committer in other letters": (
        (review("Bob", "approved"),),
        {"committers": BASE.committers | {Committer(OLD, Actor("bob"), "author", "Bob", "bob@example.com")}},
        "Bob wrote a commit of it",
    ),
    "the author in other letters": (
        (review("Bob", "approved"),),
        {"request": replace(REQUEST, author=Actor("bob"))},
        "Bob opened the request",
    ),
    "whose account is gone approves": (
        (review("", "approved"),),
        {},
        "somebody whose account is gone approved, but the account is gone",
    ),
    "who amended another's commit approves": (
        (review("bob", "approved"),),
        {"committers": BASE.committers | written_by("dave", "bob")},
        "bob wrote a commit of it",
    ),
    "whose commit another amended approves": (
        (review("bob", "approved"),),
        {"committers": BASE.committers | written_by("bob", "dave")},
        "bob wrote a commit of it",
    ),
    "another's commit, amended by nobody": (
        (review("bob", "approved"),),
        {"committers": BASE.committers | written_by("dave", "")},
        "aaaaaaaaaaaa by its committer: it maps to no account",
    ),
    "nobody's commit, amended by another": (
        (review("bob", "approved"),),
        {"committers": BASE.committers | written_by("", "dave")},
        "aaaaaaaaaaaa by its author: it maps to no account",
    ),
    "a commit of nobody's": (
        (review("bob", "approved"),),
        {"committers": BASE.committers | {Committer(OLD, Actor(""), "author", "Eve", "eve@example.com")}},
        "aaaaaaaaaaaa by Eve: it maps to no account",
    ),
    "approved, then pushed": ((review("bob", "approved", commit=OLD),), {}, "bob approved an older commit"),
    "approved, but of which commit is lost": ((review("bob", "approved", commit=""),), {}, "bob approved an older"),
    "dismissed": ((review("bob", "dismissed"),), {}, "1 more approval"),
    "approved, then changes requested": (
        (review("bob", "approved"), review("bob", "changes-requested", 1)),
        {},
        "bob requested changes",
    ),
    "changes requested, then approved by another": (
        (review("bob", "changes-requested"), review("carol", "approved", 1)),
        {},
        "bob requested changes",
    ),
    "changes requested by who is in no team": (
        (review("bob", "approved"), review("dave", "changes-requested", 1)),
        {},
        "dave requested changes",
    ),
    "changes requested on an older commit": (
        (review("bob", "changes-requested", commit=OLD), review("carol", "approved", 1)),
        {},
        "bob requested changes",
    ),
    "changes requested by two whose accounts are gone": (
        (review("bob", "approved"), review("", "changes-requested"), review("", "approved", 1)),
        {},
        "somebody whose account is gone requested changes",
    ),
    "reviewer left the team": (
        (review("bob", "approved"),),
        {"members": frozenset({"carol"})},
        "bob is not in acme/prd-approvers",
    ),
    "a bot approves": (
        (review("helper", "approved", is_bot=True),),
        {"members": BASE.members | {"helper"}},
        "helper is a bot",
    ),
    "a machine that the adapter takes for a person": (
        (review("Helper", "approved"),),
        {"members": BASE.members | {"Helper"}, "machines": frozenset({"helper"})},
        "Helper is a machine",
    ),
    "the requester under another name": (
        (Review(Actor("alice2", id="5"), "approved", HEAD, NOW),),
        {"members": BASE.members | {"alice2"}, "requester_ids": frozenset({"5"})},
        "alice2 asked for it",
    ),
    "the author under another name": (
        (Review(Actor("bob", id="6"), "approved", HEAD, NOW),),
        {"request": replace(REQUEST, author=Actor("robert", id="6"))},
        "bob opened the request",
    ),
    "a committer under another name": (
        (Review(Actor("bob", id="6"), "approved", HEAD, NOW),),
        {"committers": BASE.committers | {Committer(OLD, Actor("robert", id="6"), "committer", "B", "b@example.com")}},
        "bob wrote a commit of it",
    ),
    "asked for by nobody's account": (
        (review("bob", "approved"),),
        {"unknown_requesters": ("nobody can tell whether an approver asked for it as 'root'",)},
        "nobody can tell whether an approver asked for it as 'root'",
    ),
    "approved while it was aimed at another branch": (
        (replace(review("bob", "approved"), is_elsewhere=True),),
        {},
        "bob approved before it was aimed at prd",
    ),
    "changes requested while it was aimed at another branch": (
        (replace(review("carol", "changes-requested"), is_elsewhere=True), review("bob", "approved", 1)),
        {},
        "carol requested changes",
    ),
    "team unreadable": (
        (review("bob", "approved"),),
        {"unread": ("team acme/prd-approvers: forbidden",), "members": frozenset()},
        "team acme/prd-approvers: forbidden",
    ),
    "check red": ((review("bob", "approved"),), {"checks": (Check("guard", "failed"),)}, "check guard failed"),
    "check missing": ((review("bob", "approved"),), {"checks": ()}, "check guard has not reported"),
    "check pending": (
        (review("bob", "approved"),),
        {"checks": (Check("guard", "pending"),)},
        "check guard is still running",
    ),
    "a second check of the same name red": (
        (review("bob", "approved"),),
        {"checks": (*GREEN, Check("guard", "failed", "bob"))},
        "check guard failed",
    ),
    "another check red": (
        (review("bob", "approved"),),
        {"checks": (*GREEN, Check("lint", "failed"))},
        "check lint failed",
    ),
    "conflict": (
        (review("bob", "approved"),),
        {"request": replace(REQUEST, mergeable=False)},
        "it conflicts with prd, or is a draft",
    ),
    "mergeability unknown": (
        (review("bob", "approved"),),
        {"request": replace(REQUEST, mergeable=None)},
        "the forge has not said yet",
    ),
    "from a fork": (
        (review("bob", "approved"),),
        {"request": replace(REQUEST, is_foreign=True)},
        "it comes from another repository",
    ),
    "content we would not render": (
        (review("bob", "approved"),),
        {"content": ("manifest.yaml is not what the entry renders to",)},
        "manifest.yaml is not what the entry renders to",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_waits_and_says_for_what(case: str) -> None:
    reviews, fields, words = CASES[case]
    told = verdict(*reviews, **fields)
    assert told.kind == "wait"
    assert any(words in text for text in (*(wait.words for wait in told.waits), *told.not_counted)), told
    assert told.waits


def test_changes_requested_then_approved_by_the_same_person_is_a_yes() -> None:
    assert verdict(review("bob", "changes-requested"), review("bob", "approved", 1)).kind == "merge"
    assert verdict(review("bob", "approved"), review("bob", "commented", 1)).kind == "merge"


def test_who_took_over_a_name_is_somebody_else() -> None:
    by_id = Review(Actor("bob", id="9"), "approved", HEAD, NOW)
    assert verdict(by_id, requester_ids=frozenset({"5"})).kind == "merge"
    assert verdict(by_id, request=replace(REQUEST, author=Actor("bob", id="6"))).kind == "merge"


def test_one_person_under_two_names_is_one() -> None:
    two = Approval(team="acme/prd-approvers", required=2)
    renamed = (Review(Actor(who, id="6"), "approved", HEAD, NOW) for who in ("bob", "carol"))
    assert [wait.words for wait in verdict(*renamed, policy=two).waits] == ["1 more approval of acme/prd-approvers"]


def test_two_approvals_are_of_two_people() -> None:
    two = Approval(team="acme/prd-approvers", required=2)
    once = verdict(review("bob", "approved"), review("BOB", "approved", 1), policy=two)
    assert [wait.words for wait in once.waits] == ["1 more approval of acme/prd-approvers"]
    both = verdict(review("bob", "approved"), review("carol", "approved"), policy=two)
    assert (both.kind, both.approved_by) == ("merge", ("bob", "carol"))
    more = verdict(
        *(review(who, "approved") for who in ("bob", "carol", "dave")),
        policy=two,
        members=BASE.members | {"dave"},
    )
    assert (more.kind, more.why) == ("merge", "approved by bob, carol, dave")
    none = verdict(policy=two)
    assert [wait.words for wait in none.waits] == ["2 more approvals of acme/prd-approvers"]


def test_what_nobody_approved_in_time_is_closed_even_if_approved_later() -> None:
    late = NOW + timedelta(hours=72)
    assert verdict(now=late - timedelta(seconds=1)).kind == "wait"
    assert verdict(now=late + timedelta(seconds=1)).kind == "close"
    assert verdict(now=late).why == "not merged within 72h; 1 more approval of acme/prd-approvers"
    rejected = verdict(review("bob", "changes-requested"), now=late)
    assert (rejected.kind, "bob requested changes" in rejected.why) == ("close", True)
    assert verdict(review("bob", "approved"), now=late).kind == "close"


def test_what_could_not_be_read_is_not_closed_either() -> None:
    assert verdict(unread=("the forge is down",), now=NOW + timedelta(hours=99)).kind == "wait"
    assert verdict(unread=("the forge is down",), obsolete="prd changed it").kind == "wait"
    assert verdict(obsolete="prd changed it").kind == "close"


def test_of_what_could_not_be_read_nothing_else_is_told() -> None:
    told = verdict(unread=("the forge is down",), checks=(), members=frozenset())
    assert [wait.need for wait in told.waits] == ["unread"]


people = st.sampled_from(["alice", "bob", "carol", "dave", "rtb-hub[bot]", ""])
states: st.SearchStrategy[ReviewState] = st.sampled_from(["approved", "changes-requested", "commented", "dismissed"])
some_reviews = st.lists(
    st.builds(review, people, states, st.integers(0, 60), st.sampled_from([HEAD, OLD, ""]), is_bot=st.booleans()),
    max_size=8,
)


@given(some_reviews, st.booleans())
def test_nothing_is_merged_without_a_present_approver_of_this_commit(reviews: list[Review], unread: bool) -> None:
    told = verdict(*reviews, unread=("team: down",) if unread else ())
    good = [r for r in reviews if r.author.login in ("bob", "carol") and r.state == "approved" and r.commit == HEAD]
    if told.kind == "merge":
        assert not unread
        assert set(told.approved_by) <= {r.author.login for r in good if not r.author.is_bot}
        assert told.approved_by
    else:
        assert told.waits
