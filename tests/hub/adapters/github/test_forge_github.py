"""The GitHub adapter on the test server: the contract, then limits, faults, keys, rulesets and what only GitHub does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from contracts.forge_contract import BASE, NOWHERE, ONE, PREFIX, ForgeContract, ask, listed, merged, refused, settled
from generator.errors import ConfigError, Reason, Stalled, Transient, Waiting
from hub.adapters.github.access import GitHubAccess
from hub.adapters.github.forge import GitHubForge
from hub.adapters.github.keys import AppKey
from reconcilers.ports.forge import Actor, BranchProtection, ChangeRequest, same_account
from worlds.commands import git
from worlds.github_server import Fault, add_app, schemas
from worlds.github_server.handlers import TABLE
from worlds.github_server.state import App, Key
from worlds.github_world import GitHubWorld, key_pair


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with GitHubWorld(tmp_path / "state.git") as world:
        yield world


class TestGitHubForge(ForgeContract):
    """By an App's installation token."""


class TestByToken:
    """A token of a machine's account, which GitHub takes for a person."""

    def test_it_does_what_an_app_does(self, world: GitHubWorld) -> None:
        world.server.state.add_account("hubot", "write", token="token-of-hubot")
        world.forge = world.opened(token=lambda: "token-of-hubot", bots=frozenset({"hubot"}))
        assert world.forge.whoami().actor == Actor("hubot", is_bot=True)
        request = ask(world)
        assert request.author == Actor("hubot", is_bot=True)
        world.forge.put_comment(request.number, "status", "Waits.")
        world.forge.set_labels(request.number, ["preview:prd"])
        world.review(request.number, "bob", "approved")
        assert merged(world, request.number, request.head) == world.line(BASE)[0]

    def test_its_commits_are_its_own(self, world: GitHubWorld) -> None:
        world.forge = world.as_token("token-of-dave")
        me = world.forge.whoami()
        request = ask(world, by=me.name, email=me.email)
        assert {c.actor.login for c in world.forge.committers(request.number)} == {"dave"}


class TestKeys:
    @pytest.mark.parametrize(
        "access",
        [
            {},
            {"token": str},
            {"token": lambda: "two words"},
            {"token": lambda: "a\nb"},
            {"token": lambda: "t", "app": AppKey(1, lambda: "-----BEGIN RSA PRIVATE KEY-----")},
            {"app": AppKey(1, lambda: "no key")},
            {"token": lambda: "t", "api": "http://github.example.com/api/v3"},
            {"token": lambda: "t", "api": "https://user:secret@github.example.com/api/v3"},
            {"token": lambda: "t", "repository": "state"},
            {"token": lambda: "t", "repository": "acme/state/../x"},
        ],
        ids=[
            "no key", "empty token", "two words", "two lines", "two keys", "no PEM", "not https", "password", "no owner", "path",
        ],
    )  # fmt: skip
    def test_what_cannot_be_a_key_or_an_address_is_refused(self, world: GitHubWorld, access: dict[str, Any]) -> None:
        before = world.server.calls
        told = refused(ConfigError, Reason.INVALID_FORGE, world.opened, **access)
        assert "secret" not in str(told)
        assert world.server.calls == before

    @pytest.mark.parametrize("middle", ["", "AAAA", "!!!!"], ids=["empty", "short", "not base64"])
    def test_a_key_that_is_none_inside_is_refused(self, world: GitHubWorld, middle: str) -> None:
        private = f"-----BEGIN RSA PRIVATE KEY-----\n{middle}\n-----END RSA PRIVATE KEY-----\n"
        refused(ConfigError, Reason.INVALID_FORGE, world.as_app(private=private).request, 1)

    def test_another_apps_key_is_denied(self, world: GitHubWorld) -> None:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        refused(Stalled, Reason.FORGE_DENIED, world.as_app(private=other.decode()).request, 1)

    def test_a_revoked_token_is_denied_and_never_shown(self, world: GitHubWorld) -> None:
        forge = world.as_token("token-of-dave")
        ask(world)
        assert forge.request(1).number == 1
        del world.server.state.keys["token-of-dave"]
        for call in (forge.whoami, lambda: forge.request(1), lambda: forge.merge(1, NOWHERE)):
            told = refused(Stalled, Reason.FORGE_DENIED, call)
            assert "token-of-dave" not in f"{told} {told!r} {forge!r}"

    def test_an_app_that_was_uninstalled_is_denied(self, world: GitHubWorld) -> None:
        world.app.is_installed = False
        refused(Stalled, Reason.FORGE_DENIED, world.as_app().request, 1)

    def test_an_installation_is_found_by_the_repository(self, world: GitHubWorld) -> None:
        forge = world.opened(app=AppKey(world.app.id, lambda: key_pair()[0]))
        assert forge.whoami().actor == Actor("rtb-hub[bot]", is_bot=True)

    def test_an_installation_token_is_asked_for_once(self, world: GitHubWorld) -> None:
        ask(world)
        world.forge.requests(BASE, prefix="", closed_since=world.begin)
        assert len([line for line in world.server.log if "access_tokens" in line]) == 1

    def test_no_secret_is_in_what_python_prints(self) -> None:
        access = GitHubAccess("acme/state", token=lambda: "hush", app=AppKey(1, lambda: "hush"))
        assert "hush" not in repr(access)


class TestRights:
    @pytest.mark.parametrize(
        ("permission", "act"),
        [
            ("pull_requests", lambda w, r: w.forge.close(r.number, "no")),
            ("pull_requests", lambda w, r: w.forge.update(r.number, title="t", body="b")),
            ("pull_requests", lambda w, r: w.forge.set_labels(r.number, ["preview:x"])),
            ("contents", lambda w, r: w.forge.merge(r.number, r.head)),
            ("administration", lambda w, r: w.forge.protect(BASE, BranchProtection(no_deletion=True))),
        ],
        ids=["close", "update", "label", "merge", "protect"],
    )
    def test_reading_alone_does_not_write(
        self, world: GitHubWorld, permission: str, act: Callable[[GitHubWorld, ChangeRequest], object]
    ) -> None:
        request, before = ask(world), world.line(BASE)
        world.app.permissions[permission] = "read"
        refused(Stalled, Reason.FORGE_DENIED, act, world, request)
        assert world.forge.request(request.number) == request
        assert world.line(BASE) == before

    @pytest.mark.parametrize(
        ("permission", "read"),
        [
            ("checks", lambda w, r: w.forge.checks(r.head)),
            ("statuses", lambda w, r: w.forge.checks(r.head)),
            ("pull_requests", lambda w, r: w.forge.reviews(r.number)),
            ("pull_requests", lambda w, r: w.forge.committers(r.number)),
            ("pull_requests", lambda w, r: listed(w)),
            ("members", lambda w, r: w.forge.team_members(w.team)),
            ("administration", lambda w, r: w.forge.protection(BASE)),
        ],
        ids=["checks", "statuses", "reviews", "committers", "requests", "team", "bypass"],
    )
    def test_what_may_not_be_read_raises(
        self, world: GitHubWorld, permission: str, read: Callable[[GitHubWorld, ChangeRequest], object]
    ) -> None:
        request = ask(world)
        world.forge.protect(BASE, BranchProtection(no_deletion=True))
        world.app.permissions[permission] = "none"
        refused(Stalled, Reason.FORGE_DENIED, read, world, request)

    def test_a_renamed_repository_is_not_followed(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.state.old_name, world.server.state.repo = "acme/state", "state-2"
        for forge in (world.forge, world.as_app()):
            told = refused(Stalled, Reason.FORGE_REFUSED, forge.request, request.number)
            assert "acme/state-2" in str(told)
            refused(Stalled, Reason.FORGE_REFUSED, forge.merge, request.number, request.head)
        assert len(world.line(BASE)) == 1

    def test_an_archived_repository_is_read_only(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.state.is_archived = True
        refused(Stalled, Reason.FORGE_DENIED, world.forge.merge, request.number, request.head)
        assert world.forge.request(request.number).state == "open"

    def test_a_repository_that_is_not_there_is_said(self, world: GitHubWorld) -> None:
        forge = world.opened(token=lambda: "token-of-dave", repository="acme/nowhere")
        refused(Stalled, Reason.FORGE_REFUSED, forge.request, 1)
        refused(Stalled, Reason.FORGE_REFUSED, listed, replace_forge(world, forge))


def replace_forge(world: GitHubWorld, forge: GitHubForge) -> GitHubWorld:
    world.forge = forge
    return world


class TestTrouble:
    def test_down_for_long_is_transient_and_nothing_is_lost(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.is_down = True
        for call in (
            lambda: world.forge.request(request.number),
            lambda: world.forge.merge(request.number, request.head),
        ):
            refused(Transient, Reason.FORGE_UNREACHABLE, call)
        assert len(world.slept) >= 6
        assert world.slept[:3] == [0.5, 1.0, 2.0]
        world.server.is_down = False
        assert merged(world, request.number, request.head) == world.line(BASE)[0]

    def test_no_server_is_transient(self, tmp_path: Path) -> None:
        with GitHubWorld(tmp_path / "state.git") as world:
            forge = world.as_token("token-of-dave")
        told = refused(Transient, Reason.FORGE_UNREACHABLE, forge.whoami)
        assert "token-of-dave" not in str(told)

    @pytest.mark.parametrize(
        "answer",
        [
            b"<html>",
            b"",
            b"null",
            b"[]",
            b'{"full_name": 1}',
            b'{"full_name": "acme/state"',
            b"\xff\xfe",
            b"[" * 100_000,
            b"9" * 6_000,
        ],
        ids=["page", "nothing", "null", "list", "wrong type", "cut", "binary", "100,000 [", "6,000 digits"],
    )
    def test_an_answer_that_makes_no_sense_is_transient(self, world: GitHubWorld, answer: bytes) -> None:
        ask(world)
        forge = world.as_token("token-of-dave")
        world.server.instead = [answer] * 8
        refused(Transient, Reason.FORGE_UNREACHABLE, forge.request, 1)
        world.server.instead = []
        assert forge.request(1).number == 1

    @pytest.mark.parametrize(
        "answer", [b"{", b"[]", b"{}", b'{"token": 1}', b'{"token": lambda: "t", "expires_at": "soon"}']
    )
    def test_a_token_that_makes_no_sense_is_transient(self, world: GitHubWorld, answer: bytes) -> None:
        world.server.instead = [answer] * 4
        with pytest.raises((Transient, Stalled)):
            world.as_app().request(1)

    def test_a_listing_that_makes_no_sense_is_not_an_empty_one(self, world: GitHubWorld) -> None:
        ask(world)
        world.server.instead = [b"{}"] * 8
        refused(Transient, Reason.FORGE_UNREACHABLE, listed, world)

    @pytest.mark.parametrize(("when", "how"), [("before", "drop"), ("after", "502")])
    def test_a_fault_at_any_call_is_made_good(self, world: GitHubWorld, when: Any, how: Any) -> None:
        """Everything the hub does to a request, with the n-th call failing, for every n: done once, all of it."""
        world.forge.whoami()
        count, branch, begin = 0, f"{PREFIX}rtb-1", world.head(BASE)
        before, forget = len(world.line(BASE)), world.remembering()
        for n in itertools.count(1):
            git(world.path, "update-ref", f"refs/heads/{BASE}", begin)
            forget()
            head = world.push(branch, {"1.txt": f"{n}\n"}, onto=begin)
            world.server.faults = {n: Fault(when, how)}
            number = self.all_of_it(world, branch, head)
            world.server.faults = {}
            assert len(world.line(BASE)) == before + 1
            seen = world.forge.request(number)
            assert (seen.state, seen.title, seen.labels) == ("merged", "new", {"preview:prd"})
            assert [b.rpartition("\n")[2] for _, b in world.comments(number)] == ["Approved.", "Merged."]
            assert [one.number for one in listed(world).values() if one.branch == branch] == [number]
            if n > world.server.calls:
                count = n
                break
        assert count > 20, "no call failed"

    def all_of_it(self, world: GitHubWorld, branch: str, head: str) -> int:
        forge = world.forge
        number = forge.open(branch, BASE, title="old", body="b").number
        forge.update(number, title="new", body="b")
        forge.set_labels(number, ["preview:prd"])
        forge.ask_review(number, world.team)
        forge.put_comment(number, "status", "Waits.")
        forge.put_comment(number, "status", "Approved.")
        forge.put_comment(number, "end", "Merged.")
        forge.merge(number, head)
        return number


class TestLimits:
    def test_what_is_left_is_known(self, world: GitHubWorld) -> None:
        ask(world)
        assert world.calls[-1].remaining == world.server.remaining < 5000

    def test_a_short_limit_is_waited_for(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.limited = [{"Retry-After": "7"}, {"Retry-After": "2"}]
        world.forge.update(request.number, title="new", body="b")
        assert world.slept == [7.0, 2.0]
        assert world.forge.request(request.number).title == "new"

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [({"Retry-After": "3600"}, 3600), ({}, 60), ({"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}, 60)],
        ids=["a named hour", "an unnamed one", "a date"],
    )
    def test_a_long_limit_is_said(self, world: GitHubWorld, headers: dict[str, str], seconds: float) -> None:
        request = ask(world)
        world.server.limited = [headers]
        told = refused(Waiting, Reason.FORGE_LIMITED, world.forge.merge, request.number, request.head)
        assert isinstance(told, Waiting)
        assert told.retry_after_seconds == seconds
        assert world.slept == []
        assert world.forge.request(request.number).state == "open"

    def test_an_exhausted_hour_is_waited_for_by_the_loop(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.remaining = 0
        told = refused(Waiting, Reason.FORGE_LIMITED, world.forge.request, request.number)
        assert isinstance(told, Waiting)
        assert 1700 < told.retry_after_seconds <= 1800
        assert world.calls[-1].remaining == 0

    def test_a_limit_that_never_ends_ends(self, world: GitHubWorld) -> None:
        ask(world)
        world.server.limited = [{"Retry-After": "1"}] * 20
        refused(Waiting, Reason.FORGE_LIMITED, world.forge.request, 1)
        assert len(world.slept) < 10

    def test_reading_what_did_not_change_costs_nothing(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.review(request.number, "bob", "approved")
        reads = (
            lambda: world.forge.request(request.number),
            lambda: world.forge.reviews(request.number),
            lambda: world.forge.committers(request.number),
            lambda: world.forge.checks(request.head),
            lambda: world.forge.team_members(world.team),
            lambda: listed(world),
        )
        first = [read() for read in reads]
        left = world.server.remaining
        assert [read() for read in reads] == first
        assert world.server.remaining == left
        world.review(request.number, "carol", "approved")
        assert len(world.forge.reviews(request.number)) == 2


class TestPages:
    def test_every_page_is_read(self, world: GitHubWorld) -> None:
        world.server.page = 2
        state = world.server.state
        for n in range(5):
            state.teams["prd-approvers"][1].add(
                state.add_account(f"member{n}", "write", token=f"token-of-member{n}").login
            )
        requests = [ask(world, f"{PREFIX}rtb-{n}") for n in range(5)]
        number = requests[0].number
        for n in range(3):
            world.push(requests[0].branch, {f"more-{n}.txt": "x\n"})
        head = settled(world, number, world.line(requests[0].branch)[0]).head
        for n in range(5):
            world.review(number, f"member{n}", "approved")
            world.comment(number, f"member{n}", "Hm.")
            world.report(head, f"check-{n}", "passed")
            world.report(head, f"status-{n}", "failed")
        assert len(listed(world)) == 5
        assert len(world.forge.team_members(world.team)) == 7
        assert len(world.forge.reviews(number)) == 5
        assert len({c.commit for c in world.forge.committers(number)}) == 4
        assert len(world.forge.checks(head)) == 10
        world.forge.put_comment(number, "status", "one")
        world.forge.put_comment(number, "status", "two")
        assert len(world.server.state.pulls[number].comments) == 6
        for one in requests[1:]:
            world.forge.close(one.number, "no")
        assert len(listed(world)) == 5

    @pytest.mark.parametrize("state", ["closed", "open"])
    def test_a_request_that_ends_or_reopens_between_two_readings_is_listed(
        self, world: GitHubWorld, state: str
    ) -> None:
        number = ask(world).number
        pull = world.server.state.pulls[number]
        pull.state = "open" if state == "closed" else "closed"
        calls = ("open", "closed", "open again")
        for n in range(1, len(calls)):
            pull.state = "open" if state == "closed" else "closed"
            world.server.calls = 0
            world.server.then = {n: lambda: setattr(pull, "state", state)}
            assert number in listed(world), f"it became {state} after the reading of those {calls[n - 1]}"
            assert world.server.calls == len(calls)

    def test_more_commits_than_github_lists_are_not_cut(self, world: GitHubWorld) -> None:
        head = world.line(BASE)[0]
        git = world.server.git
        tree = git.must("rev-parse", f"{head}^{{tree}}")
        who = {f"GIT_{r}_{f}": f"x{f}" for r in ("AUTHOR", "COMMITTER") for f in ("NAME", "EMAIL")}
        for _ in range(251):
            head = git.must("commit-tree", tree, "-p", head, "-m", "x", **who)
        git.must("update-ref", f"refs/heads/{ONE}", head)
        number = world.forge.open(ONE, BASE, title="t", body="b").number
        told = refused(Stalled, Reason.FORGE_REFUSED, world.forge.committers, number)
        assert "251" in str(told)


class TestMerging:
    def test_mergeability_that_is_being_computed_is_waited_for(self, world: GitHubWorld) -> None:
        world.server.handlers.computing = 10
        head = world.push(ONE, {"one.txt": "1\n"})
        number = world.forge.open(ONE, BASE, title="t", body="b").number
        told = refused(Waiting, Reason.MERGE_NOT_READY, world.forge.merge, number, head)
        assert isinstance(told, Waiting)
        assert 0 < told.retry_after_seconds < 60
        world.server.handlers.computing = 0
        assert merged(world, number, head) == world.line(BASE)[0]

    def test_a_base_that_moves_during_the_merge_is_waited_for(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.handlers.meanwhile = lambda: world.push(BASE, {"other.txt": "x\n"}) and None
        refused(Waiting, Reason.MERGE_NOT_READY, world.forge.merge, request.number, request.head)
        world.server.handlers.meanwhile = None
        assert merged(world, request.number, request.head) == world.line(BASE)[0]

    def test_a_draft_is_not_mergeable(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.state.pulls[request.number].draft = True
        assert world.forge.request(request.number).mergeable is False
        refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, request.head)

    def test_a_trial_merge_is_no_merge(self, world: GitHubWorld) -> None:
        request = ask(world)
        assert world.forge.request(request.number).merge_commit is None
        assert [one.merge_commit for one in listed(world).values()] == [None]

    def test_a_forks_request_is_foreign_and_does_not_stand_for_ours(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.server.state.pulls[request.number].head_repo = "mallory/state"
        assert world.forge.request(request.number).is_foreign
        assert [one.is_foreign for one in listed(world).values()] == [True]
        world.server.state.pulls[request.number].branch = "preview/prd/rtb-other"
        assert not world.forge.open(ONE, BASE, title="t", body="b").is_foreign

    def test_who_is_gone_is_nobody(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.review(request.number, "bob", "approved")
        world.review(request.number, "carol", "approved")
        pull = world.server.state.pulls[request.number]
        pull.reviews[0].user = None
        pull.reviews[1].user = world.server.state.add_account("ghost")
        assert [r.author.is_known for r in world.forge.reviews(request.number)] == [False, False]


class TestProtection:
    WANTED = BranchProtection(
        requests_only=True,
        approvals=1,
        approver_team="acme/prd-approvers",
        dismiss_stale=True,
        not_by_last_pusher=True,
        checks=frozenset({"guard"}),
        no_force_push=True,
        no_deletion=True,
    )

    def push(self, world: GitHubWorld, token: str, commit: str, *options: str, branch: str = BASE) -> str:
        """A real push; returns what git said, empty when it was taken."""
        url = world.server.url.replace("://", f"://x-access-token:{token}@") + "/acme/state.git"
        done = world.server.git.run("push", *options, url, f"{commit}:refs/heads/{branch}", GIT_TERMINAL_PROMPT="0")
        return "" if done.returncode == 0 else done.stderr

    def token(self, world: GitHubWorld, app: App) -> str:
        token = f"ghs_{app.slug}"
        world.server.state.keys[token] = Key(app.bot, app)
        return token

    def test_all_of_it_is_held_and_read_back(self, world: GitHubWorld) -> None:
        assert world.forge.protect(BASE, self.WANTED) == self.WANTED
        assert world.forge.protection("main") == BranchProtection()
        assert len(world.server.state.rulesets) == 1

    def test_the_hubs_token_cannot_push_merge_or_approve_its_way_to_prd(self, world: GitHubWorld) -> None:
        world.forge.protect(BASE, self.WANTED)
        hub, before = self.token(world, world.app), world.line(BASE)
        bad = world.made(BASE, {"x.txt": "x\n"}, by="rtb-hub", email="rtb-hub@example.com", onto="")
        assert "GH013" in self.push(world, hub, bad)
        assert "GH013" in self.push(world, hub, bad, "--force")
        assert "GH013" in self.push(world, hub, "")
        assert self.push(world, hub, bad, branch=ONE) == ""
        request = world.forge.open(ONE, BASE, title="t", body="b")
        world.report(bad, "guard", "passed")
        refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, bad)
        answer = requests.post(
            f"{world.server.api}/repos/acme/state/pulls/{request.number}/reviews",
            json={"event": "APPROVE"},
            headers={"Authorization": f"token {hub}"},
            timeout=5,
        )
        assert answer.status_code == 422
        assert world.line(BASE) == before

    @pytest.mark.parametrize(
        ("reviewers", "pushed_by", "passes"),
        [
            ((), "", False),
            (("dave",), "", False),
            (("bob",), "", True),
            (("bob",), "alice", False),
            (("bob",), "bob", False),
            (("bob", "carol"), "", True),
        ],
        ids=["nobody", "not of the team", "a member", "then a push", "then the member's own push", "two members"],
    )
    def test_github_itself_asks_for_the_team(
        self, world: GitHubWorld, reviewers: tuple[str, ...], pushed_by: str, passes: bool
    ) -> None:
        world.forge.protect(BASE, self.WANTED)
        request = ask(world)
        head = request.head
        for login in reviewers:
            world.review(request.number, login, "approved")
        if pushed_by:
            head = world.push(ONE, {"late.txt": "x\n"}, by=pushed_by)
            assert {r.state for r in world.forge.reviews(request.number)} == {"dismissed"}
        world.report(head, "guard", "passed")
        if passes:
            assert world.forge.merge(request.number, head) == world.line(BASE)[0]
        else:
            refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, head)

    def test_the_expiry_identity_alone_bypasses(self, world: GitHubWorld) -> None:
        expiry = add_app(world.server.state, "rtb-hub-expiry", key_pair()[1], {"contents": "write"})
        wanted = replace(self.WANTED, bypass=frozenset({f"app:{expiry.id}"}))
        assert world.forge.protect(BASE, wanted) == wanted
        commit = world.made(BASE, {"README.md": None}, by="x", email="x@example.com", onto="")
        assert "GH013" in self.push(world, self.token(world, world.app), commit)
        assert self.push(world, self.token(world, expiry), commit) == ""
        assert world.line(BASE)[0] == commit

    def test_every_kind_of_bypass_is_read_back(self, world: GitHubWorld) -> None:
        names = {
            "app:4242",
            "team:acme/prd-approvers",
            "user:dave",
            "role:admin",
            "role:organization-admin",
            "role:deploy-key",
        }
        wanted = replace(self.WANTED, bypass=frozenset(names))
        assert world.forge.protect(BASE, wanted).bypass == names

    @pytest.mark.parametrize("name", ["app:x", "admin", "role:emperor", "team", ""])
    def test_a_bypass_that_names_nobody_is_refused(self, world: GitHubWorld, name: str) -> None:
        wanted = replace(self.WANTED, bypass=frozenset({name}))
        with pytest.raises((ConfigError, Stalled)):
            world.forge.protect(BASE, wanted)
        assert world.server.state.rulesets == {}

    def test_a_ruleset_that_is_not_active_counts_for_nothing(self, world: GitHubWorld) -> None:
        world.forge.protect(BASE, self.WANTED)
        for enforcement in ("disabled", "evaluate"):
            next(iter(world.server.state.rulesets.values())).enforcement = enforcement
            assert world.forge.protection(BASE) == BranchProtection()

    def test_a_second_ruleset_adds_up(self, world: GitHubWorld) -> None:
        world.forge.protect(BASE, BranchProtection(requests_only=True, bypass=frozenset({"app:1"})))
        first = next(iter(world.server.state.rulesets.values()))
        first.name = "somebody's"
        held = world.forge.protect(BASE, replace(self.WANTED, bypass=frozenset({"app:2"})))
        assert held == replace(self.WANTED, bypass=frozenset({"app:1", "app:2"}))
        assert len(world.server.state.rulesets) == 3

    def strong(self, world: GitHubWorld) -> BranchProtection:
        """All that a gated branch wants."""
        expiry = add_app(world.server.state, "rtb-hub-expiry", key_pair()[1], {"contents": "write"})
        bypass = frozenset({f"app:{expiry.id}"})
        return replace(
            self.WANTED,
            updaters=bypass | {f"app:{world.app.id}"},
            bypass=bypass,
            talks_resolved=True,
            check_sources=frozenset({("guard", world.forge.check_reporter() or "")}),
            up_to_date=True,
            merge_commits_only=True,
            by_code_owners=True,
        )

    def test_only_the_hubs_app_merges_and_nobody_rewrites(self, world: GitHubWorld) -> None:
        wanted = self.strong(world)
        assert world.forge.protect(BASE, wanted) == wanted == world.forge.protect(BASE, wanted)
        modes = {
            one.name: {actor["bypass_mode"] for actor in one.bypass} for one in world.server.state.rulesets.values()
        }
        assert modes == {
            "rtb-hub prd: history": set(),
            "rtb-hub prd": {"always"},
            "rtb-hub prd: updates": {"always", "pull_request"},
        }
        expiry = next(one for one in world.server.state.apps.values() if one.slug == "rtb-hub-expiry")
        pushed = world.made(BASE, {"x.txt": "x\n"}, by="x", email="x@example.com", onto="")
        assert "GH013" in self.push(world, self.token(world, world.app), pushed)
        assert "GH013" in self.push(world, self.token(world, expiry), "", "--force")
        assert self.push(world, self.token(world, expiry), pushed) == ""
        aside = world.made(BASE, {"y.txt": "y\n"}, by="x", email="x@example.com", onto=world.line(BASE)[1])
        assert "GH013" in self.push(world, self.token(world, expiry), aside, "--force")

    @pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
    def test_who_asked_cannot_approve_and_press_merge(self, world: GitHubWorld, method: str) -> None:
        world.forge.protect(BASE, self.strong(world))
        request, before = ask(world), world.line(BASE)
        world.review(request.number, "bob", "approved")
        world.report(request.head, "guard", "passed")
        for login in ("bob", "root"):
            told = self.merge_by(world, login, request.number, method)
            assert (told[0], "Cannot update this protected ref" in told[1]) == (405, True)
        assert world.line(BASE) == before
        assert world.forge.merge(request.number, request.head) == world.line(BASE)[0]

    def merge_by(self, world: GitHubWorld, login: str, number: int, method: str) -> tuple[int, str]:
        url = f"{world.server.api}/repos/acme/state/pulls/{number}/merge"
        keys = {"Authorization": f"token token-of-{login}"}
        answer = requests.put(url, json={"merge_method": method}, headers=keys, timeout=5)
        return answer.status_code, answer.text

    def test_a_check_that_another_reports_does_not_pass(self, world: GitHubWorld) -> None:
        world.forge.protect(BASE, self.strong(world))
        request = ask(world)
        world.review(request.number, "bob", "approved")
        world.call("dave", "POST", f"statuses/{request.head}", {"state": "success", "context": "guard"})
        refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, request.head)
        world.report(request.head, "guard", "passed")
        assert world.forge.merge(request.number, request.head) == world.line(BASE)[0]

    def test_a_request_that_lacks_commits_of_the_branch_is_brought_up_to_date_first(self, world: GitHubWorld) -> None:
        request = ask(world)
        world.push(BASE, {"meanwhile.txt": "x\n"})
        world.forge.protect(BASE, self.strong(world))
        world.review(request.number, "bob", "approved")
        world.report(request.head, "guard", "passed")
        told = refused(Waiting, Reason.MERGE_NOT_READY, world.forge.merge, request.number, request.head)
        assert "reviewed anew" in str(told)
        now = world.forge.request(request.number)
        assert world.parents(now.head) == [request.head, world.line(BASE)[0]]
        assert {c.actor.login for c in world.forge.committers(request.number)} == {"alice", "rtb-hub[bot]"}
        world.review(request.number, "bob", "approved")
        world.report(now.head, "guard", "passed")
        assert world.forge.merge(request.number, now.head) == world.line(BASE)[0]

    @pytest.mark.parametrize(
        ("lists", "teams", "unclear"),
        [
            ([["*", "**/*"]], {"prd-approvers"}, set()),
            ([["**/*", "*", "docs/**"]], {"prd-approvers"}, set()),
            ([["*", "**/*", "!environments/prd/**"]], set(), {"prd-approvers"}),
            ([["!docs/**", "*", "**/*"]], set(), {"prd-approvers"}),
            ([["*"]], set(), {"prd-approvers"}),
            ([["**"]], set(), {"prd-approvers"}),
            ([["environments/prd/**"]], set(), set()),
            ([["!environments/prd/**"]], set(), set()),
            ([[]], set(), set()),
            ([["*", "**/*"], ["*", "**/*"]], {"prd-approvers", "platform"}, set()),
            ([["environments/**"], ["*", "**/*"]], {"platform"}, set()),
            ([["*"], ["*", "**/*"]], {"platform"}, {"prd-approvers"}),
        ],
    )
    def test_whose_approval_every_file_needs(
        self, world: GitHubWorld, lists: list[list[str]], teams: set[str], unclear: set[str]
    ) -> None:
        world.server.state.teams["platform"] = (78, {"dave"})
        world.forge.protect(BASE, self.WANTED)
        (ruleset,) = world.server.state.rulesets.values()
        rule = next(rule for rule in ruleset.rules if rule["type"] == "pull_request")
        rule["parameters"]["required_reviewers"] = [
            {"file_patterns": patterns, "minimum_approvals": 1, "reviewer": {"id": number, "type": "Team"}}
            for patterns, number in zip(lists, (77, 78), strict=False)
        ]
        held = world.forge.protection(BASE)
        found = {held.approver_team, *dict(held.further_teams)} - {None}
        assert (found, held.unclear_teams) == ({f"acme/{one}" for one in teams}, {f"acme/{one}" for one in unclear})

    def test_a_team_of_whom_one_must_approve_does_not_stand_for_two(self, world: GitHubWorld) -> None:
        world.forge.protect(BASE, self.WANTED)
        (ruleset,) = world.server.state.rulesets.values()
        rule = next(rule for rule in ruleset.rules if rule["type"] == "pull_request")
        rule["parameters"]["required_approving_review_count"] = 2
        assert world.forge.protection(BASE).approvals == 1

    @pytest.mark.parametrize(
        ("lists", "updaters"),
        [
            ([], None),
            ([[("Integration", 1, "pull_request")]], {"app:1"}),
            ([[("Integration", 1, "always"), ("RepositoryRole", 5, "always")]], {"app:1", "role:admin"}),
            ([[("Integration", 1, "exempt")], []], set()),
            ([[("Integration", 1, "always")], [("RepositoryRole", 4, "pull_request")]], {"app:1", "role:write"}),
        ],
    )
    def test_who_alone_may_move_a_branch(
        self, world: GitHubWorld, lists: list[list[tuple[str, int, str]]], updaters: set[str] | None
    ) -> None:
        for number, actors in enumerate(lists):
            body = {
                "name": f"of {number}",
                "target": "branch",
                "enforcement": "active",
                "conditions": {"ref_name": {"include": [f"refs/heads/{BASE}"], "exclude": []}},
                "bypass_actors": [
                    {"actor_type": kind, "actor_id": actor, "bypass_mode": mode} for kind, actor, mode in actors
                ],
                "rules": [{"type": "update"}],
            }
            world.call("root", "POST", "rulesets", body)
        assert world.forge.protection(BASE).updaters == updaters

    def test_who_may_change_the_rules_is_told_as_far_as_github_does(self, world: GitHubWorld) -> None:
        world.forge.protect(BASE, self.WANTED)
        assert world.forge.protection(BASE).editors == {"user:root"}

    def test_where_no_team_can_be_required_a_code_owner_is_and_it_is_said(self, world: GitHubWorld) -> None:
        world.server.state.takes_required_reviewers = False
        world.push(BASE, {".github/CODEOWNERS": "* @acme/prd-approvers\n"})
        held = world.forge.protect(BASE, self.WANTED)
        assert replace(held, not_expressed=()) == replace(self.WANTED, approver_team=None, by_code_owners=True)
        assert "CODEOWNERS" in " ".join(held.not_expressed)
        request = ask(world)
        world.report(request.head, "guard", "passed")
        world.review(request.number, "dave", "approved")
        refused(Stalled, Reason.MERGE_REFUSED, world.forge.merge, request.number, request.head)
        world.review(request.number, "bob", "approved")
        assert world.forge.merge(request.number, request.head) == world.line(BASE)[0]


class TestPeople:
    @pytest.mark.parametrize(
        "login", ["eve", "root2", "ghost", "unknown"], ids=["a stranger", "a look-alike", "of the deleted", "a default"]
    )
    def test_an_account_that_the_repository_does_not_concern_is_nobodys(self, world: GitHubWorld, login: str) -> None:
        world.server.state.add_account(login)
        assert not world.forge.account(login).is_known

    def test_a_member_of_the_organisation_is_somebody(self, world: GitHubWorld) -> None:
        world.server.state.add_account("erin")
        world.server.state.members.add("erin")
        assert world.forge.account("Erin").login == "erin"

    def test_an_e_mail_is_its_accounts_where_github_says_so(self, world: GitHubWorld) -> None:
        bob = world.server.state.accounts["bob"]
        assert world.forge.account(f"{bob.id}+bob@users.noreply.github.com").login == "bob"
        assert not world.forge.account("bob@example.com").is_known
        bob.profile_email = "bob@example.com"
        assert world.forge.account("Bob@example.com").login == "bob"
        assert not world.forge.account("bob@example.co").is_known

    def test_an_account_that_was_renamed_is_found_by_its_id_alone(self, world: GitHubWorld) -> None:
        before = world.forge.account("alice")
        world.server.state.rename("alice", "alice2")
        assert not world.forge.account("alice").is_known
        assert world.forge.account_of(before.id).login == "alice2"
        world.server.state.add_account("alice", "write")
        assert not same_account(world.forge.account("alice"), before)

    @pytest.mark.parametrize("told", ["deploy-bot", "Deploy-Bot", "DEPLOY-BOT"])
    def test_a_machine_is_one_in_any_case(self, world: GitHubWorld, told: str) -> None:
        world.server.state.add_account("Deploy-Bot", "write", token="token-of-Deploy-Bot")
        forge = world.opened(token=lambda: "token-of-Deploy-Bot", bots=frozenset({told}))
        assert forge.whoami().actor.is_bot
        assert forge.account("deploy-bot").is_bot
        request = ask(world)
        world.review(request.number, "Deploy-Bot", "approved")
        assert [one.author.is_bot for one in forge.reviews(request.number)] == [True]

    def test_an_approval_from_before_a_retarget_is_told_as_that(self, world: GitHubWorld) -> None:
        world.push("main", {"README.md": "main\n"})
        world.push(ONE, {"one.txt": "1\n"})
        number = world.forge.open(ONE, "main", title="t", body="b").number
        world.review(number, "bob", "approved")
        assert [one.is_elsewhere for one in world.forge.reviews(number)] == [False]
        world.retarget(number, BASE)
        assert [one.is_elsewhere for one in world.forge.reviews(number)] == [True]
        state = world.server.state.pulls[number]
        state.events = [(event, at - timedelta(seconds=5)) for event, at in state.events]
        world.review(number, "carol", "approved")
        state.reviews[0].at -= timedelta(seconds=6)
        found = {one.author.login: one.is_elsewhere for one in world.forge.reviews(number)}
        assert found == {"bob": True, "carol": False}


class TestTheServer:
    """What judges the adapter is judged itself."""

    def test_it_serves_exactly_what_is_described(self) -> None:
        assert set(TABLE) == set(schemas.OPERATIONS)

    def test_a_request_that_github_does_not_describe_is_found(self) -> None:
        operation = "put /repos/{owner}/{repo}/pulls/{pull_number}/merge"
        assert schemas.faults_of_request(operation, {}, {"sha": "x", "merge_method": "merge"}) == []
        assert schemas.faults_of_request(operation, {}, {"merge_method": "octopus"})
        assert schemas.faults_of_request(operation, {"force": "true"}, {})

    def test_an_answer_that_github_does_not_give_is_found(self) -> None:
        operation = "put /repos/{owner}/{repo}/pulls/{pull_number}/merge"
        assert schemas.faults_of_answer(operation, 200, {"sha": "x", "merged": True, "message": "m"}) == []
        assert schemas.faults_of_answer(operation, 200, {"sha": "x", "merged": True})
        assert schemas.faults_of_answer(operation, 418, {})
        assert schemas.faults_of_answer(operation, 422, {"message": 1})

    def test_a_call_that_it_does_not_know_is_a_violation(self, world: GitHubWorld) -> None:
        requests.get(f"{world.server.api}/repos/acme/state/nothing", timeout=5)
        assert world.server.violations.pop() == "no route for GET /repos/acme/state/nothing"
