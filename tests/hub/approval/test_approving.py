"""Changes to production by review, whole: real commits, a real forge's events, and the reconcilers in their round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, Reason, Stalled
from generator.values.formats import format_time, parse_time
from reconcilers.ports.forge import Forge, Identity
from worlds.approving import BRANCH, ENTRY, TEAM, Prd, failed, prd_on
from worlds.builders import image
from worlds.commands import git
from worlds.github_world import GitHubWorld

HOUR = timedelta(hours=1)


@pytest.fixture(params=["local", "github"])
def prd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Prd]:
    with prd_on(request.param, tmp_path) as prd:
        yield prd


@pytest.fixture(scope="module", params=["local", "github"])
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Prd, Callable[[], None]]]:
    """A world in which alice started RTB-123, and what brings it back to that."""
    with prd_on(request.param, tmp_path_factory.mktemp("started")) as prd:
        assert prd.start(ttl="8h").error is None
        yield prd, prd.rewinding()


@pytest.fixture
def asked(started: tuple[Prd, Callable[[], None]]) -> Prd:
    """Alice started RTB-123 in prd."""
    prd, rewind = started
    rewind()
    return prd


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Prd]:
    with prd_on("local", tmp_path) as prd:
        yield prd


def pushed(prd: Prd, *, by: str = "dave") -> None:
    """Somebody pushes the entry with another image to the request's branch."""
    text = git(prd.world.path, "show", f"{BRANCH}:{ENTRY}")
    prd.world.push(BRANCH, {ENTRY: text.replace("a" * 64, "b" * 64)}, by=by)


def rewritten(prd: Prd) -> None:
    """The same tree by another commit on the same parent, forced onto the branch."""
    path, head = prd.world.path, prd.world.head(BRANCH)
    who = prd.world.forge.whoami()
    me = ("-c", f"user.name={who.name}", "-c", f"user.email={who.email}")
    message = git(path, "log", "-1", "--format=%B", head)
    made = git(path, *me, "commit-tree", f"{head}^{{tree}}", "-p", f"{head}^", "-m", message).strip()
    assert made != head
    git(path, "update-ref", f"refs/heads/{BRANCH}", made)
    if isinstance(prd.world, GitHubWorld):
        prd.world.server.pushed(who.name, BRANCH)


def bot_approves(prd: Prd) -> None:
    if isinstance(prd.world, GitHubWorld):
        state = prd.world.server.state
        state.add_account("robot", "write", kind="Bot", token="token-of-robot")
        state.teams["prd-approvers"][1].add("robot")
    else:
        git(prd.world.path, "config", "--add", "rtb-hub.bot", "robot")
        git(prd.world.path, "config", "--add", "rtb-hub.member", f"{TEAM} robot")
    prd.approved("robot")


def no_team(prd: Prd) -> None:
    prd.approved()
    if isinstance(prd.world, GitHubWorld):
        del prd.world.server.state.teams["prd-approvers"]
    else:
        git(prd.world.path, "config", "--unset-all", "rtb-hub.member")


def review(prd: Prd, by: str, state: Any) -> None:
    prd.world.review(prd.number(), by, state)


def report(prd: Prd, state: Any, name: str = "guard") -> None:
    prd.world.report(prd.world.head(BRANCH), name, state)


#: Events on the forge after alice asked, then the decision, its reason, and of whom an approval is not counted.
MATRIX: dict[str, tuple[Callable[[Prd], object], str, str, str]] = {
    "an approver approves": (lambda prd: prd.approved(), "merge", "approved by bob", ""),
    "nobody has looked": (lambda prd: prd.green(), "wait", f"1 more approval of {TEAM}", ""),
    "the requester approves": (lambda prd: prd.approved("alice"), "wait", "1 more approval", "alice asked for it"),
    "somebody beside the team approves": (
        lambda prd: prd.approved("dave"), "wait", "1 more approval", f"dave is not in {TEAM}",
    ),
    "approval, then a push": (
        lambda prd: (prd.approved(), pushed(prd), prd.green()), "wait", "1 more approval", "bob approved an older commit",
    ),
    "the one who pushed approves": (
        lambda prd: (pushed(prd, by="bob"), prd.approved()), "wait", "1 more approval", "bob wrote a commit of it",
    ),
    "a push edits what runs": (lambda prd: (pushed(prd), prd.approved()), "wait", "is not what the entry renders to", ""),
    "approval, then a forced push of the same tree": (
        lambda prd: (prd.approved(), rewritten(prd), prd.green()), "wait", "1 more approval", "bob approved an older commit",
    ),
    "a commit of nobody's account": (
        lambda prd: (prd.world.push(BRANCH, {}, by="dave", email="eve@nowhere.invalid"), prd.approved()),
        "wait", "by dave: it maps to no account", "",
    ),
    "dismissed": (lambda prd: (prd.approved(), prd.world.dismiss(prd.number(), "bob")), "wait", "1 more approval", ""),
    "changes requested, then approved by another": (
        lambda prd: (review(prd, "bob", "changes-requested"), prd.approved("carol")), "wait", "bob requested changes", "",
    ),
    "changes requested, then approved by the same": (
        lambda prd: (review(prd, "bob", "changes-requested"), prd.approved()), "merge", "approved by bob", "",
    ),
    "the reviewer left the team": (
        lambda prd: (prd.approved(), prd.world.leave_team("bob")), "wait", "1 more approval", f"bob is not in {TEAM}",
    ),
    "a bot approves": (bot_approves, "wait", "1 more approval", "robot is a bot"),
    "the team cannot be read": (no_team, "wait", "team", ""),
    "the check is missing": (lambda prd: review(prd, "bob", "approved"), "wait", "check guard has not reported", ""),
    "the check is pending": (
        lambda prd: (prd.approved(), report(prd, "pending")), "wait", "check guard is still running", "",
    ),
    "the check is red": (lambda prd: (prd.approved(), report(prd, "failed")), "wait", "check guard failed", ""),
    "another check is red": (
        lambda prd: (prd.approved(), report(prd, "failed", "scan")), "wait", "check scan failed", "",
    ),
    "a longer time than prd allows by now": (
        lambda prd: (prd.policy(**{"cap: 24h": "cap: 4h", "ttl: 8h": "ttl: 4h"}), prd.approved()),
        "wait", "8h is more than 4h", "",
    ),
    "the templates changed": (
        lambda prd: (prd.policy(**{"prd.preview.example.com #": "prd.preview.example.org #"}), prd.approved()),
        "wait", "is not what the entry renders to", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MATRIX)
def test_actors_and_events(asked: Prd, case: str) -> None:
    events, decision, reason, not_counted = MATRIX[case]
    prd = asked
    events(prd)
    kind, why, uncounted = prd.judged()
    assert kind == decision, why
    assert reason in why
    assert (not_counted in uncounted) if not_counted else (uncounted == ())
    before = prd.world.head("prd")
    prd.reconcile("approval")
    assert (prd.world.head("prd") != before) == (decision == "merge")
    if decision == "wait":
        said = [body for _, body in prd.world.comments(prd.number())]
        assert any(reason in body for body in said), said


class TestAsking:
    def test_a_request_that_people_can_read(self, prd: Prd) -> None:
        reviewed = prd.start()
        assert reviewed.error is None
        request = prd.world.forge.request(prd.number())
        assert request.title == "Start RTB-123 in prd"
        for part in ("asked for by `alice`", "8h after the merge", image("web"), "`sha256:", "Namespace preview-rtb-123", TEAM):  # fmt: skip
            assert part in request.body, part
        assert request.labels == {"preview:prd", "preview:start"}
        assert prd.world.asked(request.number) == {TEAM}

    def test_asking_again_updates_it(self, prd: Prd) -> None:
        prd.start()
        prd.start(images={"web": image("web", "c")}, by="carol")
        (request,) = prd.requests()
        assert "c" * 64 in request.body
        assert "a" * 64 not in request.body
        prd.approved("carol")
        assert "carol asked for it" in prd.judged()[2]
        prd.approved("bob")
        assert prd.judged()[0] == "merge"

    def test_stop_withdraws_and_says_who(self, prd: Prd) -> None:
        prd.start()
        prd.stop(by="carol")
        (request,) = prd.requests()
        assert request.state == "closed"
        assert any("Withdrawn by `carol`" in body for _, body in prd.world.comments(request.number))
        assert prd.world.head(BRANCH) == ""
        assert prd.told() == ()
        prd.start()
        assert [one.state for one in prd.requests()] == ["closed", "open"]

    def test_to_remove_and_to_extend_are_requests_too(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile()
        before = prd.lease()
        for ask, title, label in (
            (prd.extend, "Extend RTB-123 in prd", "preview:start"),
            (prd.stop, "Stop RTB-123 in prd", "preview:stop"),
        ):
            assert ask().error is None
            request = prd.world.forge.request(prd.number())
            assert (request.title, label in request.labels) == (title, True)
            assert prd.judged()[0] == "wait"
            prd.approved("carol")
            assert prd.told() == (f"merge prd/rtb-123: request {request.number}: approved by carol",)
            if ask == prd.extend:
                assert parse_time(prd.lease().expires_at) == parse_time(before.expires_at) + 2 * HOUR
                assert prd.lease().activated_at == before.activated_at
        assert prd.entry() is None
        assert prd.world.head(BRANCH) == ""

    def test_a_removal_that_is_withdrawn_closes_its_request(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile()
        prd.stop()
        assert prd.start().error is None
        assert [one.state for one in prd.requests()] == ["merged", "closed"]
        assert prd.told() == ()

    def test_an_update_of_what_runs_tells_what_changes(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile()
        prd.start(images={"web": image("web", "c")})
        body = prd.world.forge.request(prd.number()).body
        assert "Objects: 1 changed" in body
        prd.approved()
        assert prd.told() == (f"merge prd/rtb-123: request {prd.number()}: approved by bob",)

    def test_a_request_nobody_could_be_told_of_is_opened_later(self, prd: Prd) -> None:
        forge = prd.forge
        prd.forge = Failing(forge, "ask")
        reviewed = prd.start()
        assert reviewed.error is not None
        assert prd.requests() == ()
        assert failed(prd.reconcile("approval"))
        prd.forge = forge
        assert prd.told() == ("open prd/rtb-123: its branch has no request yet",)
        assert "asked for by `alice`" in prd.requests()[0].body
        assert prd.judged()[0] == "wait"


class TestStamping:
    def test_the_lease_begins_at_the_merge_not_when_it_is_seen(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile("approval")
        (request,) = prd.requests()
        prd.late = HOUR
        outcome = prd.reconcile()["stamp"]
        assert outcome.error is None
        lease = prd.lease()
        assert lease.activated_at == format_time(request.merged_at)
        assert parse_time(lease.expires_at) == parse_time(lease.activated_at) + 8 * HOUR
        prd.late = 2 * HOUR
        prd.reconcile()
        assert prd.lease() == lease

    def test_what_was_merged_by_hand_is_stamped_too(self, prd: Prd) -> None:
        prd.start()
        prd.world.merge(prd.number(), "bob")
        merged_at = prd.requests()[0].merged_at
        prd.late = HOUR
        told = prd.told("approval", "stamp")
        assert told == (f"tidy prd/rtb-123: {BRANCH}: request 1 was merged",)
        assert prd.world.head(BRANCH) == ""
        assert prd.lease().activated_at == format_time(merged_at)

    def test_a_branch_kept_after_its_merge_brings_nothing_back(self, prd: Prd) -> None:
        prd.start()
        head = prd.world.head(BRANCH)
        prd.approved()
        prd.reconcile()
        git(prd.world.path, "update-ref", f"refs/heads/{BRANCH}", head)  # "restore branch", or deleting it failed
        prd.late = 9 * HOUR
        prd.reconcile("expiry")
        assert prd.entry() is None
        prd.late = timedelta(days=60)  # long after the forge is asked for it
        assert prd.told() == (f"tidy prd/rtb-123: {BRANCH}: {why_kept(prd)}",)
        assert prd.world.head(BRANCH) == ""
        assert prd.told() == ()
        assert prd.entry() is None

    def test_when_the_forge_cannot_be_asked_it_begins_now(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile("approval")
        prd.forge, prd.late = Failing(prd.forge, "requests"), timedelta(minutes=10)
        before = prd.now()
        outcome = prd.reconcile("stamp")["stamp"]
        assert outcome.error is None
        assert outcome.result
        assert "since no forge tells of its merge" in outcome.result.lines()[0]
        assert before <= parse_time(prd.lease().activated_at)

    def test_a_removal_that_was_merged_meanwhile_is_not_taken_for_the_start(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile("approval")
        prd.start(images={"web": image("web", "c")})
        prd.approved()
        prd.reconcile("approval")
        if isinstance(prd.world, GitHubWorld):  # whose times are whole seconds
            prd.world.server.state.pulls[prd.requests()[1].number].merged_at += timedelta(seconds=1)
        first, second = prd.requests()
        assert second.merged_at > first.merged_at
        prd.late = HOUR
        assert prd.reconcile("stamp")["stamp"].error is None
        assert prd.lease().activated_at == format_time(first.merged_at), "an update is not a start"
        prd.stop()
        prd.approved("carol")
        prd.reconcile("approval")
        prd.start()
        git(prd.world.path, "update-ref", "refs/heads/prd", prd.world.head(BRANCH))  # by hand, past the forge
        outcome = prd.reconcile("stamp")["stamp"]
        assert outcome.error is None
        removal = prd.requests()[2]
        assert parse_time(prd.lease().activated_at) > removal.merged_at

    def test_another_length_counts_from_the_first_start(self, prd: Prd) -> None:
        prd.start(ttl="20h")
        prd.approved()
        prd.reconcile()
        before = prd.lease()
        prd.start(ttl="24h")
        assert prd.lease() == before
        prd.approved("carol")
        assert prd.told() == (f"merge prd/rtb-123: request {prd.number()}: approved by carol",)
        lease = prd.lease()
        assert lease.activated_at == before.activated_at
        assert parse_time(lease.expires_at) == parse_time(lease.activated_at) + 24 * HOUR

    def test_what_is_over_is_not_extended(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile()
        prd.late = 9 * HOUR
        with pytest.raises(ConfigError) as caught:
            prd.extend()
        assert "was up at" in str(caught.value)
        assert prd.world.head(BRANCH) == ""


def why_kept(prd: Prd) -> str:
    """The local forge lists what was merged within its look back only; a restored branch is contained in prd."""
    return "prd holds all it asks for by now"


class TestClosing:
    def test_what_nobody_approved_in_time(self, prd: Prd) -> None:
        prd.start()
        prd.late = timedelta(hours=73)
        (line,) = prd.told()
        assert line.startswith("close prd/rtb-123: request 1: not merged within 72h; 1 more approval of")
        (request,) = prd.requests()
        assert (request.state, prd.world.head(BRANCH)) == ("closed", "")
        assert any("not merged within 72h" in body for _, body in prd.world.comments(1))
        assert prd.told() == ()
        prd.late = timedelta()
        prd.start()
        assert [one.state for one in prd.requests()] == ["closed", "open"]

    def test_what_cannot_be_read_is_not_closed(self, prd: Prd) -> None:
        prd.start()
        no_team(prd)
        prd.late = timedelta(hours=73)
        assert prd.told()[0].startswith("wait prd/rtb-123")
        assert prd.requests()[0].state == "open"

    def test_a_request_that_people_closed_keeps_its_branch_until_the_deadline(self, prd: Prd) -> None:
        prd.start()
        head = prd.world.head(BRANCH)
        prd.world.close(1, "bob")
        (line,) = prd.told()
        assert "request 1 was closed: starting it again asks anew" in line
        assert prd.world.head(BRANCH) == head
        prd.late = timedelta(hours=73)
        (line,) = prd.told()
        assert line.startswith("tidy prd/rtb-123")
        assert prd.world.head(BRANCH) == ""

    def test_closed_and_asked_anew(self, prd: Prd) -> None:
        prd.start()
        prd.world.close(1, "bob")
        assert prd.start().error is None
        assert [one.state for one in prd.requests()] == ["closed", "open"]
        prd.approved("carol")
        assert prd.told() == ("merge prd/rtb-123: request 2: approved by carol",)

    def test_a_branch_of_somebodys_own_is_left_alone(self, prd: Prd) -> None:
        prd.world.push("preview/prd/my-idea", {"environments/prd/note": "x\n"}, by="dave")
        prd.world.push(BRANCH, {"environments/prd/note": "x\n"}, by="dave")
        assert all("is no request of the hub's: it is left as it is" in line for line in prd.told())
        assert prd.world.head(BRANCH)
        assert prd.world.head("preview/prd/my-idea")

    def test_a_request_that_prd_has_overtaken(self, prd: Prd) -> None:
        """Its lease began, or it ended, after the change was asked for: what Git would merge nobody looked at."""
        prd.start()
        prd.approved()
        prd.reconcile("approval")
        prd.start(images={"web": image("web", "c")})  # on the entry without its lease
        assert prd.reconcile("stamp")["stamp"].commit
        prd.approved()
        (line,) = prd.told()
        assert line == f"close prd/rtb-123: request 2: prd changed {ENTRY} since this was asked for"
        assert prd.start(images={"web": image("web", "c")}).error is None
        prd.approved()
        assert prd.told() == ("merge prd/rtb-123: request 3: approved by bob",)
        assert prd.lease().expires_at


class TestTwoRequests:
    def test_a_second_branch_for_one_issue_is_not_merged(self, prd: Prd) -> None:
        """Else its own requester would not be known as one."""
        prd.start(by="bob")
        prd.world.push("preview/prd/rtb-124", {}, onto=prd.world.head(BRANCH), by="dave")
        prd.world.forge.open("preview/prd/rtb-124", "prd", title="the same", body="")
        for number in (1, 2):
            prd.world.review(number, "bob", "approved")
        for branch in (BRANCH, "preview/prd/rtb-124"):
            prd.world.report(prd.world.head(branch), "guard", "passed")
        told = prd.told()
        assert not [line for line in told if line.startswith("merge")]
        assert "preview/prd/rtb-124 is there to change RTB-124 only" in "".join(told)

    def test_two_requests_that_take_the_last_room(self, prd: Prd) -> None:
        prd.start()
        prd.start("RTB-124")
        prd.policy(**{"previews: 5": "previews: 1"})
        for number, branch in ((1, BRANCH), (2, "preview/prd/rtb-124")):
            prd.world.report(prd.world.head(branch), "guard", "passed")
            prd.world.review(number, "bob", "approved")
        first, second = prd.told()
        assert first.startswith("merge prd/rtb-123")
        assert second.endswith("it is the next one's turn")
        (after,) = prd.told()
        assert after.startswith("wait prd/rtb-124")
        assert "previews" in after

    def test_one_that_the_forge_refuses_keeps_no_other_back(self, prd: Prd) -> None:
        for number, key in ((1, "RTB-123"), (2, "RTB-124")):
            prd.start(key)
            prd.world.report(prd.world.head(f"preview/prd/{key.lower()}"), "guard", "passed")
            prd.world.review(number, "bob", "approved")
        prd.forge = Failing(prd.forge, "merge", of=1, error=Stalled(Reason.MERGE_REFUSED, "a rule is not satisfied"))
        (error,) = failed(prd.reconcile("approval"))
        assert error.reason is Reason.MERGE_REFUSED
        assert [one.state for one in prd.requests()] == ["open", "merged"]
        assert any("a rule is not satisfied" in body for _, body in prd.world.comments(1))


class Failing:
    """A forge of which one method fails: always, or for one request."""

    def __init__(self, forge: Forge, method: str, *, of: int | None = None, error: Exception | None = None) -> None:
        self.forge, self.method, self.of = forge, method, of
        self.error = error or Stalled(Reason.FORGE_DENIED, "no rights")

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.forge, name)
        if name != self.method:
            return real

        def called(*arguments: Any, **named: Any) -> Any:
            if self.of in (None, *arguments[:1]):
                raise self.error
            return real(*arguments, **named)

        return called


class TestIdentities:
    def begun(self, prd: Prd) -> None:
        prd.start()
        prd.approved()
        prd.reconcile("approval", RTB_HUB_IDENTITY="hub")

    def test_the_hub_neither_stamps_nor_expires_what_is_gated(self, local: Prd) -> None:
        self.begun(local)
        assert set(local.reconcile(RTB_HUB_IDENTITY="hub")) == {"approval", "sleep", "queue", "drift"}
        assert local.lease().expires_at is None

    def test_the_expiry_identity_does_only_these(self, local: Prd) -> None:
        local.start("RTB-124")
        self.begun(local)
        assert set(local.reconcile(RTB_HUB_IDENTITY="expiry")) == {"stamp", "expiry"}
        assert local.lease().expires_at
        local.late = 9 * HOUR
        local.reconcile(RTB_HUB_IDENTITY="expiry")
        assert local.entry() is None
        assert local.requests()[0].state == "open"


def test_an_unknown_account_of_the_hub_is_told(prd: Prd) -> None:
    """The hub's own commits map to no account: nothing is merged, and the words say whose commits they are."""
    stranger = Identity(prd.world.forge.whoami().actor, "rtb-hub", "someone@else.invalid")
    real = prd.world.forge
    prd.world.forge = Failing(real, "")
    prd.world.forge.whoami = lambda: stranger
    if not isinstance(prd.world, GitHubWorld):
        environ = {"RTB_HUB_GIT_EMAIL": stranger.email}
        ours = prd.hub
        prd.hub = lambda actor="alice", **more: ours(actor, **environ, **more)  # type: ignore[method-assign]
    prd.start()
    prd.approved()
    kind, why, _ = prd.judged()
    assert (kind, "by rtb-hub: it maps to no account" in why) == ("wait", True)
